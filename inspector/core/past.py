"""A call that was judged once, with everything that judging it again needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from inspector.core.call import Call, CallId, Outcome
from inspector.core.decision import CounterKey, Decision
from inspector.core.holds import HoldEnd, Remember
from inspector.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class PastEnd:
    """How its hold ended, if it was held."""

    at: float
    end: HoldEnd
    arguments: JsonObject | None  # as edited
    remember: Remember = Remember.ONCE


@dataclass(frozen=True, slots=True)
class PastCall:
    """One leg of a call. `call.at` is the moment of its arrival."""

    call: Call
    root: CallId  # the first leg; itself otherwise
    leg: int
    decision: Decision  # the first one: what the policy said before any person did
    hold: PastEnd | None
    forwarded: bool
    finished_at: float | None  # None while it runs or is held
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class PastReset:
    """A person let a counter begin again."""

    at: float
    key: CounterKey


@dataclass(frozen=True, slots=True)
class PastRevocation:
    """A person revoked what was remembered of a call's approval."""

    at: float
    call_id: CallId


PastUndoing: TypeAlias = PastReset | PastRevocation
