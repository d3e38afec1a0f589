"""The requests of one client that wait for an answer, found by id, by progress token and by call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeGuard

from inspector.core.call import CallId, Era
from inspector.core.json import Number
from inspector.proxy.links import HttpRequest, Outgoing, Route
from inspector.wire import tasks
from inspector.wire.jsonrpc import Frame, FrameId, Kind, parse_answer


@dataclass(slots=True)
class Pending:
    """A client's request on its way."""

    frame: Frame
    route: Route
    http: HttpRequest | None
    era: Era
    token: FrameId | None
    call_id: CallId | None = None
    forwarded: bool = False
    waited: float = 0  # the highest progress that the client was told while a person was asked
    committed: bool = False  # held once: over HTTP the stream is open, a status can no longer be chosen

    @property
    def says_parameters(self) -> bool:
        """Do headers of it repeat arguments (`Mcp-Param-*`)?"""
        if self.http is None or self.era is not Era.MODERN:
            return False
        for name, _ in self.http.headers:  # noqa: SIM110 - asked twice of every call: a generator costs three times as much
            if name.startswith(b"mcp-param-"):
                return True
        return False


_IDS: Final = frozenset({int, str, Number})


def _is_id(value: object) -> TypeGuard[FrameId]:
    # Not by `isinstance`: True is an int to Python and would find the request of id 1.
    return type(value) in _IDS


class PendingTable:
    """In order of arrival. Ids `1` and `"1"` are different; a Number id is itself."""

    def __init__(self) -> None:
        self._by_id: dict[FrameId, Pending] = {}
        self._by_token: dict[FrameId, Pending] = {}
        self._by_call: dict[CallId, Pending] = {}

    def add(self, pending: Pending) -> None:
        if pending.frame.id is not None:
            self._by_id[pending.frame.id] = pending
        if pending.token is not None:
            self._by_token[pending.token] = pending
        if pending.call_id is not None:
            self._by_call[pending.call_id] = pending

    def remove(self, pending: Pending) -> None:
        if pending.frame.id is not None:
            self._by_id.pop(pending.frame.id, None)
        if pending.token is not None:
            self._by_token.pop(pending.token, None)
        if pending.call_id is not None:
            self._by_call.pop(pending.call_id, None)

    def conclude(self, pending: Pending) -> CallId | None:
        """Its call has ended before its answer came; the call, when it was one."""
        call_id, pending.call_id = pending.call_id, None
        if call_id is not None:
            self._by_call.pop(call_id, None)
        return call_id

    def of_id(self, frame_id: object) -> Pending | None:
        return self._by_id.get(frame_id) if _is_id(frame_id) else None

    def answer_to_call(self, raw: bytes) -> Frame | None:
        """The message of a server's, read quickly, when it answers a forwarded call and makes no task of it: then its
        bytes are what counts, and few of its members are looked at."""
        frame = parse_answer(raw)
        pending = None if frame is None else self.of_id(frame.id)
        if frame is None or pending is None or pending.call_id is None or not pending.forwarded:
            return None
        return None if tasks.created(frame) else frame

    def of_token(self, token: object) -> Pending | None:
        return self._by_token.get(token) if _is_id(token) else None

    def of_call(self, call_id: CallId) -> Pending | None:
        return self._by_call.get(call_id)

    def of_outgoing(self, outgoing: Outgoing) -> Pending | None:
        frame = outgoing.frame
        if frame is None or frame.kind is not Kind.REQUEST:
            return None
        pending = self.of_id(frame.id)
        return pending if pending is not None and pending.frame is frame else None

    def has_stream(self, route: Route) -> bool:
        """Does an HTTP request wait on this one, which is its own?"""
        return any(p.route is route and p.http is not None for p in self._by_id.values())

    def all(self) -> tuple[Pending, ...]:
        return tuple(self._by_id.values())

    def latest_forwarded(self) -> Pending | None:
        return next((p for p in reversed(self._by_id.values()) if p.forwarded), None)
