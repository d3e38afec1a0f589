"""The sample of the acceptance cases: all of it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.policy.scenario_file import Case, read_cases
from inspector.policy.scenarios import run_case

DATA = Path(__file__).parents[1] / "data"
SAMPLES = [
    pytest.param(case, id=case.id)
    for name in ("policy_cases_sample.jsonl", "intercept_cases_sample.jsonl")
    for case in read_cases(DATA / name)
]


@pytest.mark.parametrize("case", SAMPLES)
def test_a_sample_case_holds(case: Case) -> None:
    assert [(step.number, step.expected, step.observed, step.message) for step in run_case(case).failures] == []
