"""Which rows the table shows, and in which order: the filter, the sort and the pause. No Textual here."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from inspector.core.call import CallId
from inspector.core.risk import Risk
from inspector.core.views import CallView
from inspector.ui.board import Board

Predicate = Callable[[CallView], bool]
RESORT_EVERY: Final = 0.5  # seconds: sorting 50,000 rows for every frame would take half of a core


class Sort(StrEnum):
    """What the rows are ordered by; `s` goes round."""

    TIME = "time"
    MS = "ms"
    TOOL = "tool"
    AGENT = "agent"
    DECISION = "decision"
    RULE = "rule"
    ARGUMENTS = "arguments"
    RISK = "risk"
    OUTCOME = "outcome"
    ID = "id"


@dataclass(frozen=True, slots=True)
class _Key:
    read: Callable[[CallView], Any]
    descending: bool = False  # where one begins: the slowest and the riskiest first


_RISKS: Final = {risk: rank for rank, risk in enumerate(Risk)}
_KEYS: Final = {
    Sort.TIME: _Key(lambda row: row.id),
    Sort.MS: _Key(lambda row: -1.0 if row.ms is None else row.ms, descending=True),
    Sort.TOOL: _Key(lambda row: (row.server, row.tool)),
    Sort.AGENT: _Key(lambda row: row.client),
    Sort.DECISION: _Key(lambda row: row.word.value),
    Sort.RULE: _Key(lambda row: row.rule, descending=True),
    Sort.ARGUMENTS: _Key(lambda row: row.arguments),
    Sort.RISK: _Key(lambda row: _RISKS[row.risk], descending=True),
    Sort.OUTCOME: _Key(lambda row: row.outcome.value if row.outcome else ""),
    Sort.ID: _Key(lambda row: row.id),
}


class Listing:
    """Indices 0…len-1 to rows. Without filter, sort or pause it is the board itself and costs nothing."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._ids: list[CallId] | None = None
        self._where: dict[CallId, int] | None = None  # only when sorted: else the ids are in order
        self._predicate: Predicate | None = None
        self._sorted_at = 0.0
        self._stale = False
        self.sort = Sort.TIME
        self.descending = False
        self.paused = False
        self._base = board.base  # rows that had been let go when this was last folded
        self._epoch = board.views.epoch
        self._arrived = 0  # rows that had come when the pause began

    def __len__(self) -> int:
        return len(self._board.rows) if self._ids is None else len(self._ids)

    @property
    def waiting(self) -> int:
        """Rows that came while paused."""
        return self._board.base + len(self._board.rows) - self._arrived if self.paused else 0

    @property
    def filtered(self) -> bool:
        return self._predicate is not None

    @property
    def ordered(self) -> bool:
        """Not simply as the calls came."""
        return self.descending or self.sort not in (Sort.TIME, Sort.ID)

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

    def set_filter(self, predicate: Predicate | None) -> None:
        self._predicate = predicate
        self._rebuild()

    def set_sort(self, sort: Sort, now: float, descending: bool | None = None) -> None:
        """`descending` None: as that order usually begins."""
        self.sort, self._sorted_at = sort, now
        self.descending = _KEYS[sort].descending if descending is None else descending
        self._rebuild()

    def pause(self, paused: bool) -> None:
        """Paused, no row comes, goes or moves; those that are shown still change in place."""
        self.paused, self._arrived = paused, self._board.base + len(self._board.rows)
        if paused and self._ids is None:
            self._ids = [row.id for row in self._board.rows]
        elif not paused:
            self._rebuild()

    def fold(self, ids: tuple[CallId, ...], now: float) -> int:
        """Rows that are new or different, oldest first. Returns how many went away above the rest."""
        if self._board.views.epoch != self._epoch:
            self._epoch = self._board.views.epoch
            self._rebuild()
            return 0
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
        """Order again what has changed since, but not for every frame. True when it did."""
        if not self._stale or now - self._sorted_at < RESORT_EVERY:
            return False
        self._sorted_at = now
        self._rebuild()
        return True

    def _fold_filtered(self, changed: tuple[CallId, ...], rows_left: bool) -> int:
        ids = self._ids if self._ids is not None else []
        gone = 0
        if rows_left and self._board.rows:
            gone = bisect_left(ids, self._board.rows[0].id)
            del ids[:gone]
        for call_id in changed:
            row = self._board.row(call_id)
            index = bisect_left(ids, call_id)
            there = index < len(ids) and ids[index] == call_id
            wanted = row is not None and (self._predicate is None or self._predicate(row))
            if wanted and not there:
                ids.insert(index, call_id)
            elif there and not wanted:
                del ids[index]
        return gone

    def _rebuild(self) -> None:
        self._stale, self._base = False, self._board.base
        self._where = None
        if self._predicate is None and not self.ordered:
            self._ids = [row.id for row in self._board.rows] if self.paused else None
            return
        rows = [row for row in self._board.rows if self._predicate is None or self._predicate(row)]
        if self.ordered:
            rows.sort(key=_KEYS[self.sort].read, reverse=self.descending)
            self._where = {row.id: index for index, row in enumerate(rows)}
        self._ids = [row.id for row in rows]
