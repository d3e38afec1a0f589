"""The app in a real terminal (tmux): when its first frame shows, and what it weighs after 10,000 calls.

    python -m benchmarks startup [--rounds 5]

The exit code is 1 when a floor is missed: the first frame within 1.5 s (the median of the rounds), and under 200 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.callers import HttpClient
from benchmarks.processes import engine_of, rss_mb, started
from benchmarks.proxy import POLICY, Report
from tests.e2e.terminal import Terminal

FIRST_FRAME_S = 1.5
APP_MB = 200


def first_frame(home: Path) -> float:
    """Seconds from the command to something drawn."""
    begun = time.perf_counter()
    with Terminal([sys.executable, "-m", "inspector", "demo", "--port", "0"], env=environment(home)) as terminal:
        terminal.wait_for("Live", timeout=30)  # of the places' names: an error would be a frame too
        return time.perf_counter() - begun


def environment(home: Path) -> dict[str, str | None]:
    return {"MCP_INSPECT_HOME": str(home)}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def weight(home: Path) -> float:
    """MB of the app, its engine included, after 10,000 calls went through it while it showed them."""
    with (
        started("benchmarks.lean_http") as lean,
        app_before(f"http://127.0.0.1:{lean.where}/mcp", home) as (terminal, url),
    ):
        asyncio.run(_call(url))
        terminal.wait_for("echo")
        return rss_mb(terminal.pid, engine_of(terminal.pid))


@contextlib.contextmanager
def app_before(upstream: str, home: Path) -> Iterator[tuple[Terminal, str]]:
    """The app in its terminal, in front of a server; and its endpoint's URL."""
    policy = home / "policy.json"
    policy.write_text(json.dumps(POLICY))
    port, token = free_port(), secrets.token_urlsafe(16)
    flags = ["--upstream", upstream, "--policy", str(policy), "--port", str(port), f"--token={token}"]
    with Terminal([sys.executable, "-m", "inspector", *flags], env=environment(home)) as terminal:
        terminal.wait_until(lambda _: _listens(port), timeout=30, what="the endpoint")
        yield terminal, f"http://127.0.0.1:{port}/{token}/mcp"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _call(url: str) -> None:
    async with HttpClient(url, modern=False) as client:
        await client.call_times(10_000)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks startup", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    flags = parser.parse_args(argv)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="mi-", dir="/tmp") as folder:
        home = Path(folder)
        frames = [first_frame(home) for _ in range(flags.rounds)]
        print(f"first frame of `mcp-inspect demo`: {', '.join(f'{s:.2f} s' for s in frames)}")
        report.floor("median, s", median(frames), FIRST_FRAME_S, at_least=False)
        print("memory of the app after 10,000 calls")
        report.floor("resident, MB", weight(home), APP_MB, at_least=False)
    return 1 if report.missed else 0
