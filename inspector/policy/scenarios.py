"""Policy tests: runs the cases of a scenario file through the same gate that the proxy uses.

Time, the upstream and the person are what the steps say; the store is in memory and survives a `restart` step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from itertools import count
from math import floor, inf

from inspector.core.call import Call, Caller, CallId, Outcome
from inspector.core.decision import Decision, TraceStep
from inspector.core.effects import Effect, Emit, Forward, Reserve, Settle
from inspector.core.errors import PolicyError
from inspector.core.events import Decided
from inspector.core.holds import Hold, Resolution
from inspector.core.json import Json, JsonObject
from inspector.policy.fields import suggestion
from inspector.policy.gate import Gate
from inspector.policy.ledger import Ledger
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import Dialect, load_file, load_object, load_text
from inspector.policy.model import Policy
from inspector.policy.scenario_file import Case
from inspector.policy.suggest import nearest
from inspector.policy.values import is_number

GRAINS = 2**22  # of a second: what a float tells apart at today's Unix times
LATEST = 2**53  # seconds from 1970, either way: whole ones, which a float still tells apart
_DOWN = Context(rounding=ROUND_FLOOR)
_CASE_FIELDS = frozenset({"policy", "policy_text", "format", "expect_load", "steps"})
_STEP_FIELDS = frozenset(
    {
        *("do", "at", "expect", "label", "server", "tool", "args", "grant", "session", "client", "upstream"),
        *("requestState", "outcome", "decision", "policy", "policy_text", "tools", "definitions"),
    }
)
Reopen = Callable[["Ledger | None"], Ledger]
"""The store of a case: `None` for a fresh one, else what a restarted process finds of the given one."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step was to do, and did. `number` counts from 1; 0 is the loading of the policy.

    `nonsense`: why the step could not be done at all; the case ends there, the other cases of its file go on.
    """

    number: int
    do: str
    expected: JsonObject
    observed: JsonObject
    message: str = ""
    trace: tuple[TraceStep, ...] = ()
    nonsense: bool = False

    @property
    def passed(self) -> bool:
        return not self.nonsense and all(
            key in self.observed and self.observed[key] == value for key, value in self.expected.items()
        )


@dataclass(frozen=True, slots=True)
class CaseReport:
    case: Case
    steps: tuple[StepReport, ...]

    @property
    def failures(self) -> tuple[StepReport, ...]:
        return tuple(step for step in self.steps if not step.passed)

    @property
    def passed(self) -> bool:
        return not self.failures


def in_memory(previous: Ledger | None) -> Ledger:
    if not isinstance(previous, MemoryLedger):
        return MemoryLedger()
    previous.restart()
    return previous


def run_cases(cases: Iterable[Case]) -> list[CaseReport]:
    return [run_case(case) for case in cases]


def run_case(case: Case, reopen: Reopen = in_memory) -> CaseReport:
    """Run one case on a fresh engine. A step that makes no sense fails, and ends its case."""
    if odd := _oddity(case):
        return CaseReport(case, (StepReport(0, "case", {}, {}, odd, nonsense=True),))
    policy, loading = _load(case)
    reports = [] if loading is None else [loading]
    if loading is None or policy is not None:
        bench = _Bench(case, policy, reopen)
        for number, step in enumerate(case.steps, 1):
            reports.append(bench.step(number, step))
            if reports[-1].nonsense:
                break
        bench.ledger.close()
    return CaseReport(case, tuple(reports))


def _oddity(case: Case) -> str:
    """Why a case would prove nothing, or something else than was meant."""
    expect = case.fields.get("expect_load")
    if expect is not None and not isinstance(expect, dict):
        return "expect_load is to be an object, such as {ok: true}"
    if expect is None and not case.steps:
        return "it has neither steps nor expect_load, so it proves nothing"
    return _misspelt(case.fields, _CASE_FIELDS)


def _misspelt(found: JsonObject, known: frozenset[str]) -> str:
    """Other fields are the author's own; one that is nearly ours would be ignored, and its expectation with it.

    One edit away, that is: `tags` and `section` are words of their own. `expected` is a slip that many make.
    """
    for field in sorted(found.keys() - known):
        meant = "expect" if field == "expected" else nearest(field, sorted(known), within=1)
        if meant in known:
            return f'unknown field "{field}"; did you mean {meant}?'
    return ""


def _load(case: Case) -> tuple[Policy | None, StepReport | None]:
    """The case's policy, and the report on its loading where one is expected (or where it fails unexpectedly)."""
    expect = case.fields.get("expect_load")
    wanted: JsonObject = expect if isinstance(expect, dict) else {"ok": True}
    try:
        policy = _policy(case, case.fields)
    except PolicyError as error:
        found: JsonObject = {"ok": False}
        for problem in error.problems:
            if wanted.get("at") in (None, problem.pointer) and wanted.get("line") in (None, problem.line):
                found.update({"at": problem.pointer, "line": problem.line})
                break
        else:
            found.update({"at": error.problems[0].pointer, "line": error.problems[0].line} if error.problems else {})
        # A line of null stands for any line.
        expected: JsonObject = {key: value for key, value in wanted.items() if value is not None}
        message = "; ".join(map(str, error.problems)) or str(error)
        return None, StepReport(0, "load", expected, found, message)
    return policy, None if expect is None else StepReport(0, "load", wanted, {"ok": True, "at": None, "line": None})


