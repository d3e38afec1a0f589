from __future__ import annotations

import json
from pathlib import Path

import pytest
from effort import calls_of

from inspector.core.errors import ConfigError
from inspector.core.json import Json, JsonObject, Number
from inspector.policy.scenario_file import read_cases
from inspector.policy.scenarios import CaseReport, run_case

ALLOW: Json = {"version": "1", "default": "allow"}


def report_of(tmp_path: Path, *cases: Json) -> list[CaseReport]:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(json.dumps(case) for case in cases))
    return [run_case(case) for case in read_cases(path)]


def test_an_expectation_that_does_not_hold_fails_with_what_was_seen_and_why(tmp_path: Path) -> None:
    step: Json = {"do": "call", "at": 1, "tool": "t", "expect": {"outcome": "deny", "rule": "x"}}
    (report,) = report_of(tmp_path, {"id": "a", "policy": ALLOW, "steps": [step]})
    (failure,) = report.failures
    assert (failure.number, failure.do) == (1, "call")
    assert failure.observed == {"outcome": "allow", "rule": ""}
    assert [one.rule for one in failure.trace][:2] == ["(invalid name)", "(hidden)"]


def test_a_policy_that_does_not_load_fails_a_case_that_did_not_expect_it(tmp_path: Path) -> None:
    (report,) = report_of(tmp_path, {"id": "a", "policy": {"version": "1"}, "steps": [{"do": "restart"}]})
    assert not report.passed
    assert "default" in report.failures[0].message


@pytest.mark.parametrize(
    ("expect", "passes"),
    [
        ({"ok": False}, True),
        ({"ok": False, "at": "/default"}, True),
        ({"ok": False, "at": "/other"}, False),
        ({"ok": False, "line": None}, True),
        ({"ok": False, "line": 7}, False),
        ({"ok": True}, False),
        ({"ok": False, "at": "/hide/0"}, True),
    ],
)
def test_what_a_load_is_expected_to_say(tmp_path: Path, expect: Json, passes: bool) -> None:
    bad: Json = {"version": "1", "default": "block", "hide": [5]}
    (report,) = report_of(tmp_path, {"id": "a", "policy": bad, "expect_load": expect})
    assert report.passed is passes


def test_a_policy_that_loads_although_it_should_not_fails(tmp_path: Path) -> None:
    (report,) = report_of(tmp_path, {"id": "a", "policy": ALLOW, "expect_load": {"ok": False, "at": "/x"}})
    assert not report.passed


def test_a_policy_s_path_is_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text('version: "1"\ndefault: deny\n')
    step: Json = {"do": "call", "at": 1, "tool": "t", "expect": {"outcome": "deny"}}
    (report,) = report_of(tmp_path, {"id": "a", "policy": "p.yaml", "steps": [step]})
    assert report.passed


def test_a_policy_may_be_given_as_text(tmp_path: Path) -> None:
    text = "version: '1'\ndefault: deny\ndefault: allow\n"
    case: Json = {"format": "native-text", "policy_text": text, "expect_load": {"ok": False, "line": 3}}
    (report,) = report_of(tmp_path, case)
    assert report.passed


def test_numbers_are_read_exactly(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"steps": [{"do": "call", "args": {"x": 1.00, "y": 12345678901234567890}}]}')
    (tmp_path / "c.yaml").write_text("- steps: [{do: call, args: {x: 1.00, y: 12345678901234567890}}]\n")
    for name in ("c.jsonl", "c.yaml"):
        (case,) = read_cases(tmp_path / name)
        args = case.steps[0]["args"]
        assert isinstance(args, dict)
        assert isinstance(args["x"], Number)
        assert args["x"].text == "1.00"
        assert args["y"] == 12345678901234567890


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"id": "a\u2028b", "policy": null}\n\n{"id": "c", "policy": null}\n')
    assert [case.id for case in read_cases(tmp_path / "c.jsonl")] == ["a\u2028b", "c"]


