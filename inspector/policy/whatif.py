"""What another policy would have said: the calls of a run, judged again by a fresh gate with a virtual clock.

Same calls, same order, same times, an empty ledger. What people and servers did is done again where it still fits: a
call that is held in both worlds gets the answer it got, and a call that ran ends when it ended. Of two worlds that
part, the answers to calls that nobody was asked about are unknown: such a hold waits for its deadline.

    replay      (policy, calls) → outcomes
    replaying   the same, one call at a time, for whoever must not stop for long
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from heapq import heappop, heappush
from itertools import count
from typing import Final

from inspector.core.call import CallId, Outcome
from inspector.core.commands import Flip, WhatIfResult
from inspector.core.decision import Algorithm, Charge, CounterKey, Decision
from inspector.core.effects import Effect, Emit, Reserve, Settle
from inspector.core.events import ApprovalRemembered, Decided
from inspector.core.holds import HoldEnd, Resolution
from inspector.core.json import JsonObject
from inspector.core.past import PastCall, PastReset, PastRevocation, PastUndoing
from inspector.core.word import Word, word_of
from inspector.policy.gate import Gate
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.model import Policy

SHOWN: Final = 200  # flips that a result names

Definitions = Mapping[str, Mapping[str, JsonObject]]
"""What each upstream listed, by tool name."""


@dataclass(frozen=True, slots=True)
class Again:
    """One leg in both worlds. `now` is the first decision under the other policy."""

    past: PastCall
    now: Decision

    @property
    def flips(self) -> bool:
        return word_of(self.past.decision) is not word_of(self.now)


def replaying(
    policy: Policy,
    calls: Iterable[PastCall],
    listed: Definitions | None = None,
    undoings: Iterable[PastUndoing] = (),
) -> Iterator[Again]:
    """Every call under `policy`, in their order. `undoings`: counters that were reset, approvals that were revoked."""
    world = _World(policy, listed or {}, undoings)
    for past in calls:
        yield Again(past, world.arrive(past))


def summary(agains: Sequence[Again]) -> WhatIfResult:
    """What a screen shows: how many calls change from what to what, and the newest of them. A call of several legs
    counts once, by the first leg that changes."""
    flips: dict[CallId, Flip] = {}
    for again in agains:
        past = again.past
        if again.flips and past.root not in flips:
            before, after = word_of(past.decision), word_of(again.now)
            rule = again.now.rule or past.decision.rule
            flips[past.root] = Flip(past.root, past.call.server, past.call.tool, before, after, rule)
    totals: Counter[tuple[Word, Word]] = Counter((flip.before, flip.after) for flip in flips.values())
    newest = sorted(flips.values(), key=lambda flip: -flip.call_id)
    return WhatIfResult(
        calls=len({again.past.root for again in agains}),
        flipped=len(flips),
        totals=tuple((before, after, number) for (before, after), number in totals.most_common()),
        flips=tuple(newest[:SHOWN]),
    )


@dataclass(frozen=True, slots=True)
class _Due:
    """Something that happened to a call later."""

    past: PastCall
    ends: bool  # it finished; else a person answered it, or its client went


class _World:
    """Gate, ledger and clock of the other world."""

    def __init__(self, policy: Policy, listed: Definitions, undoings: Iterable[PastUndoing]) -> None:
        self._ledger = MemoryLedger()
        self._gate = Gate(policy, self._ledger)
        if policy.uses_arguments_schema:
            for server, definitions in listed.items():
                self._gate.listed(server, definitions)
        self._decisions: dict[CallId, Decision] = {}
        self._order = count()
        self._due: list[tuple[float, int, _Due | PastUndoing]] = [(one.at, next(self._order), one) for one in undoings]
        self._given: dict[CallId, list[int]] = {}  # numbers of the approvals that were remembered of a call
        self._seen: set[CounterKey] = set()
        self._now = 0.0

    def arrive(self, past: PastCall) -> Decision:
        self._pass_time(past.call.at)
        self._seed(past)
        call = past.call if past.leg == 1 else replace(past.call, request_state=_state(past.root, past.leg))
        self._perform(self._gate.arrive(call, "", self._now))
        if past.hold is not None:
            heappush(self._due, (past.hold.at, next(self._order), _Due(past, ends=False)))
        if past.finished_at is not None:
            heappush(self._due, (past.finished_at, next(self._order), _Due(past, ends=True)))
        return self._decisions[call.id]

    def _seed(self, past: PastCall) -> None:
        """A counter that stood above zero when the first of these calls met it, stands so here as well."""
        charges = []
        for reading in past.decision.readings:
            key = reading.key
            fresh = key not in self._seen and key.algorithm is not Algorithm.IN_FLIGHT and reading.before > 0
            self._seen.add(key)
            if fresh and self._ledger.used(key, self._now).before == 0:
                charges.append(Charge(key, reading.rule, reading.before, Decimal("Infinity"), asks=True))
        if charges:
            self._ledger.reserve(CallId(-past.call.id), charges, self._now)

    def _pass_time(self, until: float) -> None:
        while self._due and self._due[0][0] <= until:
            at, _, due = heappop(self._due)
            self._tick(at)
            if isinstance(due, _Due):
                self._perform(self._ended(due.past) if due.ends else self._answered(due.past))
            else:
                self._undo(due)
        self._tick(until)

    def _undo(self, undoing: PastUndoing) -> None:
        match undoing:
            case PastReset(_, key):
                self._ledger.reset(key, self._now)
            case PastRevocation(_, call_id):
                for number in self._given.get(call_id, ()):
                    self._perform(self._gate.revoke(number, self._now) or [])

    def _tick(self, now: float) -> None:
        while (deadline := self._gate.next_deadline()) is not None and deadline <= now:
            self._now = max(self._now, deadline)
            self._perform(self._gate.tick(self._now))
        self._now = max(self._now, now)

    def _ended(self, past: PastCall) -> list[Effect]:
        """A call that was refused then and runs now ended well, as far as anybody knows."""
        outcome = past.outcome if past.forwarded and past.outcome is not None else Outcome.OK
        following = _state(past.root, past.leg + 1)
        return self._gate.finish(past.call.id, outcome, self._now, request_state=following)

    def _answered(self, past: PastCall) -> list[Effect]:
        assert past.hold is not None  # noqa: S101 - only such calls are due here
        hold = past.hold
        match hold.end:
            case HoldEnd.APPROVED:
                yes = Resolution(approve=True, arguments=hold.arguments, remember=hold.remember)
                return self._gate.resolve(past.call.id, yes, self._now) or []
            case HoldEnd.DENIED:
                return self._gate.resolve(past.call.id, Resolution(approve=False), self._now) or []
            case HoldEnd.WITHDRAWN:
                return self._gate.withdraw(past.call.id, self._now)
            case _:
                return []  # its own deadline and its own policy decide here

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Emit(Decided(decision=decision)):
                    self._decisions.setdefault(decision.call_id, decision)
                case Emit(ApprovalRemembered(call_id=call_id, approval=approval)):
                    self._given.setdefault(call_id, []).append(approval)
                case Reserve(call_id, charges):
                    answer = self._ledger.reserve(call_id, charges, self._now)
                    self._perform(self._gate.reserved(call_id, answer, self._now))
                case Settle(call_id, refund_all, refund_errors):
                    self._ledger.settle(call_id, self._now, refund_all=refund_all, refund_errors=refund_errors)
                case _:
                    pass  # no client to answer, and what runs ends when it ended


def _state(root: CallId, leg: int) -> str:
    """The server's own state was not kept; what matters is that the legs of one call find each other."""
    return f"{root}:{leg}"
