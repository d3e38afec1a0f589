"""Calls that the server answered with `input_required`: what a retry may take up again (MRTR).

A continuation is found by everything that must be equal, so a retry either is exactly the next leg or a fresh call.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from inspector.core.call import Call, CallId
from inspector.core.json import JsonObject
from inspector.policy.live import LiveCall, with_arguments
from inspector.policy.values import digest

LIFETIME = 600.0  # seconds; a retry must be younger
MAX_LEGS = 8
CAPACITY = 10_000  # the oldest is forgotten, and its retry is then a fresh call


@dataclass(frozen=True, slots=True)
class _Continuation:
    root: CallId
    leg: int  # of the call that continues
    edit: JsonObject | None  # the person's arguments, sent again on every leg
    frame: bytes  # that they are judged by; none without an edit
    shown: frozenset[str]  # triggers that a person said yes to
    since: float


@dataclass(frozen=True, slots=True)
class _Key:
    state: bytes  # SHA-256 of the requestState
    grant: str
    session: str
    server: str
    tool: str
    arguments: str  # digest of the client's own


def _key(call: Call, state: str) -> _Key:
    caller = call.caller
    return _Key(
        hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest(),
        caller.grant,
        caller.session,
        call.server,
        call.tool,
        digest(call.arguments),
    )


class Continuations:
    """Open ones, oldest first."""

    def __init__(self) -> None:
        self._open: dict[_Key, _Continuation] = {}

    def remember(self, ended: LiveCall, state: str, now: float) -> None:
        """`ended`: the leg that the server answered with this `requestState`. A ninth leg is never remembered."""
        self._forget(now, room_for=1)
        if ended.leg >= MAX_LEGS:
            return
        key = _key(ended.call, state)
        self._open.pop(key, None)
        frame = b"" if ended.edit is None else ended.judged.frame
        self._open[key] = _Continuation(ended.root, ended.leg + 1, ended.edit, frame, ended.shown, now)

    def take_up(self, call: Call, now: float) -> LiveCall:
        """The call as the next leg of one that this retry continues, which is spent; or as a fresh one."""
        if call.request_state is None or not self._open:
            return LiveCall(call, call, None, call.id, 1, frozenset())
        self._forget(now)
        found = self._open.pop(_key(call, call.request_state), None)
        if found is None:
            return LiveCall(call, call, None, call.id, 1, frozenset())
        judged = call if found.edit is None else with_arguments(call, found.edit, found.frame)
        return LiveCall(call, judged, found.edit, found.root, found.leg, found.shown)

    def _forget(self, now: float, room_for: int = 0) -> None:
        while self._open:
            oldest = next(iter(self._open))
            if now - self._open[oldest].since < LIFETIME and len(self._open) + room_for <= CAPACITY:
                return
            del self._open[oldest]
