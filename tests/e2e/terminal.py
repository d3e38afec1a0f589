"""A program in a real terminal: tmux on a socket of its own, driven by keys, read as text.

    with Terminal([sys.executable, "-m", "inspector", "demo"], columns=120, rows=36) as terminal:
        terminal.wait_for("force_run_execution")
        terminal.send("a")

Nothing here waits for a fixed time: the program's own output is what wakes a wait up.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

SETTINGS = """
set -g status off
set -g remain-on-exit on
set -g default-terminal tmux-256color
set -g allow-passthrough off
set -g monitor-bell on
set -g bell-action any
set -sg escape-time 0
set -sg set-clipboard on
"""

PATIENCE = 20.0  # seconds of a wait: it costs nothing where all is well, and a busy machine takes its time

# What the program would take for facts of its own terminal: somebody's tmux around it, and that one's size.
NOT_ITS_OWN = {"TMUX", "TMUX_PANE", "COLUMNS", "LINES", "LC_ALL", "NO_COLOR"}


class TerminalTimeoutError(AssertionError):
    """What was waited for did not come; the message carries the screen."""


class Terminal:
    """`argv` in a pane of `columns` × `rows`. `env` is added to the caller's; None removes a variable."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 36,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mi-tty-", dir="/tmp"))
        settings = self._folder / "tmux.conf"
        settings.write_text(SETTINGS)
        whole = {name: value for name, value in os.environ.items() if name not in NOT_ITS_OWN}
        whole |= {"LANG": "C.UTF-8", "COLORTERM": "truecolor"}
        for name, value in (env or {}).items():
            whole.pop(name, None)
            if value is not None:
                whole[name] = value
        self._env = whole
        self._tmux = ["tmux", "-u", "-S", str(self._folder / "s"), "-f", str(settings)]
        self._output = self._open_output()
        try:
            size = ["-x", str(columns), "-y", str(rows)]
            self._run("new-session", "-d", *size, "-c", str(cwd or Path.cwd()), "--", *argv)
            self._run("pipe-pane", "-O", f"exec cat > {shlex.quote(str(self._folder / 'output'))}")
            self.pid = int(self._ask("#{pane_pid}"))
        except BaseException:
            self.close()
            raise

    def _open_output(self) -> int:
        path = self._folder / "output"
        os.mkfifo(path)
        return os.open(path, os.O_RDWR | os.O_NONBLOCK)  # for writing too: it never reads as ended

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- what a person does

    def send(self, *keys: str) -> None:
        """Keys by tmux's names: `a`, `Enter`, `Escape`, `C-s`, `Down`, `F1`, `M-x`."""
        self._run("send-keys", "--", *keys)

    def type(self, text: str) -> None:
        """Text, character by character, with nothing in it taken for a key's name."""
        self._run("send-keys", "-l", "--", text)

    def paste(self, text: str) -> None:
        """Text as a terminal pastes it (bracketed, when the program asked for that)."""
        self._run("set-buffer", "--", text)
        self._run("paste-buffer", "-p", "-d")

    def resize(self, columns: int, rows: int) -> None:
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    def kill_server(self) -> None:
        """The terminal goes away under the program, as a closed window does: it gets SIGHUP, and no screen any more."""
        self._run("kill-server")

    # ---- what a person sees

    def capture(self, *, colours: bool = False, history: bool = False) -> str:
        """The screen, a line for each row; with `colours` its escape sequences and the spaces at the ends of lines too,
        with `history` what has scrolled off before."""
        return self._run("capture-pane", "-p", *(["-e", "-N"] if colours else []), *(["-S", "-"] if history else []))

    @property
    def title(self) -> str:
        return self._ask("#{pane_title}")

    @property
    def rang(self) -> bool:
        """The bell rang since the start."""
        return self._ask("#{window_bell_flag}") == "1"

    @property
    def clipboard(self) -> str:
        """What the program copied last (OSC 52); raises CalledProcessError when it never did."""
        return self._run("show-buffer")

    @property
    def clipboards(self) -> int:
        """How many things the program has copied."""
        return len(self._run("list-buffers").splitlines())

    # ---- waiting

    def wait_for(self, text: str | re.Pattern[str], timeout: float = PATIENCE) -> str:
        """The screen as soon as `text` stands on it."""
        return self.wait_until(lambda screen: _found(text, screen), timeout, f"{_shown(text)} to appear")

    def wait_gone(self, text: str | re.Pattern[str], timeout: float = PATIENCE) -> str:
        """The screen as soon as `text` stands there no more."""
        return self.wait_until(lambda screen: not _found(text, screen), timeout, f"{_shown(text)} to go")

    def wait_until(self, holds: Callable[[str], bool], timeout: float = PATIENCE, what: str = "the screen") -> str:
        """The screen as soon as `holds(screen)`.

        Raises:
            TerminalTimeoutError: it never did; the last screen is in the message.
        """
        deadline = time.monotonic() + timeout
        while not holds(screen := self.capture()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TerminalTimeoutError(f"waited {timeout} s for {what}; the screen:\n{screen}")
            self._drawn(left)
        return screen

    def wait_exit(self, timeout: float = PATIENCE) -> int:
        """The program's exit code (128 + n for a signal n)."""
        ends = "#{?pane_dead,#{pane_dead_status}/#{pane_dead_signal},}"

        def ended(_: str) -> bool:
            if (end := self._ask(ends)) == "/":  # tmux sometimes misses the signal: told again, it looks
                os.kill(int(self._ask("#{pid}")), signal.SIGCHLD)
            return end not in ("", "/")

        self.wait_until(ended, timeout, "the program to end")
        status, killed = self._ask(ends).split("/")
        return int(status) if status else 128 + int(killed)

    def _drawn(self, seconds: float) -> None:
        """Returns when the program wrote something, and at the latest after a tenth of a second."""
        readable, _, _ = select.select([self._output], [], [], min(seconds, 0.1))
        if readable:
            with contextlib.suppress(BlockingIOError):
                os.read(self._output, 1 << 20)

    # ---- the end

    def close(self) -> None:
        """Ends the program with everything that it started in its process group, and the tmux server."""
        pid = getattr(self, "pid", None)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            _wait_gone(pid)
        subprocess.run([*self._tmux, "kill-server"], env=self._env, capture_output=True, timeout=10, check=False)
        with contextlib.suppress(OSError):
            os.close(self._output)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ask(self, format_: str) -> str:
        return self._run("display-message", "-p", format_).rstrip("\n")

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [*self._tmux, *command], env=self._env, capture_output=True, text=True, timeout=10, check=False
        )
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, command[0], done.stdout, done.stderr)
        return done.stdout


def _wait_gone(pid: int, seconds: float = 5) -> None:
    """It is no child of ours, so its end is looked for. A zombie has ended: its parent just took no note of it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if not state.strip() or state.startswith("Z"):
            return
    raise TimeoutError(f"process {pid} is still there {seconds} s after it was killed")


def _found(text: str | re.Pattern[str], screen: str) -> bool:
    return text in screen if isinstance(text, str) else text.search(screen) is not None


def _shown(text: str | re.Pattern[str]) -> str:
    return repr(text if isinstance(text, str) else text.pattern)
