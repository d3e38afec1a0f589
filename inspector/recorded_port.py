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
    WhatIfResult,
)
from inspector.core.errors import ConfigError
from inspector.core.views import Port, ToolView, Views
from inspector.folds.tools import busiest_first, rank
from inspector.record.reader import Recording
from inspector.record.totals import ToolTotals, Totals
from inspector.recorded_archive import RecordedArchive
from inspector.store import Store
from inspector.workbench import Workbench

FIRST_CALLS: Final = 200  # whose events are folded before anything is shown
MAX_CALLS: Final = 5_000  # whose events are folded at all: what limits, rates and what-if are made of


class RecordedPort(Port):
    """Its clock (`now`, Unix seconds) stands at the last event: countdowns and rates are those of the end of the run.

    The rows come from `archive`, by query; the small views from the events of the newest calls, and from totals over
    all: `load_rest` brings what takes longer.
    """

    def __init__(self, path: Path, first_calls: int = FIRST_CALLS) -> None:
        """Raises ConfigError for a file that is missing, no recording, damaged, or of a newer version."""
        self._recording = Recording.open(path)
        self._path = path
        self._first_calls = first_calls
        self._passed = 0  # versions of what was shown before the store as it is now
        self._totals: Totals | None = None
        try:
            self._calls = self._recording.calls()
            self._store, self.now = self._load(self._recording, first_calls, in_haste=self._calls > first_calls)
            self.archive = RecordedArchive(path)
        except BaseException:
            self._recording.close()
            raise
        self._complete = self._calls <= first_calls
        self._workbench = Workbench(self._store, lambda: "")

    def close(self) -> None:
        self.archive.close()
        self._recording.close()

    async def load_rest(self) -> None:
        """Read, in threads, what takes longer: the rows of an older recording, the totals, and more of the events.

        Raises:
            ConfigError: the file is damaged further up.
        """
        await self.archive.read_rest()
        self._totals = await self.archive.totals()
        self._passed += 1
        if not self._complete:
            store, now = await anyio.to_thread.run_sync(self._load_all, abandon_on_cancel=True)
            self._passed += self._store.version
            self._store, self.now, self._complete = store, now, True
            self._workbench = Workbench(store, lambda: "")

    async def views(self, since: int) -> Views:
        if self.archive.grown():
            self._passed += 1
        views = self._store.views(self._store.version, self.now)
        run = replace(views.run, calls=len(self.archive), read=self.archive.share, folded=self._folded)
        views = replace(views, version=views.version + self._passed, run=run)
        return views if self._totals is None else _whole(views, self._totals)

    async def command(self, command: Command) -> CommandResult:
        match command:
            case Inspect():
                return self._inspect(command.call_id)
            case CheckPolicy() | WhatIf() | MakeRule() | Learn() | PolicyHistory() | Complete():
                return self._so_far(await self._workbench.command(command))
        return Rejected("this is a recording")

    def _so_far(self, answer: CommandResult) -> CommandResult:
        """What was judged before all was read was only the newest."""
        return answer if self._complete or not isinstance(answer, WhatIfResult) else replace(answer, newest_only=True)

    @property
    def _folded(self) -> int:
        most = MAX_CALLS if self._complete else self._first_calls
        return most if self._calls > most else 0

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


def _whole(views: Views, totals: Totals) -> Views:
    """With what was counted over all calls in the place of what was folded of the newest."""
    tools = {(tool.server, tool.name): tool for tool in views.tools}
    for counted in totals.tools:
        key = counted.server, counted.tool
        tools[key] = _tool(tools.get(key), counted)
    return replace(
        views,
        run=replace(views.run, words=totals.words),
        clients=tuple([replace(c, calls=totals.clients.get(c.connection, 0)) for c in views.clients]),
        tools=busiest_first(tools.values()),
    )


def _tool(known: ToolView | None, counted: ToolTotals) -> ToolView:
    times = sorted(counted.times)
    return ToolView(
        server=counted.server,
        name=counted.tool,
        risk=counted.risk if known is None else known.risk,
        listed=known is not None and known.listed,
        hidden=known is not None and known.hidden,
        definition_bytes=0 if known is None else known.definition_bytes,
        result_bytes=counted.result_bytes,
        calls=counted.calls,
        refused=counted.refused,
        errors=counted.errors,
        p50_ms=rank(times, 0.5),
        p95_ms=rank(times, 0.95),
        p99_ms=rank(times, 0.99),
    )
