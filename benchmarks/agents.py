"""A recording of a busy run: several agents, servers and tools; calls let go, refused, limited, held or failed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from benchmarks import traffic
from inspector.core.call import Caller, CallId, Era, Outcome
from inspector.core.decision import Decision, Reading, StepResult, TraceStep, Verdict
from inspector.core.events import (
    CallArrived,
    ClientConnected,
    Counted,
    Decided,
    Event,
    Finished,
    Forwarded,
    Held,
    HoldEnded,
    PolicyLoaded,
    RunStarted,
    ToolsListed,
    UpstreamChanged,
    UpstreamState,
)
from inspector.core.holds import Hold, HoldEnd
from inspector.core.json import JsonObject
from inspector.record.recorder import Recorder

BEGIN = 1_795_000_000.0
PER_SECOND = 100
CALLERS = tuple(Caller("local", f"local+{name}", name) for name in ("claude-code", "cursor", "codex", "batch"))
TOOLS = tuple(
    (server, tool)
    for server, tools in (
        ("kestra", "execute_flow list_flows search_logs delete_flow kv_get"),
        ("fs", "read_file write_file search_files"),
        ("web", "fetch search"),
        ("postgres", "query describe_table"),
    )
    for tool in tools.split()
)
TRACE = tuple(
    TraceStep(f"/tools/x/deny_if/{n}", StepResult.PASS, "args.path", "regex", "^/etc", "/srv") for n in range(3)
)
HASH = "5f" * 32


def beginning() -> list[Event]:
    listed = [(server, [tool for other, tool in TOOLS if other == server]) for server in dict(TOOLS)]
    definition = '{{"name":"{0}","description":"{0}","inputSchema":{{"type":"object"}}}}'
    return [
        RunStarted(BEGIN, "bench", "0", 1, "http://127.0.0.1:7337", tuple(dict(TOOLS))),
        PolicyLoaded(BEGIN, "/srv/policy.yaml", HASH, 1, "version: 1\n", "start"),
        *(UpstreamChanged(BEGIN, server, UpstreamState.READY, "command") for server in dict(TOOLS)),
        *(
            ToolsListed(BEGIN, server, tuple((name, definition.format(name).encode()) for name in names), ())
            for server, names in listed
        ),
        *(
            ClientConnected(BEGIN, f"c{n}", caller, "1", Era.LEGACY, "http", "kestra")
            for n, caller in enumerate(CALLERS)
        ),
    ]


def call(number: int) -> list[Event]:
    at, call_id = BEGIN + number / PER_SECOND, CallId(number)
    who = number * 7 % 11 % len(CALLERS)
    server, tool = TOOLS[number * 31 % 97 % len(TOOLS)]
    arguments: JsonObject = {
        "path": f"/srv/app/src/module_{number * 17 % 1009}.py",
        "limit": number % 500,
        "labels": ["nightly", f"team-{number % 23}"],
        "note": "größer" if number % 400 == 0 else "plain words of an ordinary length",
    }
    rule, verdict, readings = _judged(number, tool, at)
    decision = Decision(call_id, at, server, tool, verdict, rule, "", TRACE, (), readings, (), HASH)
    events: list[Event] = [
        CallArrived(at, call_id, f"c{who}", CALLERS[who], server, tool, arguments, call_id, frame=traffic.REQUEST),
        Decided(at, decision),
    ]
    if verdict is Verdict.DENY:
        return [*events, Finished(at, call_id, Outcome.NOT_SENT, b'{"error":{"code":-32001,"message":"refused"}}')]
    if verdict is Verdict.PENDING:
        hold = Hold(call_id, at, at + 60, False, rule, (rule,), "sure?")
        allowed = Decided(at + 2, replace(decision, at=at + 2, verdict=Verdict.ALLOW))
        events += [Held(at, hold), HoldEnded(at + 2, call_id, HoldEnd.APPROVED, "you"), allowed]
    seconds = number * 13 % 1013 / 1000 + 0.0004
    outcome = Outcome.TOOL_ERROR if number % 37 == 0 else Outcome.OK
    return [
        *events,
        Counted(at, (_reading(number, at),)),
        Forwarded(at + 0.001, call_id),
        Finished(at + seconds, call_id, outcome, traffic.RESPONSE, relayed=True),
    ]


def _judged(number: int, tool: str, at: float) -> tuple[str, Verdict, tuple[Reading, ...]]:
    match number % 25:
        case 3 | 11:
            return f"/tools/{tool}/deny_if/path", Verdict.DENY, ()
        case 7:
            return traffic.RULE, Verdict.DENY, (replace(_reading(number, at), before=Decimal(100)),)
        case 19 if number % 50 == 19:
            return f"/tools/{tool}/approve_if/path", Verdict.PENDING, ()
    return "", Verdict.ALLOW, (_reading(number, at),)


def _reading(number: int, at: float) -> Reading:
    return Reading(traffic.COUNTER, traffic.RULE, Decimal(number % 100), Decimal(1), Decimal(100), at + 60)


def recorded(folder: Path, count: int) -> Path:
    """The path of a finished recording of that many calls."""
    recorder = Recorder.create(folder, "bench", BEGIN)
    for event in beginning():
        recorder.append(event)
    for number in range(1, count + 1):
        for event in call(number):
            recorder.append(event)
        if number % 200 == 0:
            recorder.flush()
    recorder.close()
    return recorder.path
