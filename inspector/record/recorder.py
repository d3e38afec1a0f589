"""One SQLite file per run, written while the run goes on.

What `flush` has committed survives kill -9: the file is in WAL mode with `synchronous=NORMAL`. Nothing here waits for
the disk on the event loop but the write itself: checkpoints, which sync, run on a thread with its own connection.
The format is described in `docs/recording.md`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from inspector.core.call import CallId
from inspector.core.errors import StoreError
from inspector.core.events import Dropped, Event, FrameRejected, FrameSeen, PolicyLoaded, Progressed, StderrLine
from inspector.record.codec import Row, encode
from inspector.record.redact import Redactor
from inspector.record.schema import MARKS, SCHEMA
from inspector.record.summary import Summary, write

LOSSY: Final = frozenset({FrameSeen, FrameRejected, StderrLine, Progressed})
MAX_LOSSY_ROWS: Final = 20_000
MAX_LOSSY_BYTES: Final = 32 << 20
MAX_ROWS: Final = 100_000  # reached only while nothing can be written
MAX_BYTES: Final = 128 << 20
CHECKPOINT_BYTES: Final = 32 << 20  # of WAL, before it is moved into the file
MAX_WAL_BYTES: Final = 8 * CHECKPOINT_BYTES  # before a flush may have to wait for that
CHECKPOINT_ROUNDS: Final = 20
LOOK_EVERY: Final = 256  # flushes between two looks at the WAL's size
SUMMED_TOGETHER: Final = 128  # rows of the summary: a page by itself for every commit would double its cost
BUSY_SECONDS: Final = 0.25  # a foreign lock on the file may hold a flush up for so long
CLOSE_SECONDS: Final = 5.0

_INSERT = "INSERT INTO events (kind, at, call_id, payload, blob) VALUES (?, ?, ?, ?, nullif(?, ''))"
_INSERT_POLICY = "INSERT OR IGNORE INTO policies (hash, text) VALUES (?, CAST(? AS TEXT))"


class Recorder:
    """Used from one thread. `append` buffers, `flush` commits what is buffered in one transaction.

    A decision is durable once the `flush` after its `append` has returned; either may raise StoreError instead, and
    then the call must not be forwarded. Rows that could not be written stay buffered for the next flush.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, redactor: Redactor) -> None:
        self.path = path
        self._connection = connection
        self._redactor = redactor
        self._events: list[Event] = []  # what the rows are made of, should a secret be found in them
        self._rows: list[Row] = []
        self._policies: list[tuple[str, bytes]] = []
        self._summary = Summary()
        self._summed = 0  # events that the summary has seen: those of a flush that failed
        self._seq = 0  # of the last event in the file
        self._bytes = 0
        self._lost = 0
        self._lost_at = 0.0
        self._until_look = LOOK_EVERY
        self._checkpoint: threading.Thread | None = None

    @classmethod
    def create(cls, folder: Path, run: str, at: float, secrets: Iterable[str] = ()) -> Recorder:
        """A new file `<folder>/<UTC time>-<run>.sqlite`, readable by its owner only; a new folder is 0700.

        Raises StoreError when it cannot be made.
        """
        path = folder / f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H-%M-%S}-{run}.sqlite"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its side files the mode of the main one.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection = _connect(path)
            connection.executescript(MARKS + SCHEMA)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the main file is a recording by itself
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot record to {path}: {error}; choose a folder that can be written") from None
        return cls(path, connection, Redactor(secrets))

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on keep these values out of the file, too."""
        self._redactor.learn(secrets)
        self._summary.hide(self._redactor.text)

    def append(self, event: Event) -> None:
        """Buffer it. What only observes is dropped, and counted, beyond the bound.

        Raises StoreError when what must be kept finds no room, because nothing could be written for long.
        """
        lossy = type(event) in LOSSY
        rows, size = (MAX_LOSSY_ROWS, MAX_LOSSY_BYTES) if lossy else (MAX_ROWS, MAX_BYTES)
        if len(self._rows) >= rows or self._bytes >= size:
            if not lossy:
                raise StoreError(f"the recording {self.path} cannot be written and its buffer is full")
            self._lost += 1
            self._lost_at = event.at
            return
        row = encode(event)
        if type(event) is PolicyLoaded:
            self._policies.append((event.hash, self._redactor.row(event).blob or b""))
            row = row._replace(blob=None)
        self._events.append(event)
        self._rows.append(row)
        self._bytes += len(row.payload) + (len(row.blob) if row.blob else 0)

    def flush(self) -> Dropped | None:
        """Commit what is buffered. Returns what was lost since the last time, already written, to be shown.

        Raises StoreError when it cannot be committed (a full disk, a lock): then nothing of it is in the file.
        """
        dropped = None
        if self._lost:
            dropped = Dropped(self._lost_at, self._lost, "observed frames and lines")
            self._events.append(dropped)
            self._rows.append(encode(dropped))
        if not self._rows:
            return None
        secret = self._redactor.finds_in(self._rows)
        if secret:
            self._rows = [self._redacted(event) for event in self._events]
        self._sum_up(secret)
        try:
            self._commit()
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._connection.rollback()
            if dropped:
                self._events.pop()
                self._rows.pop()
            self._summed = len(self._events)
            raise StoreError(f"the recording {self.path} cannot be written: {error}; make room on its disk") from None
        self._events.clear()
        self._rows.clear()
        self._policies.clear()
        self._bytes = self._lost = self._summed = 0
        self._look_at_wal()
        return dropped

    def close(self) -> None:
        """Flush, and leave one plain file behind: no WAL beside it, readable from a read-only folder.

        Raises StoreError when the last events cannot be written; the file is closed all the same.
        """
        try:
            self.flush()
            self._finish_summary()
        finally:
            if self._checkpoint:
                self._checkpoint.join(CLOSE_SECONDS)
            with closing(self._connection), suppress(sqlite3.Error):  # a reader still has it open: the WAL stays
                self._connection.execute("PRAGMA journal_mode=DELETE")

    def _redacted(self, event: Event) -> Row:
        row = self._redactor.row(event)
        return row._replace(blob=None) if isinstance(event, PolicyLoaded) else row

    def _sum_up(self, secret: bool) -> None:
        """`secret`: there is one in the events, which the summary must not see either."""
        folds = self._summary.folds
        for event in self._events[self._summed :]:
            if fold := folds.get(type(event)):
                fold(self._redactor.event(event) if secret else event)

    def _commit(self) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        if self._policies:
            connection.executemany(_INSERT_POLICY, self._policies)
        connection.executemany(_INSERT, map(_bound, self._rows))
        due = self._summary.pending >= SUMMED_TOGETHER
        if due:
            write(connection, self._summary, self._seq + len(self._rows))
        connection.execute("COMMIT")
        self._seq += len(self._rows)
        if due:
            self._summary.written()

    def _finish_summary(self) -> None:
        """What is missing in it a reader makes of the last events: no reason to fail."""
        with suppress(sqlite3.Error), self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            write(connection, self._summary, self._seq)

    def _look_at_wal(self) -> None:
        self._until_look -= 1
        if self._until_look:
            return
        self._until_look = LOOK_EVERY
        if self._checkpoint and self._checkpoint.is_alive():
            return
        with suppress(OSError):
            size = Path(f"{self.path}-wal").stat().st_size
            if size > CHECKPOINT_BYTES:
                self._checkpoint = threading.Thread(target=_checkpoint, args=(self.path, size), name="checkpoint")
                self._checkpoint.start()


def _bound(row: Row) -> tuple[str, float, CallId | None, str, bytearray | str]:
    """As sqlite3 takes it fastest: for a `bytes`, and for None, it looks for an adapter first, which takes as long as
    the insert. A text that is empty stands for no blob, which an empty blob is not."""
    return row.kind, row.at, row.call_id, row.payload.decode(), "" if row.blob is None else bytearray(row.blob)


def _connect(path: Path) -> sqlite3.Connection:
    """Autocommit: transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute(f"PRAGMA journal_size_limit={CHECKPOINT_BYTES}")
    return connection


def _checkpoint(path: Path, wal_size: int) -> None:
    """Move the WAL into the file beside the writer; once all of it is there, the writer begins it anew by itself.

    PASSIVE never makes the writer wait, but while it works more may be written, so it is repeated: each round has less
    to do, and any pause of a few milliseconds lets it reach the end. Only when there was no pause for long does RESTART
    take the writer's lock for the rest, so that the WAL cannot grow for ever.
    """
    with suppress(sqlite3.Error), closing(_connect(path)) as connection:
        for _ in range(CHECKPOINT_ROUNDS):
            _, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if done == pages:
                return
        if wal_size > MAX_WAL_BYTES:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")
