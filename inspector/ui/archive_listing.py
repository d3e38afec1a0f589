"""The rows of a recording: of a million calls only those in sight are in memory, and what a filter or an order found of
them is a list of their positions. No Textual here."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Final

from inspector.core.call import CallId
from inspector.core.views import CallView
from inspector.filters.archive import Archive, Found
from inspector.filters.order import Order, Sort
from inspector.filters.terms import Term
from inspector.ui.listing import Listing, Part, Source

LOOKED_BACK: Final = 2_000  # rows before a call that are at hand: a few pages


class ArchiveSource(Source):
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def __len__(self) -> int:
        return len(self._archive)

    def row(self, call_id: CallId) -> CallView | None:
        position = self._archive.position(call_id)
        return None if position is None else self._archive.at(position)

    def newest(self, count: int) -> Sequence[CallView]:
        last = len(self._archive)
        return [row for i in range(max(0, last - count), last) if (row := self._archive.at(i))]

    def before(self, call_id: CallId) -> Iterator[CallView]:
        position = self._archive.position(call_id) or 0
        for earlier in range(position - 1, max(-1, position - 1 - LOOKED_BACK), -1):
            if row := self._archive.at(earlier):
                yield row

    def listing(self) -> Listing:
        return ArchiveListing(self._archive)


class ArchiveListing(Listing):
    """Without filter and order it is the archive itself, and costs nothing."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._term: Term | None = None
        self._found: array[int] | None = None  # positions; in a plain order ascending, whichever way that is shown
        self._found_in_order = False
        self._turned = False  # shown the other way round
        self._unsettled = False
        self._looked_at = 0  # rows that there were when the last search began
        self._last: tuple[CallId, int] | None = None  # the index that was asked for last: a cursor asks again
        self.sort = Sort.TIME
        self.descending = False
        self.paused = False

    def __len__(self) -> int:
        return len(self._archive) if self._found is None else len(self._found)

    @property
    def waiting(self) -> int:
        return 0

    @property
    def filtered(self) -> bool:
        return self._term is not None

    @property
    def ordered(self) -> bool:
        return self.descending or not Order(self.sort).plain

    def at(self, index: int) -> CallView | None:
        position = self._position(index)
        return None if position is None else self._archive.at(position)

    def index_of(self, call_id: CallId) -> int | None:
        if self._last is not None and self._last[0] == call_id:
            row = self.at(self._last[1])
            if row is not None and row.id == call_id:
                return self._last[1]
        position = self._archive.position(call_id)
        index = None if position is None else self._index(position)
        self._last = None if index is None else (call_id, index)
        return index

    def set_filter(self, term: Term | None, cursor: CallId | None = None) -> None:
        self._term = term
        self._want()

    def set_sort(self, sort: Sort, now: float, descending: bool | None = None) -> None:
        self.sort = sort
        self.descending = Order.usual(sort).descending if descending is None else descending
        self._want()

    def pause(self, paused: bool) -> None:
        self.paused = paused

    def fold(self, ids: tuple[CallId, ...], now: float) -> int:
        if self._found is not None and self._looked_at < len(self._archive) and self._archive.share >= 1:
            self._unsettled = True  # all of an older recording has been read: look through the rest of it
        return 0

    def resort(self, now: float) -> bool:
        return False

    @property
    def unsettled(self) -> bool:
        return self._unsettled

    async def settle(self) -> AsyncGenerator[Part, None]:
        self._unsettled, self._looked_at = False, len(self._archive)
        order, first = Order(self.sort, self.descending), True
        async with aclosing(self._archive.search(self._term, order)) as parts:
            async for found in parts:
                yield Part(self._take(found, order, first), found.share)
                first = False

    def _take(self, found: Found, order: Order, first: bool) -> int:
        """Returns how many rows it brought above those in sight."""
        self._last, self._found_in_order = None, not order.plain
        self._turned = order.plain and order.descending
        if first or not order.plain or self._found is None:
            self._found = found.positions
            return 0
        self._found = found.positions + self._found
        return 0 if order.descending else len(found.positions)

    def _want(self) -> None:
        """A filter and an order by something have to be looked for; the order of arrival is there."""
        self._last = None
        self._unsettled = self._term is not None or not Order(self.sort).plain
        if not self._unsettled:
            self._found, self._found_in_order, self._turned = None, False, self.descending

    def _position(self, index: int) -> int | None:
        count = len(self)
        if not 0 <= index < count:
            return None
        if self._turned:
            index = count - 1 - index
        return index if self._found is None else self._found[index]

    def _index(self, position: int) -> int | None:
        found = self._found
        if found is None:
            index = position
        elif self._found_in_order:
            return _place_of(position, found)
        else:
            index = bisect_left(found, position)
            if index >= len(found) or found[index] != position:
                return None
        return len(self) - 1 - index if self._turned else index


def _place_of(position: int, found: array[int]) -> int | None:
    """As `array.index`, which makes an int of every entry: 30 ms of a million, where this takes two."""
    raw, wanted, size = found.tobytes(), array("I", (position,)).tobytes(), found.itemsize
    at = raw.find(wanted)
    while at >= 0 and at % size:
        at = raw.find(wanted, at + 1)
    return None if at < 0 else at // size
