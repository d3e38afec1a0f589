"""Where every event goes: into the log, and before whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from inspector.core.errors import StoreError
from inspector.core.events import Dropped, Event


class Log(Protocol):
    """The recording (`record.Recorder`)."""

    def append(self, event: Event) -> None: ...

    def flush(self) -> Dropped | None: ...


class Journal:
    def __init__(self, log: Log, watch: Callable[[Event], None]) -> None:
        self._log = log
        self._watch = watch
        self._unlogged: str | None = None  # why an event found no room in the log

    def emit(self, event: Event) -> None:
        """What cannot be logged stops its call at the commit, not here."""
        try:
            self._log.append(event)
        except StoreError as error:
            self._unlogged = str(error)
        self._watch(event)

    def commit(self) -> str | None:
        """Why what was logged is not on disk; None when it is."""
        unlogged, self._unlogged = self._unlogged, None
        try:
            dropped = self._log.flush()
        except StoreError as error:
            return str(error)
        if dropped is not None:
            self._watch(dropped)
        return unlogged
