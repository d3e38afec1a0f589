"""Events for the tests of this room: any event at all, and whole lives of calls."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from inspector.core.call import Caller, Outcome
from inspector.core.decision import (
    Algorithm,
    CounterKey,
    Decision,
    Reading,
    Scope,
    StepResult,
    TraceStep,
    Verdict,
)
from inspector.core.events import (
    CallArrived,
    Counted,
    Decided,
    Direction,
    Event,
    Finished,
    Forwarded,
    FrameSeen,
    Held,
    HoldEnded,
    HoldExtended,
    PolicyLoaded,
    Progressed,
)
from inspector.core.holds import Hold, HoldEnd
from inspector.core.json import Number

KINDS: tuple[type, ...] = get_args(Event)
CALLER = Caller("local", "local+kestra+claude", "claude")
COUNTER = CounterKey("/tools/run/limits/runs", Scope.GRANT, "local", 60, Algorithm.FIXED)

texts = st.text(st.characters(), max_size=12)  # lone surrogates and control characters included
seconds = st.floats(0, 4e9)
numbers = st.one_of(
    st.sampled_from(["1.00", "-0", "1e400", "0.1e-7", "12345678901234567890", "1E+2"]).map(Number),
    st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: Number(str(number))),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
json_objects = st.dictionaries(texts, json_values, max_size=4)


def any_event(kind: type) -> st.SearchStrategy[Any]:
    """Every field independent of the others: for what must hold of each event by itself."""
    return _built(kind)


def _built(kind: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, localns={"Json": _Json, "JsonObject": _JsonObject})
    return st.builds(kind, **{name: _values(hint) for name, hint in hints.items()})


class _Json: ...


class _JsonObject: ...


_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    _Json: json_values,
    _JsonObject: json_objects,
    str: texts,
    bytes: st.binary(max_size=30),
    float: seconds,
    bool: st.booleans(),
    int: st.integers(-1000, 10**9),
    Decimal: st.one_of(st.decimals(allow_nan=False), numbers),
    type(None): st.none(),
}


def _values(hint: Any) -> st.SearchStrategy[Any]:
    hint = getattr(hint, "__supertype__", hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if get_origin(hint) in {UnionType, Union}:
        return st.one_of(*[_values(part) for part in get_args(hint)])
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        if parts[-1] is ...:
            return st.lists(_values(parts[0]), max_size=3).map(tuple)
        return st.tuples(*[_values(part) for part in parts])
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert dataclasses.is_dataclass(hint), hint
    return _built(hint)


def decision(call_id: int, at: float, verdict: Verdict, rule: str = "", used: int = 0) -> Decision:
    reading = Reading(COUNTER, "/tools/run/limits/runs", Decimal(used), Decimal(1), Decimal(10), 60 * (at // 60 + 1))
    return Decision(
        call_id=call_id,
        at=at,
        server="kestra",
        tool="run",
        verdict=verdict,
        rule=rule,
        message="",
        trace=(TraceStep(rule or "/tools/run", StepResult.PASS, "args.n", "lt", Number("2.50"), 3),),
        charges=(),
        readings=(reading,),
        triggers=(),
        policy_hash="0" * 64,
    )


def arrival(call_id: int, at: float, *, root: int | None = None, leg: int = 1, **arguments: Any) -> CallArrived:
    return CallArrived(at, call_id, "c1", CALLER, "kestra", "run", arguments, root or call_id, leg)


def _life(call_id: int, ending: str, at: float) -> list[Any]:
    """What becomes of one call, from `at` on."""
    arrived = arrival(call_id, at, id=str(call_id))
    allowed = [
        Decided(at, decision(call_id, at, Verdict.ALLOW, used=call_id)),
        Counted(
            at,
            (
                dataclasses.replace(
                    decision(call_id, at, Verdict.ALLOW, used=call_id).readings[0],
                    before=Decimal(call_id + 1),
                    amount=Decimal(0),
                ),
            ),
        ),
        FrameSeen(at, "c1", "kestra", Direction.FROM_CLIENT, call_id, b"\xff{}"),
        Forwarded(at + 0.01, call_id),
    ]
    hold = Hold(call_id, at, at + 50, False, "/tools/run", ("/tools/run",), "sure?")
    held = [Decided(at, decision(call_id, at, Verdict.PENDING, "/tools/run")), Held(at, hold)]
    match ending:
        case "denied":
            rest = [
                Decided(at, decision(call_id, at, Verdict.DENY, "/tools/run/deny_if/x")),
                Finished(at, call_id, Outcome.NOT_SENT, b"no"),
            ]
        case "limited":
            rest = [
                Decided(at, decision(call_id, at, Verdict.DENY, "/tools/run/limits/runs", used=10)),
                Finished(at, call_id, Outcome.NOT_SENT, b"no"),
            ]
        case "approved":
            edited = {"id": Number("1.0")}
            rest = [
                *held,
                HoldExtended(at, call_id, at + 110),
                HoldEnded(at + 1, call_id, HoldEnd.APPROVED, "you", "", edited),
                *allowed,
                Finished(at + 1.2, call_id, Outcome.OK, b"{}"),
            ]
        case "withdrawn":
            rest = [*held, HoldEnded(at + 1, call_id, HoldEnd.WITHDRAWN, "the client")]
        case "waiting":
            rest = held
        case "running":
            rest = [*allowed, Progressed(at + 0.5, call_id, "3/10")]
        case "two legs":
            leg = arrival(call_id + 1000, at + 2, root=call_id, leg=2)
            rest = [
                *allowed,
                Finished(at + 0.2, call_id, Outcome.INPUT_REQUIRED, b"?"),
                leg,
                Decided(at + 2, decision(leg.call_id, at + 2, Verdict.ALLOW)),
                Forwarded(at + 2, leg.call_id),
                Finished(at + 3, leg.call_id, Outcome.OK, b"!"),
            ]
        case _:
            rest = [*allowed, Finished(at + 0.2, call_id, Outcome.TOOL_ERROR, b"\xfe")]
    return [arrived, *rest]


_ENDINGS = ("denied", "limited", "approved", "withdrawn", "waiting", "running", "two legs", "failed")
_CALLS = {CallArrived, Decided, Held, HoldExtended, HoldEnded, Forwarded, Progressed, Finished, FrameSeen}


def _with_true_hash(event: Any) -> Any:
    if not isinstance(event, PolicyLoaded):
        return event
    return dataclasses.replace(event, hash=sha256(event.text.encode("utf-8", "surrogatepass")).hexdigest())


@st.composite
def runs(draw: st.DrawFn) -> list[Any]:
    """Calls that overlap, each in its own order, among events of every other kind. Numbers grow with arrivals."""
    endings = draw(st.lists(st.sampled_from(_ENDINGS), max_size=6))
    lives = [_life(number, ending, 1_000_000.0 + 7 * number) for number, ending in enumerate(endings, 1)]
    kinds = st.sampled_from([kind for kind in KINDS if kind not in _CALLS])
    others = draw(st.lists(kinds.flatmap(any_event).map(_with_true_hash), max_size=5))
    events: list[Any] = []
    begun = 1  # lives of which something may happen next
    while begun <= len(lives) or any(lives) or others:
        choices = [life for life in (*lives[:begun], others) if life]
        chosen = draw(st.sampled_from(choices)) if choices else []
        if begun <= len(lives) and chosen is lives[begun - 1]:
            begun += 1
        if chosen:
            events.append(chosen.pop(0))
    return events
