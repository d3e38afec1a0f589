"""The app: it polls the port, keeps the board, and leads from place to place."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from inspector.core.call import CallId
from inspector.core.commands import Command, CommandResult, Rejected, Shutdown
from inspector.core.errors import InspectError
from inspector.core.views import Port
from inspector.ui import text, titles
from inspector.ui import theme as themes
from inspector.ui.board import Board
from inspector.ui.crash import DiscreetApp, report
from inspector.ui.listing import Source
from inspector.ui.palette import system_commands
from inspector.ui.queue import HoldQueue
from inspector.ui.screens.approvals import ApprovalsPlace
from inspector.ui.screens.connect import ConnectDialog
from inspector.ui.screens.help import HelpDialog
from inspector.ui.screens.limits import LimitsPlace
from inspector.ui.screens.live import LivePlace
from inspector.ui.screens.place import Place
from inspector.ui.screens.quit import QuitDialog
from inspector.ui.screens.rooms import policy
from inspector.ui.screens.sessions import SessionsPlace
from inspector.ui.terminal import losable, needs_ascii

POLL_EVERY: Final = 1 / 30  # seconds
TICK_EVERY: Final = 0.25
COPIED_AT_MOST: Final = 1_000_000  # characters: terminals refuse or choke on more


class InspectApp(DiscreetApp):
    """`port` is all it knows of the engine, `source` where the rows are: None for those of a live run.
    `token_mask` is the endpoint's token, never shown. `clock` is the engine's (Unix seconds), `steady` measures spans.
    `ascii_only` None: ask the terminal. `start_place` None: Live, or Policy when no policy could be loaded.
    """

    CSS_PATH = "app.tcss"
    TITLE = "mcp-inspect"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012 -- as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    MODES: ClassVar = {
        "live": LivePlace,
        "approvals": ApprovalsPlace,
        "limits": LimitsPlace,
        "policy": policy,
        "sessions": SessionsPlace,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", key_display="?", id="app.help"),
        Binding("colon", "command_palette", "Palette", key_display=":", id="app.palette"),
        Binding("c", "connect", "Connect", id="app.connect"),
        Binding("q", "quit", "Quit", show=False, id="app.quit"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, id="app.quit_anywhere"),
    ]

    def __init__(
        self,
        port: Port,
        *,
        source: Source | None = None,
        token_mask: str = "",
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        theme: str = themes.DEFAULT,
        start_place: str | None = None,
        bell: bool = True,
        mark_title: bool = True,
        ascii_only: bool | None = None,
    ) -> None:
        super().__init__()
        self.port = port
        self.token = token_mask
        self.clock, self.steady = clock, steady
        self.board, self.queue = Board(), HoldQueue()
        self.source = self.board if source is None else source
        self.trouble = ""
        self._bell, self._mark_title = bell, mark_title
        self._start_place = start_place
        self._backstop = text.Backstop()
        self._ascii = text.AsciiOnly(needs_ascii() if ascii_only is None else ascii_only)
        self._load_themes(theme)

    # Themes and the last filter before the terminal

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.DEFAULT_VARIABLES

    def _load_themes(self, wanted: str) -> None:
        good, self._bad_themes = themes.load(themes.directory())
        for found in good:
            self.register_theme(found)
        if wanted not in self.available_themes:
            known = ", ".join(sorted(found.name for found in good))
            self._bad_themes.append(themes.BadTheme(wanted, f"there is no such theme; there are {known}"))
            wanted = themes.DEFAULT
        if wanted in self.available_themes:
            self.theme = wanted

    def get_driver_class(self) -> type[Driver]:
        return losable(super().get_driver_class())

    def get_line_filters(self) -> Sequence[LineFilter]:
        last = [self._backstop, self._ascii] if self._ascii.enabled else [self._backstop]
        return [*super().get_line_filters(), *last]

    # Life

    async def on_mount(self) -> None:
        for bad in self._bad_themes:
            self.say(f"Theme {bad.file}: {bad.why}", wrong=True)
        if self._mark_title:
            titles.remember(self)
        await self.poll()
        no_policy = self.board.views.policy.version == 0 and not self.board.views.run.read_only
        await self.switch_mode(self._start_place or ("policy" if no_policy else "live"))
        self.set_interval(TICK_EVERY, self._tick)
        self.run_worker(self._poll_forever(), group="poll")
        self.call_later(_settle_memory)

    def last_words(self, error: BaseException) -> str:
        return report(error, recording=self.board.views.run.recording, token=self.token)

    def on_unmount(self) -> None:
        if self._mark_title:
            titles.restore(self)

    async def _poll_forever(self) -> None:
        """One worker, not a timer's callback: a slow port (a socket) must not keep a key waiting."""
        while self.is_running:
            await asyncio.sleep(POLL_EVERY)
            await self.poll()

    async def poll(self) -> None:
        """Ask for what changed; show it when something did."""
        since = self.board.views.version
        try:
            views = await self.port.views(since)
        except (OSError, InspectError) as error:
            self._show_trouble(str(error) or type(error).__name__)
            return
        if not self.is_running or (self.board.shows(views) and not self.trouble):
            return
        self.trouble = ""
        changed = self.board.fold(views)
        new = self.queue.fold(views.holds, self.steady())
        self._alert(bool(new))
        self._draw(changed)

    def _show_trouble(self, why: str) -> None:
        if not self.trouble:
            self.trouble = why
            self.say(f"The engine does not answer: {why}", wrong=True)
            self._draw(())

    def _draw(self, changed: tuple[CallId, ...]) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Place):
                screen.draw(changed)
        titles.tell(self.screen)

    def _tick(self) -> None:
        if not self.is_running:
            return
        now = self.clock()
        for screen in self.screen_stack:
            if isinstance(screen, Place) and screen.is_mounted:
                screen.tick(now)
        titles.tell(self.screen)

    def _alert(self, is_new: bool) -> None:
        if is_new and self._bell:
            self.bell()
        if self._mark_title:
            titles.mark(self, len(self.queue))

    # What screens ask of the app

    async def ask(self, command: Command) -> CommandResult:
        """Send a wish; what the port cannot carry is `Rejected` too."""
        try:
            answer = await self.port.command(command)
        except (OSError, InspectError) as error:
            return Rejected(str(error) or type(error).__name__)
        # The screen that asked may be gone by now: it must not try to show anything.
        return answer if self.is_running else Rejected("the screen is closed")

    def say(self, words: str, *, wrong: bool = False) -> None:
        """A short notice; `words` may hold untrusted text."""
        if not self.is_running:
            return
        self.notify(text.block(words, 600, 6), severity="error" if wrong else "information", markup=False, timeout=4)

    def copy(self, copied: str, what: str) -> None:
        if not copied:
            self.say("Nothing to copy.")
        elif len(copied) > COPIED_AT_MOST:
            self.say(f"Too large for a clipboard ({len(copied):,} characters).", wrong=True)
        else:
            self.copy_to_clipboard(text.encodable(copied))
            self.say(f"Copied {what}.")

    def action_go(self, place: str) -> None:
        if isinstance(self.screen, Place):
            self.switch_mode(place)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from system_commands(self, screen)

    def action_help(self) -> None:
        if isinstance(self.screen, Place):
            self.push_screen(HelpDialog(self.screen))

    def action_connect(self) -> None:
        if isinstance(self.screen, Place):
            self.push_screen(ConnectDialog())

    async def action_quit(self) -> None:
        if isinstance(self.screen, QuitDialog):
            return
        read_only = self.board.views.run.read_only
        if read_only or not (self.board.attached or self.queue.holds):
            await self._stop(True)
        else:
            self.push_screen(QuitDialog(self.board.attached, len(self.queue)), self._stop)

    async def _stop(self, sure: bool | None) -> None:
        if sure:
            await self.ask(Shutdown())
            self.exit()


def _settle_memory() -> None:
    """What is here at the start stays: without this, every collection walks all of it and a frame waits."""
    gc.collect()
    gc.freeze()
