"""Ten forced runs a minute, as the policy says: the eleventh is stopped here, and everybody sees why."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from e2e.sdk_agent import SdkAgent, denial, said
from e2e.stage import STARTS_WITHIN, app, inspect, url_of

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


POLICY = """\
version: "1"
default: deny
tools:
  echo: {limits: [{counter: echoes, window: day, max: 1}]}
  add: {action: approve}
"""


def test_a_reset_counter_and_a_raised_limit_let_the_next_call_go(tmp_path: Path, home: Path) -> None:
    with app(tmp_path, POLICY) as stage, SdkAgent(stage.url) as agent:
        assert said(agent.ask("echo", text="one")) == "one"
        assert denial(agent.ask("echo", text="two")).startswith("[POLICY DENIED] 1 of 1 per day are used")

        stage.send("3")
        stage.see(re.compile(r"⊘ echoes · day +1 of 1"))
        stage.send("x")
        stage.see("Let this counter begin again?")
        stage.send("Escape")
        stage.terminal.wait_gone("Let this counter begin again?")
        assert denial(agent.ask("echo", text="two")), "it was only asked"
        stage.send("x")
        stage.see("Let this counter begin again?")
        stage.send("y")
        stage.see(re.compile(r"reset by you [\d:]+, it stood at 1"))
        assert said(agent.ask("echo", text="three")) == "three"
        assert denial(agent.ask("echo", text="four"))

        stage.send("+")
        stage.see("Raise this limit for this session")
        stage.type("3")
        stage.see("2 left now")
        stage.send("Enter")
        stage.see(re.compile(r"raised to 3 for this session by you [\d:]+ · the policy says 1"))
        assert [said(agent.ask("echo", text=word)) for word in ("five", "six")] == ["five", "six"]
        assert denial(agent.ask("echo", text="seven")).startswith("[POLICY DENIED] 3 of 3 per day are used")
        assert stage.policy.read_text() == POLICY
        assert [call["arguments"]["text"] for call in stage.received] == ["one", "three", "five", "six"]
    (recorded,) = (home / "state" / "recordings").glob("*.sqlite")
    with inspect(tmp_path, "open", str(recorded), flags=()) as shown:
        shown.wait_for(re.compile(r"3 Limits"), STARTS_WITHIN)
        shown.send("3")
        shown.wait_for(re.compile(r"echoes · day +3 of 3"))
        shown.wait_for(re.compile(r"raised to 3 for this session by you"))


def test_a_revoked_approval_asks_again(tmp_path: Path) -> None:
    with app(tmp_path, POLICY) as stage, SdkAgent(stage.url) as agent:
        stage.send("2")
        first = agent.call("add", a=1, b=2)
        stage.see(re.compile(r"› add"))
        stage.send("A")
        stage.see("✓ Approve, and remember")
        stage.send("Down", "Down", "Down", "Enter")
        assert said(first.result(20)) == "3"
        assert said(agent.ask("add", a=2, b=2)) == "4", "nobody was asked"
        stage.see(re.compile(r"∞ this tool .* used 1×"))
        stage.send("x")
        stage.see("Mark the one to revoke")
        stage.send("x")
        stage.see(re.compile(r"– this tool"))
        again = agent.call("add", a=3, b=2)
        stage.see(re.compile(r"◐ Held for approval · 1"))
        stage.send("d")
        stage.see("✗ Deny this call")
        stage.send("Enter")
        assert "A person denied this call" in denial(again.result(20))
        stage.see(re.compile(r"✗ denied +#3 .* by you"))
