"""Read a recording back: its events in order, what a screen needs of them, and single calls.

Never writes to the file. Works on one that is still being written, on one whose process was killed (the WAL beside it
is read too), and on a plain copy in a folder that cannot be written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Protocol

from inspector.core.call import CallId
from inspector.core.commands import CallDetail
from inspector.core.detail import detail_of
from inspector.core.errors import ConfigError
from inspector.core.events import Event
from inspector.record.codec import FORMAT, Row, decode
from inspector.record.schema import APPLICATION_ID

BEGINNING: Final = 5_000  # events at the start of a file that tell of its run

_READ = """SELECT kind, at, call_id, CAST(payload AS BLOB),
  CASE kind WHEN 'PolicyLoaded'
    THEN (SELECT CAST(text AS BLOB) FROM policies WHERE hash = json_extract(payload, '$.hash'))
    ELSE blob END
  FROM events """
_ALL = _READ + "ORDER BY seq"
# A row on the screen needs neither frames nor traces nor responses: those are a call's detail, fetched by itself.
# What is about calls before the first shown one is left out; what tells of servers, clients and policies is kept.
_SHOWN = (
    _READ.replace(
        "CAST(payload AS BLOB),",
        """CASE kind WHEN 'Decided'
    THEN CAST(json_replace(payload, '$.decision.trace', json('[]'), '$.decision.charges', json('[]')) AS BLOB)
    ELSE CAST(payload AS BLOB) END,""",
        1,
    ).replace(
        "CASE kind WHEN 'PolicyLoaded'",
        "CASE kind WHEN 'Finished' THEN zeroblob(length(blob)) WHEN 'CallArrived' THEN x'' WHEN 'PolicyLoaded'",
    )
    + "WHERE kind <> 'FrameSeen' AND "
)
_NEWER = _SHOWN + "seq >= :first ORDER BY seq"
_OF_RUN = "call_id IS NULL AND kind NOT IN ('Counted', 'FrameSeen')"  # as the index says it
_EARLIER = _SHOWN + _OF_RUN + " AND seq < :first AND seq <= :until ORDER BY seq"
# What people answered before that: of those calls what tells who asked for what.
_ANSWERED = (
    _SHOWN  # noqa: S608 -- made of constants
    + """kind IN ('CallArrived', 'HoldEnded', 'ApprovalRemembered') AND seq < :first AND call_id IN (
    SELECT call_id FROM events WHERE kind IN ('HoldEnded', 'ApprovalRemembered') ORDER BY call_id DESC LIMIT 200)
  ORDER BY seq"""
)
_NEWEST = """SELECT max(call_id) FROM (
  SELECT call_id FROM events WHERE call_id IS NOT NULL AND kind = 'CallArrived' ORDER BY call_id DESC LIMIT 1)"""
# By the index: asked for the smallest `seq`, SQLite would walk through all events up to it.
_ARRIVED_AFTER = """SELECT min(seq) FROM (
  SELECT seq FROM events WHERE call_id > ? AND kind = 'CallArrived' ORDER BY call_id LIMIT 20)"""
_ROOT = "SELECT json_extract(payload, '$.root') FROM events WHERE call_id = ? AND kind = 'CallArrived'"
_OF_CALL = (
    _READ  # noqa: S608 -- made of constants
    + """WHERE call_id = :id OR call_id IN (
    SELECT call_id FROM events
    WHERE kind = 'CallArrived' AND json_extract(payload, '$.leg') > 1 AND json_extract(payload, '$.root') = :id)
  ORDER BY seq"""
)


class Folding(Protocol):
    def fold(self, event: Event) -> None: ...


class Recording:
    """One open recording. Used from one thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Raises ConfigError for a file that is missing, is no recording, or was written by a newer version."""
        if not path.is_file():
            raise ConfigError(f"{path}: no such recording")
        connection = connect(path)
        try:
            _check(path, connection)
        except ConfigError:
            connection.close()
            raise
        return cls(path, connection)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def events(self) -> Iterator[Event]:
        """All of them, in the order in which they were written. Raises ConfigError at a damaged one."""
        return self._read(_ALL, {})

    def calls(self) -> int:
        """How many were recorded, later legs included."""
        with self._errors():
            (newest,) = self._connection.execute(_NEWEST).fetchone()
        return newest or 0

    def load_into(self, store: Folding, calls: int, *, in_haste: bool = False) -> float:
        """Fold what the small views need, of the newest `calls` calls; decisions come without their traces.

        Returns the time of the last event, 0 without any. Limits are those of the loaded calls.
        `in_haste`: of servers, clients and policies only what the beginning of the file tells, so that a huge one
        is not read from end to end.
        """
        first = 0
        with self._errors():
            (newest,) = self._connection.execute(_NEWEST).fetchone()
            if newest and newest > calls:
                (first,) = self._connection.execute(_ARRIVED_AFTER, (newest - calls,)).fetchone()
        at = 0.0
        until = BEGINNING if in_haste else first or 0
        for query in (_EARLIER, _NEWER) if in_haste else (_EARLIER, _ANSWERED, _NEWER):
            for event in self._read(query, {"first": first or 0, "until": until}):
                store.fold(event)
                at = max(at, event.at)
        return at

    def detail(self, call_id: CallId) -> CallDetail | None:
        """One call with all its legs and frames, whichever leg is asked for. None when it is not in the recording."""
        with self._errors():
            found = self._connection.execute(_ROOT, (call_id,)).fetchone()
        if found is None:
            return None
        root = CallId(found[0])
        return detail_of(root, self._read(_OF_CALL, {"id": root}))

    def _read(self, query: str, values: dict[str, int]) -> Iterator[Event]:
        with self._errors(), closing(self._connection.execute(query, values)) as cursor:
            for values_of_row in cursor:
                yield decode(Row(*values_of_row))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            raise ConfigError(f"{self.path}: damaged recording: {error}") from None


def connect(path: Path) -> sqlite3.Connection:
    """A read-only connection, for one thread at a time. A file in WAL mode needs a side file, which a read-only folder
    refuses: without a WAL there is nothing to miss, and the file is read as immutable."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        wal = Path(f"{path}-wal")
        if wal.exists() and wal.stat().st_size:
            raise ConfigError(
                f"{path}: its WAL cannot be read here; copy both to a folder that can be written"
            ) from None
        connection = sqlite3.connect(f"{uri}&immutable=1", uri=True, check_same_thread=False)
    except sqlite3.DatabaseError:
        pass  # `_check` says what it is
    return connection


def _check(path: Path, connection: sqlite3.Connection) -> None:
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        application, version = 0, 0
    if application != APPLICATION_ID:
        raise ConfigError(f"{path}: not a recording of mcp-inspect")
    if version > FORMAT:
        versions = f"format {version}; this one reads up to {FORMAT}"
        raise ConfigError(f"{path}: written by a newer mcp-inspect ({versions}); upgrade to open it")
