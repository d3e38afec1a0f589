"""What the gate asks of the driver, and what the ledger answers.

The gate (`policy/gate.py`) is pure: every method takes `now` and returns effects. The driver performs them in order:
a durable `Emit(Decided)` that fails stops the rest, and the call is refused.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from inspector.core.call import CallId
from inspector.core.decision import Charge, CounterKey, Decision, Reading
from inspector.core.events import Event
from inspector.core.fact import fact
from inspector.core.json import JsonObject


@fact(frozen=True, slots=True)
class Reserve:
    """Charge all or nothing; the answer goes to `Gate.reserved`."""

    call_id: CallId
    charges: tuple[Charge, ...]


@fact(frozen=True, slots=True)
class Settle:
    """The call has ended: free its in-flight slots, and give back its other charges when `refund` holds for them.

    `refund_all`: never sent, so everything goes back. `refund_errors`: only charges with `refund_on_error`.
    """

    call_id: CallId
    refund_all: bool
    refund_errors: bool


@fact(frozen=True, slots=True)
class Emit:
    event: Event


@fact(frozen=True, slots=True)
class Forward:
    """Send it. `arguments` None: as the client wrote them; else the edited ones."""

    call_id: CallId
    arguments: JsonObject | None


@fact(frozen=True, slots=True)
class Refuse:
    """Answer the client with a denial; nothing goes to the upstream."""

    call_id: CallId
    decision: Decision


@fact(frozen=True, slots=True)
class Keep:
    """Hold the client's request open; the driver keeps it alive until Forward or Refuse."""

    call_id: CallId
    deadline: float


@fact(frozen=True, slots=True)
class Drop:
    """The client has gone or cancelled: forget the request, answer nothing."""

    call_id: CallId


Effect: TypeAlias = Reserve | Settle | Emit | Forward | Refuse | Keep | Drop


@fact(frozen=True, slots=True)
class Granted:
    at: float  # the store's time
    readings: tuple[Reading, ...]


@fact(frozen=True, slots=True)
class Exceeded:
    """Somebody else took the last unit between the look and the reservation."""

    at: float
    rule: str
    readings: tuple[Reading, ...]


@fact(frozen=True, slots=True)
class StoreFailed:
    at: float
    why: str
    busy: bool = False  # another process holds it: worth another try


Reservation: TypeAlias = Granted | Exceeded | StoreFailed


class Usage(Protocol):
    """Reads counters for `decide`. Raises StoreError when they cannot be read."""

    def used(self, key: CounterKey, now: float) -> Reading:
        """The counter as it stands: `before` = in use, `amount` 0, `max` 0, `rule` "" (the caller knows those)."""
        ...
