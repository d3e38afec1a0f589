"""How a recording of a million calls opens, scrolls, filters and sorts in the app, and how long the screen waits.

Wanted are rows in sight within 2 s, the first rows of a filter within 0.3 s, no stall over 100 ms, 400 MB. It prints
what is, and leaves the judging to the reader.
"""

from __future__ import annotations

import asyncio
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from benchmarks import agents
from inspector.core.call import CallId
from inspector.filters.order import Sort
from inspector.filters.reading import BadFilter, parse
from inspector.recorded_port import RecordedPort
from inspector.screen import SWITCH
from inspector.ui.app import InspectApp
from inspector.ui.archive_listing import ArchiveSource
from inspector.ui.preferences import Preferences
from inspector.ui.widgets.calls import CallTable

FILTERS = ("tool:query", "module_77", "!decision:allow", "ms:>900 agent:cursor", r"arg.path:~module_9\d\.py", "größer")
SORTS = (Sort.MS, Sort.TOOL, Sort.ARGUMENTS)
JUMPS = 40


class Lag:
    """How late the event loop comes to a task that wants to run every 5 ms: what a key would wait. And how much of it
    the loop's own thread has worked: the rest is the machine's, or waiting for the interpreter."""

    def __init__(self) -> None:
        self._worst = self._work = 0.0
        self._task = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while True:
            before, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.005)
            self._worst = max(self._worst, _ms(before) - 5)
            self._work = max(self._work, 1000 * (time.thread_time() - worked))

    def worst(self) -> str:
        """Since the last time that it was asked."""
        worst, work, self._worst, self._work = self._worst, self._work, 0.0, 0.0
        return f"{worst:.0f} ms ({work:.0f} ms of work)"

    def end(self) -> None:
        self._task.cancel()


def _ms(since: float) -> float:
    return 1000 * (time.perf_counter() - since)


async def _until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.001)


async def _drawn(table: CallTable) -> None:
    shown = asyncio.Event()
    table.call_after_refresh(shown.set)
    await shown.wait()


async def _opened(path: Path, since: float) -> None:
    sys.setswitchinterval(SWITCH)
    port = RecordedPort(path)
    quiet = Preferences(bell=False, title=False)
    app = InspectApp(port, source=ArchiveSource(port.archive), preferences=quiet, start_place="live")
    async with app.run_test(size=(120, 36)) as pilot:
        table = app.screen.query_one(CallTable)
        await _until(lambda: len(table.listing))
        await _drawn(table)
        print(
            f"open: rows of {len(table.listing):,} calls in sight {_ms(since):.0f} ms after the start of the process,"
        )
        print(f"  {1000 * time.process_time():.0f} ms of work")
        lag, begin = Lag(), time.perf_counter()
        await port.load_rest()
        print(f"beside it: totals and the newest events {_ms(begin):.0f} ms; longest stall {lag.worst()}")
        await _scroll(pilot, table, lag)
        for text in FILTERS:
            await _filter(table, text, lag)
        table.filter(None)
        for sort in SORTS:
            table.sort_by(sort)
            print(f"sort by {sort.value:10}", await _found(table), f"longest stall {lag.worst()}")
        lag.end()
    port.close()
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


async def _scroll(pilot: Pilot[None], table: CallTable, lag: Lag) -> None:
    chance, count, frames = random.Random(7), len(table.listing), []
    lag.worst()
    for step in range(JUMPS):
        begin = time.perf_counter()
        match step % 4:
            case 0:
                table.action_top()
            case 1:
                table.go_to(CallId(chance.randint(1, count)))
            case 2:
                table.action_page(1)
            case _:
                table.action_follow()
        await _drawn(table)
        frames.append(_ms(begin))
    for key in ("pageup", "pagedown", "up", "down") * 5:
        await pilot.press(key)
    p95 = statistics.quantiles(frames, n=20)[18]
    print(
        f"scroll: jump to frame p50 {statistics.median(frames):.1f} ms, p95 {p95:.1f} ms, max {max(frames):.1f} ms;",
        end=" ",
    )
    print(f"longest stall {lag.worst()}")


async def _filter(table: CallTable, text: str, lag: Lag) -> None:
    term = parse(text)
    if isinstance(term, BadFilter):
        raise SystemExit(f"{text}: {term.why}")
    lag.worst()
    table.filter(term)
    print(f"filter {text:26}", await _found(table), f"longest stall {lag.worst()}")


async def _found(table: CallTable) -> str:
    begin = time.perf_counter()
    await _until(lambda: table.looked_at > 0)
    first = _ms(begin)
    await _until(lambda: table.looked_at >= 1)
    return f"first rows {first:4.0f} ms, all {len(table.listing):9,} after {_ms(begin):5.0f} ms;"


def _measured(path: Path) -> int:
    """In a process of its own: neither its memory nor its start is ours."""
    print(f"{path.stat().st_size / 1e6:,.0f} MB")
    argv = [sys.executable, "-m", "benchmarks", "opening", str(path), str(time.perf_counter())]
    sys.stdout.flush()
    return subprocess.run(argv, check=False).returncode


def main(argv: list[str]) -> int:
    """`argv`: the number of calls, 1,000,000 unless given, and a folder to keep the recording in; or a recording."""
    if argv and Path(argv[0]).is_file():
        if len(argv) == 1:
            return _measured(Path(argv[0]))
        asyncio.run(_opened(Path(argv[0]), float(argv[1])))
        return 0
    count = int(argv[0]) if argv else 1_000_000
    if len(argv) < 2:
        with tempfile.TemporaryDirectory() as folder:
            return _measured(agents.recorded(Path(folder), count))
    kept = Path(argv[1]) / f"{count}.sqlite"
    if not kept.exists():
        agents.recorded(kept.parent, count).rename(kept)
    return _measured(kept)
