"""What the table's rows cost, and how long a key waits for its frame while rows change.

The screen shares its event loop with the proxy: a frame that takes long is a call that waits.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import replace

from inspector.core.call import CallId, Outcome
from inspector.core.commands import CallDetail, Command, CommandResult, Done, Inspect
from inspector.core.views import CallView, RunView, Views, Word
from inspector.filters.order import Sort
from inspector.filters.reading import BadFilter, parse
from inspector.ui.app import InspectApp
from inspector.ui.board import Board
from inspector.ui.live_listing import LiveListing as Listing
from inspector.ui.preferences import Preferences
from inspector.ui.widgets.calls import CallTable

NOW = 1_795_000_000.0
PER_SECOND = 5_000
KEYS = 60
TOOLS = ("read_file", "query", "fetch", "force_run_execution")


def row(number: int, rev: int = 1) -> CallView:
    word = Word.DENY if number % 20 == 1 else Word.ALLOW
    arguments = f'{{"path":"/srv/app/src/module_{number % 97}.py","limit":{number}}}'
    return CallView(
        CallId(number), rev, NOW + number / 1000, "claude-code", "fs", TOOLS[number % 4], arguments, word,
        "/tools/query/deny_if/ddl" if word is Word.DENY else "", Outcome.OK if rev > 1 else None,
        float(number % 50) if rev > 1 else None, NOW,
    )  # fmt: skip


class ChangingPort:
    """Half of what changes are new rows, half are earlier ones that end."""

    def __init__(self, count: int) -> None:
        self._run = RunView("r", "http://127.0.0.1:7337", NOW, "0", "", (PER_SECOND,) * 60, (), 1.0, count, 0)
        self._changed = [row(n, 2) for n in range(1, count + 1)]
        self._number = count
        self._version = 1

    def change(self, count: int) -> None:
        for _ in range(count // 2):
            self._number += 1
            self._changed += (row(self._number), row(max(1, self._number - 50), 2))
        self._version += 1

    async def views(self, since: int) -> Views:
        changed, self._changed = self._changed, []
        return Views(self._version, self._run, tuple(changed))

    async def command(self, command: Command) -> CommandResult:
        if isinstance(command, Inspect):
            return CallDetail(command.call_id, '{"path":"/srv/app"}', None, (), '{"content":[]}', False)
        return Done()


def _milliseconds(since: float) -> float:
    return (time.perf_counter() - since) * 1000


def _rows(count: int) -> None:
    views = replace(
        Views(1, RunView("", "", 0, "", "", (), (), None, 0, 0)), calls=tuple(map(row, range(1, count + 1)))
    )
    board = Board()
    begin = time.perf_counter()
    board.fold(views)
    print(f"fold {count:,} rows at once, keep {len(board.rows):,}: {_milliseconds(begin):.0f} ms")
    listing, predicate = Listing(board), parse("tool:query !decision:allow")
    assert predicate is not None
    assert not isinstance(predicate, BadFilter)
    begin = time.perf_counter()
    listing.set_filter(predicate)
    print(f"filter {len(board.rows):,} rows to {len(listing):,}: {_milliseconds(begin):.0f} ms")
    listing.set_filter(None)
    begin = time.perf_counter()
    listing.set_sort(Sort.MS, 0)
    print(f"sort {len(board.rows):,} rows: {_milliseconds(begin):.0f} ms")


async def _change(port: ChangingPort, lags: list[float]) -> None:
    begin, made = time.perf_counter(), 0
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(_milliseconds(before) - 5)
        due = int((time.perf_counter() - begin) * PER_SECOND) - made
        port.change(due)
        made += due


async def _frames(count: int) -> None:
    port = ChangingPort(count)
    app = InspectApp(port, clock=lambda: NOW, preferences=Preferences(bell=False, title=False), start_place="live")
    lags: list[float] = []
    frames: list[float] = []
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(0.5)
        table = app.screen.query_one(CallTable)
        changing = asyncio.ensure_future(_change(port, lags))
        await asyncio.sleep(1)
        lags.clear()
        cpu, wall = time.process_time(), time.perf_counter()
        for index in range(KEYS):
            shown = asyncio.Event()
            before, begin = table.cursor, time.perf_counter()
            app.simulate_key("down" if index % 2 else "up")
            while table.cursor == before:
                await asyncio.sleep(0)
            table.call_after_refresh(shown.set)
            await shown.wait()
            frames.append(_milliseconds(begin))
            await asyncio.sleep(0.03)
        share = (time.process_time() - cpu) / (time.perf_counter() - wall)
        changing.cancel()
    p95, lag = statistics.quantiles(frames, n=20)[18], statistics.quantiles(lags, n=20)[18]
    print(f"key to frame, {PER_SECOND:,} changed rows/s: p50 {statistics.median(frames):.1f} ms, p95 {p95:.1f} ms")
    print(f"event-loop lag: p95 {lag:.1f} ms, max {max(lags):.1f} ms; {100 * share:.0f} % of a core")


def main(argv: list[str]) -> int:
    """`argv`: the number of rows, 100,000 unless given."""
    count = int(argv[0]) if argv else 100_000
    _rows(count)
    asyncio.run(_frames(min(count, 50_000)))
    return 0
