"""The recordings of a folder, as a list shows them: whose run, how much of it, and whether it still goes on.

Counting the denials of a long recording reads most of it, so there is a time for each; what a finished run held is
remembered. Never writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Final

from inspector.core.commands import RecordingEntry, Recordings
from inspector.core.errors import ConfigError
from inspector.record.schema import APPLICATION_ID

SHOWN: Final = 200  # the newest
PATIENCE: Final = 0.1  # seconds of counting in one recording
_STEPS: Final = 20_000  # of SQLite's machine between two looks at the clock

_RUN: Final = "SELECT at, payload FROM events WHERE kind = 'RunStarted' ORDER BY seq LIMIT 1"
_FIRST: Final = "SELECT min(at) FROM events WHERE seq = (SELECT min(seq) FROM events)"
_CALLS: Final = "SELECT max(call_id) FROM events WHERE call_id IS NOT NULL"
_DENIED: Final = """SELECT count(DISTINCT call_id) FROM events
  WHERE kind = 'Decided' AND call_id IS NOT NULL AND json_extract(payload, '$.decision.verdict') = 'deny'"""


class Shelf:
    """`steady` gives seconds that never go back. Used from one thread at a time."""

    def __init__(self, folder: Path, steady: Callable[[], float]) -> None:
        self._folder = folder
        self._steady = steady
        self._known: dict[tuple[Path, int, int], RecordingEntry] = {}

    def entries(self, alive: Collection[str] = ()) -> Recordings:
        """The newest first; `alive`: the ids of runs that go on. A file that is no recording is listed as such."""
        paths = sorted(self._folder.glob("*.sqlite"), key=lambda path: path.name, reverse=True)
        return Recordings(tuple(self._entry(path, alive) for path in paths[:SHOWN]), max(0, len(paths) - SHOWN))

    def _entry(self, path: Path, alive: Collection[str]) -> RecordingEntry:
        try:
            stat = path.stat()
            wal = Path(f"{path}-wal")
            size = stat.st_size + (wal.stat().st_size if wal.exists() else 0)
        except OSError as error:
            return _unreadable(path, 0, str(error))
        key = (path, stat.st_mtime_ns, size)
        if (known := self._known.get(key)) is not None and known.run not in alive:
            return known
        try:
            entry = self._read(path, size, alive)
        except (ConfigError, sqlite3.Error, ValueError) as error:
            return _unreadable(path, size, str(error))
        if not entry.alive:
            self._known[key] = entry
        return entry

    def _read(self, path: Path, size: int, alive: Collection[str]) -> RecordingEntry:
        with closing(_connect(path)) as connection:
            began = connection.execute(_RUN).fetchone()
            at, about = (began[0], json.loads(began[1])) if began else (None, {})
            if at is None:
                (at,) = connection.execute(_FIRST).fetchone()
            run = str(about.get("run", "")) or path.stem.rpartition("-")[2]
            (calls,) = connection.execute(_CALLS).fetchone()
            return RecordingEntry(
                path=str(path),
                run=run,
                started=at or path.stat().st_mtime,
                upstreams=tuple(str(name) for name in about.get("upstreams", ())),
                calls=calls or 0,
                denied=self._count(connection, _DENIED) if calls else 0,
                size=size,
                alive=run in alive,
            )

    def _count(self, connection: sqlite3.Connection, query: str) -> int | None:
        until = self._steady() + PATIENCE
        connection.set_progress_handler(lambda: int(self._steady() > until), _STEPS)
        try:
            (count,) = connection.execute(query).fetchone()
        except sqlite3.OperationalError:  # interrupted: it takes too long
            return None
        finally:
            connection.set_progress_handler(None, 0)
        return int(count)


def _connect(path: Path) -> sqlite3.Connection:
    """Read-only; in a folder that cannot be written, as a file that nobody else writes.

    Raises ConfigError when it is no recording.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        connection.close()
        raise ConfigError("not a recording of mcp-inspect")
    return connection


def _unreadable(path: Path, size: int, why: str) -> RecordingEntry:
    return RecordingEntry(str(path), "", 0.0, (), None, None, size, alive=False, trouble=why)
