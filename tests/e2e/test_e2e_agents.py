"""The agents' rig: a real agent loop reaches a real server and reads what the tools answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.agents.loop import agent
from e2e.agents.model import Move, Say, Use
from e2e.processes import Program

SERVER = Path(__file__).parent.parent / "servers" / "sdk_server.py"


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
