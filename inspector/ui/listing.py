"""Which rows the table shows, and in which order: the filter, the sort and the pause. No Textual here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from inspector.core.call import CallId
from inspector.core.views import CallView
from inspector.filters.order import Sort
from inspector.filters.terms import Term


@dataclass(frozen=True, slots=True)
class Part:
    """More of what was looked for. `above`: rows that came before those in sight; `share` of the calls looked at."""

    above: int
    share: float


class Listing(Protocol):
    """Indices 0…len-1 to rows."""

    sort: Sort
    descending: bool
    paused: bool

    def __len__(self) -> int: ...

    @property
    def waiting(self) -> int:
        """Rows that came while paused."""
        ...

    @property
    def filtered(self) -> bool: ...

    @property
    def ordered(self) -> bool:
        """Not simply as the calls came."""
        ...

    def at(self, index: int) -> CallView | None: ...

    def index_of(self, call_id: CallId) -> int | None: ...

    def set_filter(self, term: Term | None, cursor: CallId | None = None) -> None:
        """`cursor`: the call whose row is to be found at once, if it is one."""
        ...

    def set_sort(self, sort: Sort, now: float, descending: bool | None = None) -> None:
        """`descending` None: as that order usually begins."""
        ...

    def pause(self, paused: bool) -> None:
        """Paused, no row comes, goes or moves; those that are shown still change in place."""
        ...

    def fold(self, ids: tuple[CallId, ...], now: float) -> int:
        """Rows that are new or different, oldest first. Returns how many went away above the rest."""
        ...

    def resort(self, now: float) -> bool:
        """Order again what has changed since, but not for every frame. True when it did."""
        ...

    @property
    def unsettled(self) -> bool:
        """What is wanted has to be looked for, by `settle`; meanwhile what was there before is still shown."""
        ...

    def settle(self) -> AsyncGenerator[Part, None]:
        """Look for it. Close the iterator to end that. Raises InspectError."""
        ...


class Source(Protocol):
    """All the rows that there are, in the order of their arrival: of a live run, or of a recording."""

    def __len__(self) -> int: ...

    def row(self, call_id: CallId) -> CallView | None: ...

    def newest(self, count: int) -> Sequence[CallView]:
        """The oldest of them first."""
        ...

    def before(self, call_id: CallId) -> Iterator[CallView]:
        """The rows before that one, the newest first; as far as they are at hand."""
        ...

    def listing(self) -> Listing: ...


def call_before(source: Source, row: CallView) -> CallView | None:
    """The latest call of the same tool before this one."""
    tool = row.server, row.tool
    return next((found for found in source.before(row.id) if (found.server, found.tool) == tool), None)
