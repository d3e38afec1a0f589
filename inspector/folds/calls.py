"""Rows of calls, the holds among them, and the totals of a run."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from dataclasses import replace
from typing import Final

from inspector.core.call import CallId
from inspector.core.decision import Decision
from inspector.core.events import CallArrived, Finished, Held, HoldEnded
from inspector.core.risk import Risk
from inspector.core.views import CallView, HoldView, Word
from inspector.folds.row import Repeats, Row

P95_OVER: Final = 500  # finished calls
TOOLS_COUNTED: Final = 10_000  # (client, server, tool) with a count; a client may make names up
_SECONDS: Final = 60


class Calls:
    """One row per logical call: later legs of an MRTR call change the row of the first.

    Events of a call whose row is gone, or was never seen, change nothing.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._rows: OrderedDict[CallId, Row] = OrderedDict()  # by `rev`, so that what changed last stands last
        self._order: deque[CallId] = deque()  # by arrival
        self._legs: dict[CallId, CallId] = {}  # later leg → the call whose row it changes
        self._later: dict[CallId, list[CallId]] = {}  # the same, the other way round
        self._holds: dict[CallId, HoldView] = {}
        self._seen: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self._repeats = Repeats()
        self._arrivals: dict[int, int] = {}
        self._times: deque[float] = deque(maxlen=P95_OVER)
        self._p95: float | None = None
        self._p95_stale = False
        self.total = 0
        self.words: Counter[Word] = Counter()

    # What happened

    def arrived(self, event: CallArrived, rev: int, arguments: str, risk: Risk = Risk.OTHER) -> CallId:
        """`arguments`: their JSON text; `risk` of the tool. Returns the call whose row it is: the first leg's."""
        if event.root != event.call_id and (row := self._rows.get(event.root)):
            self._legs[event.call_id] = event.root
            self._later.setdefault(event.root, []).append(event.call_id)
            before = row.word
            row.again(event.leg)
            self._changed(row, rev, before)
            return event.root
        row = Row(event, rev, arguments, risk, self._repeats.of(event, arguments))
        self._rows[event.call_id] = row
        self._order.append(event.call_id)
        self.total += 1
        self.words[Word.PENDING] += 1
        self._count(event)
        if len(self._order) > self._cap:
            self._forget(self._order.popleft())
        return event.call_id

    def decided(self, decision: Decision, rev: int) -> None:
        if row := self.row(decision.call_id):
            before = row.word
            row.decided(decision)
            self._changed(row, rev, before)

    def forwarded(self, call_id: CallId, at: float, rev: int) -> None:
        if row := self.row(call_id):
            row.forwarded(at)
            self._changed(row, rev, row.word)

    def progressed(self, call_id: CallId, text: str, rev: int) -> None:
        if row := self.row(call_id):
            row.progressed(text)
            self._changed(row, rev, row.word)

    def finished(self, event: Finished, rev: int) -> Row | None:
        """The row whose call ended by this; None when there is none, or its end was told before."""
        row = self.row(event.call_id)
        if row is None:
            return None
        before = row.word
        first = row.finished(event)
        if first and row.ms is not None:
            self._times.append(row.ms)
            self._p95_stale = True
        self._changed(row, rev, before)
        return row if first else None

    def held(self, event: Held) -> None:
        hold = event.hold
        if row := self.row(hold.call_id):
            before = max(0, self._seen.get((row.client, row.server, row.tool), 1) - 1)
            self._holds[hold.call_id] = HoldView(hold, row.client, row.server, row.tool, row.arguments, before)

    def hold_extended(self, call_id: CallId, deadline: float) -> None:
        if view := self._holds.get(call_id):
            self._holds[call_id] = replace(view, hold=replace(view.hold, deadline=deadline))

    def hold_ended(self, event: HoldEnded, rev: int) -> None:
        self._holds.pop(event.call_id, None)
        if row := self.row(event.call_id):
            before = row.word
            row.hold_ended(event)
            self._changed(row, rev, before)

    # What is shown

    def row(self, call_id: CallId) -> Row | None:
        """The row that a call, or a later leg of it, changes."""
        return self._rows.get(call_id) or self._rows.get(self._legs.get(call_id, call_id))

    def root(self, call_id: CallId) -> CallId:
        return self._legs.get(call_id, call_id)

    def changed(self, since: int) -> tuple[CallView, ...]:
        """Rows with a greater `rev`, oldest call first. Costs what they are, not what there are."""
        changed = []
        for row in reversed(self._rows.values()):
            if row.rev <= since:
                break
            changed.append(row.view())
        changed.sort(key=lambda view: view.id)
        return tuple(changed)

    def holds(self) -> tuple[HoldView, ...]:
        """The oldest first."""
        return tuple(self._holds.values())

    def per_second(self, now: float) -> tuple[int, ...]:
        """Arrivals in each of the last 60 whole seconds, oldest first: the running second is not among them."""
        first = math.floor(now) - _SECONDS
        return tuple([self._arrivals.get(first + second, 0) for second in range(_SECONDS)])

    def p95(self) -> float | None:
        """Milliseconds, by nearest rank, of the last 500 calls that were forwarded and ended."""
        if self._p95_stale:
            times = sorted(self._times)
            self._p95 = times[math.ceil(0.95 * len(times)) - 1]
            self._p95_stale = False
        return self._p95

    # Within

    def _changed(self, row: Row, rev: int, before: Word) -> None:
        row.rev = rev
        self._rows.move_to_end(row.id)
        if row.word is not before:
            self.words[before] -= 1
            self.words[row.word] += 1

    def _forget(self, call_id: CallId) -> None:
        del self._rows[call_id]
        for leg in self._later.pop(call_id, ()):
            del self._legs[leg]

    def _count(self, event: CallArrived) -> None:
        tool = (event.caller.client, event.server, event.tool)
        self._seen[tool] = self._seen.pop(tool, 0) + 1
        if len(self._seen) > TOOLS_COUNTED:
            self._seen.popitem(last=False)
        second = math.floor(event.at)
        self._arrivals[second] = self._arrivals.get(second, 0) + 1
        if len(self._arrivals) > 4 * _SECONDS:
            self._arrivals = dict(sorted(self._arrivals.items())[-2 * _SECONDS :])
