"""Ten forced runs a minute, as the policy says: the eleventh is stopped here, and everybody sees why."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from e2e.sdk_agent import SdkAgent, denial, said
from e2e.stage import STARTS_WITHIN, inspect, url_of

from inspector.core.events import CallArrived, Forwarded
from inspector.record.reader import Recording
from inspector.resources import sample_policy

NEEDED = 20  # seconds of the UTC minute


@pytest.fixture(autouse=True)
def tmux(needs: Callable[[str], str]) -> str:
    return needs("tmux")


def test_the_eleventh_forced_run_of_a_minute_does_not_reach_the_server(tmp_path: Path, home: Path) -> None:
    policy = tmp_path / "kestra-force-run.json"
    policy.write_text(sample_policy(policy.name))
    with inspect(tmp_path, "--upstream", "demo", "--policy", str(policy)) as terminal:
        url = url_of(terminal.wait_for(re.compile(r"http://127\.0\.0\.1:\d+/"), STARTS_WITHIN), "demo")
        with SdkAgent(url) as agent:
            terminal.wait_until(
                lambda _: time.time() % 60 <= 60 - NEEDED, timeout=NEEDED + 1, what="a minute with room in it"
            )
            resets = datetime.fromtimestamp(time.time() // 60 * 60 + 60, UTC)
            answers = [agent.call("force_run_execution", execution_id=f"run-{number}") for number in range(10)]
            for answer in answers:
                assert "404 Not Found" in said(answer.result(20)), "the server itself answers"
            told = denial(agent.ask("force_run_execution", execution_id="run-10"))
            assert told.startswith("[POLICY DENIED] 10 of 10 per minute are used")
            assert f"It resets at {resets:%H:%M:%S} UTC (in " in told
            assert "call again then" in told

            terminal.wait_for(re.compile(r"⊘ force_run.* 10/10 +\d+s"))
            terminal.wait_for(re.compile(r"run-10 +⊘ limit +limits/forc"))
            terminal.send("3")
            terminal.wait_for(re.compile(r"force_run_execution_rate · minute +10 of 10"))
    (recorded,) = (home / "state" / "recordings").glob("*.sqlite")
    with Recording.open(recorded) as recording:
        events = list(recording.events())
    arrived = {event.call_id: event.arguments["execution_id"] for event in events if isinstance(event, CallArrived)}
    forwarded = [arrived[event.call_id] for event in events if isinstance(event, Forwarded)]
    assert set(forwarded) == {f"run-{number}" for number in range(10)}
    assert len(forwarded) == 10
    assert len(arrived) == 11
