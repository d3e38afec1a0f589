"""Which runs of ours are alive: one 0600 JSON file each in the runtime folder.

A run holds a lock on its file for as long as it lives. The kernel gives the lock up however the process ends, so a
file without one is a leftover, whatever process has that pid by now; whoever finds it removes it.

Standard library only, and quick to import: the stdio front asks it for the running app's socket.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from inspector.paths import private_dir, runtime_dir

_SUFFIX = ".run.json"


@dataclass(frozen=True, slots=True)
class LiveRun:
    run: str  # the run's id, unique per process
    pid: int
    port: int | None  # of the HTTP front; None when it has none
    upstreams: tuple[str, ...]
    socket: str  # path of the Unix socket that stdio fronts connect to; "" when there is none
    cwd: str


@contextlib.contextmanager
def register(
    run: str, port: int | None, upstreams: tuple[str, ...], socket: str = "", folder: Path | None = None
) -> Iterator[LiveRun]:
    """Be listed while the `with` block lasts; the file is removed at its end.

    Raises ConfigError when the runtime folder is not ours.
    """
    folder = private_dir(folder or runtime_dir())
    live_run = LiveRun(run, os.getpid(), port, upstreams, socket, str(Path.cwd()))
    path = folder / f"{os.getpid()}-{run}{_SUFFIX}"
    # Locked before it gets its name: nobody can see it unlocked and take it for a leftover.
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, json.dumps(asdict(live_run)).encode())
        draft.replace(path)
        yield live_run
    finally:
        path.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)
        os.close(handle)


def live(folder: Path | None = None) -> tuple[LiveRun, ...]:
    """Every run that is alive, newest first. Leftovers of dead ones are removed on the way."""
    folder = folder or runtime_dir()
    try:
        paths = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return ()
    return tuple(run for path in paths if (run := _read(path)) is not None)


def find(port: int, folder: Path | None = None) -> LiveRun | None:
    """The run whose HTTP front has this port, None when it is not one of ours."""
    return next((run for run in live(folder) if run.port == port), None)


def _read(path: Path) -> LiveRun | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        if os.fstat(file.fileno()).st_uid != os.getuid():
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _parse(file.read())
        path.unlink(missing_ok=True)
        return None


def _parse(raw: bytes) -> LiveRun | None:
    """Another version of ours may have written it: what does not fit is not listed."""
    try:
        found: Any = json.loads(raw)
        values = {field.name: found[field.name] for field in fields(LiveRun)}
    except (ValueError, KeyError, TypeError):
        return None
    return LiveRun(**{**values, "upstreams": tuple(values["upstreams"])})
