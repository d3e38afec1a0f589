"""The calls that wait for a person, which of them a key answers, and when that key is armed. No Textual here."""

from __future__ import annotations

from typing import Final

from inspector.core.call import CallId
from inspector.core.views import HoldView

ARMED_AFTER: Final = 0.4  # seconds: shorter than this nobody has read what a key would approve
EXTENSION: Final = 60.0  # seconds that one key, or opening the editor, adds to the wait


class HoldQueue:
    """The selection sticks to its call id. All times are seconds of one steady clock."""

    def __init__(self) -> None:
        self.holds: tuple[HoldView, ...] = ()
        self.selected: CallId | None = None
        self._visible_since: dict[CallId, float] = {}
        self._changed_at = 0.0  # when the selection last moved by itself
        self._opened: set[CallId] = set()
        self.answering: set[CallId] = set()  # answered here, and still in the newest queue

    def __len__(self) -> int:
        return len(self.holds)

    @property
    def current(self) -> HoldView | None:
        return next((h for h in self.holds if h.hold.call_id == self.selected), None)

    @property
    def position(self) -> int:
        """Of the selected one, from 1; 0 when nothing waits."""
        return next((i for i, h in enumerate(self.holds, 1) if h.hold.call_id == self.selected), 0)

    def fold(self, holds: tuple[HoldView, ...], now: float) -> tuple[CallId, ...]:
        """Take the newest queue; returns the ids that are new in it."""
        before = self.position
        self.holds = holds
        ids = [h.hold.call_id for h in holds]
        new = tuple(i for i in ids if i not in self._visible_since)
        self._visible_since = {i: self._visible_since.get(i, now) for i in ids}
        self.answering.intersection_update(ids)
        if self.selected not in self._visible_since:
            self.selected = ids[min(max(0, before - 1), len(ids) - 1)] if ids else None
            self._changed_at = now
        return new

    def revealed(self, now: float) -> None:
        """The queue comes into sight again: nothing in it has been seen yet."""
        self._changed_at = now

    def select(self, call_id: CallId) -> bool:
        """A person points at a held call."""
        if call_id not in self._visible_since:
            return False
        self.selected = call_id
        return True

    def move(self, step: int) -> None:
        if self.holds:
            index = max(0, min(len(self.holds) - 1, self.position - 1 + step))
            self.selected = self.holds[index].hold.call_id

    def armed(self, now: float) -> bool:
        """Has the selected call been in sight long enough to be answered with one key?"""
        if self.selected is None:
            return False
        return now - max(self._visible_since[self.selected], self._changed_at) >= ARMED_AFTER

    def first_time(self, call_id: CallId) -> bool:
        """True once for each call: its editor opens for the first time, and the person is given time to read."""
        is_first = call_id not in self._opened
        self._opened.add(call_id)
        return is_first
