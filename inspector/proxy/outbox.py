"""What leaves for the servers, after one commit for all that was emitted and charged in a turn of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

from inspector.core.call import CallId
from inspector.core.json import JsonObject
from inspector.policy.ledger import Ledger
from inspector.proxy.connection import ClientConnection
from inspector.proxy.journal import Journal
from inspector.proxy.links import Outgoing

UNCOUNTED: Final = "the counters of this call cannot be written; it was not sent"

Departure: TypeAlias = tuple[ClientConnection, Outgoing | CallId, JsonObject | None]
"""A message, or a call with its arguments where a person edited them."""


class Outbox:
    """`forward` sends a call whose charges and decision are on disk; `keep_back` is told why one must not go."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        forward: Callable[[ClientConnection, CallId, JsonObject | None], None],
        keep_back: Callable[[ClientConnection, CallId, str], None],
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._forward = forward
        self._keep_back = keep_back
        self._departures: list[Departure] = []
        self._scheduled = False

    def put(self, departure: Departure) -> None:
        self._departures.append(departure)
        self.soon()

    def soon(self) -> None:
        """There is something to commit: at the end of this turn."""
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._empty)

    def _empty(self) -> None:
        self._scheduled = False
        departures, self._departures = self._departures, []
        lost, why = self._ledger.commit(), self._journal.commit() if departures else None
        for connection, what, arguments in departures:
            if isinstance(what, Outgoing):
                if connection.link is not None:
                    connection.link.send(what)
            elif why is not None or what in lost:
                self._keep_back(connection, what, why or UNCOUNTED)
            else:
                self._forward(connection, what, arguments)
