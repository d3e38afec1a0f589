"""The sample policies load without a warning, do what their comments say, and cover the servers that they are for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.core.decision import StepResult
from inspector.policy.assemble import every_entry
from inspector.policy.lint import sections
from inspector.policy.load import load_file
from inspector.policy.match import glob_matches, match
from inspector.policy.model import Default, Policy
from inspector.policy.scenario_file import read_cases
from inspector.policy.scenarios import run_case

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "sample_policies").iterdir())
SCENARIOS = Path(__file__).parent / "scenarios"
CASES = [case for file in sorted(SCENARIOS.glob("*.jsonl")) for case in read_cases(file)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_loads_without_warnings_and_has_scenarios(sample: Path) -> None:
    assert load_file(sample).warnings == ()
    assert (SCENARIOS / f"{sample.stem}.jsonl").is_file()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_sample_does_what_its_scenarios_say(case: object) -> None:
    report = run_case(case)  # type: ignore[arg-type]
    assert report.failures == ()


def rules_of(policy: Policy) -> set[str]:
    """The id of every rule that can deny or ask."""
    found = {"(default deny)"} if policy.top.default is Default.DENY else set()
    for _, section in sections(policy):
        found |= {"(hidden)"} if section.hide_exact or section.hide_globs else set()
        for entry in every_entry(section):
            lists = {"require": entry.require, "deny_if": entry.deny_if}
            lists["approve_if"] = tuple(trigger.predicate for trigger in entry.approve_if)
            names = [f"{field}/{one.name}" for field, predicates in lists.items() for one in predicates]
            names += [f"limits/{limit.counter}" for limit in entry.limits]
            names += ["validate"] * entry.validate_input + ["schema"] * (entry.conforms is not None)
            names += ["action"] * (entry.action != "allow")
            found |= {f"{entry.pointer}/{name}" for name in names}
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_rule_of_a_sample_fires_in_a_scenario_and_lets_a_call_pass_in_another(sample: Path) -> None:
    fired, passed = set[str](), set[str]()
    for case in read_cases(SCENARIOS / f"{sample.stem}.jsonl"):
        for step in (step for report in run_case(case).steps for step in report.trace):
            (passed if step.result is StepResult.PASS else fired).add(step.rule)
    rules = rules_of(load_file(sample))
    assert rules - fired == set()
    # What `action` says does not depend on the call: there is nothing that it would let pass.
    assert {rule for rule in rules - passed if not rule.endswith("/action")} == set()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_name_in_a_sample_is_called_or_listed_in_a_scenario(sample: Path) -> None:
    called = set[str]()
    for case in read_cases(SCENARIOS / f"{sample.stem}.jsonl"):
        for step in case.steps:
            names = step.get("tools", [step.get("tool")])
            called |= {str(name) for name in names} if isinstance(names, list) else set()
    policy = load_file(sample)
    written = [*policy.top.exact, *dict(policy.top.globs), *policy.top.hide_exact, *policy.top.hide_globs]
    assert [name for name in written if not any(glob_matches(name, one) for one in called)] == []


def test_the_first_sample_is_the_seed_of_the_reference() -> None:
    limit = {"counter": "force_run_execution_rate", "window": "minute", "max": 10, "scope": "grant"}
    seed = {"version": "1", "default": "deny", "tools": {"force_run_execution": {"limits": [limit]}}}
    assert json.loads((ROOT / "sample_policies" / "kestra-force-run.json").read_text()) == seed


@pytest.mark.parametrize(
    ("policy", "tools"),
    [
        ("kestra.yaml", "kestra_tools.json"),
        ("kestra-locked-down.yaml", "kestra_tools.json"),
        ("everything.yaml", "everything_tools.json"),
        ("filesystem.yaml", "filesystem_tools.json"),
    ],
)
def test_a_sample_says_something_about_every_tool_of_its_server(policy: str, tools: str) -> None:
    compiled = load_file(ROOT / "sample_policies" / policy)
    listed = json.loads((ROOT / "tests" / "data" / "tools" / tools).read_text())["tools"]
    by_default = [
        tool["name"]
        for tool in listed
        if (denial := match(compiled, "s", tool["name"]).denial) is not None and denial.rule == "(default deny)"
    ]
    assert by_default == []
