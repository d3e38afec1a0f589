"""Calls that the server answered with `input_required`: what a retry may take up again (MRTR).

A continuation is found by everything that must be equal, so a retry either is exactly the next leg or a fresh call.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from inspector.core.call import Call, CallId
from inspector.core.json import JsonObject
from inspector.policy.values import digest

LIFETIME = 600.0  # seconds; a retry must be younger
MAX_LEGS = 8
CAPACITY = 10_000  # the oldest is forgotten, and its retry is then a fresh call


@dataclass(frozen=True, slots=True)
class Continuation:
    root: CallId
    leg: int  # of the call that continues
    edit: JsonObject | None  # the person's arguments, sent again on every leg
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
        self._open: dict[_Key, Continuation] = {}

    def remember(self, call: Call, state: str, continuation: Continuation) -> None:
        """`call`: the leg that ended, with the client's own arguments. A ninth leg is never remembered."""
        self._forget(continuation.since, room_for=1)
        if continuation.leg > MAX_LEGS:
            return
        key = _key(call, state)
        self._open.pop(key, None)
        self._open[key] = continuation

    def take(self, call: Call, now: float) -> Continuation | None:
        """The continuation that this retry spends, if it is one."""
        if call.request_state is None or not self._open:
            return None
        self._forget(now)
        return self._open.pop(_key(call, call.request_state), None)

    def _forget(self, now: float, room_for: int = 0) -> None:
        while self._open:
            oldest = next(iter(self._open))
            if now - self._open[oldest].since < LIFETIME and len(self._open) + room_for <= CAPACITY:
                return
            del self._open[oldest]
