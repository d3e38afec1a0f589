"""`mcp-inspect demo` has everything to see within a moment, and its recording can be looked at afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.stage import STARTS_WITHIN, inspect

SOON = 40.0  # seconds: the agents have told their whole repertoire


@pytest.fixture(autouse=True)
def tmux(needs: Callable[[str], str]) -> str:
    return needs("tmux")


def test_the_demo_shows_three_agents_a_held_call_a_denial_and_a_limit_and_is_recorded(
    tmp_path: Path, home: Path
) -> None:
    with inspect(tmp_path, "demo") as demo:
        demo.wait_for("◉ LIVE", STARTS_WITHIN)
        demo.wait_for(re.compile(r"3 agents 1 server.*policy\.yaml v1 ✓"), SOON)
        demo.wait_for(re.compile(r"◐ Held for approval · \d"), SOON)
        demo.wait_for(re.compile(r"⊘ force_run.* 10/10 "), SOON)
        demo.wait_for(re.compile(r"✓ \d+% +✗ <?\d+% +⊘ <?\d+% +◐ <?\d+%"), SOON)
        demo.send("q")
        demo.wait_for("3 agents are attached")
        demo.send("s")
        assert demo.wait_exit() == 0
    assert (home / "state" / "demo" / "policy.yaml").exists(), "a copy of the person's own"

    (recorded,) = (home / "state" / "recordings").glob("*.sqlite")
    before = recorded.read_bytes()
    with inspect(tmp_path, "open", str(recorded), flags=()) as opened:
        opened.wait_for("◌ RECORDING", STARTS_WITHIN)
        opened.wait_for(re.compile(r"media-agent +force_run_e.* +⊘ limit"))
        opened.send("4")
        assert "Save & reload" not in opened.wait_for("10  default: deny")
        opened.send("q")  # typed into the editor of a live run; here nothing can be written
        assert opened.wait_exit() == 0
    assert recorded.read_bytes() == before
