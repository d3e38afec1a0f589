"""`--headless`: one line a decision on stdout, for people (text) or for programs (jsonl)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Final, TextIO

import orjson

from inspector.core.decision import Decision, Verdict
from inspector.core.events import (
    CallArrived,
    Decided,
    Event,
    FrameRejected,
    HoldEnded,
    PolicyLoaded,
    PolicyRejected,
    ToolsDrifted,
    UpstreamChanged,
    UpstreamState,
)
from inspector.core.printable import printable

_TOLD = frozenset({CallArrived, Decided, FrameRejected, HoldEnded, PolicyLoaded, PolicyRejected, ToolsDrifted})
LINE: Final = 500  # characters of what others may have named
_MARK = {Verdict.ALLOW: "allow", Verdict.DENY: "DENY ", Verdict.PENDING: "HOLD ", Verdict.CANCELLED: "gone "}


class Lines:
    """Lines for `out`, those of one turn of the event loop in one piece: each write costs a system call."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._waiting: list[str] = []

    def add(self, line: str) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(line)

    def flush(self) -> None:
        if self._waiting:
            text = "\n".join(self._waiting) + "\n"
            self._waiting.clear()
            self._out.write(text)
            self._out.flush()


class DecisionPrinter:
    """Fed with every event; writes through `write`, a line at a time. Nothing reaches the terminal unescaped."""

    def __init__(self, write: Callable[[str], None], *, as_json: bool) -> None:
        self._write = write
        self._as_json = as_json
        self._callers: dict[int, str] = {}
        self._has_policy = False  # one that does not load at the start ends the run, with an error that says so

    def told(self, event: Event) -> None:
        if type(event) not in _TOLD:  # most are not
            return
        self._has_policy = self._has_policy or isinstance(event, PolicyLoaded)
        match event:
            case PolicyRejected() if not self._has_policy:
                return
            case CallArrived():
                self._callers[event.call_id] = event.caller.client or event.caller.grant
            case Decided(_, decision):
                caller = self._callers.get(decision.call_id, "")
                if decision.verdict is not Verdict.PENDING:
                    self._callers.pop(decision.call_id, None)
                self._write(_json_line(decision, caller) if self._as_json else _text_line(decision, caller))
            case ToolsDrifted(again=True):
                return  # an earlier run has said it
            case PolicyLoaded() | PolicyRejected() | FrameRejected() | HoldEnded() | ToolsDrifted():
                if not self._as_json:
                    self._write(_notice(event))


def tell_of_login(event: UpstreamChanged) -> None:
    """Where a person should log in, for a run that has no screen to show it on."""
    if event.state is UpstreamState.LOGIN:
        print(f"mcp-inspect: {event.upstream}: log in at {event.detail}", file=sys.stderr, flush=True)


def _notice(event: PolicyLoaded | PolicyRejected | FrameRejected | HoldEnded | ToolsDrifted) -> str:
    match event:
        case PolicyLoaded():
            what = f"policy v{event.version} in force ({event.origin}) {event.path}"
        case PolicyRejected():
            what = f"policy not taken, the last good one stays: {event.path} {event.problems[0]}"
        case FrameRejected():
            what = f"rejected ({event.code}): {event.reason}"
        case ToolsDrifted():
            names = ", ".join(sorted({change.tool for change in event.changes}))
            what = f"tools of {event.upstream} have changed: {names[:200]} (see: mcp-inspect tools)"
        case HoldEnded():
            what = f"#{event.call_id} {event.end} by {event.by}"
    return f"{_time(event.at)}  ·      {printable(what[:LINE])}"


def _text_line(decision: Decision, caller: str) -> str:
    what = f"{decision.server}›{decision.tool}"
    tail = f"  {decision.rule}" if decision.rule else ""
    return f"{_time(decision.at)}  {_MARK[decision.verdict]}  {printable(f'{what}  {caller}{tail}'[:LINE])}"


def _json_line(decision: Decision, caller: str) -> str:
    line = {
        "at": decision.at,
        "call": decision.call_id,
        "client": caller,
        "server": decision.server,
        "tool": decision.tool,
        "verdict": decision.verdict,
        "rule": decision.rule,
        "message": decision.message,
        "policy": decision.policy_hash,
    }
    try:
        text = orjson.dumps(line)
    except TypeError:  # half a surrogate pair
        return json.dumps(line)
    return text.decode() if text.isascii() else json.dumps(line)  # what is not ASCII stays escaped


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%H:%M:%S}"
