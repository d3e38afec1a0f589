"""The calls that wait for a person, and when each of them ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from inspector.core.call import CallId
from inspector.core.holds import Hold


@dataclass(frozen=True, slots=True)
class Due:
    """A hold whose time has come. `unattended`: nobody was there to answer it."""

    hold: Hold
    at: float
    unattended: bool


class Waiting:
    """Oldest first. `next` is when the first of them ends; None while nobody waits."""

    def __init__(self, unattended_after: float | None, now: float) -> None:
        self._holds: dict[CallId, Hold] = {}
        self._unattended_after = unattended_after
        self._unattended_since = now
        self.next: float | None = None

    def __len__(self) -> int:
        return len(self._holds)

    def __iter__(self) -> Iterator[Hold]:
        return iter(tuple(self._holds.values()))

    def get(self, call_id: CallId) -> Hold | None:
        return self._holds.get(call_id)

    def put(self, hold: Hold) -> None:
        """Add a hold, or move the deadline of one."""
        self._holds[hold.call_id] = hold
        self._plan()

    def extend(self, hold: Hold, seconds: float) -> Hold:
        longer = replace(hold, deadline=hold.deadline + seconds)
        self.put(longer)
        return longer

    def remove(self, call_id: CallId) -> None:
        del self._holds[call_id]
        self._plan()

    @property
    def unattended_after(self) -> float | None:
        return self._unattended_after

    def leave_unattended(self, after: float | None, now: float) -> None:
        """From now on nobody is attached, and a hold ends after so many seconds; None: somebody is."""
        self._unattended_after = after
        self._unattended_since = now
        self._plan()

    def due(self, now: float) -> Due | None:
        """The first hold that has ended by `now`. Its deadline is inclusive."""
        if self.next is None or self.next > now:
            return None
        hold = min(self._holds.values(), key=self._ends)
        at = self._ends(hold)
        return Due(hold, at, unattended=at < hold.deadline)

    def _plan(self) -> None:
        self.next = min(map(self._ends, self._holds.values()), default=None)

    def _ends(self, hold: Hold) -> float:
        if self._unattended_after is None:
            return hold.deadline
        return min(hold.deadline, max(hold.since, self._unattended_since) + self._unattended_after)
