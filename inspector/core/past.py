"""A call that was judged once, with everything that judging it again needs."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.core.call import Call, CallId, Outcome
from inspector.core.decision import Decision
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
