"""Limits: what a call would claim of which counters, and whether there is room. Charges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeAlias

from inspector.core.call import Call
from inspector.core.decision import Algorithm, Charge, CounterKey, Reading, Scope, StepResult, TraceStep
from inspector.core.effects import Usage
from inspector.policy import messages
from inspector.policy.match import Denial
from inspector.policy.model import Limit
from inspector.policy.paths import resolve_within
from inspector.policy.values import EXACT, usable_amount

SEPARATOR = "\x1f"
MAX_AMOUNTS = 10_000  # values that one fan-out may sum: more cannot be added without holding up every other call
_ZERO, _ONE = Decimal(0), Decimal(1)

RaisedMax: TypeAlias = Mapping[tuple[CounterKey, str], Decimal]
"""By counter and rule: what stands there instead of the limit's own `max`."""

NONE_RAISED: Final[RaisedMax] = {}


def scope_id(scope: Scope, call: Call) -> str:
    """Whose counter it is; "" for everybody's."""
    caller = call.caller
    match scope:
        case Scope.GRANT:
            return caller.grant
        case Scope.SESSION:
            return f"{caller.grant}{SEPARATOR}{caller.session}"
        case Scope.CLIENT:
            return f"{caller.grant}{SEPARATOR}{caller.client}"
        case Scope.SERVER:
            return call.server
        case Scope.GLOBAL:
            return ""


def counter_key(limit: Limit, call: Call) -> CounterKey:
    return CounterKey(limit.name, limit.scope, scope_id(limit.scope, call), limit.window, limit.algorithm)


def amount_of(limit: Limit, call: Call) -> Decimal | None:
    """What the call claims; a fan-out sums. None when that cannot be used: missing, negative, no number."""
    amount = limit.amount
    if isinstance(amount, Decimal):
        return amount if amount == _ONE else usable_amount(amount)
    values = [value for value in resolve_within(amount, call.arguments, MAX_AMOUNTS) or () if value is not None]
    if not values:
        return None
    total = _ZERO
    for value in values:
        part = usable_amount(value)
        if part is None:
            return None
        total = EXACT.add(total, part)
    return total


@dataclass(slots=True)
class Meter:
    """Follows one call along its limits. Several that share a counter add up in their order."""

    call: Call
    usage: Usage
    now: float
    continuing: bool  # a later leg: windows are neither compared nor charged
    raised: RaisedMax
    charges: list[Charge] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    _after: dict[CounterKey, Decimal] = field(default_factory=dict)  # what each counter would stand at

    def claim(self, limit: Limit, rule: str, trace: list[TraceStep]) -> Reading | Denial | None:
        """Add one limit's claim. The reading when it would be exceeded; the denial when its amount is unusable.

        Raises StoreError when the counter cannot be read.
        """
        amount = amount_of(limit, self.call)
        if amount is None:
            trace.append(TraceStep(rule, StepResult.FIRED, path=limit.amount_text, note="no usable amount"))
            return Denial(rule, limit.on_deny or messages.unusable_amount(rule, limit.amount_text))
        if self.continuing and limit.algorithm is not Algorithm.IN_FLIGHT:
            return None
        key = counter_key(limit, self.call)
        found = self.usage.used(key, self.now)
        before = self._after.get(key, found.before)
        after = self._after[key] = EXACT.add(before, amount)
        most = self._max(limit, key, rule)
        over = after > most
        reading = Reading(key, rule, before, amount, most, found.resets_at)
        self.readings.append(reading)
        # One that may be exceeded is charged without a comparison: that it was asked about is the caller's to see to.
        self.charges.append(Charge(key, rule, amount, most, limit.refund_on_error, over and limit.asks))
        note = f"{messages.plain(before)} of {messages.plain(most)} used, {messages.plain(amount)} wanted"
        if most is not limit.max:
            note += f"; raised from {messages.plain(limit.max)}"
        trace.append(TraceStep(rule, StepResult.FIRED if over else StepResult.PASS, note=note))
        return reading if over else None

    def is_above(self, limit: Limit, rule: str) -> Reading | None:
        """The reading of a counter that stands above its max already, whatever this call would add."""
        if self.continuing and limit.algorithm is not Algorithm.IN_FLIGHT:
            return None
        key = counter_key(limit, self.call)
        found = self.usage.used(key, self.now)
        most = self._max(limit, key, rule)
        return None if found.before <= most else Reading(key, rule, found.before, _ZERO, most, found.resets_at)

    def _max(self, limit: Limit, key: CounterKey, rule: str) -> Decimal:
        return self.raised.get((key, rule), limit.max) if self.raised else limit.max
