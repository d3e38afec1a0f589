"""Events to fold, and what the store shows of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from inspector.core.call import Caller, Outcome
from inspector.core.decision import Algorithm, CounterKey, Decision, Reading, Scope, Verdict
from inspector.core.events import (
    CallArrived,
    Decided,
    Event,
    Finished,
    Held,
)
from inspector.core.holds import Hold
from inspector.core.views import CallView, Views
from inspector.store import Store

CALLER = Caller("local", "session", "claude")


MINUTE = CounterKey("/tools/run/limits/runs", Scope.GRANT, "local", 60, Algorithm.FIXED)


IN_FLIGHT = CounterKey("slots", Scope.GLOBAL, "", 0, Algorithm.IN_FLIGHT)


RULE = "/tools/run/limits/runs"


def store_of(*events: Event, **caps: Any) -> Store:
    store = Store(**caps)
    for event in events:
        store.fold(event)
    return store


def shown(*events: Event, now: float = 100.0) -> Views:
    return store_of(*events).views(0, now)


def row(*events: Event) -> CallView:
    (only,) = shown(*events).calls
    return only


def arrival(call_id: int = 1, at: float = 100.0, *, root: int = 0, leg: int = 1, **arguments: Any) -> CallArrived:
    return CallArrived(at, call_id, "c1", CALLER, "kestra", "run", arguments, root or call_id, leg)


def reading(used: int, amount: int = 1, resets_at: float | None = 120.0, key: CounterKey = MINUTE) -> Reading:
    return Reading(key, RULE, Decimal(used), Decimal(amount), Decimal(10), resets_at)


def decided(verdict: Verdict, rule: str = "", call_id: int = 1, *readings: Reading) -> Decided:
    decision = Decision(call_id, 100.0, "kestra", "run", verdict, rule, "", (), (), readings, (), "")
    return Decided(100.0, decision)


def held(call_id: int = 1) -> Held:
    return Held(100.0, Hold(call_id, 100.0, 150.0, False, "/tools/run", ("/tools/run",), "sure?"))


ALLOWED = decided(Verdict.ALLOW)


def finished(outcome: Outcome, at: float = 100.3, call_id: int = 1) -> Finished:
    return Finished(at, call_id, outcome, b"{}")
