"""Programs that a test starts and listens to: bounded waits on what they say, and nothing left at the end."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO


class Program:
    """`with Program([…]) as program: program.wait_said(r"listening on (\\d+)")`. Ended as a group on the way out."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        self._argv = argv
        self._heard = threading.Condition()
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._process = subprocess.Popen(
            argv,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self._process.stdout, self.stdout), (self._process.stderr, self.stderr))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(5)
        for reader in self._readers:
            reader.join(5)

    def wait_said(self, pattern: str, timeout: float = 20) -> re.Match[str]:
        """The first match in a line of stderr, past lines included.

        Raises:
            AssertionError: it never came, or the program ended without it; everything it said is in the message.
        """
        return self._wait(self.stderr, pattern, timeout)

    def wait_printed(self, pattern: str, timeout: float = 20) -> re.Match[str]:
        """The same of stdout."""
        return self._wait(self.stdout, pattern, timeout)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait_exit(self, timeout: float = 10) -> int:
        """The exit code; negative for a signal. All that it said has been read by then."""
        code = self._process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self._heard:
                lines.append(line.rstrip("\n"))
                self._heard.notify_all()
        with self._heard:
            self._heard.notify_all()

    def _wait(self, lines: list[str], pattern: str, timeout: float) -> re.Match[str]:
        deadline, seen = time.monotonic() + timeout, 0
        with self._heard:
            while True:
                for line in lines[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = len(lines)
                left = deadline - time.monotonic()
                ended = not any(reader.is_alive() for reader in self._readers)
                if left <= 0 or ended:
                    said = "\n".join([*self.stdout, *self.stderr])
                    why = "it ended" if ended else f"{timeout} s passed"
                    raise AssertionError(f"{' '.join(self._argv)}: {why} without {pattern!r}; it said:\n{said}")
                self._heard.wait(min(left, 0.2))


def family(pid: int) -> frozenset[int]:
    """A process, its children, theirs, and so on: those that are alive. A zombie has ended."""
    children: dict[int, list[int]] = {}
    living: set[int] = set()
    for number, parent, state in _processes():
        if not state.startswith("Z"):
            living.add(number)
            children.setdefault(parent, []).append(number)
    found, open_ = set(), [pid]
    while open_:
        member = open_.pop()
        found.add(member)
        open_ += children.get(member, [])
    return frozenset(found & living)


def engine_of(pid: int) -> int:
    """Of a process's family the one that is the engine beside a screen."""
    listed = subprocess.run(["ps", "-axwwo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    engines = {int(line.split()[0]) for line in listed.splitlines() if "inspector.served" in line}
    (engine,) = family(pid) & engines
    return engine


def wait_ended(pids: frozenset[int], timeout: float) -> None:
    """Returns once none of them lives.

    Raises:
        AssertionError: some still do; it names them.
    """
    deadline = time.monotonic() + timeout
    while living := pids & {number for number, _, state in _processes() if not state.startswith("Z")}:
        if time.monotonic() > deadline:
            names = ["ps", "-o", "pid=,args=", "-p", ",".join(map(str, sorted(living)))]
            shown = subprocess.run(names, capture_output=True, text=True, check=False).stdout
            raise AssertionError(f"{timeout} s passed and these still live:\n{shown}")


def _processes() -> list[tuple[int, int, str]]:
    """(pid, parent, state) of every process."""
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True, timeout=10)
    rows = (line.split() for line in listed.stdout.splitlines())
    return [(int(pid), int(parent), state) for pid, parent, state in rows]
