"""The sample policies load without a warning, do what their comments say, and cover the servers that they are for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.policy.load import load_file
from inspector.policy.match import match
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
