"""The terminal driver itself, on small programs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.terminal import Terminal, TerminalTimeoutError

ECHO = textwrap.dedent("""
    import os, sys
    print("size", os.get_terminal_size(), os.environ["GREETING"], os.environ.get("SECRET"), os.getcwd(), flush=True)
    for line in sys.stdin:
        print("heard", line.strip().upper(), flush=True)
        if line.strip() == "title":
            print("\\x1b]0;one held\\x07\\x07", end="", flush=True)
        if line.strip() == "bye":
            sys.exit(7)
""")


@pytest.fixture(autouse=True)
def tmux(needs: Callable[[str], str]) -> str:
    return needs("tmux")


def test_a_program_runs_at_the_size_with_the_environment_and_in_the_folder_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "x")
    env = {"GREETING": "grüß dich", "SECRET": None}
    with Terminal([sys.executable, "-c", ECHO], columns=100, rows=20, env=env, cwd=tmp_path) as terminal:
        screen = terminal.wait_for(re.compile(r"\n/|None /")).replace("\n", "")
        assert "columns=100, lines=20) grüß dich None" in screen
        assert tmp_path.name in screen
        assert len(terminal.capture().splitlines()) == 20


def test_keys_go_in_and_the_exit_code_comes_out() -> None:
    with Terminal([sys.executable, "-c", ECHO], env={"GREETING": ""}) as terminal:
        terminal.type("Enter is no key here")
        terminal.send("Enter")
        terminal.wait_for(re.compile(r"heard ENTER IS NO KEY HERE"))
        assert not terminal.rang
        terminal.type("title")
        terminal.send("Enter")
        terminal.wait_for("heard TITLE")
        terminal.wait_until(lambda _: terminal.title == "one held" and terminal.rang)
        terminal.type("bye")
        terminal.send("Enter")
        assert terminal.wait_exit() == 7


def test_what_does_not_come_fails_with_the_screen() -> None:
    with (
        Terminal([sys.executable, "-c", ECHO], env={"GREETING": "hello"}) as terminal,
        pytest.raises(TerminalTimeoutError, match=r"waited 0\.2 s for 'never' to appear(.|\n)*hello"),
    ):
        terminal.wait_for("hello")
        terminal.wait_for("never", timeout=0.2)


def test_closing_leaves_no_process_behind() -> None:
    with Terminal([sys.executable, "-c", "import time; time.sleep(1000)"]) as terminal:
        pid = terminal.pid
        os.kill(pid, 0)
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    assert state[:1] in ("", "Z")
