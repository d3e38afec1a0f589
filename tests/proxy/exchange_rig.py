"""An exchange by itself, and what was said in its steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from inspector.core.call import Caller, CallId
from inspector.core.decision import Decision, Verdict
from inspector.proxy.exchange import Exchange
from inspector.proxy.links import Headers
from inspector.proxy.steps import (
    Note,
    Step,
)
from inspector.wire.jsonrpc import Frame, parse_client

NOW = 1768473000.0


class Line:
    """A route that nothing is written to: the exchange only names it."""

    def head(self, status: int, headers: Headers) -> None: ...
    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None: ...
    def event(self, fields: tuple[bytes, ...]) -> None: ...
    def plain(self, status: int, headers: Headers, body: bytes) -> None: ...
    def hold(self) -> None: ...
    def end(self) -> None: ...
    async def ready(self) -> None: ...


class SetRules:
    def __init__(self, hidden: Sequence[str] = (), *, server_requests: bool = False, methods: bool = False) -> None:
        self._hidden = hidden
        self.server_requests_denied = server_requests
        self.unknown_methods_denied = methods

    def visible(self, server: str, names: Sequence[str]) -> list[str]:
        return [name for name in names if name not in self._hidden]


def exchange(rules: SetRules | None = None, *, speaks_http: bool = False) -> Exchange:
    numbers = count(1)
    caller = Caller("local", "c1", "agent")
    return Exchange("c1", "srv", caller, rules or SetRules(), lambda: CallId(next(numbers)), speaks_http)


def frame(**body: Any) -> Frame:
    parsed = parse_client(json.dumps({"jsonrpc": "2.0", **body}).encode())
    assert isinstance(parsed, Frame)
    return parsed


def tool_call(id_: int | str = 1, tool: str = "echo", *, meta: dict[str, Any] | None = None, **arguments: Any) -> Frame:
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    if meta:
        params["_meta"] = meta
    return frame(id=id_, method="tools/call", params=params)


def said(body: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **body}).encode()


def without_notes(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if not isinstance(step, Note)]


def events(steps: Sequence[Step]) -> list[Any]:
    return [step.event for step in steps if isinstance(step, Note)]


def only(steps: Sequence[Step], kind: type) -> Any:
    (found,) = [step for step in steps if isinstance(step, kind)]
    return found


def denied(call_id: int) -> Decision:
    return Decision(
        CallId(call_id), NOW, "srv", "echo", Verdict.DENY, "/tools/echo/action", "no echo", (), (), (), (), "h"
    )
