"""A ledger in a file: it survives restarts, and several processes share it exactly.

SQLite in WAL mode. Every change is one `BEGIN IMMEDIATE` transaction, so two processes never both get the last unit.
Reads go over a connection of their own and do not wait for a writer. A process that dies leaves a lock file that nobody
holds: whoever opens the store next frees its in-flight slots.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import inf
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from inspector.core.call import CallId
from inspector.core.decision import Algorithm, Charge, CounterKey, Reading, Scope
from inspector.core.effects import Exceeded, Granted, Reservation, StoreFailed
from inspector.core.errors import StoreBusyError, StoreError
from inspector.policy.ledger import ZERO, given_back, reading, weigh, window_start
from inspector.policy.ledger_file import PATIENCE, Opened, open_store
from inspector.policy.values import EXACT

SWEEP_EVERY = 512  # reservations

_Result = TypeVar("_Result")

_USED = (
    """SELECT m.value, c.id, c.start, c.used FROM meta m LEFT JOIN counters c ON c.key = ? WHERE m.name = 'latest'"""
)
_USE = "UPDATE counters SET used = ? WHERE key = ? AND start = ?"  # in the window that it stands for: no index changes
# Each fixed window is a row of its own, with a number that no other ever had: what is given back finds its own window.
_BEGIN = "INSERT OR REPLACE INTO counters (key, start, used, expires) VALUES (?, ?, ?, ?)"
_STORE = """INSERT INTO counters (key, start, used, expires) VALUES (?, ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET start = excluded.start, used = excluded.used, expires = excluded.expires"""


@dataclass(frozen=True, slots=True)
class _Held:
    charge: Charge
    mark: int | None  # where a refund belongs


class SqliteLedger:
    """`set_aside` names the corrupt file that was found and kept, for the person to be told; else None.

    `grouped`: everything between two `commit`s is one transaction, which most of the cost of a change is. Without it
    every change stands by itself.
    """

    def __init__(self, opened: Opened, run: str, *, grouped: bool = False) -> None:
        self._grouped = grouped
        self._turn: list[CallId] = []  # charged in the transaction that is open
        self._lost: list[CallId] = []  # charged in one that was rolled back
        self._writer, self._reader = opened.writer, opened.reader
        self._alive = opened.alive
        self._run = run
        # What each call that runs was charged. The file knows of slots only: after a crash all other charges stand.
        self._held: dict[CallId, list[_Held]] = {}
        self._until_sweep = SWEEP_EVERY
        self.set_aside = opened.set_aside

    @classmethod
    def open(cls, path: Path, run: str, patience: float = PATIENCE, *, grouped: bool = False) -> SqliteLedger:
        """The store at `path`, created 0600 when it is new. Raises StoreError.

        `run` is unique per process; `patience` is how many seconds a change waits for another process.
        """
        opened = open_store(path, run, free_slots)
        opened.writer.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        return cls(opened, run, grouped=grouped)

    def used(self, key: CounterKey, now: float) -> Reading:
        with _Reported():
            return _read(self._current, key, now)

    def readings(self, keys: Iterable[CounterKey], now: float) -> tuple[Reading, ...]:
        with _Reported():
            return tuple(_read(self._current, key, now) for key in dict.fromkeys(keys))

    def reserve(self, call_id: CallId, charges: Sequence[Charge], now: float) -> Reservation:
        def work(db: sqlite3.Connection) -> Reservation:
            at, standing = now, {}
            rows: dict[CounterKey, int | None] = {}
            for charge in charges:
                standing[charge.key], at, rows[charge.key] = _look(db, charge.key, at)
            weighed = weigh(charges, standing)
            if weighed.exceeded is not None:
                return Exceeded(at, weighed.exceeded, weighed.readings)
            used = {key: found.before for key, found in standing.items()}
            held: list[_Held] = []
            for number, charge in enumerate(charges):
                used[charge.key] = EXACT.add(used[charge.key], charge.amount)
                held.append(_Held(charge, _charge(db, charge, used[charge.key], at, rows)))
                if charge.key.algorithm is Algorithm.IN_FLIGHT:
                    slot = (self._run, call_id, number, spelled(charge.key), str(charge.amount))
                    db.execute("INSERT OR REPLACE INTO slots VALUES (?, ?, ?, ?, ?)", slot)
            _see(db, at)
            self._sweep(db, at)
            self._held[call_id] = held
            self._turn.append(call_id)
            return Granted(at, weighed.readings)

        try:
            return self._write(work)
        except StoreError as error:
            self._held.pop(call_id, None)
            return StoreFailed(now, str(error), busy=isinstance(error, StoreBusyError))

    def settle(self, call_id: CallId, now: float, *, refund_all: bool, refund_errors: bool) -> tuple[Reading, ...]:
        held = self._held.get(call_id, [])
        back = [
            one
            for one in held
            if given_back(
                one.charge.key, one.charge.refund_on_error, refund_all=refund_all, refund_errors=refund_errors
            )
        ]

        def work(db: sqlite3.Connection) -> tuple[Reading, ...]:
            at = max(now, _latest(db))
            for one in back:
                _give_back(db, one.charge.key, one.mark, one.charge.amount)
            db.execute("DELETE FROM slots WHERE run = ? AND call = ?", (self._run, call_id))
            _see(db, at)
            return tuple(_read(db, key, at) for key in dict.fromkeys(one.charge.key for one in back))

        changed = self._write(work) if back else ()
        self._held.pop(call_id, None)
        return changed

    def reset(self, key: CounterKey, now: float) -> Reading:
        def work(db: sqlite3.Connection) -> Reading:
            text, (before, at, counter) = spelled(key), _look(db, key, now)
            db.execute("DELETE FROM entries WHERE counter = ?", (counter,))
            db.execute("DELETE FROM counters WHERE key = ?", (text,))
            db.execute("DELETE FROM slots WHERE key = ?", (text,))
            _see(db, at)
            return before

        return self._write(work)

    def latest(self) -> float:
        with _Reported():
            return _latest(self._reader)

    def seen(self, now: float) -> None:
        self._write(lambda db: _see(db, max(now, _latest(db))))

    def close(self) -> None:
        """Leave nothing behind that is ours alone: the slots of calls that still ran, and the mark of being alive."""
        self.commit()
        with suppress(sqlite3.Error):  # what we cannot do now, the next one who opens the store does
            free_slots(self._writer, self._run)
        self._reader.close()
        self._writer.close()
        self._alive.close()

    def commit(self) -> tuple[CallId, ...]:
        if self._writer.in_transaction:
            try:
                self._writer.execute("COMMIT")
            except sqlite3.Error:
                self._roll_back()
        self._turn.clear()
        lost, self._lost = tuple(self._lost), []
        return lost

    @property
    def _current(self) -> sqlite3.Connection:
        """Who sees what this turn has changed."""
        return self._writer if self._writer.in_transaction else self._reader

    def _write(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        with _Reported():
            if not self._grouped:
                with _Transaction(self._writer):
                    return work(self._writer)
            if not self._writer.in_transaction:
                self._writer.execute("BEGIN IMMEDIATE")
            try:
                return work(self._writer)
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            self._writer.execute("ROLLBACK")
        for call_id in self._turn:
            self._held.pop(call_id, None)
        self._lost += self._turn
        self._turn.clear()

    def _sweep(self, db: sqlite3.Connection, now: float) -> None:
        """Forget counters whose windows have passed."""
        self._until_sweep -= 1
        if self._until_sweep > 0:
            return
        self._until_sweep = SWEEP_EVERY
        db.execute("DELETE FROM counters WHERE expires <= ?", (now,))
        db.execute("DELETE FROM entries WHERE counter NOT IN (SELECT id FROM counters)")


def free_slots(db: sqlite3.Connection, run: str) -> None:
    """A process has ended: its calls no longer run. What they were charged stands."""
    with _Transaction(db):
        for text, amount in db.execute("SELECT key, amount FROM slots WHERE run = ?", (run,)).fetchall():
            _give_back(db, unspelled(text), None, Decimal(amount))
        db.execute("DELETE FROM slots WHERE run = ?", (run,))
        db.execute("DELETE FROM runs WHERE run = ?", (run,))


class _Transaction:
    # A class, as the next one is: there are several for each call, and a generator costs four times as much.
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


class _Reported:
    """What SQLite raises, as a StoreError."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, sqlite3.Error):
            return
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise StoreBusyError("the counters' file is locked by another process") from error
        raise StoreError(f"the counters' file cannot be used: {error}") from error


@lru_cache(maxsize=1024)
def spelled(key: CounterKey) -> str:
    return json.dumps([key.name, key.scope, key.scope_id, key.window, key.algorithm])


def unspelled(text: str) -> CounterKey:
    name, scope, scope_id, window, algorithm = json.loads(text)
    return CounterKey(name, Scope(scope), scope_id, window, Algorithm(algorithm))


def _latest(db: sqlite3.Connection) -> float:
    row = db.execute("SELECT value FROM meta WHERE name = 'latest'").fetchone()
    return -inf if row is None or row[0] is None else float(row[0])


def _see(db: sqlite3.Connection, now: float) -> None:
    db.execute("UPDATE meta SET value = ? WHERE name = 'latest'", (now,))


def _read(db: sqlite3.Connection, key: CounterKey, now: float) -> Reading:
    return _look(db, key, now)[0]


def _look(db: sqlite3.Connection, key: CounterKey, now: float) -> tuple[Reading, float, int | None]:
    """The counter as it stands; the time: `now`, or the latest that the store has seen; and its row, if it has one."""
    latest, counter, start, used = db.execute(_USED, (spelled(key),)).fetchone()
    now = now if latest is None else max(now, latest)
    total = ZERO if used is None else Decimal(used)
    match key.algorithm:
        case Algorithm.FIXED:
            current = window_start(now, key.window)
            return reading(key, total if start == current else ZERO, current + key.window), now, counter
        case Algorithm.SLIDING:
            until = now - key.window
            for (amount,) in db.execute("SELECT amount FROM entries WHERE counter = ? AND at <= ?", (counter, until)):
                total = EXACT.subtract(total, Decimal(amount))
            oldest = db.execute("SELECT min(at) FROM entries WHERE counter = ? AND at > ?", (counter, until)).fetchone()
            return reading(key, total, (now if oldest[0] is None else oldest[0]) + key.window), now, counter
        case Algorithm.IN_FLIGHT:
            return reading(key, total, None), now, counter


def _charge(
    db: sqlite3.Connection, charge: Charge, used: Decimal, now: float, rows: dict[CounterKey, int | None]
) -> int | None:
    """Make `used` what its counter holds. The mark says where a refund belongs: a counter's row, or an entry's id."""
    key = charge.key
    text = spelled(key)
    match key.algorithm:
        case Algorithm.FIXED:
            start = window_start(now, key.window)
            if not db.execute(_USE, (str(used), text, start)).rowcount:
                rows[key] = db.execute(_BEGIN, (text, start, str(used), start + key.window)).lastrowid
            return rows[key]
        case Algorithm.SLIDING:
            db.execute(_STORE, (text, None, str(used), now + key.window))
            (counter,) = db.execute("SELECT id FROM counters WHERE key = ?", (text,)).fetchone()
            db.execute("DELETE FROM entries WHERE counter = ? AND at <= ?", (counter, now - key.window))
            added = db.execute(
                "INSERT INTO entries (counter, at, amount) VALUES (?, ?, ?)", (counter, now, str(charge.amount))
            )
            return added.lastrowid
        case Algorithm.IN_FLIGHT:
            stored = db.execute(_STORE, (text, None, str(used), None))
            if rows[key] is None:
                rows[key] = stored.lastrowid
            return rows[key]


def _give_back(db: sqlite3.Connection, key: CounterKey, mark: int | None, amount: Decimal) -> None:
    """`mark` None: of a process that has ended; its slots are given back whatever row they stand in."""
    text = spelled(key)
    row = db.execute("SELECT id, used FROM counters WHERE key = ?", (text,)).fetchone()
    if row is None:
        return  # the window has passed, and nothing reads it any more
    counter, used = row
    if key.algorithm is Algorithm.SLIDING:
        if not db.execute("DELETE FROM entries WHERE id = ?", (mark,)).rowcount:
            return
    elif mark not in (None, counter):
        return  # another window, or the counter has begun again
    left = EXACT.subtract(Decimal(used), amount)
    if key.algorithm is Algorithm.IN_FLIGHT and left <= 0:
        db.execute("DELETE FROM counters WHERE key = ?", (text,))
    else:
        db.execute("UPDATE counters SET used = ? WHERE key = ?", (str(left), text))
