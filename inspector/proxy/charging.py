"""The ledger as calls use it: one that another process holds is asked again for a while; the loop never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from inspector.core.call import CallId
from inspector.core.decision import CounterKey
from inspector.core.effects import Reservation, Reserve, Settle, StoreFailed
from inspector.core.errors import StoreBusyError, StoreError
from inspector.core.events import Counted, CounterReset, Event, StderrLine
from inspector.policy.ledger import Ledger

PATIENCE = 2.0  # seconds that a call waits for a ledger which another process holds
RETRY = 0.02  # seconds between two tries


class Charging:
    """`reserved` is told what a reservation came to, and when. `changed` is called whenever there is something to be
    committed, soon."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Callable[[], float],
        reserved: Callable[[CallId, Reservation, float], None],
        emit: Callable[[Event], None],
        changed: Callable[[], None],
    ) -> None:
        self._changed = changed
        self._ledger = ledger
        self._clock = clock
        self._reserved = reserved
        self._emit = emit

    def reserve(self, effect: Reserve) -> None:
        self._reserve(effect, self._clock())

    def settle(self, effect: Settle) -> None:
        self._settle(effect, self._clock())

    async def reset(self, key: CounterKey, by: str) -> None:
        """Let a counter begin again, as a person wished. Raises StoreError: it stands as it was."""
        asked = self._clock()
        while True:
            now = self._clock()
            try:
                before = self._ledger.reset(key, now)
                break
            except StoreBusyError:
                if now - asked >= PATIENCE:
                    raise
                await asyncio.sleep(RETRY)
        self._emit(CounterReset(now, before, by))

    def _reserve(self, effect: Reserve, asked: float) -> None:
        now = self._clock()
        self._changed()
        reservation = self._ledger.reserve(effect.call_id, effect.charges, now)
        if isinstance(reservation, StoreFailed) and reservation.busy and now - asked < PATIENCE:
            asyncio.get_running_loop().call_later(RETRY, self._reserve, effect, asked)
        else:
            self._reserved(effect.call_id, reservation, now)

    def _settle(self, effect: Settle, asked: float) -> None:
        now, all_, errors = self._clock(), effect.refund_all, effect.refund_errors
        try:
            changed = self._ledger.settle(effect.call_id, now, refund_all=all_, refund_errors=errors)
        except StoreError as error:
            if isinstance(error, StoreBusyError) and now - asked < PATIENCE:
                asyncio.get_running_loop().call_later(RETRY, self._settle, effect, asked)
            else:  # the charge stands: that errs on the side of the limit
                self._emit(StderrLine(now, "mcp-inspect", f"#{effect.call_id} was not given back its limits: {error}"))
            return
        if changed:
            self._changed()
            self._emit(Counted(now, changed))
