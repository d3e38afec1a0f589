"""Counters to charge, for the tests of ledgers."""

from __future__ import annotations

from decimal import Decimal

from inspector.core.decision import Algorithm, Charge, CounterKey, Scope
from inspector.policy.ledger import Ledger
from inspector.policy.ledger_sqlite import SqliteLedger


def key(name: str = "n", window: int = 60, algorithm: Algorithm = Algorithm.FIXED, scope_id: str = "g") -> CounterKey:
    return CounterKey(f"/tools/t/limits/{name}", Scope.GRANT, scope_id, window, algorithm)


SLIDING = key(algorithm=Algorithm.SLIDING)


SLOTS = key(window=0, algorithm=Algorithm.IN_FLIGHT)


def charge(counter: CounterKey, most: str = "1", amount: str = "1", **more: bool) -> Charge:
    return Charge(counter, f"rule {counter.name}", Decimal(amount), Decimal(most), **more)


def used(ledger: Ledger, counter: CounterKey, now: float) -> Decimal:
    return ledger.used(counter, now).before


def fail_the_commit_of_a_reset(ledger: SqliteLedger) -> None:
    """As on a full disk: deleting a counter is found wrong when it is committed, not before."""
    ledger._db.executescript(
        "PRAGMA foreign_keys = ON;"
        "CREATE TABLE room (of INTEGER PRIMARY KEY);"
        "CREATE TABLE full (of INTEGER REFERENCES room DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TEMP TRIGGER no_room AFTER DELETE ON counters BEGIN INSERT INTO full VALUES (1); END;"
    )
