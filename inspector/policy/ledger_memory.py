"""A ledger that lives and dies with its process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from typing import TypeAlias, assert_never

from inspector.core.call import CallId
from inspector.core.decision import Algorithm, Charge, CounterKey, Reading
from inspector.core.effects import Exceeded, Granted, Reservation
from inspector.policy.ledger import ZERO, given_back, reading, weigh, window_start
from inspector.policy.values import EXACT

SWEEP_AT_LEAST = 1024  # counters


@dataclass(slots=True)
class _Fixed:
    """Only the latest window: time never goes back, so an older one is never read again."""

    start: int
    used: Decimal = ZERO


@dataclass(slots=True)
class _Slid:
    """One entry of a sliding window; `amount` becomes 0 when it is refunded."""

    at: float
    amount: Decimal


@dataclass(slots=True)
class _Sliding:
    entries: deque[_Slid] = field(default_factory=deque)
    used: Decimal = ZERO


@dataclass(slots=True)
class _Slots:
    used: Decimal = ZERO


_Counter: TypeAlias = _Fixed | _Sliding | _Slots


@dataclass(slots=True)
class _Held:
    """A charge that its call has not settled yet. `mark`: the window's or the slots' counter, or the sliding entry.

    A counter that begins again is another object, so that what belongs to the one before is not given back to it.
    """

    charge: Charge
    mark: _Fixed | _Slid | _Slots


class MemoryLedger:
    """Exact, and bounded: counters whose windows have passed are forgotten."""

    def __init__(self) -> None:
        self._counters: dict[CounterKey, _Counter] = {}
        self._held: dict[CallId, list[_Held]] = {}
        self._latest = -inf
        self._sweep_at = SWEEP_AT_LEAST

    def used(self, key: CounterKey, now: float) -> Reading:
        now = max(now, self._latest)
        counter = self._counters.get(key)
        if counter is None:
            return reading(key, ZERO, _next_boundary(key, now))
        return self._read(key, counter, now)

    def readings(self, keys: Iterable[CounterKey], now: float) -> tuple[Reading, ...]:
        return tuple(self.used(key, now) for key in dict.fromkeys(keys))

    def reserve(self, call_id: CallId, charges: Sequence[Charge], now: float) -> Reservation:
        self._latest = now = max(now, self._latest)
        weighed = weigh(charges, {charge.key: self.used(charge.key, now) for charge in charges})
        if weighed.exceeded is not None:
            return Exceeded(now, weighed.exceeded, weighed.readings)
        self._held[call_id] = [_Held(charge, self._charge(charge, now)) for charge in charges]
        if len(self._counters) >= self._sweep_at:
            self._sweep(now)
        return Granted(now, weighed.readings)

    def settle(self, call_id: CallId, now: float, *, refund_all: bool, refund_errors: bool) -> tuple[Reading, ...]:
        self._latest = now = max(now, self._latest)
        back = [
            one
            for one in self._held.pop(call_id, [])
            if given_back(
                one.charge.key, one.charge.refund_on_error, refund_all=refund_all, refund_errors=refund_errors
            )
        ]
        for one in back:
            self._give_back(one)
        return self.readings((one.charge.key for one in back), now)

    def reset(self, key: CounterKey, now: float) -> Reading:
        self._latest = now = max(now, self._latest)
        before = self.used(key, now)
        counter = self._counters.pop(key, None)
        if isinstance(counter, _Sliding):
            _expire(counter, inf)
        return before

    def commit(self) -> tuple[CallId, ...]:
        return ()

    def latest(self) -> float:
        return self._latest

    def seen(self, now: float) -> None:
        self._latest = max(now, self._latest)

    def restart(self) -> None:
        """What a restarted process finds in a store that outlived it: the charges stand, the slots are free."""
        self._held.clear()
        self._counters = {key: counter for key, counter in self._counters.items() if not isinstance(counter, _Slots)}

    def close(self) -> None:
        """Nothing to close."""

    def _read(self, key: CounterKey, counter: _Counter, now: float) -> Reading:
        match counter:
            case _Fixed():
                current = counter.start == window_start(now, key.window)
                return reading(key, counter.used if current else ZERO, _next_boundary(key, now))
            case _Sliding():
                _expire(counter, now - key.window)
                oldest = counter.entries[0].at if counter.entries else now
                return reading(key, counter.used, oldest + key.window)
            case _Slots():
                return reading(key, counter.used, None)
            case _:
                assert_never(counter)

    def _charge(self, charge: Charge, now: float) -> _Fixed | _Slid | _Slots:
        key = charge.key
        match key.algorithm:
            case Algorithm.FIXED:
                start = window_start(now, key.window)
                counter = self._counters.get(key)
                if not isinstance(counter, _Fixed) or counter.start != start:
                    counter = self._counters[key] = _Fixed(start)
                counter.used = EXACT.add(counter.used, charge.amount)
                return counter
            case Algorithm.SLIDING:
                sliding = self._counters.setdefault(key, _Sliding())
                assert isinstance(sliding, _Sliding)  # noqa: S101 - the algorithm is a part of the key
                entry = _Slid(now, charge.amount)
                sliding.entries.append(entry)
                sliding.used = EXACT.add(sliding.used, charge.amount)
                return entry
            case Algorithm.IN_FLIGHT:
                slots = self._counters.setdefault(key, _Slots())
                assert isinstance(slots, _Slots)  # noqa: S101 - as above
                slots.used = EXACT.add(slots.used, charge.amount)
                return slots
            case _:
                assert_never(key.algorithm)

    def _give_back(self, one: _Held) -> None:
        counter = self._counters.get(one.charge.key)
        match one.mark:
            case _Slid() as entry if isinstance(counter, _Sliding):
                # An entry that has slid out already was taken off then, and is 0.
                counter.used = EXACT.subtract(counter.used, entry.amount)
                entry.amount = ZERO
            case _Fixed() | _Slots() as charged if charged is counter:
                charged.used = EXACT.subtract(charged.used, one.charge.amount)
                if isinstance(charged, _Slots) and charged.used == 0:
                    del self._counters[one.charge.key]
            case _:
                pass  # the window has passed, or the counter has begun again

    def _sweep(self, now: float) -> None:
        """Forget what has expired, and come back when there is twice as much as remains."""
        self._counters = {key: counter for key, counter in self._counters.items() if _alive(key, counter, now)}
        self._sweep_at = max(SWEEP_AT_LEAST, 2 * len(self._counters))


def _next_boundary(key: CounterKey, now: float) -> float | None:
    match key.algorithm:
        case Algorithm.FIXED:
            return window_start(now, key.window) + key.window
        case Algorithm.SLIDING:
            return now + key.window
        case Algorithm.IN_FLIGHT:
            return None
        case _:
            assert_never(key.algorithm)


def _expire(counter: _Sliding, until: float) -> None:
    """Drop the entries of age W and more."""
    while counter.entries and counter.entries[0].at <= until:
        entry = counter.entries.popleft()
        counter.used = EXACT.subtract(counter.used, entry.amount)
        entry.amount = ZERO


def _alive(key: CounterKey, counter: _Counter, now: float) -> bool:
    match counter:
        case _Fixed():
            return counter.start == window_start(now, key.window)
        case _Sliding():
            _expire(counter, now - key.window)
            return bool(counter.entries)
        case _Slots():
            return counter.used != 0
        case _:
            assert_never(counter)
