"""The newest calls as they were judged: what a what-if judges again."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from inspector.core.call import Call, CallId, Outcome
from inspector.core.decision import Decision
from inspector.core.events import ApprovalRemembered, CallArrived, Decided, Finished, HoldEnded
from inspector.core.holds import Remember
from inspector.core.past import PastCall, PastEnd, PastUndoing

MAX_PAST: Final = 2_000  # calls
MAX_ARGUMENTS: Final = 16 << 20  # characters of all of their arguments, as JSON


@dataclass(slots=True)
class _Record:
    arrived: CallArrived
    size: int
    decision: Decision | None = None
    hold: HoldEnded | None = None
    remember: Remember = Remember.ONCE
    forwarded: bool = False
    finished_at: float | None = None
    outcome: Outcome | None = None

    def past(self) -> PastCall | None:
        """None before it was decided."""
        event = self.arrived
        if self.decision is None:
            return None
        call = Call(event.call_id, event.at, event.caller, event.server, event.tool, event.arguments, frame=event.frame)
        ended = self.hold
        hold = None if ended is None else PastEnd(ended.at, ended.end, ended.arguments, self.remember)
        return PastCall(
            call, event.root, event.leg, self.decision, hold, self.forwarded, self.finished_at, self.outcome
        )


class Past:
    """Each leg by itself, in the order of arrival. Events of a leg that is not kept change nothing."""

    def __init__(self) -> None:
        self._records: OrderedDict[CallId, _Record] = OrderedDict()
        self._size = 0
        self.cut = False  # there were older ones
        self._undoings: deque[PastUndoing] = deque(maxlen=MAX_PAST)

    def arrived(self, event: CallArrived, size: int) -> None:
        """`size`: characters of its arguments."""
        self._records[event.call_id] = _Record(event, size)
        self._size += size
        while len(self._records) > MAX_PAST or (self._size > MAX_ARGUMENTS and len(self._records) > 1):
            _, gone = self._records.popitem(last=False)
            self._size -= gone.size
            self.cut = True

    def decided(self, event: Decided) -> None:
        record = self._records.get(event.decision.call_id)
        if record is not None and record.decision is None:
            record.decision = event.decision

    def hold_ended(self, event: HoldEnded) -> None:
        if record := self._records.get(event.call_id):
            record.hold = event

    def remembered(self, event: ApprovalRemembered) -> None:
        if record := self._records.get(event.call_id):
            record.remember = event.remember

    def undone(self, undoing: PastUndoing) -> None:
        self._undoings.append(undoing)

    def undoings(self) -> tuple[PastUndoing, ...]:
        """The oldest first."""
        return tuple(self._undoings)

    def forwarded(self, call_id: CallId) -> None:
        if record := self._records.get(call_id):
            record.forwarded = True

    def finished(self, event: Finished) -> None:
        if record := self._records.get(event.call_id):
            record.outcome = event.outcome
            if record.finished_at is None:  # what a task came to may be told once more, after its end
                record.finished_at = event.at

    def one(self, call_id: CallId) -> PastCall | None:
        record = self._records.get(call_id)
        return None if record is None else record.past()

    def all(self) -> tuple[PastCall, ...]:
        """The oldest first."""
        found = (record.past() for record in self._records.values())
        return tuple([past for past in found if past is not None])
