"""Connections to the summary of a recording, whole: also where its last events are not summed up, or none are.

A run that was killed, or still goes on, has a summary that lacks the last few rows: they are made of the events after
it and laid over the file's, in tables that only the connection knows. A recording of format 1 has no summary: it is
made beside the screen, in a folder of our own that goes with us. The recording itself is never changed.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from inspector.core.call import CallId
from inspector.core.events import CallArrived, Event, ToolsListed
from inspector.record.archive import Rows
from inspector.record.codec import Row, decode
from inspector.record.schema import INSERT_NAME, INSERT_SUMMARY, SUMMARY
from inspector.record.summary import Line, Summary, restored, write

RECALLED: Final = 2_000  # calls before the missing ones, for what they repeat
TOGETHER: Final = 2_000  # rows of an older recording that are written at once
_COLUMNS: Final = """SELECT kind, at, call_id,
  CASE kind WHEN 'Decided'
    THEN CAST(json_replace(payload, '$.decision.trace', json('[]'), '$.decision.charges', json('[]')) AS BLOB)
    ELSE CAST(payload AS BLOB) END,
  CASE kind WHEN 'Finished' THEN zeroblob(length(blob)) END, seq FROM events """
_KINDS: Final = "kind IN ('CallArrived', 'Decided', 'HoldEnded', 'Forwarded', 'Progressed', 'Finished', 'ToolsListed')"
_LAST: Final = SUMMARY.replace("CREATE TABLE ", "CREATE TEMP TABLE last_").replace("INTO ", "INTO temp.last_")
_OVERLAY: Final = """
CREATE TEMP VIEW names AS SELECT * FROM main.names UNION ALL SELECT * FROM temp.last_names;
CREATE TEMP VIEW summary AS SELECT * FROM main.summary WHERE number NOT IN (SELECT number FROM temp.last_summary)
  UNION ALL SELECT * FROM temp.last_summary;
"""


def has_summary(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'summarised'").fetchone()
    return found is not None


class Overlay:
    """The rows that the summary in the file lacks; empty when the run ended properly."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Raises sqlite3.Error, ValueError."""
        self.rows: list[tuple[Any, ...]] = []
        self.names: list[tuple[Any, ...]] = []
        (seq,) = connection.execute("SELECT seq FROM summarised").fetchone()
        (last,) = connection.execute("SELECT max(seq) FROM events").fetchone()
        if last is not None and last > seq:
            self._make(connection, seq)

    def lay_over(self, connection: sqlite3.Connection) -> None:
        if self.rows:
            connection.executescript(_LAST + _OVERLAY)
            connection.executemany(INSERT_NAME.replace("INTO ", "INTO temp.last_"), self.names)
            connection.executemany(INSERT_SUMMARY.replace("INTO ", "INTO temp.last_"), self.rows)

    def _make(self, connection: sqlite3.Connection, seq: int) -> None:
        rows = Rows(connection)
        count = rows.count()
        (named,) = connection.execute("SELECT ifnull(max(number), 0) FROM names").fetchone()
        summary = Summary(count, named, lambda call_id: _line(connection, rows, count, call_id))
        for event in _recalled(connection, rows, count, seq):
            if isinstance(event, CallArrived | ToolsListed):
                summary.recall(event)
        for event, _ in _events(connection, "WHERE seq > ? AND " + _KINDS + " ORDER BY seq", (seq,)):
            summary.fold(event)
        self.rows, self.names = summary.changed(), summary.names()


def _recalled(connection: sqlite3.Connection, rows: Rows, count: int, seq: int) -> Iterator[Event]:
    earliest = rows.at(max(0, count - RECALLED))
    # More than it asks for: in these words SQLite finds the index `events_of_run`, and reads a few rows for a million.
    sql = (
        "WHERE call_id IS NULL AND kind NOT IN ('Counted', 'FrameSeen') AND kind = 'ToolsListed' AND seq <= ?"
        " ORDER BY seq"
    )
    for event, _ in _events(connection, sql, (seq,)):
        yield event
    if earliest is not None:
        sql = "WHERE call_id >= ? AND kind = 'CallArrived' AND seq <= ? ORDER BY seq"
        for event, _ in _events(connection, sql, (earliest.id, seq)):
            yield event


def _events(connection: sqlite3.Connection, where: str, values: tuple[int, ...]) -> Iterator[tuple[Event, int]]:
    """Each with its `seq`."""
    with closing(connection.execute(_COLUMNS + where, values)) as cursor:
        for kind, at, call_id, payload, blob, seq in cursor:
            yield decode(Row(kind, at, call_id, payload, blob)), seq


def _line(connection: sqlite3.Connection, rows: Rows, count: int, call_id: CallId) -> Line | None:
    """As it stands in the file: the line of the first leg, whichever leg is asked for."""
    found = connection.execute(
        "SELECT json_extract(payload, '$.root') FROM events WHERE call_id = ? AND kind = 'CallArrived'", (call_id,)
    ).fetchone()
    position = None if found is None else rows.position(CallId(found[0]), count)
    shown = None if position is None else rows.at(position)
    if shown is None or position is None:
        return None
    name, size = connection.execute(
        "SELECT text, size FROM summary JOIN names ON names.number = connection WHERE summary.number = ?",
        (position + 1,),
    ).fetchone()
    return Line.written(shown, position + 1, restored(name), size)


class Made:
    """The summary of a recording that has none, in a file of our own. `make` takes a while, in a thread; what it has
    made so far can be read meanwhile."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mcp-inspect-")
        self.share = 0.0
        self._ended = False
        with closing(self.connect()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SUMMARY)

    def connect(self) -> sqlite3.Connection:
        path = Path(self._folder.name) / "summary.sqlite"
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    def make(self, recording: sqlite3.Connection) -> None:
        """Raises sqlite3.Error, ValueError."""
        (last,) = recording.execute("SELECT max(seq) FROM events").fetchone()
        summary = Summary()
        with closing(self.connect()) as connection:
            for event, seq in _events(recording, f"WHERE {_KINDS} ORDER BY seq", ()):
                summary.fold(event)
                if summary.pending >= TOGETHER:
                    _commit(connection, summary, seq)
                    self.share = seq / last
                if self._ended:
                    return
            _commit(connection, summary, last or 0)
        self.share = 1.0

    def close(self) -> None:
        self._ended = True
        with suppress(OSError):
            self._folder.cleanup()


def _commit(connection: sqlite3.Connection, summary: Summary, seq: int) -> None:
    connection.execute("BEGIN")
    write(connection, summary, seq)
    connection.execute("COMMIT")
    summary.written()
