"""Parity with the bare server under the published conformance suite: one revision by default, all with `-m slow`."""

from __future__ import annotations

import pytest
from conformance.run import REVISIONS, measure

SCENARIOS = {"2025-06-18": 27, "2025-11-25": 33, "2026-07-28": 40}


@pytest.mark.parametrize(
    "revision", [pytest.param(r, marks=() if r == REVISIONS[-1] else pytest.mark.slow) for r in REVISIONS]
)
def test_every_scenario_that_passes_direct_passes_through_the_proxy(
    conformance_suite: tuple[str, ...], revision: str
) -> None:
    for parity in measure(conformance_suite, [revision]):
        print(parity)
        assert len(parity.direct.passed) == SCENARIOS[revision]
        assert parity.lost == {}, str(parity)
