"""Short words to the person on the last line, in the keys' stead: never over anything, and gone by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from inspector.ui import text
from inspector.ui.widgets.keybar import KeyBar, Notice

if TYPE_CHECKING:
    from textual.app import App

SAID_FOR: Final = 3.0  # seconds
WRONG_FOR: Final = 8.0  # it may have to be read twice


class Notices:
    """The newest one is shown on every screen of the app; an earlier one gives way."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._timer: Timer | None = None
        self.current: Notice | None = None

    def say(self, words: str, *, wrong: bool, stay: float | None = None) -> None:
        """`stay`: for how many seconds; None: as long as such words usually take to read."""
        self._set(Notice(text.block(words, 600, 6), wrong))
        self._timer = self._app.set_timer(stay or (WRONG_FOR if wrong else SAID_FOR), self.hush)

    def hush(self) -> None:
        self._set(None)

    def _set(self, notice: Notice | None) -> None:
        if self._timer is not None:
            self._timer.stop()
        self.current = notice
        for screen in self._app.screen_stack:
            for bar in screen.query(KeyBar):
                bar.tell(notice)