@pytest.mark.parametrize("name", ["c.json", "c.txt"])
def test_a_list_and_lines_are_told_apart_by_their_first_character(tmp_path: Path, name: str) -> None:
    for text in ('[{"id": "a"}, {"id": "b"}]', '{"id": "a"}\n{"id": "b"}', "- id: a\n- id: b\n"):
        (tmp_path / name).write_text(text)
        assert [case.id for case in read_cases(tmp_path / name)] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("c.jsonl", '{"id": "a"}\n{"id": ', "c.jsonl:2: not JSON"),
        ("c.jsonl", "[1]", "c.jsonl:1: a case is an object"),
        ("c.jsonl", '{"steps": {}}', "steps is a list"),
        ("c.jsonl", '{"steps": [1]}', "every step is an object"),
        ("c.jsonl", '{"x": NaN}', "NaN"),
        ("c.yaml", "a: 1", "a list of cases"),
        ("c.yaml", "- [", "c.yaml:"),
        ("c.yaml", "", "c.yaml"),
        ("c.jsonl", '{"x": 1e9999999999999999999}', "not JSON"),
        ("c.jsonl", "\xff", "not JSON"),
    ],
)
def test_a_file_that_holds_no_cases_is_refused_by_its_line(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_cases(tmp_path / name)


@pytest.mark.parametrize(
    "step",
    [
        {"do": "dance"},
        {},
        {"do": "call"},
        {"do": "call", "tool": 5},
        {"do": "finish", "label": "nobody", "outcome": "ok"},
        {"do": "tick", "label": 1},
        {"do": "call", "tool": "t", "at": "noon"},
        {"do": "call", "tool": "t", "at": 10**400},
        {"do": "call", "tool": "t", "at": -(2**54)},
        {"do": "resolve", "label": "x"},
        {"do": "call", "tool": "t", "expect": ["allow"]},
        {"do": "call", "tool": "t", "args": [1]},
        {"do": "call", "tool": "t", "expct": {"outcome": "deny"}},
    ],
)
def test_a_step_that_makes_no_sense_fails_and_ends_its_case(tmp_path: Path, step: Json) -> None:
    (report,) = report_of(tmp_path, {"id": "a", "policy": ALLOW, "steps": [step, {"do": "call", "tool": "t"}]})
    assert [one.number for one in report.steps] == [1], "nothing is done after it"
    assert report.failures[0].message


def test_a_case_that_names_no_time_stands_still_at_the_epoch(tmp_path: Path) -> None:
    policy: Json = {"version": "1", "default": "deny", "tools": {"t": {"rate_limit": "1/minute"}}}
    steps: Json = [
        {"do": "call", "tool": "t", "expect": {"outcome": "allow"}},
        {"do": "call", "tool": "t", "expect": {"outcome": "deny"}},
        {"do": "call", "tool": "t", "at": 59.5, "expect": {"outcome": "deny"}},
        {"do": "call", "tool": "t", "at": 60, "expect": {"outcome": "allow"}},
    ]
    (report,) = report_of(tmp_path, {"id": "a", "policy": policy, "steps": steps})
    assert report.passed


@pytest.mark.parametrize(
    "step", [{"do": "finish", "label": "a", "outcome": "fine"}, {"do": "resolve", "label": "a", "decision": "maybe"}]
)
def test_words_that_no_step_knows_fail_their_case(tmp_path: Path, step: Json) -> None:
    held: Json = {"do": "call", "tool": "t", "label": "a"}
    asks: Json = {"version": "1", "default": "approve"}
    (report,) = report_of(tmp_path, {"id": "a", "policy": asks, "steps": [held, step]})
    assert [one.number for one in report.failures] == [2]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"polcy": ALLOW, "steps": [{"do": "call", "tool": "t"}]}, "did you mean policy?"),
        ({"policy": ALLOW, "expect_load": False}, "expect_load is to be an object"),
        ({"policy": ALLOW}, "proves nothing"),
        ({"policy": ALLOW, "steps": [{"do": "cal", "tool": "t"}]}, "did you mean call?"),
        ({"policy": ALLOW, "steps": [{"do": "call", "tool": "t", "expected": {}}]}, "did you mean expect?"),
    ],
)
def test_a_case_that_could_only_pass_fails_and_says_why(tmp_path: Path, fields: dict[str, Json], says: str) -> None:
    (report,) = report_of(tmp_path, {"id": "a", **fields})
    (failure,) = report.failures
    assert says in failure.message


def test_fields_of_the_authors_own_are_no_mistake(tmp_path: Path) -> None:
    own: JsonObject = dict.fromkeys(("id", "tags", "section", "level", "expected-by", "note"), "mine")
    step: Json = {"do": "call", "tool": "t", "expect": {"outcome": "allow"}, **own}
    (report,) = report_of(tmp_path, {**own, "expected": "all is well", "policy": ALLOW, "steps": [step]})
    assert not report.failures


def test_a_case_of_a_yaml_list_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("# mine\n- id: a\n\n- id: b\n")
    assert [case.place for case in read_cases(tmp_path / "c.yaml")] == [f"{tmp_path}/c.yaml:{line}" for line in (2, 4)]


def test_a_late_step_costs_no_more_than_an_early_one(tmp_path: Path) -> None:
    policy: Json = {"version": "1", "default": "deny", "tools": {"t": {"rate_limit": "10/minute"}}}

    def cost(steps: int) -> int:
        calls: Json = [{"do": "call", "at": n, "tool": "t", "label": f"l{n}"} for n in range(steps)]
        path = tmp_path / "cases.jsonl"
        path.write_text(json.dumps({"id": "a", "policy": policy, "steps": calls}))
        (case,) = read_cases(path)
        return calls_of(lambda: run_case(case))

    start, early, late = cost(10), cost(100), cost(190)
    assert late - early < 1.1 * (early - start)
