"""How long a key waits for its frame: `python benchmarks/ui.py`.

Prints the fold of 100,000 rows, and the time from a key to its frame while 5,000 rows a second change. The screen
shares its event loop with the proxy, so a frame that takes long is a call that waits.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests" / "ui")]

from ui_port import KINDS, NOW, DataPort, call, sample_rows, sample_views  # noqa: E402

from inspector.core.views import CallView  # noqa: E402
from inspector.ui.app import InspectApp  # noqa: E402
from inspector.ui.board import Board  # noqa: E402
from inspector.ui.filter import parse  # noqa: E402
from inspector.ui.listing import Listing, Sort  # noqa: E402
from inspector.ui.widgets.calls import CallTable  # noqa: E402

ROWS = 100_000
PER_SECOND = 5_000
KEYS = 60


def milliseconds(since: float) -> float:
    return (time.perf_counter() - since) * 1000


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100)[round(share * 100) - 1]


def fold_many() -> None:
    views = replace(sample_views(0), calls=tuple(sample_rows(ROWS)))
    board = Board()
    start = time.perf_counter()
    board.fold(views)
    print(f"fold {ROWS:,} rows at once, keep {len(board.rows):,}: {milliseconds(start):.0f} ms")
    listing = Listing(board)
    predicate = parse("tool:query !decision:allow")
    start = time.perf_counter()
    listing.set_filter(predicate if callable(predicate) else None)
    print(f"filter {len(board.rows):,} rows to {len(listing):,}: {milliseconds(start):.0f} ms")
    listing.set_filter(None)
    start = time.perf_counter()
    listing.set_sort(Sort.MS, 0)
    print(f"sort {len(board.rows):,} rows: {milliseconds(start):.0f} ms")


async def feed(port: DataPort, lags: list[float]) -> None:
    """Half of the rows are new, half are an earlier one that ends; and the lag of a 5 ms sleep."""
    number, started, made = len(port.rows), time.perf_counter(), 0
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(milliseconds(before) - 5)
        due = int((time.perf_counter() - started) * PER_SECOND) - made
        batch: list[CallView] = []
        for _ in range(due // 2):
            number += 1
            batch.append(call(number, KINDS[number % 8], NOW))
            batch.append(call(max(1, number - 50), KINDS[(number - 50) % 8], NOW, rev=2))
        made += 2 * (due // 2)
        port.push(batch)


class FeedPort(DataPort):
    """Hands out only what changed since the last question, as the store does: no walk over all rows."""

    def push(self, rows=(), **changes):  # type: ignore[no-untyped-def]
        self.pending = [*getattr(self, "pending", []), *rows]
        self.rows.update((row.id, row) for row in rows)
        self.now_views = replace(self.now_views, version=self.now_views.version + 1, calls=(), **changes)

    async def views(self, since: int):  # type: ignore[no-untyped-def]
        if since == 0:
            return replace(self.now_views, calls=tuple(self.rows.values()))
        changed, self.pending = getattr(self, "pending", []), []
        return replace(self.now_views, calls=tuple(changed))


async def keys_under_load() -> None:
    port = FeedPort(sample_views(50_000))
    app = InspectApp(port, clock=lambda: NOW, bell=False, mark_title=False)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(0.5)
        table = app.screen.query_one(CallTable)
        lags: list[float] = []
        frames: list[float] = []
        feeding = asyncio.ensure_future(feed(port, lags))
        await asyncio.sleep(1)
        lags.clear()
        cpu, wall = time.process_time(), time.perf_counter()
        for index in range(KEYS):
            shown = asyncio.Event()
            before, start = table.cursor, time.perf_counter()
            app.simulate_key("down" if index % 2 else "up")
            while table.cursor == before:
                await asyncio.sleep(0)
            table.call_after_refresh(shown.set)
            await shown.wait()
            frames.append(milliseconds(start))
            await asyncio.sleep(0.03)
        used = (time.process_time() - cpu) / (time.perf_counter() - wall)
        feeding.cancel()
    p50, p95 = percentile(frames, 0.5), percentile(frames, 0.95)
    print(f"key to frame over {PER_SECOND:,} changed rows/s: p50 {p50:.1f} p95 {p95:.1f} ms")
    print(f"event-loop lag: p95 {percentile(lags, 0.95):.1f} max {max(lags):.1f} ms; {100 * used:.0f} % of a core")


if __name__ == "__main__":
    fold_many()
    asyncio.run(keys_under_load())
