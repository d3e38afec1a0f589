"""`mcp-inspect open FILE`: a recording behind the same port that a live run has. Nothing can be changed through it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import anyio.to_thread

from inspector.core.call import CallId
from inspector.core.commands import (
    CheckPolicy,
    Command,
    CommandResult,
    Complete,
    Inspect,
    Learn,
    MakeRule,
    PolicyHistory,
    Rejected,
    WhatIf,
)
from inspector.core.errors import ConfigError
from inspector.core.views import Port, Views
from inspector.record.reader import MAX_CALLS, Recording
from inspector.store import Store
from inspector.workbench import Workbench

FIRST_CALLS: Final = 1_000  # shown at once; the rest comes while one looks at them


class RecordedPort(Port):
    """Its clock stands at the last event, so countdowns and rates are those of the end of the run.

    It opens with the newest calls alone; `load_rest` brings the others.
    """

    def __init__(self, path: Path, first_calls: int = FIRST_CALLS) -> None:
        """Raises ConfigError for a file that is missing, no recording, damaged, or of a newer version."""
        self._recording = Recording.open(path)
        self._path = path
        self._epoch, self._passed = 0, 0  # versions of the stores before this one
        try:
            self._calls = self._recording.calls()
            self._store, self._now = self._load(self._recording, first_calls, in_haste=self._calls > first_calls)
        except BaseException:
            self._recording.close()
            raise
        self._complete = self._calls <= first_calls
        self._workbench = Workbench(self._store, lambda: "")

    def close(self) -> None:
        self._recording.close()

    async def load_rest(self) -> None:
        """Read the other calls in a thread of its own, and put them in the place of the first ones.

        Raises:
            ConfigError: the file is damaged further up.
        """
        if self._complete:
            return
        store, now = await anyio.to_thread.run_sync(self._load_all, abandon_on_cancel=True)
        self._passed += self._store.version
        self._store, self._now, self._epoch, self._complete = store, now, self._epoch + 1, True
        self._workbench = Workbench(store, lambda: "")

    async def views(self, since: int) -> Views:
        since = 0 if since <= self._passed else since - self._passed
        views = self._store.views(since, self._now)
        older = max(0, self._calls - views.run.calls)
        return replace(
            views, version=views.version + self._passed, run=replace(views.run, older=older), epoch=self._epoch
        )

    async def command(self, command: Command) -> CommandResult:
        match command:
            case Inspect():
                return self._inspect(command.call_id)
            case CheckPolicy() | WhatIf() | MakeRule() | Learn() | PolicyHistory() | Complete():
                return await self._workbench.command(command)
        return Rejected("this is a recording")

    def _load_all(self) -> tuple[Store, float]:
        with Recording.open(self._path) as recording:  # a connection belongs to one thread
            return self._load(recording, MAX_CALLS, in_haste=False)

    def _load(self, recording: Recording, calls: int, *, in_haste: bool) -> tuple[Store, float]:
        store = Store(str(self._path), read_only=True, max_body_bytes=0)  # details come from the file
        return store, recording.load_into(store, calls, in_haste=in_haste)

    def _inspect(self, call_id: CallId) -> CommandResult:
        try:
            detail = self._recording.detail(call_id)
        except ConfigError as error:
            return Rejected(str(error))
        return detail or Rejected(f"the recording has no call #{call_id}")
