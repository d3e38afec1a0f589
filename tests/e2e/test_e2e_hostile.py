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


def harmless(terminal: Terminal, place: str, shows: str, bar: str = "LIVE") -> None:
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
            harmless(terminal, "a refused name", "deny")
            agent.call(honest, text=EVIL)
            harmless(terminal, "live", "hold")
            covered = "Held call" if size[0] < 100 else "LIVE"
            visit(terminal, "e", "the held call's dialog", "Shown to the agent when you deny", bar=covered)
            leave(terminal, "Escape", "Shown to the agent when you deny")
            visit(terminal, "2", "approvals", "held by")
            visit(terminal, "A", "always", "✓ Approve, and remember")
            leave(terminal, "Escape", "✓ Approve, and remember")
            terminal.wait_until(lambda _: _approved(terminal), what="the held call's approval")
            harmless(terminal, "what was answered", "Answered · 1")
            visit(terminal, "1", "the result", "[red]FAKE")
            visit(terminal, "o", "raw frames", "RAW FRAMES")
            leave(terminal, "o", "RAW FRAMES")
            visit(terminal, "x", "refused", "Not let through")
            visit(terminal, "o", "its bytes", "Its bytes")
            leave(terminal, "Escape", "Not let through")
            visit(terminal, "3", "limits", "No limit")
            visit(terminal, "5", "sessions", "agent [@")
            visit(terminal, "Enter", "the server's dialog", "Standard error")


def visit(terminal: Terminal, key: str, place: str, shows: str, bar: str = "LIVE") -> None:
    terminal.send(key)
    harmless(terminal, place, shows, bar)


def leave(terminal: Terminal, key: str, shows: str) -> None:
    terminal.send(key)
    terminal.wait_gone(shows)


def _approved(terminal: Terminal) -> bool:
    """`a` is deaf until a call has been in sight for a moment."""
    if terminal.title == "mcp-inspect":
        return True
    terminal.send("a")
    return False
