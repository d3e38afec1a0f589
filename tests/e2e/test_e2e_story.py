"""The main job in a real terminal: a call waits for a person, the policy changes under an agent, the app ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from e2e.processes import wait_ended
from e2e.sdk_agent import SdkAgent, cut_off, denial, said
from e2e.stage import LARGE, SMALL, Stage, app
from mcp.types import CallToolResult

ASK = 'version: "1"\ndefault: approve\n'
CLOSED = "the inspector was closed"


@pytest.fixture(autouse=True)
def tmux(needs: Callable[[str], str]) -> str:
    return needs("tmux")


def approve_after_a_look(stage: Stage, plain: Future[CallToolResult]) -> None:
    """`a` is deaf until a call has been in sight for a moment, so that no call is approved by a key for another."""

    def answered(_: str) -> bool:
        if not plain.done():
            stage.send("a")
        return plain.done()

    stage.terminal.wait_until(answered, what="the call's answer")


@pytest.mark.parametrize(
    ("size", "mode"), [(LARGE, "legacy"), (SMALL, "2026-07-28")], ids=["120x36-legacy", "80x24-modern"]
)
def test_a_person_edits_and_approves_one_call_and_denies_another(
    tmp_path: Path, size: tuple[int, int], mode: str
) -> None:
    with app(tmp_path, ASK, size=size) as stage, SdkAgent(stage.url, mode=mode) as agent:
        terminal = stage.terminal
        edited = agent.call("echo", text="drop the table")
        terminal.wait_until(
            lambda _: terminal.title == "◐ 1 held · mcp-inspect" and terminal.rang, what="bell and title"
        )
        stage.see("drop the table")

        stage.send("e")
        stage.see(re.compile(r'2 +"text": "drop the table"'))
        stage.send("Down", "End", "Left")
        terminal.send(*["BSpace"] * len("drop the table"))
        stage.type("count the rows")
        stage.see(re.compile(r"Arguments · edited \+1 .?1"))
        stage.send("F2")
        assert said(edited.result(20)) == "count the rows"
        terminal.wait_until(lambda _: terminal.title == "mcp-inspect", what="the title without its mark")

        denied = agent.call("add", a=40, b=2)
        terminal.wait_until(lambda _: terminal.title == "◐ 1 held · mcp-inspect", what="the title's mark")
        stage.send("d")
        stage.see("Reason shown to the agent")
        stage.type("use a calculator [not this]")
        stage.send("Enter")
        assert "A person denied this call: use a calculator [not this]" in denial(denied.result(20))

        plain = agent.call("echo", text="as it is")
        stage.see("as it is")
        approve_after_a_look(stage, plain)
        assert said(plain.result(20)) == "as it is"
        assert stage.received == [
            {"name": "echo", "arguments": {"text": "count the rows"}},
            {"name": "echo", "arguments": {"text": "as it is"}},
        ]


def test_what_is_saved_in_the_editor_or_written_outside_decides_the_next_call(tmp_path: Path) -> None:
    policy = 'version: "1"\ndefault: allow\n'
    with app(tmp_path, policy) as stage, SdkAgent(stage.url) as agent:
        assert said(agent.ask("echo", text="one")) == "one"

        stage.send("4")
        stage.see("none: this text loads")
        stage.send("Down", "End")
        stage.terminal.send(*["BSpace"] * len("allow"))
        stage.type("deny")
        stage.see("● modified")
        stage.send("C-s")
        stage.see("policy.yaml v2 ✓")
        assert stage.policy.read_text() == 'version: "1"\ndefault: deny\n'
        assert "[POLICY DENIED]" in denial(agent.ask("echo", text="two"))

        stage.type(" it all")
        stage.send("C-s")
        stage.see("policy.yaml v2 ✗")
        stage.see("The file does not load; v2 stays in force")
        stage.see(re.compile(r"2✗ +default: deny it all"))
        stage.see(re.compile(r"Problems · 1(.|\n)*✗ 2:10"))
        assert "[POLICY DENIED]" in denial(agent.ask("echo", text="three"))

        stage.policy.write_text('version: "1"\ndefault: allow # by another hand\n')
        stage.see("policy.yaml v3 ✓")
        stage.see("v3 from outside")
        stage.see(re.compile(r"2 +default: allow # by another hand"))
        assert said(agent.ask("echo", text="four")) == "four"
        assert [call["arguments"]["text"] for call in stage.received] == ["one", "four"]


def test_q_asks_while_an_agent_is_attached_and_stopping_ends_every_process(tmp_path: Path) -> None:
    with app(tmp_path, ASK) as stage, cut_off(stage.url) as agent:
        held = agent.call("echo", text="never to be sent")
        stage.see("never to be sent")
        processes = stage.processes
        assert len(processes) >= 3, "the app, the server and the watchdog"

        stage.send("q")
        stage.see("1 agent is attached and will lose its tools.")
        stage.send("Escape")
        stage.terminal.wait_gone("Stop the inspector?")
        stage.send("q")
        stage.see("1 held call will be answered “the inspector was closed”.")
        stage.send("s")
        wait_ended(processes - {stage.terminal.pid}, 2.0)
        assert stage.terminal.wait_exit() == 0
        assert CLOSED in denial(held.result(10))
        assert stage.received == []


def test_closing_the_terminal_leaves_no_process_behind(tmp_path: Path) -> None:
    with app(tmp_path, ASK) as stage, cut_off(stage.url) as agent:
        held = agent.call("echo", text="never to be sent")
        stage.see("never to be sent")
        processes = stage.processes
        stage.terminal.kill_server()
        wait_ended(processes, 5.0)
        assert CLOSED in denial(held.result(10))
        assert stage.received == []
