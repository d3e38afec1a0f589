"""How long a key waits for its frame while 5,000 calls a second are folded into the store that the table follows.

    python -m benchmarks ui [--seconds 30] [--per-second 5000]

The store, the port, the app and its drawing are the program's own; events come from a generator (`folding.py`), in
another process as an engine's do, and bytes go to nowhere. On a busy machine part of each time is one in which others
had the processor; what is ours is said beside it. The exit code is 1 when a floor is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from textual import events
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Input

from benchmarks.processes import cpu_seconds
from benchmarks.proxy import Report
from inspector.core.views import Port
from inspector.port_socket import RemotePort, channel
from inspector.ui.app import InspectApp
from inspector.ui.preferences import Preferences
from inspector.ui.widgets.calls import CallTable

KEY_TO_FRAME_MS = 30  # p95
SIZE = (120, 36)
FILTER = "tool:query"
KEYS = (
    *("up", "up", "pageup", "up", "down", "pagedown", "down", "home", "down", "end"),
    *("pageup", "slash", *FILTER, "enter", "up", "pageup", "down", "escape", "pageup", "up", "end"),
)


class Nowhere(HeadlessDriver):
    """A terminal without a screen: what would be written is made, and counted."""

    written = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        Nowhere.written += len(data)


class WatchedApp(InspectApp):
    """Says when the frame is there that shows what a key did."""

    CSS_PATH = str(Path(inspect.getfile(InspectApp)).with_name("app.tcss"))
    frames = 0

    def get_driver_class(self) -> type[Driver]:
        return Nowhere

    def post_display_hook(self) -> None:
        self.frames += 1
        if self._pressed is not None and self._state() != self._pressed[0]:
            self._pressed[1].set_result(time.perf_counter())
            self._pressed = None

    _pressed: tuple[object, asyncio.Future[float]] | None = None

    def _state(self) -> object:
        """What a key changes, and the passing of time does not."""
        table = self.screen.query_one(CallTable)
        cursor = None if table.following else table.cursor
        line = self.screen.query_one(Input)
        return cursor, table.following, self.focused is line, line.value, table.listing.filtered

    async def press(self, key: str) -> float:
        """Seconds until its frame."""
        self._pressed = self._state(), asyncio.get_running_loop().create_future()
        shown, begin = self._pressed[1], time.perf_counter()
        self.post_message(events.Key(key, key if len(key) == 1 else None))
        return await asyncio.wait_for(shown, 10) - begin


@dataclass(slots=True)
class Taken:
    frames: list[float] = field(default_factory=list)  # seconds, one for each key
    own: list[float] = field(default_factory=list)  # the same without the time that we waited for a processor
    keys: list[str] = field(default_factory=list)

    def worst(self, count: int) -> str:
        ranked = sorted(zip(self.frames, self.keys, strict=True), reverse=True)
        return ", ".join(f"{key} {1000 * seconds:.0f} ms" for seconds, key in ranked[:count])


async def _press_keys(app: WatchedApp, seconds: float) -> Taken:
    """Keys at random moments, until the time is up."""
    chance, taken, end = random.Random(7), Taken(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key in KEYS:
            await asyncio.sleep(chance.uniform(0.02, 0.12))
            waited = processor_wait()
            taken.frames.append(await app.press(key))
            taken.own.append(taken.frames[-1] - (processor_wait() - waited))
            taken.keys.append(key)
    return taken


async def _until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


async def measure(seconds: float, per_second: int, report: Report) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "benchmarks.folding", str(theirs.fileno()), str(per_second)]
        folding = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    link = await channel(ours)
    try:
        port = RemotePort(link)
        listening = asyncio.create_task(port.listen())
        await _measure(port, folding.pid, seconds, report)
        link.close()
        await listening
    finally:
        folding.kill()
        folding.wait()


async def _measure(port: Port, folding: int, seconds: float, report: Report) -> None:
    quiet = Preferences(bell=False, title=False)
    app = WatchedApp(port, awaits_clients=False, preferences=quiet, start_place="live", ascii_only=False)
    running = asyncio.create_task(app.run_async(size=SIZE))
    await _until(lambda: app.is_running and app.screen.query(CallTable))
    await _until(lambda: app.board.views.run.calls)
    await asyncio.sleep(1)
    frames, folded = app.frames, app.board.views.run.calls
    cpu, their_cpu, begin = time.process_time(), cpu_seconds(folding), time.perf_counter()
    taken = await _press_keys(app, seconds)
    took, used = time.perf_counter() - begin, time.process_time() - cpu
    folded, their_used = app.board.views.run.calls - folded, cpu_seconds(folding) - their_cpu
    app.exit()
    await running
    print(f"{folded / took:,.0f} calls/s folded for {took:.0f} s, the table live at {SIZE[0]}×{SIZE[1]}")
    print(f"  {len(taken.frames)} keys, key to frame: {spread(taken.frames)}   the worst: {taken.worst(3)}")
    print(f"  without waiting for a processor: {spread(taken.own)}")
    share, making = 100 * used / took, 100 * their_used / took
    print(f"  {share:.0f} % of a core, {making:.0f} % for the folding; {(app.frames - frames) / took:.0f} frames/s")
    report.floor("key to frame p95, ms", 1000 * quantile(taken.frames, 0.95), KEY_TO_FRAME_MS, at_least=False)


def processor_wait() -> float:
    """Seconds that this thread was ready to run, and others ran; 0 where there is no /proc to ask."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0


def quantile(seconds: list[float], q: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * q))]


def spread(seconds: list[float]) -> str:
    p50, p95, most = (1000 * value for value in (statistics.median(seconds), quantile(seconds, 0.95), max(seconds)))
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {most:.1f} ms"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks ui", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--per-second", type=int, default=5_000)
    flags = parser.parse_args(argv)
    report = Report()
    uvloop.run(measure(flags.seconds, flags.per_second, report))
    return 1 if report.missed else 0
