"""The events of ordinary calls, for the benchmarks that need no proxy."""

from __future__ import annotations

from decimal import Decimal

from inspector.core.call import Caller, CallId, Outcome
from inspector.core.decision import (
    Algorithm,
    Charge,
    CounterKey,
    Decision,
    Reading,
    Scope,
    StepResult,
    TraceStep,
    Verdict,
)
from inspector.core.events import CallArrived, Counted, Decided, Direction, Event, Finished, Forwarded, FrameSeen
from inspector.core.json import JsonObject, Number

CALLER = Caller("local", "local+kestra+claude-code", "claude-code")
COUNTER = CounterKey("/tools/execute_flow/limits/executions", Scope.GRANT, "local", 60, Algorithm.FIXED)
RULE = "/tools/execute_flow/limits/executions"
REQUEST = b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"execute_flow","arguments":{}}}'.ljust(300)
RESPONSE = b'{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"ok"}]}}'.ljust(600)


def call(number: int) -> list[Event]:
    """One allowed call in seven events: a rule of four conditions, one limit, two frames. 100 calls a second."""
    at = 1_795_000_000 + number / 100
    call_id = CallId(number)
    used = Decimal(number % 100)
    trace = tuple(
        TraceStep(f"/tools/execute_flow/deny_if/{step}", StepResult.PASS, "args.amount", "gt", Number("99.50"), 3)
        for step in range(4)
    )
    decision = Decision(
        call_id=call_id,
        at=at,
        server="kestra",
        tool="execute_flow",
        verdict=Verdict.ALLOW,
        rule="",
        message="",
        trace=trace,
        charges=(Charge(COUNTER, RULE, Decimal(1), Decimal(100)),),
        readings=(Reading(COUNTER, RULE, used, Decimal(1), Decimal(100), at + 60),),
        triggers=(),
        policy_hash="5f" * 32,
    )
    arguments: JsonObject = {
        "namespace": "company.team",
        "flow": "nightly",
        "amount": Number("12.50"),
        "labels": ["a", "b"],
    }
    return [
        CallArrived(at, call_id, "c1", CALLER, "kestra", "execute_flow", arguments, call_id),
        Decided(at, decision),
        FrameSeen(at, "c1", "kestra", Direction.FROM_CLIENT, call_id, REQUEST),
        Counted(at, (Reading(COUNTER, RULE, used + 1, Decimal(0), Decimal(100), at + 60),)),
        Forwarded(at, call_id),
        FrameSeen(at, "c1", "kestra", Direction.FROM_UPSTREAM, call_id, RESPONSE),
        Finished(at + 0.02, call_id, Outcome.OK, RESPONSE),
    ]
