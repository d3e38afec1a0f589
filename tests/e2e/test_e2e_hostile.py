"""A hostile server and a hostile agent before the real program in a real terminal: in every place where they can show
what they like, the terminal's title, its clipboard and its screen stay ours."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.sdk_agent import SdkAgent
from e2e.stage import STARTS_WITHIN, inspect, url_of
from e2e.terminal import Terminal

TESTS = Path(__file__).parents[1]
TEXTS: dict[str, str] = json.loads((TESTS / "ui" / "hostile_text.json").read_text("utf-8"))
EVIL = " ".join(text for name, text in TEXTS.items() if name != "surrogate")  # which the agent's SDK cannot send
FORBIDDEN = "\u202e\u2066\u200b\u2060\ufeff"
OUR_TITLES = re.compile(r"(◐ \d+ held · )?mcp-inspect")


def harmless(terminal: Terminal, place: str, shows: str | re.Pattern[str], bar: str) -> None:
    """`shows` is there, `bar` still stands at the top, and nothing that the texts wanted has happened."""
    screen = terminal.wait_for(shows)
    terminal.wait_until(lambda now: bar in now.splitlines()[0], what=f"the status bar in {place}")
    assert OUR_TITLES.fullmatch(terminal.title) or terminal.title == platform.node(), place  # tmux's own title
    assert terminal.clipboards == 0, place
    assert not any(character in screen for character in FORBIDDEN), place
    seen = terminal.capture(colours=True)
    assert "\x1b]" not in seen, f"{place}: a link"


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])
def test_nothing_that_others_write_steers_the_terminal(
    tmp_path: Path, size: tuple[int, int], needs: Callable[[str], str]
) -> None:
    needs("tmux")
    policy = tmp_path / "policy.yaml"
    policy.write_text('version: "1"\ndefault: approve\n')
    command = [sys.executable, str(TESTS / "servers" / "hostile_server.py")]
    line = ["--policy", str(policy), "--env", f"HOSTILE={EVIL.replace(chr(0), '')}", "--", *command]
    with inspect(tmp_path, *line, size=size) as terminal:
        screen = terminal.wait_for(re.compile(r"http://127\.0\.0\.1:\d+"), STARTS_WITHIN)
        with SdkAgent(url_of(screen, "hostile_server"), name=f"agent {EVIL}") as agent:
            tool, honest = agent.tools()
            agent.call(tool, text=EVIL)
            harmless(terminal, "a refused name", "deny", "LIVE")
            agent.call(honest, text=EVIL)
            harmless(terminal, "live", "hold", "LIVE")
            terminal.send("e")
            harmless(
                terminal,
                "the held call's dialog",
                "Shown to the agent when you deny",
                bar="Held call" if size[0] < 100 else "LIVE",
            )
            terminal.send("Escape")
            terminal.wait_gone("Shown to the agent when you deny")
            terminal.send("2")
            harmless(terminal, "approvals", "held by", "LIVE")
            terminal.send("A")
            harmless(terminal, "always", "this tool", "LIVE")
            terminal.send("Escape")
            terminal.wait_gone("this tool")
            terminal.wait_until(lambda _: _approved(terminal), what="the held call's approval")
            harmless(terminal, "what was answered", "Answered", "LIVE")
            terminal.send("1")
            harmless(terminal, "the result", "[red]FAKE", "LIVE")
            terminal.send("o")
            harmless(terminal, "raw frames", "tools/call", "LIVE")
            terminal.send("o")
            terminal.wait_gone("RAW FRAMES")
            terminal.send("x")
            harmless(terminal, "refused", "Not let through", "LIVE")
            terminal.send("o")
            harmless(terminal, "its bytes", "Its bytes", "LIVE")
            terminal.send("Escape")
            terminal.wait_gone("Not let through")
            terminal.send("3")
            harmless(terminal, "limits", "No limit", "LIVE")
            terminal.send("5")
            harmless(terminal, "sessions", "agent [@", "LIVE")
            terminal.send("Enter")
            harmless(terminal, "the server's dialog", "Standard error", "LIVE")


def _approved(terminal: Terminal) -> bool:
    """`a` is deaf until a call has been in sight for a moment."""
    if terminal.title == "mcp-inspect":
        return True
    terminal.send("a")
    return False
