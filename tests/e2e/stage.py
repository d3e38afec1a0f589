"""The app in a terminal before a real server, as a person has it, and the facts that a test needs of both."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.processes import family
from e2e.terminal import PATIENCE, Terminal

INSPECT = (sys.executable, "-m", "inspector")
SERVER = Path(__file__).parent.parent / "servers" / "sdk_server.py"
SDK_SERVER = (sys.executable, str(SERVER), "stdio")
TOKEN = "token-of-the-tests"
RUN_FLAGS = ("--port", "0", "--token", TOKEN)
LARGE, SMALL = (120, 36), (80, 24)
STARTS_WITHIN = 40.0  # seconds, on a machine that does other things too


@dataclass(frozen=True)
class Stage:
    terminal: Terminal
    policy: Path
    log: Path
    url: str

    @property
    def received(self) -> list[dict[str, Any]]:
        """The calls that reached the server, oldest first."""
        return received(self.log)

    @property
    def processes(self) -> frozenset[int]:
        """The app with everything that it started, and what those started."""
        return family(self.terminal.pid)

    def send(self, *keys: str) -> None:
        self.terminal.send(*keys)

    def type(self, text: str) -> None:
        self.terminal.type(text)

    def see(self, text: str | re.Pattern[str], timeout: float = PATIENCE) -> str:
        return self.terminal.wait_for(text, timeout)


@contextmanager
def app(
    folder: Path, policy: str, *, size: tuple[int, int] = LARGE, shows: str = r"http://127\.0\.0\.1:\d+/"
) -> Iterator[Stage]:
    """`mcp-inspect --policy … -- sdk_server.py stdio` on the screen (`shows` is there), with no call so far."""
    file, log = folder / "policy.yaml", folder / "server.log"
    file.write_text(policy)
    line = ["--policy", str(file), "--env", f"SERVER_LOG={log}", "--", *SDK_SERVER]
    with inspect(folder, *line, size=size) as terminal:
        screen = terminal.wait_for(re.compile(shows), STARTS_WITHIN)
        yield Stage(terminal, file, log, url_of(screen, "sdk_server"))


@contextmanager
def inspect(
    folder: Path, *arguments: str, size: tuple[int, int] = LARGE, flags: Sequence[str] = RUN_FLAGS
) -> Iterator[Terminal]:
    """`mcp-inspect ARGUMENTS FLAGS` in a terminal, started in `folder`; `flags`: any free port and a known token."""
    columns, rows = size
    at = arguments.index("--") if "--" in arguments else len(arguments)
    line = [*INSPECT, *arguments[:at], *flags, *arguments[at:]]
    root = str(Path(__file__).parents[2])
    env: dict[str, str | None] = {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    with Terminal(line, columns=columns, rows=rows, env=env, cwd=folder) as terminal:
        yield terminal


def url_of(screen: str, upstream: str) -> str:
    """Where an agent finds `upstream`, by the address on the screen."""
    found = re.search(r"127\.0\.0\.1:\d+", screen)
    assert found, screen
    return f"http://{found[0]}/{TOKEN}/{upstream}/mcp"


def received(log: Path) -> list[dict[str, Any]]:
    """What a `$SERVER_LOG` holds; a line that is still being written is left out."""
    whole = log.read_text().rpartition("\n")[0] if log.exists() else ""
    return [json.loads(line) for line in whole.splitlines()]
