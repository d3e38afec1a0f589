from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.core.errors import ConfigError, UsageError
from inspector.core.upstream import CommandSpec
from inspector.upstreams.trust import FILE, ask_on_terminal, refuse, shown, trust_project

COMMAND = CommandSpec(("sh", "serve it.sh"), (("MODE", "x y"),), "/srv")
ASK = """
import sys
from pathlib import Path
from inspector.core.errors import UsageError
from inspector.core.upstream import CommandSpec
from inspector.upstreams.trust import ask_on_terminal
try:
    ask_on_terminal(Path(sys.argv[1]))(CommandSpec(tuple(sys.argv[3:])), Path(sys.argv[2]))
except UsageError as error:
    sys.exit(f"refused: {error}")
"""


def on_a_terminal(answer: str, *arguments: str) -> tuple[int, str]:
    """Run ASK with a terminal, type `answer`; its exit code and what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=Path.cwd()
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    seen = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says so when the other side is gone
            break
        if not part:
            break
        seen += part
    os.close(ours)
    return process.wait(timeout=20), seen.decode()


def test_nobody_consents_to_nothing() -> None:
    with pytest.raises(UsageError, match="--trust-project") as caught:
        refuse(COMMAND, Path("/p/mcp-inspect.toml"))
    assert "MODE='x y' sh 'serve it.sh'   (in /srv)" in str(caught.value)


def test_trust_project_refuses_nothing() -> None:
    trust_project(COMMAND, Path("/p/mcp-inspect.toml"))


def test_without_a_terminal_nothing_is_asked_and_nothing_accepted(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(tmp_path), "/p/mcp-inspect.toml", "sh"],
        input="y\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=Path.cwd(),
    )
    assert done.returncode == 1
    assert "--trust-project" in done.stderr
    assert not (tmp_path / FILE).exists()


def test_a_yes_is_remembered_for_exactly_that_text_in_that_folder(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    project = tmp_path / "project" / "mcp-inspect.toml"
    code, seen = on_a_terminal("y\n", state, str(project), "sh", "serve.sh")
    assert code == 0
    assert "wants to run this command" in seen and "sh serve.sh" in seen
    assert stat.S_IMODE((tmp_path / "state" / FILE).stat().st_mode) == 0o600

    consent = ask_on_terminal(tmp_path / "state")
    consent(CommandSpec(("sh", "serve.sh")), project)
    for other in (
        CommandSpec(("sh", "serve.sh", "--all")),
        CommandSpec(("sh", "serve.sh"), (("LD_PRELOAD", "x"),)),
        CommandSpec(("sh", "serve.sh"), (), "/tmp"),
    ):
        with pytest.raises(UsageError):
            consent(other, project)
    with pytest.raises(UsageError):
        consent(CommandSpec(("sh", "serve.sh")), tmp_path / "elsewhere" / "mcp-inspect.toml")


@pytest.mark.parametrize("answer", ["\n", "n\n", "no\n", "yup\n"])
def test_anything_but_yes_is_no(tmp_path: Path, answer: str) -> None:
    code, seen = on_a_terminal(answer, str(tmp_path), "/p/mcp-inspect.toml", "sh")
    assert code == 1
    assert "was not accepted" in seen
    assert not (tmp_path / FILE).exists()


def test_what_is_shown_cannot_play_tricks_with_the_terminal() -> None:
    text = shown(CommandSpec(("sh", "-c", "evil\x1b[2K\rgood\u202etxt")))
    assert text.isprintable()
    assert "\\u001b" in text and "\\u202e" in text and "\\u000d" in text


def test_a_damaged_memory_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    (tmp_path / FILE).chmod(0o600)
    with pytest.raises(ConfigError, match=FILE):
        ask_on_terminal(tmp_path)(COMMAND, Path("/p/mcp-inspect.toml"))
