"""Rows of calls, the holds among them, and the totals of a run."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from dataclasses import replace
from typing import Final

from inspector.core.call import CallId, Outcome
from inspector.core.decision import Decision
from inspector.core.events import CallArrived, Finished, Held, HoldEnded
from inspector.core.holds import HoldEnd
from inspector.core.risk import Risk
from inspector.core.views import CallView, HoldView, Word
from inspector.core.word import word_of

ARGUMENTS_SHOWN: Final = 400  # characters
NOTE_SHOWN: Final = 200  # characters
P95_OVER: Final = 500  # finished calls
TOOLS_COUNTED: Final = 10_000  # (client, server, tool) with a count; a client may make names up
LOOKED_BACK: Final = 20  # calls of one client among which the same call again is a repeat
CLIENTS_WATCHED: Final = 200
_SECONDS: Final = 60

_FAILED: Final = frozenset({Outcome.TOOL_ERROR, Outcome.RPC_ERROR, Outcome.NOT_SENT, Outcome.UNKNOWN})
_OPEN: Final = frozenset({Word.PENDING, Word.ALLOW, Word.HOLD})


class Calls:
    """One row per logical call: later legs of an MRTR call change the row of the first.

    Events of a call whose row is gone, or was never seen, change nothing.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._rows: OrderedDict[CallId, CallView] = OrderedDict()  # by `rev`, so that what changed last stands last
        self._order: deque[CallId] = deque()  # by arrival
        self._legs: dict[CallId, CallId] = {}  # later leg → the call whose row it changes
        self._later: dict[CallId, list[CallId]] = {}  # the same, the other way round
        self._holds: dict[CallId, HoldView] = {}
        self._seen: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self._lately: OrderedDict[str, deque[int]] = OrderedDict()  # client → hashes of its last calls
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
            again = replace(
                row, rev=rev, word=Word.PENDING, rule="", outcome=None, ms=None, forwarded_at=None, legs=event.leg
            )
            self._put(again, row)
            return event.root
        row = CallView(
            event.call_id,
            rev,
            event.at,
            event.caller.client,
            event.server,
            event.tool,
            _shortened(arguments, ARGUMENTS_SHOWN),
            Word.PENDING,
            "",
            None,
            None,
            None,
            event.leg,
            risk=risk,
            repeats=self._repeats(event, arguments),
        )
        self._rows[row.id] = row
        self._order.append(row.id)
        self.total += 1
        self.words[Word.PENDING] += 1
        self._count(row)
        if len(self._order) > self._cap:
            self._forget(self._order.popleft())
        return row.id

    def decided(self, decision: Decision, rev: int) -> None:
        if row := self._row(decision.call_id):
            self._put(
                _revised(row, rev, word=word_of(decision), rule=decision.rule, forwarded_at=row.forwarded_at), row
            )

    def forwarded(self, call_id: CallId, at: float, rev: int) -> None:
        if row := self._row(call_id):
            self._put(_revised(row, rev, word=row.word, rule=row.rule, forwarded_at=at), row)

    def progressed(self, call_id: CallId, text: str, rev: int) -> None:
        if row := self._row(call_id):
            self._put(replace(row, rev=rev, note=_shortened(text, NOTE_SHOWN)), row)

    def finished(self, event: Finished, rev: int) -> None:
        row = self._row(event.call_id)
        if row is None:
            return
        ms = None
        if row.forwarded_at is not None:
            ms = 1000 * (event.at - row.forwarded_at)
            self._times.append(ms)
            self._p95_stale = True
        ended = _revised(
            row,
            rev,
            word=_final(row.word, event.outcome),
            rule=row.rule,
            forwarded_at=row.forwarded_at,
            outcome=event.outcome,
            ms=ms,
        )
        self._put(ended, row)

    def held(self, event: Held) -> None:
        hold = event.hold
        if row := self._row(hold.call_id):
            before = max(0, self._seen.get((row.client, row.server, row.tool), 1) - 1)
            self._holds[hold.call_id] = HoldView(hold, row.client, row.server, row.tool, row.arguments, before)

    def hold_extended(self, call_id: CallId, deadline: float) -> None:
        if view := self._holds.get(call_id):
            self._holds[call_id] = replace(view, hold=replace(view.hold, deadline=deadline))

    def hold_ended(self, event: HoldEnded, rev: int) -> None:
        """The word of the row comes from the decision that follows; a withdrawal may have none."""
        self._holds.pop(event.call_id, None)
        if row := self._row(event.call_id):
            word = Word.CANCELLED if event.end is HoldEnd.WITHDRAWN else row.word
            edited = row.edited or event.arguments is not None
            self._put(replace(row, rev=rev, word=word, edited=edited), row)

    # What is shown

    def row(self, call_id: CallId) -> CallView | None:
        """The row that a call, or a later leg of it, changes."""
        return self._row(call_id)

    def root(self, call_id: CallId) -> CallId:
        return self._legs.get(call_id, call_id)

    def changed(self, since: int) -> tuple[CallView, ...]:
        """Rows with a greater `rev`, oldest call first. Costs what they are, not what there are."""
        changed = []
        for row in reversed(self._rows.values()):
            if row.rev <= since:
                break
            changed.append(row)
        changed.sort(key=lambda row: row.id)
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

    def _row(self, call_id: CallId) -> CallView | None:
        return self._rows.get(call_id) or self._rows.get(self._legs.get(call_id, call_id))

    def _put(self, row: CallView, before: CallView) -> None:
        self._rows[row.id] = row
        self._rows.move_to_end(row.id)
        if row.word is not before.word:
            self.words[before.word] -= 1
            self.words[row.word] += 1

    def _forget(self, call_id: CallId) -> None:
        del self._rows[call_id]
        for leg in self._later.pop(call_id, ()):
            del self._legs[leg]

    def _repeats(self, event: CallArrived, arguments: str) -> int:
        """An agent in a loop makes the same call again, alone or in turn with a few others."""
        client = event.caller.client
        lately = self._lately.get(client)
        if lately is None:
            lately = self._lately[client] = deque(maxlen=LOOKED_BACK)
            if len(self._lately) > CLIENTS_WATCHED:
                self._lately.popitem(last=False)
        lately.append(hash((event.server, event.tool, arguments)))
        return lately.count(lately[-1])

    def _count(self, row: CallView) -> None:
        tool = (row.client, row.server, row.tool)
        self._seen[tool] = self._seen.pop(tool, 0) + 1
        if len(self._seen) > TOOLS_COUNTED:
            self._seen.popitem(last=False)
        second = math.floor(row.at)
        self._arrivals[second] = self._arrivals.get(second, 0) + 1
        if len(self._arrivals) > 4 * _SECONDS:
            self._arrivals = dict(sorted(self._arrivals.items())[-2 * _SECONDS :])


def _revised(
    row: CallView,
    rev: int,
    *,
    word: Word,
    rule: str,
    forwarded_at: float | None,
    outcome: Outcome | None = None,
    ms: float | None = None,
) -> CallView:
    """`dataclasses.replace`, at a third of its cost: every call changes its row three times."""
    return CallView(
        row.id,
        rev,
        row.at,
        row.client,
        row.server,
        row.tool,
        row.arguments,
        word,
        rule,
        outcome,
        ms,
        forwarded_at,
        row.legs,
        row.edited,
        row.note,
        row.risk,
        row.repeats,
    )


def _final(word: Word, outcome: Outcome) -> Word:
    if outcome is Outcome.CANCELLED and word in _OPEN:
        return Word.CANCELLED
    if outcome in _FAILED and word is Word.ALLOW:
        return Word.ERROR
    return word


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
