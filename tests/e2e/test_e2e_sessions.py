"""From Sessions a person stops, starts and restarts a server under a real agent, and looks at an earlier recording."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.sdk_agent import SdkAgent, said
from e2e.stage import STARTS_WITHIN, inspect, url_of
from e2e.terminal import Terminal

PID = re.compile(r"demo (?:started|ready) · pid (\d+)")


@pytest.fixture(autouse=True)
def tmux(needs: Callable[[str], str]) -> str:
    return needs("tmux")


def pid(screen: str) -> str:
    found = PID.search(screen)
    assert found, screen
    return found[1]


def shelf(terminal: Terminal) -> list[str]:
    """The frame of the recordings' list: its colour tells whether keys go there."""
    return [line for line in terminal.capture(colours=True).splitlines() if "Recordings ·" in line]


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_an_agent_keeps_working_through_a_restart_and_is_told_of_a_stop(tmp_path: Path, home: Path, mode: str) -> None:
    with inspect(tmp_path, "--upstream", "demo", "--default", "allow") as terminal:
        url = url_of(terminal.wait_for(re.compile(r"http://127\.0\.0\.1:\d+/"), STARTS_WITHIN), "demo")
        terminal.send("5")
        terminal.wait_for(PID, STARTS_WITHIN)  # before any agent has come
        with SdkAgent(url, mode=mode) as agent:
            assert "shop.orders" in said(agent.ask("list_namespaces"))
            first = pid(terminal.wait_for(PID, STARTS_WITHIN))
            terminal.send("R")
            terminal.wait_until(lambda screen: PID.search(screen) and pid(screen) != first, what="another process")
            assert "shop.orders" in said(agent.ask("list_namespaces"))

            terminal.send("S")
            terminal.wait_for("■ demo stopped")
            assert "has stopped this server" in said(agent.ask("list_namespaces"))
            terminal.send("s")
            terminal.wait_until(lambda screen: "■ demo stopped" not in screen, what="a start")
            assert "shop.orders" in said(agent.ask("list_namespaces"))
        if mode == "legacy":
            terminal.wait_for("0 agents")
            terminal.send("q")
        else:  # a modern client keeps no connection, so nobody knows that it has gone
            terminal.send("q")
            terminal.wait_for("1 agent is attached")
            terminal.send("s")
        assert terminal.wait_exit() == 0

    with inspect(tmp_path, "--upstream", "demo", "--default", "allow", "--lazy") as terminal:
        terminal.wait_for("◉ LIVE", STARTS_WITHIN)
        terminal.send("5")
        terminal.wait_for("○ demo idle")
        terminal.wait_for(re.compile(r"4 calls · ✗ 1"))
        unmarked = shelf(terminal)
        terminal.send("o")
        terminal.wait_until(lambda _: shelf(terminal) != unmarked, what="the focus on the recordings")
        terminal.send("Enter")
        terminal.wait_for(re.compile(r"◌ RECORDING"))
        terminal.wait_for(re.compile(r"list_namespaces.*✗ deny.*server stopped"))
        terminal.send("0")
        terminal.wait_for("◉ LIVE")
