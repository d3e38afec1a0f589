"""The rows of a live run: what is in memory, filtered and ordered. No Textual here."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from inspector.core.call import CallId
from inspector.core.views import CallView
from inspector.filters.matching import Predicate, predicate
from inspector.filters.order import Order, Sort
from inspector.filters.terms import Term
from inspector.ui.listing import Listing, Part

if TYPE_CHECKING:
    from inspector.ui.board import Board

RESORT_EVERY: Final = 0.5  # seconds: sorting 50,000 rows for every frame would take half of a core
AT_ONCE: Final = 4_000  # of the newest rows: older ones are filtered piece by piece, for no key waits for 50,000
PIECE: Final = 1_000  # rows: a millisecond
PAUSE: Final = 0.002  # seconds between two pieces: what a key does takes many turns of the loop, each with a piece else


class LiveListing(Listing):
    """Indices 0…len-1 to rows. Without filter, sort or pause it is the board itself and costs nothing."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._ids: list[CallId] | None = None
        self._where: dict[CallId, int] | None = None  # only when sorted: else the ids are in order
        self._wanted: Predicate | None = None  # the filter
        self._predicate: Predicate | None = None  # what the rows shown have passed
        self._cursor: CallId | None = None
        self._unsettled = False
        self._looked_from = 0  # position of the oldest row that was looked at; `Board.base` is that of the oldest row
        self._meanwhile: set[CallId] = set()  # older ones that have changed since
        self._sorted_at = 0.0
        self._stale = False
        self.sort = Sort.TIME
        self.descending = False
        self.paused = False
        self._base = board.base  # rows that had been let go when this was last folded
        self._arrived = 0  # rows that had come when the pause began

    def __len__(self) -> int:
        return len(self._board.rows) if self._ids is None else len(self._ids)

    @property
    def waiting(self) -> int:
        return self._board.base + len(self._board.rows) - self._arrived if self.paused else 0

    @property
    def filtered(self) -> bool:
        return self._wanted is not None

    @property
    def ordered(self) -> bool:
        return self.descending or not Order(self.sort).plain

    def at(self, index: int) -> CallView | None:
        if self._ids is None:
            rows = self._board.rows
            return rows[index] if 0 <= index < len(rows) else None
        return self._board.row(self._ids[index]) if 0 <= index < len(self._ids) else None

    def index_of(self, call_id: CallId) -> int | None:
        if self._ids is None:
            return self._board.index_of(call_id)
        if self._where is not None:
            return self._where.get(call_id)
        index = bisect_left(self._ids, call_id)
        return index if index < len(self._ids) and self._ids[index] == call_id else None

    def set_filter(self, term: Term | None, cursor: CallId | None = None) -> None:
        self._wanted, self._cursor = None if term is None else predicate(term), cursor
        self._unsettled = self._wanted is not None and not self.ordered and len(self._board.rows) > AT_ONCE
        if not self._unsettled:
            self._rebuild()

    def set_sort(self, sort: Sort, now: float, descending: bool | None = None) -> None:
        self.sort, self._sorted_at = sort, now
        self.descending = Order.usual(sort).descending if descending is None else descending
        self._rebuild()

    def pause(self, paused: bool) -> None:
        self.paused, self._arrived = paused, self._board.base + len(self._board.rows)
        if paused and self._ids is None:
            self._ids = [row.id for row in self._board.rows]
        elif not paused:
            self._rebuild()

    def fold(self, ids: tuple[CallId, ...], now: float) -> int:
        if self.paused:
            return 0
        dropped, self._base = self._board.base - self._base, self._board.base
        if self._ids is None:
            return dropped
        if self.ordered:
            self._stale = self._stale or bool(ids)
            self.resort(now)
            return 0
        return self._fold_filtered(ids, dropped > 0)

    def resort(self, now: float) -> bool:
        if not self._stale or now - self._sorted_at < RESORT_EVERY:
            return False
        self._sorted_at = now
        self._rebuild()
        return True

    @property
    def unsettled(self) -> bool:
        return self._unsettled

    async def settle(self) -> AsyncGenerator[Part, None]:
        """The newest rows, as far back as the cursor's; then, together, what was found of the rest."""
        board, rows = self._board, self._board.rows
        cursor = None if self._cursor is None else board.index_of(self._cursor)
        begin = max(0, len(rows) - AT_ONCE if cursor is None else min(len(rows) - AT_ONCE, cursor))
        self._rebuild(begin)
        yield Part(0, (len(rows) - begin) / max(1, len(rows)))
        test, position = self._predicate, self._looked_from
        older: list[CallId] = []
        while (end := position - board.base) > 0:
            begin = max(0, end - PIECE)
            older[:0] = [row.id for row in rows[begin:end] if test is None or test(row)]
            position = board.base + begin
            await asyncio.sleep(PAUSE)
        yield Part(self._add(older) if self._looked_from else 0, 1.0)  # all may have been wanted at once meanwhile

    def _add(self, older: list[CallId]) -> int:
        """Returns how many rows came above those in sight."""
        ids, changed = self._ids if self._ids is not None else [], tuple(self._meanwhile)
        before = len(ids)
        ids[:0] = older
        self._looked_from = 0
        self._meanwhile.clear()
        self._fold_filtered(changed, rows_left=True)
        return len(ids) - before

    def _fold_filtered(self, changed: tuple[CallId, ...], rows_left: bool) -> int:
        ids = self._ids if self._ids is not None else []
        gone = 0
        if rows_left and self._board.rows:
            gone = bisect_left(ids, self._board.rows[0].id)
            del ids[:gone]
        for call_id in changed:
            position = self._board.index_of(call_id)
            if position is not None and position + self._board.base < self._looked_from:
                self._meanwhile.add(call_id)
                continue
            row = self._board.row(call_id)
            index = bisect_left(ids, call_id)
            there = index < len(ids) and ids[index] == call_id
            wanted = row is not None and (self._predicate is None or self._predicate(row))
            if wanted and not there:
                ids.insert(index, call_id)
            elif there and not wanted:
                del ids[index]
        return gone

    def _rebuild(self, begin: int = 0) -> None:
        """All at once, but for the `begin` oldest rows."""
        self._stale, self._unsettled, self._base = False, False, self._board.base
        self._looked_from = self._board.base + begin if begin else 0
        self._meanwhile.clear()
        self._predicate = test = self._wanted
        self._where = None
        if test is None and not self.ordered:
            self._ids = [row.id for row in self._board.rows] if self.paused else None
            return
        rows = [row for row in self._board.rows[begin:] if test is None or test(row)]
        if self.ordered:
            Order(self.sort, self.descending).sorted(rows)
            self._where = {row.id: index for index, row in enumerate(rows)}
        self._ids = [row.id for row in rows]
