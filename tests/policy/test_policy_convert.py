"""A converted Intercept policy decides as the original does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fuzzing import fuzz
from hypothesis import strategies as st

from inspector.core.errors import ConfigError
from inspector.core.json import Json, JsonObject
from inspector.policy.convert import convert
from inspector.policy.load import load_object, load_text
from inspector.policy.scenario_file import Case, parse_json, read_cases
from inspector.policy.scenarios import run_case
from inspector.policy.write_yaml import write_yaml

DATA = Path(__file__).parents[1] / "data"
CASES = [case for case in read_cases(DATA / "intercept_cases_sample.jsonl") if case.steps]
NOON = 1768478400


def call(tool: str, outcome: str, at: int = NOON, **args: Any) -> dict[str, Any]:
    return {"do": "call", "at": at, "tool": tool, "args": args, "expect": {"outcome": outcome}}


def counted(tool: str, op: str, value: Any, **state: Any) -> dict[str, Any]:
    bound = {"path": f"state.{tool}.c", "op": op, "value": value}
    return {"name": "limit", "conditions": [bound], "state": {"counter": "c", "window": "day", **state}}


OWN = {
    "an argument counts": (
        {"pay": {"rules": [counted("pay", "lte", 100, increment_from="args.sum")]}},
        [call("pay", "allow", sum=60), call("pay", "deny", sum=41), call("pay", "allow", sum=40), call("pay", "deny")],
    ),
    "lt is one less": (
        {"t": {"rules": [counted("t", "lt", 3, increment=2)]}},
        [call("t", "allow"), call("t", "deny")],
    ),
    "nothing is below nought": ({"t": {"rules": [counted("t", "lt", 0)]}}, [call("t", "deny"), call("u", "allow")]),
    "the star counts over all tools": (
        {"*": {"rules": [{"name": "r", "rate_limit": "2/minute"}]}, "t": {"rules": []}},
        [call("t", "allow"), call("u", "allow"), call("v", "deny"), call("t", "allow", NOON + 60)],
    ),
    "conditions and denials": (
        {
            "t": {"rules": [{"name": "a", "conditions": [{"path": "args.x", "op": "regex", "value": "^a"}]}]},
            "u": {"rules": [{"name": "b", "action": "deny", "on_deny": "never"}]},
        },
        [
            call("t", "allow", x="ab"),
            call("t", "deny", x="b"),
            call("t", "deny", x=1),
            call("t", "deny"),
            call("u", "deny"),
        ],
    ),
}


def outcomes(case: Case) -> list[Any]:
    return [step.observed.get("outcome", step.observed.get("visible")) for step in run_case(case).steps]


def converted(case: Case) -> Case:
    text = write_yaml(convert(load_object(case.fields["policy"], dialect="intercept")).document)
    fields = {key: value for key, value in case.fields.items() if key not in ("policy", "format")}
    return replace(case, fields={**fields, "policy_text": text})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_sample_cases_end_as_before(case: Case) -> None:
    assert outcomes(converted(case)) == outcomes(case)


@pytest.mark.parametrize("name", OWN)
def test_a_converted_policy_has_the_same_outcomes(name: str, tmp_path: Path) -> None:
    tools, steps = OWN[name]
    fields = {"policy": {"version": "1", "tools": tools}, "format": "intercept", "steps": steps}
    file = tmp_path / "case.jsonl"
    file.write_text(json.dumps(fields))
    (case,) = read_cases(file)
    assert run_case(case).failures == ()
    assert outcomes(converted(case)) == outcomes(case)


def test_what_stands_at_the_top_and_messages_come_along() -> None:
    rules: Json = [{"name": "b", "action": "deny", "on_deny": "because"}]
    head: JsonObject = {
        "version": 1,
        "description": "Ours",
        "default": "deny",
        "hide": ["b", "a", "*"],
        "x-team": "payments",
    }
    policy = load_object({**head, "tools": {"t": {"rules": rules}}})
    assert convert(policy).document == {
        "version": "1",
        "description": "Ours",
        "default": "deny",
        "hide": ["b", "a", "*"],
        "x-team": "payments",
        "tools": {"t": {"action": "deny", "reason": "because"}},
    }


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version: 1\ntools:\n  a*: {rules: []}\n", "p.yaml:3:3: a\\*.*/tools/a\\*"),
        ("version: 1\nhide: [b, a*]\ntools: {t: {rules: []}}\n", "p.yaml:2:11: a\\*.*/hide/1"),
    ],
)
def test_an_exact_name_with_a_star_cannot_be_said_natively_and_the_refusal_says_what_to_do(
    text: str, place: str
) -> None:
    with pytest.raises(ConfigError, match=place) as refused:
        convert(load_text(text, path="p.yaml"))
    assert "write out the names" in str(refused.value)


def test_a_native_policy_is_not_converted() -> None:
    with pytest.raises(ConfigError, match="native policy already"):
        convert(load_text("version: '1'\ndefault: deny\n"))


# Any policy, any calls

OPERANDS = st.one_of(
    st.tuples(st.sampled_from(["lt", "lte", "gt", "gte"]), st.integers(-1, 3)),
    st.tuples(st.sampled_from(["eq", "neq", "contains"]), st.sampled_from([None, 1, "a", [1], True])),
    st.tuples(st.sampled_from(["in", "not_in"]), st.lists(st.sampled_from([None, 1, "a"]), max_size=2)),
    st.tuples(st.just("exists"), st.booleans()),
    st.tuples(st.just("regex"), st.sampled_from(["a", "^$"])),
)
CONDITIONS = st.builds(
    lambda path, operand: {"path": path, "op": operand[0], "value": operand[1]},
    st.sampled_from(["args.x", "args.y", "args.y.*"]),
    OPERANDS,
)
INCREMENTS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"increment": 2}, {"increment_from": "args.x"}, {"increment": 0}, {"increment": 0.5}]
)
WINDOWS = st.sampled_from(["minute", "hour", "day"])


@st.composite
def rules_of(draw: st.DrawFn, tool: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    rates = draw(st.lists(WINDOWS, max_size=2, unique=True))
    for number in range(draw(st.sampled_from([1, 2, 3, 0]))):
        rule: dict[str, Any] = {"name": draw(st.sampled_from(["r", "s"]))}
        match draw(st.sampled_from(["counted", "counted", "rate", "conditions", "deny"])):
            case "deny" if draw(st.integers(0, 3)) == 0:
                rule["action"] = "deny"
            case "rate" if rates:
                rule["rate_limit"] = f"{draw(st.integers(1, 3))}/{rates.pop()}"
            case "counted":
                bound: dict[str, Any] = {"path": f"state.{'_global' if tool == '*' else tool}.c{number}"}
                bound |= {"op": draw(st.sampled_from(["lt", "lte"])), "value": draw(st.sampled_from([0, 1, 2.5, 4]))}
                rule["conditions"] = draw(
                    st.permutations([bound, *draw(st.just([]) | st.lists(CONDITIONS, max_size=1))])
                )
                rule["state"] = {"counter": f"c{number}", "window": draw(WINDOWS), **draw(INCREMENTS)}
            case _:
                rule["conditions"] = draw(st.lists(CONDITIONS, min_size=1, max_size=2))
        rules.append(rule)
    return rules


@st.composite
def intercept_policies(draw: st.DrawFn) -> dict[str, Any]:
    tools = {name: {"rules": draw(rules_of(name))} for name in ("a", *draw(st.sampled_from([(), ("*",), ("*", "b")])))}
    head: dict[str, Any] = draw(st.sampled_from([{}, {"default": "allow"}, {"default": "deny"}]))
    hide: dict[str, Any] = draw(st.sampled_from([{}, {}, {}, {"hide": ["b"]}, {"hide": ["*"]}]))
    return {"version": "1", **head, **hide, "tools": tools}


VALUES = st.sampled_from([1, 2, 0, 0.5, None, -1, "a", [1, "a"], [], True])
ARGS = st.dictionaries(st.sampled_from(["x", "y"]), VALUES)
CALLS = st.tuples(
    st.sampled_from(["g/s", "g/t", "h/s"]),
    st.sampled_from(["a", "a", "a", "b", "c"]),
    ARGS,
    st.sampled_from([0, 0, 1, 30, 3600]),
    st.sampled_from(["ok", "rpc_error", "open"]),
)


def steps_of(calls: list[tuple[str, str, dict[str, Any], int, str]]) -> list[JsonObject]:
    now = NOON
    steps: list[JsonObject] = [{"do": "list", "tools": ["a", "b", "c"]}]
    for number, (who, tool, args, later, ends) in enumerate(calls):
        now += later
        of: JsonObject = {"grant": who.split("/")[0], "session": who, "label": str(number), "upstream": "open"}
        steps.append({"do": "call", "at": now, "tool": tool, "args": args, **of})
        if ends != "open":
            steps.append({"do": "finish", "at": now, "label": str(number), "outcome": ends})
    return steps


@fuzz(intercept_policies(), st.lists(CALLS, min_size=4, max_size=12).map(steps_of))
def test_whatever_the_policy_and_the_calls_the_outcomes_are_the_same(
    policy: dict[str, Any], steps: list[JsonObject]
) -> None:
    exact = [parse_json(json.dumps(step)) for step in steps]
    fields: JsonObject = {"policy": parse_json(json.dumps(policy)), "format": "intercept"}
    case = Case("any", "", "", "any", DATA, fields, tuple(step for step in exact if isinstance(step, dict)))
    assert outcomes(converted(case)) == outcomes(case)
