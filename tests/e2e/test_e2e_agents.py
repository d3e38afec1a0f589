"""Real agent loops around a scripted model: they reach a real server, directly and through the inspector."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e.agents.loop import agent
from e2e.agents.model import Move, Say, Use
from e2e.foreign import environment
from e2e.npm import installed
from e2e.processes import Program
from e2e.stage import INSPECT, SDK_SERVER, received

SERVER = Path(__file__).parent.parent / "servers" / "sdk_server.py"
AGENTS = Path(__file__).parent / "agents"


@pytest.fixture
def server_url() -> Iterator[str]:
    with Program([sys.executable, str(SERVER), "http", "0"]) as server:
        port = server.wait_said(r"listening on (\d+)").group(1)
        yield f"http://127.0.0.1:{port}/mcp"


def test_an_agent_calls_what_its_model_says_and_reads_the_results(server_url: str) -> None:
    def last(results: list[str]) -> Move:
        return Say(f"I read {len(results)} results, the first was {results[0]!r}")

    script = [Use("echo", text="grüß dich"), [Use("add", a=2, b=3), Use("fail", message="no such flow")], last]
    with agent(server_url, script) as run:
        assert "grüß dich" in run.last_word()
        assert {"echo", "add", "fail"} <= set(run.model.offered)
        first, second, third = run.model.tool_results
        assert ("grüß dich" in first, "5" in second, "no such flow" in third) == (True, True, True)


def test_a_program_that_ends_without_the_word_says_what_it_said() -> None:
    with (
        Program([sys.executable, "-c", "import sys; print('out'); sys.exit('broken')"]) as program,
        pytest.raises(AssertionError, match=r"it ended without 'ready'; it said:\nout\nbroken"),
    ):
        program.wait_said("ready")


POLICY = """\
version: "1"
default: deny
tools:
  echo:
    limits: [{counter: echoes, window: minute, max: 2, algorithm: sliding}]
  add:
  fail: {action: deny, reason: Failing is for the night shift.}
"""


FOREIGN = ("pydantic", "langchain")  # they stand on the SDK of before, which ours cannot share an environment with
PROGRAMS = {"claude": ".bin/claude", "opencode": "opencode-linux-x64/bin/opencode"}


@pytest.fixture
def loop(request: pytest.FixtureRequest, needs: Callable[[str], str]) -> list[str]:
    """The command of the agent in `agents/NAME_loop.py`."""
    script = str(AGENTS / f"{request.param}_loop.py")
    if request.param in PROGRAMS:
        program = installed(AGENTS, needs("npm")) / PROGRAMS[request.param]
        return [sys.executable, script, needs(str(program))]
    if request.param in FOREIGN:
        pins = [line for line in (AGENTS / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
        return [environment("agents", *pins), script]
    return [sys.executable, script]


@contextmanager
def inspected(way: str, policy: Path, log: Path) -> Iterator[str | list[str]]:
    """What an agent is told to connect to: the engine's URL, a command that joins it, or one that is an engine."""
    flags = ["--policy", str(policy), "--name", "tools", "--", "env", f"SERVER_LOG={log}", *SDK_SERVER]
    if way == "standalone":
        yield [*INSPECT, "stdio", "--standalone", *flags]
        return
    with Program([*INSPECT, "--headless", "--port", "0", *flags]) as engine:
        url = engine.wait_said(r"tools at (http://\S+/mcp)").group(1)
        engine.wait_said("recording to")
        yield url if way == "http" else [*INSPECT, "stdio", "tools"]


@pytest.mark.parametrize("way", ["http", "stdio", "standalone"])
@pytest.mark.parametrize(
    "loop",
    ["openai", *(pytest.param(name, marks=pytest.mark.slow) for name in (*FOREIGN, *PROGRAMS))],
    indirect=True,
)
def test_an_agent_behind_the_inspector_reads_why_it_was_told_no(loop: list[str], way: str, tmp_path: Path) -> None:
    policy, log = tmp_path / "policy.yaml", tmp_path / "server.log"
    policy.write_text(POLICY)
    script = [
        Use("echo", text="one"),
        Use("fail", message="now"),
        Use("echo", text="two"),
        Use("echo", text="three"),
        Use("add", a=2, b=3),
        Say("I was told no twice"),
    ]
    with inspected(way, policy, log) as mcp, agent(mcp, script, loop=loop) as run:
        assert run.last_word(120) == "I was told no twice"
        one, failed, two, three, five = run.model.tool_results
    assert ("one" in one, "two" in two, "5" in five) == (True, True, True)
    assert "[POLICY DENIED]" in failed
    assert "Failing is for the night shift." in failed
    assert "[POLICY DENIED]" in three
    assert "2 of 2 per minute are used" in three
    assert "It resets at " in three
    assert [call["name"] for call in received(log)] == ["echo", "echo", "add"]
