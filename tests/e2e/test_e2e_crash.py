"""The screen itself fails, in a real terminal: what is printed gives nothing away, and nobody is left behind."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.processes import family, wait_ended
from e2e.sdk_agent import cut_off
from e2e.stage import SDK_SERVER, STARTS_WITHIN, TOKEN, url_of
from e2e.terminal import Terminal

from inspector.core.events import CallArrived, Decided, HoldEnded
from inspector.record.reader import Recording

ROOT = Path(__file__).parents[2]
# A program with a mistake: the Live place fails as soon as it shows a call, with everything at hand in its variables.
SPOILT = """
import sys
from inspector.cli import main
from inspector.ui.screens.live import LivePlace

good = LivePlace.show

def show(self, changed):
    arguments, token = [row.arguments for row in self.board.rows], self.inspect.token
    good(self, changed)
    if arguments:
        raise RuntimeError(f"cannot draw at http://127.0.0.1:1/{token}/up/mcp \\x1b]0;gotcha\\x07")

LivePlace.show = show
sys.exit(main())
"""


@pytest.fixture(autouse=True)
def tmux(needs: Callable[[str], str]) -> str:
    return needs("tmux")


def test_a_screen_that_fails_prints_no_values_and_leaves_no_process(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text('version: "1"\ndefault: approve\n')
    flags = ["--port", "0", "--token", TOKEN, "--policy", str(policy), "--", *SDK_SERVER]
    env: dict[str, str | None] = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "MCP_INSPECT_HOME": str(tmp_path / "home"),
    }
    with Terminal([sys.executable, "-c", SPOILT, *flags], env=env, cwd=tmp_path) as terminal:
        screen = terminal.wait_for(re.compile(r"http://127\.0\.0\.1:\d+/"), STARTS_WITHIN)
        processes = family(terminal.pid)
        with cut_off(url_of(screen, "sdk_server")) as agent:
            processes |= family(terminal.pid)
            agent.call("echo", text="a-secret-argument")
            assert terminal.wait_exit(20) == 1
        printed = terminal.capture(history=True)
        wait_ended(processes, 5)
    assert "mcp-inspect: the screen has failed" in printed
    assert "RuntimeError: cannot draw" in printed
    assert "in show" in printed
    for hidden in (TOKEN, "a-secret-argument", "token =", "locals"):
        assert hidden not in printed
    assert "␛]0;gotcha" in printed.replace("\n", "")  # visible, not obeyed
    (path,) = (tmp_path / "home" / "state" / "recordings").glob("*.sqlite")
    assert path.name in printed.replace("\n", "")
    with Recording.open(path) as recording:
        kinds = {type(event) for event in recording.events()}
    assert {CallArrived, Decided, HoldEnded} <= kinds  # what was held is denied, and written down
