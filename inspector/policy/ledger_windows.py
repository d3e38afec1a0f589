"""The fixed windows of a ledger's file, in memory for as long as nobody else writes to it.

Nearly every limit is one, and a burst of calls charges the same few: each is read once, and written once a commit.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from math import inf
from typing import Final, TypeAlias

from inspector.core.decision import CounterKey
from inspector.policy.ledger import ZERO, window_start
from inspector.policy.values import EXACT

STORE: Final = """INSERT INTO counters (key, start, used, expires) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET start = excluded.start, used = excluded.used, expires = excluded.expires"""
_BEGIN = "INSERT INTO counters (key, start, used, expires) VALUES (?, ?, ?, ?)"
_USE = "UPDATE counters SET used = ? WHERE key = ? AND start = ?"  # in the window that it stands for: no index changes

Mark: TypeAlias = tuple[int, float]
"""A window: the counter's row, whose number no other ever had, and when it began. One that begins again has another."""


class Windows:
    """What is changed here stands in the file after `flush`, within the transaction that is open.

    `latest`: the latest time that the file has seen, in Unix seconds. Every method raises what SQLite raises.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._version = -1  # SQLite's, which grows when another connection commits
        # By spelled key: the counter's row, its window's start, and what is used.
        self._known: dict[str, tuple[int | None, float | None, Decimal]] = {}
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
        _, start, used = self._look(text)
        return used if start == window_start(now, key.window) else ZERO

    def charge(self, key: CounterKey, text: str, used: Decimal, now: float) -> Mark:
        """Returns the window that is charged: where a refund belongs."""
        start = window_start(now, key.window)
        row = self._look(text)[0]
        if row is None:
            begun = self._db.execute(_BEGIN, (text, start, str(used), start + key.window))
            row = begun.lastrowid or 0  # never 0 after an insert; the type has to say so
        self._known[text] = (row, start, used)
        self._changed[text] = key
        return row, start

    def give_back(self, key: CounterKey, text: str, mark: Mark, amount: Decimal) -> None:
        """Nothing, when the window has passed, or the counter has begun again: nobody reads it any more."""
        row, start, used = self._look(text)
        if (row, start) == mark:
            self._known[text] = (row, start, EXACT.subtract(used, amount))
            self._changed[text] = key

    def reset(self, text: str) -> None:
        """The counter begins again, in a row of its own."""
        self._db.execute("DELETE FROM counters WHERE key = ?", (text,))
        self._known.pop(text, None)
        self._changed.pop(text, None)

    def flush(self) -> None:
        for text, key in self._changed.items():
            _, start, used = self._known[text]
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

    def _look(self, text: str) -> tuple[int | None, float | None, Decimal]:
        known = self._known.get(text)
        if known is None:
            row = self._db.execute("SELECT id, start, used FROM counters WHERE key = ?", (text,)).fetchone()
            known = self._known[text] = (None, None, ZERO) if row is None else (row[0], row[1], Decimal(row[2]))
        return known
