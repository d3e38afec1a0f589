"""The one answer to "may this call go?".

    judge     (call, policy, usage, approvals, now, circumstances) → Judgement: the decision, and how it would be held
    decide    the same, only the decision: for what-if and benchmarks
    ended     a decision that something else has overtaken: a person's no, a time-out, a failed store

The phases stand in the order of `docs/policy.md`; within each the first entry that denies wins. Pure but for the
`usage` it reads, whose StoreError becomes a denial.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from inspector.core.call import Call
from inspector.core.decision import Decision, StepResult, TraceStep, Verdict
from inspector.core.effects import Usage
from inspector.core.errors import StoreError
from inspector.core.fact import fact
from inspector.policy import messages
from inspector.policy.approvals import DEFAULT_APPROVE, Approvals, Ask
from inspector.policy.conditions import Judged, judge_predicate
from inspector.policy.definitions import NOTHING_LISTED, Definitions, misfit
from inspector.policy.limits import NONE_RAISED, Meter, RaisedMax
from inspector.policy.match import Denial, Match, match
from inspector.policy.model import Approval, Entry, Limit, Policy, Predicate
from inspector.policy.operators import Result
from inspector.policy.trace import predicate_steps, require_steps
from inspector.policy.walk import walk

NO_POLICY = "(no policy)"
DUPLICATE_TOOL = "(duplicate tool)"
STATE_ERROR = "(state error)"
TOO_MANY_PENDING = "(too many pending)"
HELD_BY_YOU = "(held by you)"
SERVER_STOPPED = "(server stopped)"


@fact(frozen=True, slots=True)
class Circumstances:
    """What is known of a call beside itself."""

    shown: frozenset[str] = frozenset()  # triggers that a person said yes to
    continuing: bool = False  # a later leg of an MRTR call
    pending: int | None = 0  # calls that wait for a person already; None: this one is among them
    asked_for: bool = False  # a person wants to see this very call before it goes
    listed: Definitions = field(default_factory=lambda: NOTHING_LISTED)  # by its server
    raised: RaisedMax = field(default_factory=lambda: NONE_RAISED)  # limits that a person raised


PLAIN = Circumstances()


@fact(frozen=True, slots=True)
class Judgement:
    """A decision, and the triggers behind it that no remembered approval answered, in order."""

    decision: Decision
    asks: tuple[Ask, ...] = ()


def decide(
    call: Call,
    policy: Policy | None,
    usage: Usage,
    approvals: Approvals,
    now: float,
    *,
    circumstances: Circumstances = PLAIN,
) -> Decision:
    """Judge one call. Total: any arguments are an answer, never an error."""
    return judge(call, policy, usage, approvals, now, circumstances=circumstances).decision


def judge(
    call: Call,
    policy: Policy | None,
    usage: Usage,
    approvals: Approvals,
    now: float,
    *,
    circumstances: Circumstances = PLAIN,
) -> Judgement:
    """As `decide`, with what a hold needs to know."""
    meter = Meter(call, usage, now, circumstances.continuing, circumstances.raised)
    if policy is None:
        why = Denial(NO_POLICY, messages.NO_POLICY)
        step = TraceStep(NO_POLICY, StepResult.FIRED)
        return Judgement(_decision(meter, Verdict.DENY, why, [step], asks=(), policy_hash=""))
    found = match(policy, call.server, call.tool)
    trial = _Trial(call, policy, approvals, now, circumstances, meter, list(found.trace))
    denial = found.denial or trial.denial(found)
    if denial is not None:
        return trial.concluded(Verdict.DENY, denial)
    asks = trial.asks(found)
    if not asks or all(ask.rule in circumstances.shown for ask in asks):
        rule = asks[0].rule if asks else trial.remembered_rule
        return trial.concluded(Verdict.ALLOW, Denial(rule, ""), asks)
    most = policy.settings.max_pending
    if circumstances.pending is not None and circumstances.pending >= most:
        trial.trace.append(TraceStep(TOO_MANY_PENDING, StepResult.FIRED, expected=most, observed=circumstances.pending))
        return trial.concluded(Verdict.DENY, Denial(TOO_MANY_PENDING, messages.too_many_pending(most)))
    return trial.concluded(Verdict.PENDING, Denial(asks[0].rule, asks[0].reason), asks)


def ended(decision: Decision, verdict: Verdict, rule: str, message: str, now: float) -> Decision:
    """The decision after something else has overtaken it; what was looked at stays."""
    return replace(decision, at=now, verdict=verdict, rule=rule, message=message, charges=())


def _decision(
    meter: Meter, verdict: Verdict, why: Denial, trace: list[TraceStep], *, asks: tuple[Ask, ...], policy_hash: str
) -> Decision:
    call = meter.call
    return Decision(
        call.id,
        meter.now,
        call.server,
        call.tool,
        verdict,
        why.rule,
        why.message,
        tuple(trace),
        tuple(meter.charges) if verdict is Verdict.ALLOW else (),
        tuple(meter.readings),
        tuple([ask.rule for ask in asks]),
        policy_hash,
    )


@dataclass(slots=True)
class _Trial:
    """One call before the entries that apply to it: phases 7 to 12."""

    call: Call
    policy: Policy
    approvals: Approvals
    now: float
    about: Circumstances
    meter: Meter
    trace: list[TraceStep]
    remembered: list[int] = field(default_factory=list)  # approvals that answered a trigger
    remembered_rule: str = ""  # of the first such trigger
    _exceeded: list[tuple[Entry, Limit, str, str]] = field(default_factory=list)

    def concluded(self, verdict: Verdict, why: Denial, asks: tuple[Ask, ...] = ()) -> Judgement:
        decision = _decision(self.meter, verdict, why, self.trace, asks=asks, policy_hash=self.policy.hash)
        if self.remembered:
            decision = replace(decision, approvals=tuple(dict.fromkeys(self.remembered)))
        return Judgement(decision, asks)

    def denial(self, found: Match) -> Denial | None:
        """Phases 7 to 11; or the walk of Intercept's rules."""
        if self.call.tool in self.about.listed.duplicated:
            self.trace.append(TraceStep(DUPLICATE_TOOL, StepResult.FIRED))
            return Denial(DUPLICATE_TOOL, messages.duplicate_tool(self.call.tool))
        entries = found.entries
        try:
            if self.policy.intercept is not None:
                return walk(self.policy.intercept, self.call, self.meter, self.trace, self.now)
            return (
                self._pins(entries)
                or self._schemas(entries)
                or self._require(entries)
                or self._deny_if(entries)
                or self._limits(entries)
            )
        except StoreError as error:
            self.trace.append(TraceStep(STATE_ERROR, StepResult.FIRED, note=str(error)))
            return Denial(STATE_ERROR, messages.state_error(str(error)))

    def _pins(self, entries: tuple[Entry, ...]) -> Denial | None:
        for entry in entries:
            if entry.pin is None:
                continue
            rule = f"{entry.pointer}/pin"
            listed = self.about.listed.pin_of(self.call.tool)
            holds = listed == entry.pin
            result = StepResult.PASS if holds else StepResult.FIRED
            self.trace.append(TraceStep(rule, result, expected=entry.pin, observed=listed))
            if not holds:
                return Denial(rule, entry.reason or messages.changed_definition(rule, listed is not None))
        return None

    def _schemas(self, entries: tuple[Entry, ...]) -> Denial | None:
        arguments = self.call.arguments
        for entry in entries:
            if entry.validate_input:
                what = self.about.listed.misfit(self.call.tool, arguments)
                denial = self._conforms(entry, f"{entry.pointer}/validate", what)
                if denial is not None:
                    return denial
            if entry.conforms is not None:
                denial = self._conforms(entry, f"{entry.pointer}/schema", misfit(entry.conforms, arguments))
                if denial is not None:
                    return denial
        return None

    def _conforms(self, entry: Entry, rule: str, what: str | None) -> Denial | None:
        result = StepResult.PASS if what is None else StepResult.FIRED
        self.trace.append(TraceStep(rule, result, note=what or ""))
        return None if what is None else Denial(rule, entry.reason or messages.misfit(rule, what))

    def _require(self, entries: tuple[Entry, ...]) -> Denial | None:
        for entry in entries:
            for predicate in entry.require:
                rule = f"{entry.pointer}/require/{predicate.name}"
                judged = self._predicate(predicate, every=True)
                self.trace += require_steps(rule, judged)
                if judged.result is not Result.TRUE:
                    return Denial(rule, predicate.on_deny or entry.reason or messages.predicate(rule, judged.note))
        return None

    def _deny_if(self, entries: tuple[Entry, ...]) -> Denial | None:
        for entry in entries:
            for predicate in entry.deny_if:
                rule = f"{entry.pointer}/deny_if/{predicate.name}"
                judged = self._predicate(predicate, every=False)
                fired = judged.result is not Result.FALSE
                self.trace += predicate_steps(rule, judged, StepResult.FIRED if fired else StepResult.PASS)
                if fired:
                    return Denial(rule, predicate.on_deny or entry.reason or messages.predicate(rule, judged.note))
        return None

    def _limits(self, entries: tuple[Entry, ...]) -> Denial | None:
        for entry in entries:
            for limit in entry.limits:
                rule = f"{entry.pointer}/limits/{limit.counter}"
                found = self.meter.claim(limit, rule, self.trace)
                if found is None:
                    continue
                if isinstance(found, Denial):
                    return found if limit.on_deny or not entry.reason else Denial(rule, entry.reason)
                words = limit.on_deny or entry.reason
                if not limit.asks:
                    return Denial(rule, words or messages.exceeded(found, self.now))
                self._exceeded.append((entry, limit, rule, messages.exceeded(found, self.now)))
        return None

    def asks(self, found: Match) -> tuple[Ask, ...]:
        """Phase 12: the triggers that fired, in order, but for those that a remembered approval answers."""
        asks: list[Ask] = []
        for entry in found.entries:
            if entry.action == "approve":
                rule = f"{entry.pointer}/action"
                asks += self._ask(rule, entry, entry.reason, entry.reason, entry.approval)
            asks += self._approve_if(entry)
        if found.default_approves:
            asks += self._ask(DEFAULT_APPROVE, None, None, None, Approval())
        for entry, limit, rule, sentence in self._exceeded:
            words = limit.on_deny or entry.reason
            asks.append(self._made(rule, entry, entry.reason or sentence, words, Approval()))
        if self.about.asked_for:
            self.trace.append(TraceStep(HELD_BY_YOU, StepResult.FIRED))
            asks.append(self._made(HELD_BY_YOU, None, messages.HELD_BY_YOU, None, Approval()))
        return tuple(asks)

    def _predicate(self, predicate: Predicate, *, every: bool) -> Judged:
        return judge_predicate(predicate, self.call.arguments, every=every, frame=self.call.frame)

    def _approve_if(self, entry: Entry) -> list[Ask]:
        asks: list[Ask] = []
        for trigger in entry.approve_if:
            predicate = trigger.predicate
            judged = self._predicate(predicate, every=False)
            rule = f"{entry.pointer}/approve_if/{predicate.name}"
            if judged.result is Result.FALSE:
                self.trace += predicate_steps(rule, judged, StepResult.PASS)
                continue
            self.trace += predicate_steps(rule, judged, StepResult.FIRED)
            reason = trigger.reason or entry.reason
            asks += self._ask(rule, entry, reason, predicate.on_deny or reason, trigger.approval, traced=True)
        return asks

    def _ask(
        self,
        rule: str,
        entry: Entry | None,
        reason: str | None,
        on_deny: str | None,
        approval: Approval,
        *,
        traced: bool = False,
    ) -> list[Ask]:
        """The trigger that fired; nothing when a remembered approval answers it."""
        digest = "" if entry is None else entry.digest
        if (answered := self.approvals.answer(self.call, rule, digest)) is not None:
            if rule not in self.about.shown:  # else the person was asked about this very call
                self.remembered.append(answered)
            self.remembered_rule = self.remembered_rule or rule
            self.trace.append(TraceStep(rule, StepResult.REMEMBERED))
            return []
        if not traced:
            self.trace.append(TraceStep(rule, StepResult.FIRED))
        return [self._made(rule, entry, reason or messages.asks_because(rule), on_deny, approval, rememberable=True)]

    def _made(
        self,
        rule: str,
        entry: Entry | None,
        reason: str,
        on_deny: str | None,
        approval: Approval,
        *,
        rememberable: bool = False,
    ) -> Ask:
        """Each part of the approval falls back on its own: trigger, entry, settings."""
        parts = [
            approval,
            *([] if entry is None else [entry.approval]),
            self.policy.settings.approval,
            Approval(50, "deny"),
        ]
        return Ask(
            rule=rule,
            entry="" if entry is None else entry.pointer,
            entry_digest="" if entry is None else entry.digest,
            reason=reason,
            on_deny=on_deny,
            timeout=next(part.timeout for part in parts if part.timeout is not None),
            allow_on_timeout=next(part.on_timeout for part in parts if part.on_timeout is not None) == "allow",
            rememberable=rememberable,
        )
