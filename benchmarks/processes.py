"""Children of a measurement: started, waited for until they say where they are, ended with all that they started."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LISTENING = re.compile(r"listening on (\d+)")
URL = re.compile(r"(http://\S+/mcp)\b")


@dataclass(frozen=True, slots=True)
class Started:
    pid: int
    where: str  # what the pattern's group found on stderr


@contextlib.contextmanager
def started(
    *module_and_arguments: str, says: re.Pattern[str] = LISTENING, env: Mapping[str, str] | None = None
) -> Iterator[Started]:
    """`python -m …`, once it said on stderr where it is.

    Raises:
        RuntimeError: it ended first, or said nothing for 30 s; the message carries what it did say.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *module_and_arguments],
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Started(process.pid, _said(process, says))
    finally:
        end(process)


def _said(process: subprocess.Popen[str], says: re.Pattern[str]) -> str:
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in process.stderr or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    heard = ""
    with contextlib.suppress(queue.Empty):
        while (line := lines.get(timeout=30)) is not None:
            heard += line
            if found := says.search(line):
                return found.group(1)
    raise RuntimeError(f"{' '.join(map(str, process.args[1:]))} did not say where it listens:\n{heard}")  # type: ignore[index]


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Asked to end, and made to after 5 s; its whole group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def rss_mb(*pids: int) -> float:
    """Resident memory of processes together, in MB: what they share is counted for each of them."""
    command = ["ps", "-o", "rss=", "-p", ",".join(map(str, pids))]
    kilobytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sum(map(int, kilobytes.split())) / 1024


def engine_of(pid: int) -> int:
    """The process of the engine that belongs to an app's."""
    command = ["ps", "-axwwo", "pid=,ppid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (engine,) = (
        int(line.split()[0])
        for line in listed.splitlines()
        if line.split()[1] == str(pid) and "inspector.served" in line
    )
    return engine


def cpu_seconds(pid: int) -> float:
    """User and system time of one process so far; 0 where there is no /proc to ask."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
