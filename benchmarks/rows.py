"""What the table's rows cost: taken in at once, filtered, sorted."""

from __future__ import annotations

import time
from dataclasses import replace

from inspector.core.call import CallId, Outcome
from inspector.core.views import CallView, Word
from inspector.filters.order import Sort
from inspector.filters.reading import BadFilter, parse
from inspector.ui.board import NOTHING, Board
from inspector.ui.live_listing import LiveListing

NOW = 1_795_000_000.0
TOOLS = ("read_file", "query", "fetch", "force_run_execution")


def row(number: int) -> CallView:
    word = Word.DENY if number % 20 == 1 else Word.ALLOW
    arguments = f'{{"path":"/srv/app/src/module_{number % 97}.py","limit":{number}}}'
    return CallView(
        CallId(number), 1, NOW + number / 1000, "claude-code", "fs", TOOLS[number % 4], arguments, word,
        "/tools/query/deny_if/ddl" if word is Word.DENY else "", Outcome.OK, float(number % 50), NOW,
    )  # fmt: skip


def _milliseconds(since: float) -> float:
    return (time.perf_counter() - since) * 1000


def main(argv: list[str]) -> int:
    """`argv`: the number of rows, 100,000 unless given."""
    count = int(argv[0]) if argv else 100_000
    views = replace(NOTHING, version=1, calls=tuple(map(row, range(1, count + 1))))
    board = Board()
    begin = time.perf_counter()
    board.fold(views)
    print(f"fold {count:,} rows at once, keep {len(board.rows):,}: {_milliseconds(begin):.0f} ms")
    listing, term = LiveListing(board), parse("tool:query !decision:allow")
    assert term is not None
    assert not isinstance(term, BadFilter)
    begin = time.perf_counter()
    listing.set_filter(term)
    print(f"filter {len(board.rows):,} rows to {len(listing):,}: {_milliseconds(begin):.0f} ms")
    listing.set_filter(None)
    begin = time.perf_counter()
    listing.set_sort(Sort.MS, 0)
    print(f"sort {len(board.rows):,} rows: {_milliseconds(begin):.0f} ms")
    return 0
