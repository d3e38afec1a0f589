"""A ledger in a file: it survives restarts, and several processes share it exactly.

SQLite in WAL mode. Every change is one `BEGIN IMMEDIATE` transaction, so two processes never both get the last unit;
a look waits for nobody. A process that dies leaves a lock file that nobody holds: whoever opens the store next frees
its in-flight slots.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from inspector.core.call import CallId
from inspector.core.decision import Algorithm, Charge, CounterKey, Reading, Scope
from inspector.core.effects import Exceeded, Granted, Reservation, StoreFailed
from inspector.core.errors import StoreBusyError, StoreError
from inspector.core.fact import fact
from inspector.policy.ledger import ZERO, given_back, reading, weigh, window_start
from inspector.policy.ledger_file import PATIENCE, Opened, open_store
from inspector.policy.ledger_windows import STORE, Mark, Windows
from inspector.policy.values import EXACT

SWEEP_EVERY = 512  # reservations

_Result = TypeVar("_Result")

_FREE = "DELETE FROM slots WHERE run = ? AND call = ? AND number = ?"
_OLDEST = "SELECT min(at) FROM entries WHERE counter = ? AND at > ?"


@fact(frozen=True, slots=True)
class _Held:
    charge: Charge
    mark: Mark | int  # where a refund belongs: a window, a sliding entry's id, a slot's number


class SqliteLedger:
    """`set_aside` names the corrupt file that was found and kept, for the person to be told; else None.

    `grouped`: everything between two `commit`s is one transaction, which most of the cost of a change is. Without it
    every change stands by itself.
    """

    def __init__(self, opened: Opened, run: str, *, grouped: bool = False) -> None:
        self._grouped = grouped
        self._turn: list[CallId] = []  # charged in the transaction that is open
        self._lost: list[CallId] = []  # charged in one that was rolled back
        self._db = opened.db
        self._windows = Windows(opened.db)
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
        opened.db.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        return cls(opened, run, grouped=grouped)

    def used(self, key: CounterKey, now: float) -> Reading:
        try:
            self._refresh()
            return self._read(key, max(now, self._windows.latest))
        except sqlite3.Error as error:
            raise _reported(error) from error

    def readings(self, keys: Iterable[CounterKey], now: float) -> tuple[Reading, ...]:
        try:
            self._refresh()
            return self._readings(keys, max(now, self._windows.latest))
        except sqlite3.Error as error:
            raise _reported(error) from error

    def reserve(self, call_id: CallId, charges: Sequence[Charge], now: float) -> Reservation:
        def work() -> Reservation:
            at = max(now, self._windows.latest)
            standing = {charge.key: self._read(charge.key, at) for charge in charges}
            weighed = weigh(charges, standing)
            if weighed.exceeded is not None:
                return Exceeded(at, weighed.exceeded, weighed.readings)
            held: list[_Held] = []
            for number, (charge, used) in enumerate(zip(charges, weighed.after, strict=True)):
                held.append(_Held(charge, self._charge(charge, used, at, number)))
                if charge.key.algorithm is Algorithm.IN_FLIGHT:
                    slot = (self._run, call_id, number, spelled(charge.key), str(charge.amount))
                    self._db.execute("INSERT OR REPLACE INTO slots VALUES (?, ?, ?, ?, ?)", slot)
            self._windows.latest = at
            self._sweep(at)
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

        def work() -> tuple[Reading, ...]:
            at = self._windows.latest = max(now, self._windows.latest)
            for one in back:
                self._give_back(call_id, one)
            return self._readings((one.charge.key for one in back), at)

        changed = self._write(work) if back else ()
        self._held.pop(call_id, None)
        return changed

    def reset(self, key: CounterKey, now: float) -> Reading:
        def work() -> Reading:
            at = self._windows.latest = max(now, self._windows.latest)
            text, stood = spelled(key), self._read(key, at)
            self._db.execute("DELETE FROM entries WHERE counter = (SELECT id FROM counters WHERE key = ?)", (text,))
            self._db.execute("DELETE FROM slots WHERE key = ?", (text,))
            self._windows.reset(text)
            return stood

        return self._write(work, at_once=True)

    def latest(self) -> float:
        try:
            self._refresh()
        except sqlite3.Error as error:
            raise _reported(error) from error
        return self._windows.latest

    def seen(self, now: float) -> None:
        def work() -> None:
            self._windows.latest = max(now, self._windows.latest)

        self._write(work)

    def close(self) -> None:
        """Leave nothing behind that is ours alone: the slots of calls that still ran, and the mark of being alive."""
        self.commit()
        with suppress(sqlite3.Error):  # what we cannot do now, the next one who opens the store does
            free_slots(self._db, self._run)
        self._db.close()
        self._alive.close()

    def commit(self) -> tuple[CallId, ...]:
        if self._db.in_transaction:
            try:
                self._windows.flush()
                self._db.execute("COMMIT")
            except sqlite3.Error:
                self._roll_back()
        self._turn.clear()
        lost, self._lost = tuple(self._lost), []
        return lost

    def _refresh(self) -> None:
        if not self._db.in_transaction:
            self._windows.refresh()

    def _write(self, work: Callable[[], _Result], *, at_once: bool = False) -> _Result:
        begins = not self._db.in_transaction
        try:
            if begins:
                self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _reported(error) from error
        try:
            if begins:
                self._windows.refresh()
            result = work()
            if at_once or not self._grouped:
                self._windows.flush()
                self._db.execute("COMMIT")
                self._turn.clear()
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite3.Error):
                raise _reported(error) from error
            raise
        return result

    def _roll_back(self) -> None:
        self._windows.forget()
        with suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")
        for call_id in self._turn:
            self._held.pop(call_id, None)
        self._lost += self._turn
        self._turn.clear()

    def _readings(self, keys: Iterable[CounterKey], now: float) -> tuple[Reading, ...]:
        return tuple(self._read(key, now) for key in dict.fromkeys(keys))

    def _read(self, key: CounterKey, now: float) -> Reading:
        text = spelled(key)
        if key.algorithm is Algorithm.FIXED:
            resets_at = window_start(now, key.window) + key.window
            return reading(key, self._windows.used(key, text, now), resets_at)
        row = self._db.execute("SELECT id, used FROM counters WHERE key = ?", (text,)).fetchone()
        counter, total = (None, ZERO) if row is None else (row[0], Decimal(row[1]))
        if key.algorithm is Algorithm.IN_FLIGHT:
            return reading(key, total, None)
        until = now - key.window
        for (amount,) in self._db.execute("SELECT amount FROM entries WHERE counter = ? AND at <= ?", (counter, until)):
            total = EXACT.subtract(total, Decimal(amount))
        (oldest,) = self._db.execute(_OLDEST, (counter, until)).fetchone()
        return reading(key, total, (now if oldest is None else oldest) + key.window)

    def _charge(self, charge: Charge, used: Decimal, now: float, number: int) -> Mark | int:
        """Make `used` what its counter holds. `number`: of the charge, among those of its call."""
        key, db = charge.key, self._db
        text = spelled(key)
        match key.algorithm:
            case Algorithm.FIXED:
                return self._windows.charge(key, text, used, now)
            case Algorithm.SLIDING:
                db.execute(STORE, (text, None, str(used), now + key.window))
                (counter,) = db.execute("SELECT id FROM counters WHERE key = ?", (text,)).fetchone()
                db.execute("DELETE FROM entries WHERE counter = ? AND at <= ?", (counter, now - key.window))
                entry = (counter, now, str(charge.amount))
                return db.execute("INSERT INTO entries (counter, at, amount) VALUES (?, ?, ?)", entry).lastrowid or 0
            case Algorithm.IN_FLIGHT:
                db.execute(STORE, (text, None, str(used), None))
                return number

    def _give_back(self, call_id: CallId, one: _Held) -> None:
        """Nothing, when what was charged is no longer there: its window has passed, or a person reset the counter."""
        key, amount = one.charge.key, one.charge.amount
        match one.mark:
            case tuple() as mark:
                self._windows.give_back(key, spelled(key), mark, amount)
            case entry if key.algorithm is Algorithm.SLIDING:
                if self._db.execute("DELETE FROM entries WHERE id = ?", (entry,)).rowcount:
                    _lower(self._db, key, amount)
            case slot:
                if self._db.execute(_FREE, (self._run, call_id, slot)).rowcount:
                    _lower(self._db, key, amount)

    def _sweep(self, now: float) -> None:
        """Forget counters whose windows have passed."""
        self._until_sweep -= 1
        if self._until_sweep > 0:
            return
        self._until_sweep = SWEEP_EVERY
        self._windows.flush()
        self._windows.forget()
        self._db.execute("DELETE FROM counters WHERE expires <= ?", (now,))
        self._db.execute("DELETE FROM entries WHERE counter NOT IN (SELECT id FROM counters)")


def free_slots(db: sqlite3.Connection, run: str) -> None:
    """A process has ended: its calls no longer run. What they were charged stands."""
    with _Transaction(db):
        for text, amount in db.execute("SELECT key, amount FROM slots WHERE run = ?", (run,)).fetchall():
            _lower(db, unspelled(text), Decimal(amount))
        db.execute("DELETE FROM slots WHERE run = ?", (run,))
        db.execute("DELETE FROM runs WHERE run = ?", (run,))


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def _reported(error: sqlite3.Error) -> StoreError:
    if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
        return StoreBusyError("the counters' file is locked by another process")
    return StoreError(f"the counters' file cannot be used: {error}")


@lru_cache(maxsize=1024)
def spelled(key: CounterKey) -> str:
    return json.dumps([key.name, key.scope, key.scope_id, key.window, key.algorithm])


def unspelled(text: str) -> CounterKey:
    name, scope, scope_id, window, algorithm = json.loads(text)
    return CounterKey(name, Scope(scope), scope_id, window, Algorithm(algorithm))


def _lower(db: sqlite3.Connection, key: CounterKey, amount: Decimal) -> None:
    text = spelled(key)
    row = db.execute("SELECT used FROM counters WHERE key = ?", (text,)).fetchone()
    if row is None:
        return
    left = EXACT.subtract(Decimal(row[0]), amount)
    if key.algorithm is Algorithm.IN_FLIGHT and left <= 0:
        db.execute("DELETE FROM counters WHERE key = ?", (text,))
    else:
        db.execute("UPDATE counters SET used = ? WHERE key = ?", (str(left), text))
