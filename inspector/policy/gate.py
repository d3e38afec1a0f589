"""The state machine of all calls of a run: shared by the proxy and by the runner of policy tests.

Pure: every method takes `now` (Unix seconds) and returns the effects to perform, in order. It keeps time itself, as the
latest seen: a clock that goes back frees nothing.

    arrive ─► deny ─► Refuse                                 (forgotten)
           ├► allow ─► Reserve ─► reserved ─► Forward ─► RUNNING ─► finish ─► Settle (forgotten)
           │           (straight to Forward without limits)
           └► pending ─► Keep ─► HELD ─► resolve, or its deadline ─► judged again ─► any of the three
                                      ─► withdraw ─► Drop           (forgotten)

What the driver adds: `Forwarded` once the call has left, `Counted` with what the ledger answers to a `Settle`.
A driver that could not perform a `Forward`, or whose `Decided` could not be written, calls `finish(NOT_SENT)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from inspector.core.call import Call, CallId, Outcome
from inspector.core.commands import RaiseLimit
from inspector.core.decision import Decision, Verdict
from inspector.core.effects import (
    Drop,
    Effect,
    Emit,
    Exceeded,
    Forward,
    Granted,
    Keep,
    Refuse,
    Reservation,
    Reserve,
    Settle,
    StoreFailed,
    Usage,
)
from inspector.core.events import (
    CallArrived,
    Decided,
    Finished,
    Held,
    HoldEnded,
    HoldExtended,
)
from inspector.core.holds import CLOSING, YOU, Hold, HoldEnd, Resolution
from inspector.core.json import JsonObject
from inspector.policy import messages
from inspector.policy.approvals import Remembered
from inspector.policy.continuations import Continuations
from inspector.policy.definitions import NOTHING_LISTED, Definitions
from inspector.policy.engine import SERVER_STOPPED, STATE_ERROR, Circumstances, Judgement, ended, judge
from inspector.policy.live import LiveCall, State
from inspector.policy.match import entry_digest, is_hidden
from inspector.policy.model import Policy
from inspector.policy.raises import Raises
from inspector.policy.waiting import Due, Waiting

MAX_RACES = 8  # reservations that one call may lose before it is denied by the limit it lost at


class Gate:
    """One per engine.

    `usage` reads the ledger that the driver reserves from, and `latest` is that ledger's latest time.
    `unattended_after` seconds end a hold when nobody is attached to answer it; None while somebody is. It may be
    changed at any time.
    """

    def __init__(
        self,
        policy: Policy | None,
        usage: Usage,
        *,
        unattended_after: float | None = None,
        latest: float = -inf,
    ) -> None:
        self._policy = policy
        self._usage = usage
        self._clock = latest
        self._live: dict[CallId, LiveCall] = {}
        self._waiting = Waiting(unattended_after, latest)
        self._approvals = Remembered()
        self._raises = Raises()
        self._continuations = Continuations()
        self._definitions: dict[str, Definitions] = {}
        self._asked_for: set[tuple[str, str]] = set()  # tools whose next call a person wants to see
        self._stopped: set[str] = set()  # servers that a person has stopped

    @property
    def policy(self) -> Policy | None:
        return self._policy

    @property
    def latest(self) -> float:
        """The latest time seen."""
        return self._clock

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The calls that wait for a person, oldest first."""
        return tuple(self._waiting)

    @property
    def unattended_after(self) -> float | None:
        return self._waiting.unattended_after

    @unattended_after.setter
    def unattended_after(self, seconds: float | None) -> None:
        self._waiting.leave_unattended(seconds, self._clock)

    def next_deadline(self) -> float | None:
        """When `tick` has something to do; None while nothing is held."""
        return self._waiting.next

    def tick(self, now: float) -> list[Effect]:
        """End the holds whose deadline has come, in the order of their deadlines, each as at its own time."""
        return self._advance(now)

    def arrive(self, call: Call, connection: str, now: float) -> list[Effect]:
        """A call came in: `CallArrived`, then what becomes of it."""
        effects = self._advance(now)
        now = self._now(now)
        live = self._continuations.take_up(call, now)
        if (tool := (call.server, call.tool)) in self._asked_for:
            self._asked_for.remove(tool)
            live.asked_for = True
        self._live[call.id] = live
        arrived = CallArrived(
            now,
            call.id,
            connection,
            call.caller,
            call.server,
            call.tool,
            call.arguments,
            live.root,
            live.leg,
            call.frame,
        )
        return [*effects, Emit(arrived), *self._judge(live, now)]

    def reserved(self, call_id: CallId, reservation: Reservation, now: float) -> list[Effect]:
        """The ledger answered a `Reserve`."""
        effects = self._advance(now)
        now = self._now(now)
        live = self._live.get(call_id)
        if live is None:
            return effects
        if live.state is State.WITHDRAWN:
            del self._live[call_id]
            charged = isinstance(reservation, Granted)
            return [*effects, Settle(call_id, refund_all=True, refund_errors=True)] if charged else effects
        match reservation:
            case Granted():
                return [*effects, *self._charged(live, reservation, now)]
            case Exceeded() if live.races < MAX_RACES:
                live.races += 1
                return [*effects, *self._judge(live, now)]
            case Exceeded():
                return [*effects, *self._deny(live, reservation.rule, messages.lost_race(reservation.rule), now)]
            case StoreFailed():
                return [*effects, *self._deny(live, STATE_ERROR, messages.state_error(reservation.why), now)]

    def resolve(self, call_id: CallId, resolution: Resolution, now: float) -> list[Effect] | None:
        """A person answered. None: too late, it is no longer held. At or after the deadline the time-out wins."""
        hold = self._waiting.get(call_id)
        if hold is None:
            return None
        effects = self._advance(now)
        if self._waiting.get(call_id) is not hold:
            return effects
        now = self._now(now)
        live = self._live[call_id]
        self._waiting.remove(call_id)
        if not resolution.approve:
            effects.append(Emit(HoldEnded(now, call_id, HoldEnd.DENIED, resolution.by, resolution.reason)))
            say = messages.closed if resolution.by == CLOSING else messages.denied_by_person
            message = say(live.first_ask, resolution.reason)
            return [*effects, *self._deny(live, hold.rule, message, now)]
        if resolution.arguments is not None:
            live.put_arguments(resolution.arguments)
        by, reason, edited = resolution.by, resolution.reason, resolution.arguments
        effects.append(Emit(HoldEnded(now, call_id, HoldEnd.APPROVED, by, reason, edited)))
        effects += self._approvals.remember(live.judged, live.asks, resolution.remember, resolution.by, now)
        live.shown |= frozenset(hold.triggers)
        return [*effects, *self._judge(live, now)]

    def extend(self, call_id: CallId, now: float, seconds: float) -> list[Effect] | None:
        """Move a hold's deadline by `seconds`. None: it is no longer held."""
        hold = self._waiting.get(call_id)
        if hold is None:
            return None
        effects = self._advance(now)
        if self._waiting.get(call_id) is not hold:
            return effects
        longer = self._waiting.extend(hold, seconds)
        extended = HoldExtended(self._now(now), call_id, longer.deadline)
        return [*effects, Emit(extended), Keep(call_id, longer.deadline)]

    def hold_next(self, server: str, tool: str) -> None:
        """Ask a person about the next call of this tool, once. What the policy denies stays denied."""
        self._asked_for.add((server, tool))

    def stop(self, server: str) -> None:
        """From now on deny what the policy would let through to this server, or hold for it. Held calls stay."""
        self._stopped.add(server)

    def start(self, server: str) -> None:
        self._stopped.discard(server)

    def revoke(self, approval: int, now: float) -> list[Effect] | None:
        """End a remembered approval: the next call like it asks again. None: it has ended already."""
        effects = self._advance(now)
        ended = self._approvals.revoke(approval, YOU, self._now(now))
        return None if ended is None else [*effects, *ended]

    def raise_limit(self, wish: RaiseLimit, now: float) -> list[Effect]:
        """Another max for one limit on one counter. Raises UsageError: there is no such limit, or it allows more."""
        effects = self._advance(now)
        return [*effects, *self._raises.put(self._policy, wish, YOU, self._now(now))]

    def withdraw(self, call_id: CallId, now: float) -> list[Effect]:
        """The client cancelled, or went away, before the call was forwarded: it must never run.

        A call that is running already is the driver's business: it ends by `finish`.
        """
        effects = self._advance(now)
        now = self._now(now)
        live = self._live.get(call_id)
        if live is None or live.state not in (State.HELD, State.RESERVING):
            return effects
        if live.state is State.HELD:
            self._waiting.remove(call_id)
            del self._live[call_id]
            effects.append(Emit(HoldEnded(now, call_id, HoldEnd.WITHDRAWN, "the client")))
        else:
            live.state = State.WITHDRAWN
        decision = ended(live.decision, Verdict.CANCELLED, "", messages.WITHDRAWN, now)
        return [*effects, Emit(Decided(now, decision)), Drop(call_id)]

    def finish(
        self,
        call_id: CallId,
        outcome: Outcome,
        now: float,
        *,
        response: bytes = b"",
        relayed: bool = False,
        request_state: str | None = None,
    ) -> list[Effect]:
        """A forwarded call ended (or a refused one was answered). `response`: the frame that the client got, `relayed`
        when it came from the server as it is.

        `request_state`: what an `input_required` result carried; a retry with it continues this call.
        """
        effects = self._advance(now)
        now = self._now(now)
        finished = Emit(Finished(now, call_id, outcome, response, relayed))
        live = self._live.get(call_id)
        if live is not None and live.state is State.RESERVING:
            live.state = State.WITHDRAWN
        if live is None or live.state is not State.RUNNING:
            return [*effects, finished]
        del self._live[call_id]
        if live.decision.charges:
            effects.append(
                Settle(
                    call_id,
                    refund_all=outcome is Outcome.NOT_SENT,
                    refund_errors=outcome in (Outcome.NOT_SENT, Outcome.RPC_ERROR),
                )
            )
        if outcome is Outcome.INPUT_REQUIRED and request_state is not None:
            self._continuations.remember(live, request_state, now)
        return [*effects, finished]

    def reload(self, policy: Policy, now: float) -> list[Effect]:
        """Put another policy in force. Denies the held calls that it forbids, and releases none."""
        effects = self._advance(now)
        now = self._now(now)
        self._policy = policy
        effects += self._approvals.keep(lambda server, tool, entry: entry_digest(policy, server, tool, entry), now)
        effects += self._raises.keep(policy, now)
        for hold in self._waiting:
            live = self._live[hold.call_id]
            decision = self._judged(live, now, pending=None).decision
            if decision.verdict is Verdict.DENY:
                self._waiting.remove(hold.call_id)
                effects.append(Emit(HoldEnded(now, hold.call_id, HoldEnd.RELOADED, "policy", decision.message)))
                effects += self._refuse(live, decision, now)
        return effects

    def listed(
        self, server: str, definitions: Mapping[str, JsonObject], duplicated: frozenset[str] = frozenset()
    ) -> None:
        """Remember what an upstream listed, for `validate` and `pin`; tools that it did not name stay as they were.

        `duplicated`: names that it listed twice. They are not shown, and calls of them are denied.
        """
        self._definitions.setdefault(server, Definitions()).learn(definitions, duplicated)

    def visible(self, server: str, names: Sequence[str]) -> list[str]:
        """The tools of a listing that the client may see, in their order."""
        policy, twice = self._policy, self._definitions.get(server, NOTHING_LISTED).duplicated
        seen = [name for name in names if name not in twice]
        return seen if policy is None else [name for name in seen if not is_hidden(policy, server, name)]

    # The ways of one call

    def _judged(self, live: LiveCall, now: float, pending: int | None) -> Judgement:
        listed, raised = self._definitions.get(live.call.server, NOTHING_LISTED), self._raises.in_force
        circumstances = Circumstances(live.shown, live.leg > 1, pending, live.asked_for, listed, raised)
        return judge(live.judged, self._policy, self._usage, self._approvals, now, circumstances=circumstances)

    def _judge(self, live: LiveCall, now: float) -> list[Effect]:
        """Decide, and do what the decision says."""
        live.judgement = self._judged(live, now, len(self._waiting))
        decision = live.judgement.decision
        if live.call.server in self._stopped and decision.verdict is not Verdict.DENY:
            return self._deny(live, SERVER_STOPPED, messages.SERVER_STOPPED, now)
        match decision.verdict:
            case Verdict.ALLOW if decision.charges:
                live.state = State.RESERVING
                return [Reserve(decision.call_id, decision.charges)]
            case Verdict.ALLOW:
                return self._forward(live, now)
            case Verdict.PENDING:
                return self._hold(live, now)
            case _:
                return self._refuse(live, decision, now)

    def _charged(self, live: LiveCall, granted: Granted, now: float) -> list[Effect]:
        decision = live.decision.charged(now, granted.readings)
        live.judgement = Judgement(decision, live.asks)
        return self._forward(live, now)

    def _forward(self, live: LiveCall, now: float) -> list[Effect]:
        live.state = State.RUNNING
        return [Emit(Decided(now, live.decision)), Forward(live.call.id, live.edit)]

    def _refuse(self, live: LiveCall, decision: Decision, now: float) -> list[Effect]:
        del self._live[live.call.id]
        return [Emit(Decided(now, decision)), Refuse(live.call.id, decision)]

    def _deny(self, live: LiveCall, rule: str, message: str, now: float) -> list[Effect]:
        """What was decided before has ended otherwise."""
        return self._refuse(live, ended(live.decision, Verdict.DENY, rule, message, now), now)

    def _hold(self, live: LiveCall, now: float) -> list[Effect]:
        hold = live.hold(now)
        self._waiting.put(hold)
        return [Emit(Decided(now, live.decision)), Emit(Held(now, hold)), Keep(live.call.id, hold.deadline)]

    # Time

    def _now(self, now: float) -> float:
        """The latest time seen."""
        self._clock = max(self._clock, now)
        return self._clock

    def _advance(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        now = max(now, self._clock)
        while (due := self._waiting.due(now)) is not None:
            effects += self._expire(due, self._now(due.at))
        self._clock = now
        return effects

    def _expire(self, due: Due, now: float) -> list[Effect]:
        hold, live = due.hold, self._live[due.hold.call_id]
        self._waiting.remove(hold.call_id)
        by = "nobody attached" if due.unattended else "time-out"
        end = Emit(HoldEnded(now, hold.call_id, HoldEnd.EXPIRED, by))
        if hold.allow_on_timeout and not due.unattended:
            live.shown |= frozenset(hold.triggers)
            return [end, *self._judge(live, now)]
        message = messages.UNATTENDED if due.unattended else messages.not_in_time(live.first_ask)
        return [end, *self._deny(live, hold.rule, message, now)]