def _policy(case: Case, fields: JsonObject) -> Policy | None:
    """The policy of a case or of a reload step; None where there is none. Raises PolicyError."""
    dialect: Dialect = "intercept" if case.fields.get("format") == "intercept" else "native"
    text = fields.get("policy_text")
    if isinstance(text, str):
        return load_text(text, dialect=dialect)
    policy = fields.get("policy")
    if policy is None:
        return None
    if isinstance(policy, str):
        return load_file(case.base / policy, dialect="auto" if "format" not in case.fields else dialect)
    return load_object(policy, dialect=dialect)


@dataclass(slots=True)
class _Tracked:
    """A call of the case: what it is labelled, how its upstream answers, and what was decided last."""

    id: CallId
    upstream: str
    decision: Decision | None = None


class _Bench:
    """One engine, and the world around it."""

    def __init__(self, case: Case, policy: Policy | None, reopen: Reopen) -> None:
        self.case = case
        self.ledger = reopen(None)
        self._reopen = reopen
        self._gate = Gate(policy, self.ledger)
        self._now = -inf
        self._ids = count(1)
        self._calls: dict[CallId, _Tracked] = {}
        self._labels: dict[str, _Tracked] = {}
        self._do: dict[str, Callable[[JsonObject], tuple[JsonObject, Decision | None]]] = {
            "call": self._call,
            "finish": self._finish,
            "resolve": self._resolve,
            "tick": self._tick,
            "reload": self._reload,
            "restart": self._restart,
            "list": self._list,
        }

    def step(self, number: int, step: JsonObject) -> StepReport:
        do = step.get("do")
        act = self._do.get(do) if isinstance(do, str) else None
        expect = step.get("expect")
        expected = expect if isinstance(expect, dict) else {}
        if act is None:
            message = f"there is no step called {do!r}{suggestion(do, tuple(self._do))}"
            return StepReport(number, str(do), expected, {}, message, nonsense=True)
        if odd := _odd_step(step):
            return StepReport(number, str(do), expected, {}, odd, nonsense=True)
        try:
            observed, decision = act(step)
        except (KeyError, TypeError, ValueError) as error:
            return StepReport(number, str(do), expected, {}, f"it makes no sense: {error}", nonsense=True)
        if decision is None:
            return StepReport(number, str(do), expected, observed)
        return StepReport(number, str(do), expected, observed, decision.message, decision.trace)

    # The steps

    def _call(self, step: JsonObject) -> tuple[JsonObject, Decision | None]:
        now = self._advance(step)
        arguments = step.get("args")
        state = step.get("requestState")
        caller = Caller(_text(step, "grant", "g1"), _text(step, "session", "c1"), _text(step, "client", "agent"))
        call = Call(
            CallId(next(self._ids)),
            now,
            caller,
            _text(step, "server", "s1"),
            _text(step, "tool"),
            arguments if isinstance(arguments, dict) else {},
            state if isinstance(state, str) else None,
        )
        tracked = self._calls[call.id] = _Tracked(call.id, _text(step, "upstream", "ok"))
        if "label" in step:
            self._labels[_text(step, "label")] = tracked
        self._perform(self._gate.arrive(call, caller.session, now))
        return _outcome(tracked.decision)

    def _finish(self, step: JsonObject) -> tuple[JsonObject, Decision | None]:
        now = self._advance(step)
        state = step.get("requestState")
        outcome = Outcome(_text(step, "outcome"))
        request_state = state if isinstance(state, str) else None
        self._perform(self._gate.finish(self._labelled(step).id, outcome, now, request_state=request_state))
        return {}, None

    def _resolve(self, step: JsonObject) -> tuple[JsonObject, Decision | None]:
        tracked = self._labelled(step)
        hold = self._hold(tracked)
        now = self._advance(step)
        if hold is None:
            return {"outcome": "rejected", "rule": ""}, None
        if self._hold(tracked) is hold:
            of_the_call = tracked.upstream
            tracked.upstream = _text(step, "upstream", of_the_call)
            self._perform(self._resolution(step, tracked, now))
            tracked.upstream = of_the_call  # a call that is held again is forwarded by another step, or by its time-out
        return _outcome(tracked.decision)

    def _resolution(self, step: JsonObject, tracked: _Tracked, now: float) -> list[Effect]:
        match decision := _text(step, "decision"):
            case "cancel":
                return self._gate.withdraw(tracked.id, now)
            case "approve" | "deny":
                edited = step.get("args")
                arguments = edited if isinstance(edited, dict) else None
                return self._gate.resolve(tracked.id, Resolution(decision == "approve", arguments=arguments), now) or []
            case _:
                raise ValueError(f"no decision is called {decision!r}")

    def _tick(self, step: JsonObject) -> tuple[JsonObject, Decision | None]:
        self._advance(step)
        return _outcome(self._labelled(step).decision) if "label" in step else ({}, None)

    def _reload(self, step: JsonObject) -> tuple[JsonObject, Decision | None]:
        now = self._advance(step)
        try:
            policy = _policy(self.case, step)
        except PolicyError:
            policy = None
        if policy is None:
            return {"loaded": False, "resolved": {}}, None
        held = {hold.call_id for hold in self._gate.holds}
        self._perform(self._gate.reload(policy, now))
        ended = held - {hold.call_id for hold in self._gate.holds}
        resolved: JsonObject = {}
        for label, tracked in self._labels.items():
            if tracked.id in ended and tracked.decision is not None:
                resolved[label] = [tracked.decision.verdict.value, tracked.decision.rule]
        return {"loaded": True, "resolved": resolved}, None

    def _restart(self, step: JsonObject) -> tuple[JsonObject, Decision | None]:
        self._advance(step)
        self.ledger.seen(self._gate.latest)
        self.ledger = self._reopen(self.ledger)
        self._gate = Gate(self._gate.policy, self.ledger, latest=self.ledger.latest())
        return {}, None

    def _list(self, step: JsonObject) -> tuple[JsonObject, Decision | None]:
        self._advance(step)
        server = _text(step, "server", "s1")
        names = [name for name in _list(step.get("tools")) if isinstance(name, str)]
        definitions = _definitions(step.get("definitions"))
        counted = (Counter(names), Counter(name for name, _ in definitions))
        twice = frozenset(name for listing in counted for name, times in listing.items() if times > 1)
        self._gate.listed(server, dict(definitions), twice)
        return {"visible": list(self._gate.visible(server, names))}, None

    # The world

    def _advance(self, step: JsonObject) -> float:
        """Let time pass up to the step's own; what falls due on the way happens at its own time."""
        at = step.get("at")
        now = (self._now if self._now > -inf else 0.0) if at is None else max(self._now, _moment(at))
        while (deadline := self._gate.next_deadline()) is not None and deadline <= now:
            self._now = deadline
            self._perform(self._gate.tick(deadline))
        self._now = now
        return now

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Emit(Decided(decision=decision)):
                    self._calls[decision.call_id].decision = decision
                case Reserve(call_id, charges):
                    self._perform(
                        self._gate.reserved(call_id, self.ledger.reserve(call_id, charges, self._now), self._now)
                    )
                case Settle(call_id, refund_all, refund_errors):
                    self.ledger.settle(call_id, self._now, refund_all=refund_all, refund_errors=refund_errors)
                case Forward(call_id):
                    if self._calls[call_id].upstream == "ok":
                        self._perform(self._gate.finish(call_id, Outcome.OK, self._now))
                case _:
                    pass  # a policy test has no client to answer and keeps no record

    def _hold(self, tracked: _Tracked) -> Hold | None:
        return next((hold for hold in self._gate.holds if hold.call_id == tracked.id), None)

    def _labelled(self, step: JsonObject) -> _Tracked:
        label = _text(step, "label")
        tracked = self._labels.get(label)
        if tracked is None:
            raise ValueError(f"no call before has the label {label!r}")
        return tracked


