"""The fixed windows of a ledger's file, in memory for as long as nobody else writes to it.

Nearly every limit is one, and a burst of calls charges the same few: each is read once, and written once a commit.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from math import inf
from typing import Final

from inspector.core.decision import CounterKey
from inspector.policy.ledger import ZERO, window_start
from inspector.policy.values import EXACT

STORE: Final = """INSERT INTO counters (key, start, used, expires) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET start = excluded.start, used = excluded.used, expires = excluded.expires"""
_USE = "UPDATE counters SET used = ? WHERE key = ? AND start = ?"  # in the window that it stands for: no index changes


class Windows:
    """What is changed here stands in the file after `flush`, within the transaction that is open.

    `latest`: the latest time that the file has seen, in Unix seconds. Every method raises what SQLite raises.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._version = -1  # SQLite's, which grows when another connection commits
        self._known: dict[
            str, tuple[float | None, Decimal]
        ] = {}  # by spelled key: the window's start, and what is used
        self._changed: dict[str, CounterKey] = {}
        self._written = self.latest = -inf

    def refresh(self) -> None:
        """Forget what another connection may have changed. Once a transaction has begun, nothing can change."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return
        self.forget()
        row = self._db.execute("SELECT value FROM meta WHERE name = 'latest'").fetchone()
        self._written = self.latest = -inf if row is None or row[0] is None else float(row[0])
        self._version = version

    def used(self, key: CounterKey, text: str, now: float) -> Decimal:
        """`text` is the key as the file spells it."""
        start, used = self._look(text)
        return used if start == window_start(now, key.window) else ZERO

    def charge(self, key: CounterKey, text: str, used: Decimal, now: float) -> float:
        """Returns the start of the window that is charged: where a refund belongs."""
        start = window_start(now, key.window)
        self._known[text] = (start, used)
        self._changed[text] = key
        return start

    def give_back(self, key: CounterKey, text: str, start: float | None, amount: Decimal) -> None:
        """Nothing, when the window has passed: nobody reads it any more."""
        current, used = self._look(text)
        if current is not None and current == start:
            self._known[text] = (current, EXACT.subtract(used, amount))
            self._changed[text] = key

    def flush(self) -> None:
        for text, key in self._changed.items():
            start, used = self._known[text]
            if start is not None and not self._db.execute(_USE, (str(used), text, start)).rowcount:
                self._db.execute(STORE, (text, start, str(used), start + key.window))
        self._changed.clear()
        if self.latest != self._written:
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'latest'", (self.latest,))
            self._written = self.latest

    def forget(self) -> None:
        """Nothing is known any more, and what was not flushed never was."""
        self._version = -1
        self._known.clear()
        self._changed.clear()

    def _look(self, text: str) -> tuple[float | None, Decimal]:
        known = self._known.get(text)
        if known is None:
            row = self._db.execute("SELECT start, used FROM counters WHERE key = ?", (text,)).fetchone()
            known = self._known[text] = (None, ZERO) if row is None else (row[0], Decimal(row[1]))
        return known
