"""Looking at a recording while a run goes on: places of its own, in which nothing can be changed, and the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from textual.binding import Binding
from textual.widget import AwaitMount

from inspector.core.errors import InspectError
from inspector.core.views import Port
from inspector.ui import drift, logins
from inspector.ui.board import Board
from inspector.ui.listing import Source
from inspector.ui.preferences import Preferences
from inspector.ui.queue import HoldQueue
from inspector.ui.telling import Look, Telling

LOGIN_STAYS: Final = 30.0  # seconds that the address of a login stands on the screen


@dataclass(frozen=True, slots=True)
class Opened:
    """A run to look at. `source`: its rows, where they do not come through the port; `clock`: Unix seconds, the present
    or the recording's end."""

    port: Port
    source: Source | None
    clock: Callable[[], float]


OpenRecording: TypeAlias = Callable[[str, Callable[[str], object]], AbstractAsyncContextManager[Opened]]
"""(path, what to do with the reason when the rest of it cannot be read) → the recording. Raises InspectError."""

BACK = Binding("0,alt+0", "back_to_live", "Back to the live run", id="app.back")


@dataclass(slots=True)
class Desk:
    """A run, and what the screen knows of it. `suffix`: of the modes whose screens show it."""

    run: Opened
    suffix: str = ""
    board: Board = field(default_factory=Board)
    queue: HoldQueue = field(default_factory=HoldQueue)

    @property
    def source(self) -> Source:
        return self.board if self.run.source is None else self.run.source


class Visiting(Telling):
    """`live` is the desk that the app began with, `desk` the one that is shown. Drafts, filters and selections of the
    live run stay where they are while a recording is looked at."""

    def __init__(
        self,
        run: Opened,
        open_recording: OpenRecording | None,
        preferences: Preferences,
        steady: Callable[[], float],
        look: Look,
    ) -> None:
        super().__init__(preferences, steady, look)
        self.live = self.desk = Desk(run)
        self._open_recording = open_recording
        self._visits = 0
        self._leave = asyncio.Event()

    @property
    def port(self) -> Port:
        return self.desk.run.port

    @property
    def source(self) -> Source:
        return self.desk.source

    def clock(self) -> float:
        return self.desk.run.clock()

    @property
    def board(self) -> Board:
        return self.desk.board

    @property
    def queue(self) -> HoldQueue:
        return self.desk.queue

    @property
    def visiting(self) -> bool:
        return self.desk is not self.live

    @property
    def can_visit(self) -> bool:
        """Can recordings be opened from here?"""
        return self._open_recording is not None and not self.visiting

    def switch_mode(self, mode: str) -> AwaitMount:
        """To a place of the desk that is shown."""
        return super().switch_mode(mode + self.desk.suffix)

    def visit(self, path: str) -> None:
        """Look at a recording until `action_back_to_live`."""
        if self.can_visit:
            self.run_worker(self._visit(path), group="visit", exclusive=True)

    def action_back_to_live(self) -> None:
        self._leave.set()

    async def _visit(self, path: str) -> None:
        assert self._open_recording is not None  # noqa: S101 - `visit` has looked
        self._leave = asyncio.Event()
        try:
            async with self._open_recording(path, self.say_wrong) as found:
                await self._stay(found)
        except InspectError as error:
            self.say_wrong(str(error))

    async def _stay(self, found: Opened) -> None:
        self._visits += 1
        self.desk = desk = Desk(found, f" {self._visits}")
        places = tuple(self.MODES)
        for place in places:
            self.add_mode(place + desk.suffix, self.MODES[place])
        await self.poll()
        await self.switch_mode("live")
        await self._leave.wait()  # cancelled when the app ends: then there is nothing to go back to
        self.desk = self.live
        await self.switch_mode("sessions")
        for place in places:
            await self.remove_mode(place + desk.suffix)

    async def poll(self) -> None:
        """Ask for what changed; show it when something did. The live run is listened to even from a recording."""
        for desk in {self.live.suffix: self.live, self.desk.suffix: self.desk}.values():
            await self._ask_about(desk)

    async def _ask_about(self, desk: Desk) -> None:
        try:
            views = await desk.run.port.views(desk.board.views.version)
        except (OSError, InspectError) as error:
            self.show_trouble(str(error) or type(error).__name__)
            return
        if not self.is_running or (desk.board.shows(views) and not self.trouble):
            return
        self.trouble = ""
        news, waiting = drift.news(desk.board.views, views), logins.news(desk.board.views, views)
        changed = desk.board.fold(views)
        new = desk.queue.fold(views.holds, self.steady())
        if desk is self.live:
            self.alerts.tell(bool(new), len(desk.queue))
            for words in news:
                self.say_wrong(words)
            for words in waiting:
                self.say(words, stay=LOGIN_STAYS)
            if new and self.visiting:
                self.say("A call of the live run is held. 0 goes back to it.")
        self.draw(changed if desk is self.desk else ())
