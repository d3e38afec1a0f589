"""The counters of all limits: what is used, and who reserved it.

One contract, two stores: `ledger_memory` for a run that keeps nothing, `ledger_sqlite` for counters that survive a
restart and are shared exactly by several processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from inspector.core.call import CallId
from inspector.core.decision import Algorithm, Charge, CounterKey, Reading
from inspector.core.effects import Reservation
from inspector.core.fact import fact
from inspector.policy.values import EXACT

ZERO = Decimal(0)


class Ledger(Protocol):
    """All times are Unix seconds, and the store keeps the latest it saw: a clock that goes back frees nothing."""

    def used(self, key: CounterKey, now: float) -> Reading:
        """The counter as it stands; `amount` and `max` are 0, `rule` is "". Raises StoreError."""
        ...

    def readings(self, keys: Iterable[CounterKey], now: float) -> tuple[Reading, ...]:
        """As `used`, for several: what `Counted` tells. Raises StoreError."""
        ...

    def reserve(self, call_id: CallId, charges: Sequence[Charge], now: float) -> Reservation:
        """Charge all or nothing, in order. Never raises for a store that fails: that is `StoreFailed`.

        Waits a few milliseconds at most: a store that another process holds is `busy`, and the caller tries again.
        """
        ...

    def settle(self, call_id: CallId, now: float, *, refund_all: bool, refund_errors: bool) -> tuple[Reading, ...]:
        """A call has ended: free its slots, give back what is to be given back to its original window, and forget it.

        Returns the counters that this changed, as they stand now. Raises StoreError, StoreBusyError when it is to be
        tried again.
        """
        ...

    def reset(self, key: CounterKey, now: float) -> Reading:
        """Let a counter begin again at nothing, for every process that shares it. Returns what it stood at.

        It stands when this returns, and so does what was charged since the last commit. Calls that were charged
        before give nothing back to it, and no longer hold a slot. Raises StoreError, StoreBusyError when it is to be
        tried again: then the counter stands as it was.
        """
        ...

    def commit(self) -> tuple[CallId, ...]:
        """Make everything since the last commit stand. A call must not go before it.

        Returns the calls whose reservations did not stand after all: those must not go either.
        """
        ...

    def latest(self) -> float:
        """The latest time seen, of an earlier run too; -inf for a new store."""
        ...

    def seen(self, now: float) -> None:
        """Remember a time, so that the next run begins no earlier."""
        ...

    def close(self) -> None: ...


@fact(frozen=True, slots=True)
class Weighed:
    """One charge against its counter as all earlier charges of the call left it."""

    readings: tuple[Reading, ...]
    after: tuple[Decimal, ...]  # where each charge would leave its counter
    exceeded: str | None  # the rule at which the running total went over its max


def weigh(charges: Sequence[Charge], standing: dict[CounterKey, Reading]) -> Weighed:
    """Compare the charges of one call in order, those on one counter adding up. One that `asks` is not compared."""
    left: dict[CounterKey, Decimal] = {}
    readings: list[Reading] = []
    after: list[Decimal] = []
    for charge in charges:
        key, found = charge.key, standing[charge.key]
        before = left.get(key, found.before)
        readings.append(Reading(key, charge.rule, before, charge.amount, charge.max, found.resets_at))
        left[key] = total = EXACT.add(before, charge.amount)
        after.append(total)
        if total > charge.max and not charge.asks:
            return Weighed(tuple(readings), tuple(after), charge.rule)
    return Weighed(tuple(readings), tuple(after), None)


def window_start(now: float, window: int) -> int:
    """Where the fixed window that holds `now` begins, in Unix seconds: minutes, hours and days are UTC ones."""
    return int(now // window) * window


def reading(key: CounterKey, used: Decimal, resets_at: float | None) -> Reading:
    return Reading(key, "", used, ZERO, ZERO, resets_at)


def given_back(key: CounterKey, refundable: bool, *, refund_all: bool, refund_errors: bool) -> bool:
    """Does this charge leave its counter when the call ends?"""
    return key.algorithm is Algorithm.IN_FLIGHT or refund_all or (refund_errors and refundable)
