"""What the policy said of a call, and why."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from enum import StrEnum

from inspector.core.call import CallId
from inspector.core.fact import fact
from inspector.core.json import Json


class Verdict(StrEnum):
    """The outcome word of "How a call is decided" in `docs/policy.md`."""

    ALLOW = "allow"
    DENY = "deny"
    PENDING = "pending"  # a person is asked
    CANCELLED = "cancelled"  # withdrawn while it was held


class Scope(StrEnum):
    GRANT = "grant"
    SESSION = "session"
    CLIENT = "client"
    SERVER = "server"
    GLOBAL = "global"


class Algorithm(StrEnum):
    FIXED = "fixed"
    SLIDING = "sliding"
    IN_FLIGHT = "in_flight"


@fact(frozen=True)
class CounterKey:
    """Identity of one counter ("Limits" in `docs/policy.md`): `max`, amount and messages may change without a reset."""

    name: str  # pointer of its `limits` list + counter name, or the pool's name
    scope: Scope = field(hash=False)  # an enum hashes itself in Python, and a call looks for its counters nine times
    scope_id: str  # "" for global; parts are joined by U+001F
    window: int  # seconds; 0 for in_flight
    algorithm: Algorithm = field(hash=False)


@fact(frozen=True)
class Charge:
    """One limit's claim on one counter for one call."""

    key: CounterKey
    rule: str  # "<entry>/limits/<counter>"
    amount: Decimal
    max: Decimal
    refund_on_error: bool = True
    asks: bool = False  # on_exceed: approve, and a person said yes: charge without comparing


@fact(frozen=True)
class Reading:
    """A counter as it stood when a call touched it."""

    key: CounterKey
    rule: str
    before: Decimal
    amount: Decimal
    max: Decimal
    resets_at: float | None  # Unix seconds; None for in_flight


class StepResult(StrEnum):
    PASS = "pass"
    FIRED = "fired"  # this step denied or asked
    REMEMBERED = "remembered"  # it would have asked, and a remembered approval answered


@fact(frozen=True)
class TraceStep:
    """One thing that was looked at on the way to the decision, passes included."""

    rule: str
    result: StepResult
    path: str = ""
    op: str = ""
    expected: Json = None
    observed: Json = None
    note: str = ""  # "missing", "mismatch: not a number", "8 of 10 used" …


@fact(frozen=True)
class Decision:
    """The one answer to "may this call go?": see "How a call is decided" in `docs/policy.md`."""

    call_id: CallId
    at: float
    server: str
    tool: str
    verdict: Verdict
    rule: str  # "" when nothing fired
    message: str  # what the agent reads when denied; why a person is asked when pending
    trace: tuple[TraceStep, ...]
    charges: tuple[Charge, ...]
    readings: tuple[Reading, ...]
    triggers: tuple[str, ...]  # every phase-12 trigger that fired, in order; what the person is shown
    policy_hash: str  # "" while no policy was ever loaded
    approvals: tuple[int, ...] = ()  # the remembered ones that answered its triggers

    def charged(self, at: float, readings: tuple[Reading, ...]) -> Decision:
        """The same decision at the moment when its charges stand."""
        return Decision(
            self.call_id,
            at,
            self.server,
            self.tool,
            self.verdict,
            self.rule,
            self.message,
            self.trace,
            self.charges,
            readings,
            self.triggers,
            self.policy_hash,
            self.approvals,
        )

    @property
    def limited(self) -> bool:
        """A limit is what stopped it, so the screen can say `limit` instead of `deny`."""
        return self.verdict is Verdict.DENY and any(r.rule == self.rule for r in self.readings)
