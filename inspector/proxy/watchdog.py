"""No orphans, whatever happens to us: a tiny process that ends our servers' process groups when we are gone.

A server's own parent-death signal (`PR_SET_PDEATHSIG`) exists on Linux only, reaches the first process of a group only
(of `npx server` the wrapper, not the server), and has to be set between fork and exec, where running Python in a
program with threads may deadlock. Instead this file also runs as a script in a session of its own and reads a pipe
whose other end nobody but us holds: `+PID` and `-PID` lines say which groups to watch, end of file says that we died,
be it by SIGKILL. One is started with the first server.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

_TERM_GRACE = 1.0  # seconds between SIGTERM and SIGKILL


class Watchdog:
    """The engine's end. Its calls write a few bytes to a pipe and do not wait."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def guard(self, group: int) -> None:
        """End this process group should we die.

        Raises:
            OSError: the watchdog cannot be started.
        """
        self._groups.add(group)
        self._tell(b"+%d\n" % group)

    def release(self, group: int) -> None:
        """The group has ended: its number may belong to somebody else from now on."""
        if group in self._groups:
            self._groups.remove(group)
            self._tell(b"-%d\n" % group)

    def close(self) -> None:
        """No servers any more. Groups still guarded are ended by the watchdog, which then exits."""
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)  # it has nothing left to do: milliseconds
        self._process = None

    def _tell(self, line: bytes) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(BrokenPipeError):
                return self._write(line)
        # First use, or somebody ended it: a new one is told everything.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # out of reach of the terminal's Ctrl+C and hang-up
        )
        self._write(b"".join(b"+%d\n" % group for group in self._groups))

    def _write(self, lines: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            os.write(self._process.stdin.fileno(), lines)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def _end(groups: set[int]) -> None:
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGTERM)
    until = time.monotonic() + _TERM_GRACE
    while time.monotonic() < until and any(_alive(group) for group in groups):
        time.sleep(0.02)
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


def _watch() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        (groups.add if line.startswith(b"+") else groups.discard)(int(line[1:]))
    _end(groups)


if __name__ == "__main__":
    _watch()
