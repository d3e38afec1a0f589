"""Opening the ledger's file: made private, found whole, and rid of what dead processes left in it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from inspector.core.errors import StoreError

FORMAT = 1
OPENING = 2.0  # seconds that opening waits for another process
PATIENCE = 0.005  # seconds that a change or a look waits: both run on the loop

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value REAL) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('latest', NULL);
CREATE TABLE IF NOT EXISTS counters (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL,
                                     start REAL, used TEXT NOT NULL, expires REAL);
CREATE INDEX IF NOT EXISTS counters_expires ON counters (expires);
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY AUTOINCREMENT, counter INTEGER NOT NULL,
                                    at REAL NOT NULL, amount TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS entries_counter ON entries (counter, at);
CREATE TABLE IF NOT EXISTS slots (run TEXT NOT NULL, call INTEGER NOT NULL, number INTEGER NOT NULL,
                                  key TEXT NOT NULL, amount TEXT NOT NULL,
                                  PRIMARY KEY (run, call, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class Alive:
    """The mark of a living process: a lock that the system takes from it when it dies, however it dies."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class Opened:
    db: sqlite3.Connection
    alive: Alive
    set_aside: Path | None  # where a corrupt file went


def open_store(path: Path, run: str, free_slots: Callable[[sqlite3.Connection, str], None]) -> Opened:
    """Open or create the store for one run. A corrupt file is renamed to `<name>.corrupt-<n>`, and a new one begun.

    Raises StoreError when it cannot be opened: no permission, another format, locked for too long.
    """
    try:
        with _only_one(path):
            db, set_aside = _whole(path)
            alive = _come_alive(path, run)
            db.execute("INSERT OR REPLACE INTO runs VALUES (?)", (run,))
            for dead in _dead_runs(db, path, run):
                free_slots(db, dead)
            return Opened(db, alive, set_aside)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: the counters' file cannot be opened: {error}") from error


def _whole(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    try:
        return _prepared(path), None
    except sqlite3.OperationalError:
        raise  # locked, or not readable: that says nothing of what is in it
    except sqlite3.DatabaseError:
        aside = _set_aside(path)
        return _prepared(path), aside


def _make_private(path: Path) -> None:
    """There, ours, and closed to others. Raises StoreError for somebody else's: who owns it could free any limit."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.getuid():
            raise StoreError(f"{path} belongs to another user (uid {found.st_uid}); remove it")
        if stat.S_IMODE(found.st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _prepared(path: Path) -> sqlite3.Connection:
    _make_private(path)
    db = _connect(path, OPENING)
    try:
        (found,) = db.execute("PRAGMA user_version").fetchone()
        if found > FORMAT:
            raise StoreError(f"{path}: written by a newer version of this program. Update it, or name another file.")
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(_SCHEMA)
        db.execute(f"PRAGMA user_version = {FORMAT}")
    except BaseException:
        db.close()
        raise
    return db


def _connect(path: Path, patience: float) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous = NORMAL")
    return db


def _set_aside(path: Path) -> Path:
    aside = next(name for n in count(1) if not (name := path.with_name(f"{path.name}.corrupt-{n}")).exists())
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    return aside


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """One process at a time opens the store, or two would both set the same corrupt file aside."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _mark(path: Path, run: str) -> Path:
    return path.with_name(f"{path.name}.run-{run}")


def _come_alive(path: Path, run: str) -> Alive:
    mark = _mark(path, run)
    descriptor = os.open(mark, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return Alive(mark, descriptor)


def _dead_runs(db: sqlite3.Connection, path: Path, own: str) -> Iterator[str]:
    for (run,) in db.execute("SELECT run FROM runs WHERE run <> ?", (own,)).fetchall():
        mark = _mark(path, run)
        try:
            descriptor = os.open(mark, os.O_RDWR)
        except FileNotFoundError:
            yield run
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            yield run
            mark.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
