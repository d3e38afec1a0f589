"""The sentences of the policy reference, each as a scenario in `words/`, run through the gate over either ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.policy.ledger import Ledger
from inspector.policy.ledger_sqlite import SqliteLedger
from inspector.policy.scenario_file import Case, read_cases
from inspector.policy.scenarios import Reopen, in_memory, run_case

WORDS = sorted((Path(__file__).parent / "words").glob("*.yaml"))
CASES = [pytest.param(case, id=f"{path.stem}:{case.id}") for path in WORDS for case in read_cases(path)]
COUNTED = [case for case in CASES if "limits:" in str(case.id)]


def _report(case: Case, reopen: Reopen) -> None:
    report = run_case(case, reopen)
    assert report.steps, "a case without steps proves nothing"
    assert [(step.number, step.expected, step.observed) for step in report.failures] == []


@pytest.mark.parametrize("case", CASES)
def test_the_engine_does_what_the_reference_says(case: Case) -> None:
    _report(case, in_memory)


@pytest.fixture
def on_disk(tmp_path: Path) -> Reopen:
    runs = iter(range(1000))

    def reopen(previous: Ledger | None) -> Ledger:
        if previous is not None:
            previous.close()
        return SqliteLedger.open(tmp_path / "state.db", f"run{next(runs)}")

    return reopen


@pytest.mark.parametrize("case", COUNTED)
def test_limits_are_the_same_over_the_store_on_disk(case: Case, on_disk: Reopen) -> None:
    _report(case, on_disk)
