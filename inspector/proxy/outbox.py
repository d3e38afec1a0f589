"""What leaves for the servers, after one commit for all that was emitted and charged before it."""

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

TURNS: Final = 3
"""Turns of the event loop for which a departure waits, as long as each brings another: a commit costs more than all
else of a call, and is shared by all who are there. Who is alone does not wait, but for one turn after a crowd."""

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
        self._gathered = 0  # departures when it was last looked for more
        self._turns = 0
        self._was_crowded = False  # several left together the last time

    def put(self, departure: Departure) -> None:
        self._departures.append(departure)
        self.soon()

    def soon(self) -> None:
        """There is something to commit: at the end of this turn, or of the next few while they bring more."""
        if not self._scheduled:
            self._scheduled = True
            self._gathered, self._turns = max(1, len(self._departures)), 0
            asyncio.get_running_loop().call_soon(self._empty)

    def _empty(self) -> None:
        is_crowded = len(self._departures) > self._gathered or (self._was_crowded and self._turns == 0)
        if is_crowded and self._turns < TURNS:
            self._gathered = len(self._departures)
            self._turns += 1
            asyncio.get_running_loop().call_soon(self._empty)
            return
        self._scheduled = False
        departures, self._departures = self._departures, []
        self._was_crowded = len(departures) > 1
        lost, why = self._ledger.commit(), self._journal.commit() if departures else None
        for connection, what, arguments in departures:
            if isinstance(what, Outgoing):
                if connection.link is not None:
                    connection.link.send(what)
            elif why is not None or what in lost:
                self._keep_back(connection, what, why or UNCOUNTED)
            else:
                self._forward(connection, what, arguments)
