"""What the screen knows: the newest views, and the rows folded together from what changed. No Textual here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from inspector.core.call import CallId
from inspector.core.holds import Hold
from inspector.core.views import CallView, HoldView, RunView, Views
from inspector.ui.listing import Listing, Source
from inspector.ui.live_listing import LiveListing

KEPT: Final = 50_000  # rows in memory; older ones are in the recording
SLACK: Final = 2_000  # dropped at once, so that the list is not moved for every row

NOTHING: Final = Views(0, RunView("", "", 0.0, "", "", (), (), None, 0, 0))


class Board(Source):
    """Rows in the order of their arrival; ids only ever grow. Those of a recording are elsewhere: `ArchiveSource`."""

    def __init__(self, kept: int = KEPT) -> None:
        self.views = NOTHING
        self.rows: list[CallView] = []
        self.base = 0  # rows let go so far: `position` stays stable
        self._kept = kept
        self._slack = min(SLACK, kept)
        self._position: dict[CallId, int] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def shows(self, views: Views) -> bool:
        """Nothing to draw: no event, and no passing of time that let a rate fall or a limit begin again."""
        shown = self.views
        return (views.version, views.run, views.limits) == (shown.version, shown.run, shown.limits)

    def fold(self, views: Views) -> tuple[CallId, ...]:
        """Take a newer snapshot; costs as much as what changed. Returns the ids of new and different rows."""
        self.views = views
        for row in views.calls:
            position = self._position.get(row.id)
            if position is None:
                self._position[row.id] = self.base + len(self.rows)
                self.rows.append(row)
            elif position >= self.base:
                self.rows[position - self.base] = row
        self._let_go()
        return tuple(row.id for row in views.calls)

    def index_of(self, call_id: CallId) -> int | None:
        """Its index in `rows`, None when it is not (or no longer) there."""
        position = self._position.get(call_id)
        return None if position is None else position - self.base

    def row(self, call_id: CallId) -> CallView | None:
        index = self.index_of(call_id)
        return None if index is None else self.rows[index]

    def newest(self, count: int) -> Sequence[CallView]:
        return self.rows[-count:]

    def before(self, call_id: CallId) -> Iterator[CallView]:
        index = self.index_of(call_id)
        for i in range(-1 if index is None else index - 1, -1, -1):
            yield self.rows[i]

    def listing(self) -> Listing:
        return LiveListing(self)

    def held(self, call_id: CallId) -> HoldView | None:
        return next((h for h in self.views.holds if h.hold.call_id == call_id), None)

    @property
    def attached(self) -> int:
        """Agents that are connected now."""
        return sum(not client.gone for client in self.views.clients)

    def _let_go(self) -> None:
        excess = len(self.rows) - self._kept
        if excess < self._slack:
            return
        for row in self.rows[:excess]:
            del self._position[row.id]
        del self.rows[:excess]
        self.base += excess


def remaining(hold: Hold, now: float) -> tuple[float, float]:
    """Seconds until the deadline, and the share of the whole wait that is left (0…1)."""
    left = max(0.0, hold.deadline - now)
    whole = max(0.001, hold.deadline - hold.since)
    return left, min(1.0, left / whole)
