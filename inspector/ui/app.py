"""The app: it polls the port, keeps the board, and leads from place to place."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Final

import textual.screen
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from inspector.core.commands import Command, CommandResult, Rejected, Shutdown
from inspector.core.errors import InspectError
from inspector.core.views import Port
from inspector.ui import text
from inspector.ui import theme as themes
from inspector.ui.actions import key_names
from inspector.ui.alerts import tell
from inspector.ui.crash import report
from inspector.ui.listing import Source
from inspector.ui.palette import system_commands
from inspector.ui.preferences import USUALLY, Preferences
from inspector.ui.screens.approvals import ApprovalsPlace
from inspector.ui.screens.connect import ConnectDialog
from inspector.ui.screens.dialog import Dialog
from inspector.ui.screens.help import HelpDialog
from inspector.ui.screens.limits import LimitsPlace
from inspector.ui.screens.live import LivePlace
from inspector.ui.screens.place import BEATS, Place
from inspector.ui.screens.quit import QuitDialog
from inspector.ui.screens.rooms import policy
from inspector.ui.screens.sessions import SessionsPlace
from inspector.ui.terminal import losable
from inspector.ui.visiting import BACK, Opened, OpenRecording, Visiting

POLL_EVERY: Final = 1 / 30  # seconds
FRAME: Final = 1 / 240  # seconds between two frames, at least: Textual's own sixtieth can be felt behind a key
POLL_AT_LEAST_EVERY: Final = 1 / 8
TICK_EVERY: Final = 0.25
COPIED_AT_MOST: Final = 1_000_000  # characters: terminals refuse or choke on more


class InspectApp(Visiting):
    """`port` is all it knows of the engine, `source` where the rows are: None for those of a live run. `token_mask` is
    the endpoint's token, which is never shown on the screen.

    `open_recording`: how an earlier recording is opened; None where there is no way back from one.
    `clock` is the engine's (Unix seconds), `steady` only measures spans. `awaits_clients`: a person has yet to connect
    one; a demo's come by themselves. `start_place` None: Live, or Policy when no policy could be loaded. `ascii_only`
    None: ask the terminal.
    """

    CSS_PATH = "app.tcss"
    TITLE = "mcp-inspect"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 -- as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall"), (50, "-high")]  # noqa: RUF012
    MODES: ClassVar = {
        "live": LivePlace,
        "approvals": ApprovalsPlace,
        "limits": LimitsPlace,
        "policy": policy,
        "sessions": SessionsPlace,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", key_display="?", id="app.help"),
        Binding("colon,ctrl+p", "command_palette", "Palette", key_display=":", id="app.palette"),
        Binding("c", "connect", "Connect", id="app.connect"),
        BACK,
        Binding("q", "quit", "Quit", show=False, id="app.quit"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True, id="app.quit_anywhere"),
    ]

    def __init__(
        self,
        port: Port,
        *,
        source: Source | None = None,
        token_mask: str = "",
        open_recording: OpenRecording | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        preferences: Preferences = USUALLY,
        theme_folders: Sequence[Path] = (themes.directory(),),
        awaits_clients: bool = True,
        start_place: str | None = None,
        ascii_only: bool | None = None,
    ) -> None:
        look = (preferences.theme, theme_folders, ascii_only)
        super().__init__(Opened(port, source, clock), open_recording, preferences, steady, look)
        self.token = token_mask
        self.awaits_clients = awaits_clients
        self._start_place = start_place
        self._beat = 0
        self.set_keymap(preferences.keys)
        textual.screen.UPDATE_PERIOD = FRAME  # type: ignore[misc]  # of every screen in this process

    def get_driver_class(self) -> type[Driver]:
        return losable(super().get_driver_class())

    # Life

    async def on_mount(self) -> None:
        for bad in self.bad_themes:
            self.say(f"Theme {bad.file}: {bad.why}", wrong=True)
        self.alerts.begin()
        await self.poll()
        no_policy = self.board.views.policy.version == 0 and not self.board.views.run.read_only
        await self.switch_mode(self._start_place or ("policy" if no_policy else "live"))
        self.set_interval(TICK_EVERY / BEATS, self._tick)
        self.run_worker(self._poll_forever(), group="poll")
        self.call_later(_settle_memory)

    def theme_changed(self, path: Path) -> None:
        """A theme's file was written while the app runs."""
        if self.is_running and (bad := self.take_theme(path)):
            self.say(f"Theme {bad.file}: {bad.why}. The last good one stays.", wrong=True)

    def last_words(self, error: BaseException) -> str:
        return report(error, recording=self.board.views.run.recording, token=self.token)

    def on_unmount(self) -> None:
        self.alerts.end()

    async def _poll_forever(self) -> None:
        """One worker, not a timer's callback: a slow port (a socket) must not keep a key waiting.

        A loop that wakes us late has keys to answer: frames give way to them.
        """
        loop, pause = asyncio.get_running_loop(), POLL_EVERY
        while self.is_running:
            due = loop.time() + pause
            await asyncio.sleep(pause)
            late = max(0.0, loop.time() - due)
            pause = min(POLL_EVERY + 2 * late, POLL_AT_LEAST_EVERY)
            await self.poll()

    def _tick(self) -> None:
        if not self.is_running:
            return
        now, self._beat = self.clock(), (self._beat + 1) % BEATS
        for screen in self.screen_stack:
            if isinstance(screen, Place) and screen.is_mounted:
                screen.beat(now, self._beat)
        if self._beat == 0:
            tell(self.screen)

    # What screens ask of the app

    async def ask(self, command: Command) -> CommandResult:
        """Send a wish; what the port cannot carry is `Rejected` too."""
        try:
            answer = await self.port.command(command)
        except (OSError, InspectError) as error:
            return Rejected(str(error) or type(error).__name__)
        # The screen that asked may be gone by now: it must not try to show anything.
        return answer if self.is_running else Rejected("the screen is closed")

    def copy(self, copied: str, what: str) -> None:
        if not copied:
            self.say("Nothing to copy.")
        elif len(copied) > COPIED_AT_MOST:
            self.say(f"Too large for a clipboard ({len(copied):,} characters).", wrong=True)
        else:
            self.copy_to_clipboard(text.encodable(copied))
            self.say(f"Copied {what}.")

    async def idle(self) -> None:
        if isinstance(self.screen, Dialog):
            await self.screen.idle.wait()

    def key(self, action: str, usual: str) -> str:
        """The key to name in a hint: the first one that the person chose for the action, else the usual one."""
        chosen = self.preferences.keys.get(action)
        return usual if chosen is None else self.get_key_display(Binding(key_names(chosen)[0], ""))

    def action_go(self, place: str) -> None:
        if isinstance(self.screen, Place):
            self.switch_mode(place)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from system_commands(self, screen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.visiting if action == "back_to_live" else super().check_action(action, parameters)

    def action_help(self) -> None:
        if isinstance(self.screen, Place):
            self.push_screen(HelpDialog(self.screen))

    def action_connect(self) -> None:
        if isinstance(self.screen, Place):
            self.push_screen(ConnectDialog())

    async def action_quit(self) -> None:
        if isinstance(self.screen, QuitDialog):
            return
        board, holds = self.live.board, self.live.queue.holds
        if board.views.run.read_only or not (board.attached or holds):
            await self._stop(True)
        else:
            self.push_screen(QuitDialog(board.attached, len(holds)), self._stop)

    async def _stop(self, sure: bool | None) -> None:
        if sure:
            self.desk = self.live
            await self.ask(Shutdown())
            self.exit()


def _settle_memory() -> None:
    """What is here at the start stays, and so do most rows: a collection that walks all of it makes a frame wait.

    Young garbage goes as soon as ever; that of the oldest generation, which is every row kept, a hundred times later.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 1_000)