def _odd_step(step: JsonObject) -> str:
    for field in ("expect", "args"):
        if not isinstance(step.get(field), dict | None):
            return f"{field} is to be an object"
    return _misspelt(step, _STEP_FIELDS)


def _outcome(decision: Decision | None) -> tuple[JsonObject, Decision | None]:
    if decision is None:
        return {"outcome": "none", "rule": ""}, None
    return {"outcome": decision.verdict.value, "rule": decision.rule}, decision


def _text(step: JsonObject, field: str, default: str | None = None) -> str:
    value = step.get(field, default)
    if not isinstance(value, str):
        raise TypeError(f"{field} is to be a text")
    return value


def _moment(value: Json) -> float:
    """Unix seconds in whole grains, rounded down: to add seconds and to compare is then as exact as in decimals."""
    if not is_number(value):
        raise TypeError("at is to be a number of Unix seconds")
    if not -LATEST <= value <= LATEST:
        raise ValueError("at is too far away")
    return floor(_DOWN.multiply(Decimal(value), GRAINS)) / GRAINS


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _definitions(value: Json) -> list[tuple[str, JsonObject]]:
    """A list of definitions, or a map of them by name: each with its name, in their order."""
    pairs = value.items() if isinstance(value, dict) else [(None, item) for item in _list(value)]
    return [
        (str(name or item["name"]), item)
        for name, item in pairs
        if isinstance(item, dict) and (name is not None or isinstance(item.get("name"), str))
    ]
