"""A converted Intercept policy decides as the original does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inspector.core.errors import ConfigError
from inspector.policy.convert import native
from inspector.policy.load import load_object, load_text
from inspector.policy.scenario_file import Case, read_cases
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
    text = write_yaml(native(load_object(case.fields["policy"], dialect="intercept")))
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


def test_default_hide_and_messages_come_along() -> None:
    rules = [{"name": "b", "action": "deny", "on_deny": "because"}]
    policy = load_object({"version": 1, "default": "deny", "hide": ["b", "a", "*"], "tools": {"t": {"rules": rules}}})
    assert native(policy) == {
        "version": "1",
        "default": "deny",
        "hide": ["a", "b", "*"],
        "tools": {"t": {"action": "deny", "reason": "because"}},
    }


@pytest.mark.parametrize(
    "document", [{"tools": {"a*": {"rules": []}}}, {"tools": {"t": {"rules": []}}, "hide": ["a*"]}]
)
def test_an_exact_name_with_a_star_cannot_be_said_natively(document: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="would be a glob here"):
        native(load_object({"version": "1", **document}))


def test_a_native_policy_is_not_converted() -> None:
    with pytest.raises(ConfigError, match="native policy already"):
        native(load_text("version: '1'\ndefault: deny\n"))
