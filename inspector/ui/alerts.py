"""How a held call reaches a person who looks elsewhere: the bell, the desktop, the terminal's title.

Only our own fixed words and a number are ever written there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from inspector.ui.figures import plural
from inspector.ui.preferences import Preferences

if TYPE_CHECKING:
    from typing import Any

    from textual.app import App
    from textual.screen import Screen

NOTIFIED_EVERY: Final = 10.0  # seconds: a burst of held calls is one piece of news


@runtime_checkable
class WatchesHolds(Protocol):
    """A dialog about a held call, which may end while the dialog is open."""

    def holds_changed(self) -> None: ...


def tell(screen: Screen[Any]) -> None:
    """A dialog that has only just been pushed holds no widgets yet; it looks by itself once it does."""
    if isinstance(screen, WatchesHolds) and screen.is_mounted:
        screen.holds_changed()


def title(held: int) -> str:
    return f"◐ {held} held · mcp-inspect" if held else "mcp-inspect"


def notification(held: int, environ: Mapping[str, str]) -> str:
    """The sequence that asks a terminal for a desktop notification.

    OSC 9 is what most terminals know; rxvt and those built on VTE know OSC 777. tmux hands on what is wrapped for it,
    if it is allowed to (`allow-passthrough`).
    """
    words = f"{plural(held, 'held call')} {'waits' if held == 1 else 'wait'} for you"
    knows_777 = environ.get("TERM", "").startswith("rxvt") or "VTE_VERSION" in environ
    sequence = f"\x1b]777;notify;mcp-inspect;{words}\x07" if knows_777 else f"\x1b]9;mcp-inspect: {words}\x07"
    return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\" if environ.get("TMUX") else sequence


class Alerts:
    """`steady` measures spans, in seconds."""

    def __init__(self, app: App[None], preferences: Preferences, steady: Callable[[], float]) -> None:
        self._app = app
        self._preferences = preferences
        self._steady = steady
        self._notified_at = -NOTIFIED_EVERY

    def begin(self) -> None:
        """Ask the terminal to keep its own title for the end (XTWINOPS 22)."""
        if self._preferences.title:
            self._write("\x1b[22;2t")

    def end(self) -> None:
        if self._preferences.title:
            self._write("\x1b[23;2t")

    def tell(self, is_new: bool, held: int) -> None:
        """`is_new`: a call has come that was not held at the last look."""
        if is_new and self._preferences.bell:
            self._app.bell()
        if is_new and self._preferences.notify and not self._app.app_focus:
            self._notify(held)
        if self._preferences.title and (words := title(held)) != self._app.title:
            self._app.title = words
            self._write(f"\x1b]2;{words}\x07")

    def _notify(self, held: int) -> None:
        now = self._steady()
        if now - self._notified_at >= NOTIFIED_EVERY:
            self._notified_at = now
            self._write(notification(held, os.environ))

    def _write(self, sequence: str) -> None:
        driver = self._app._driver
        if driver is not None and not self._app.is_headless:
            driver.write(sequence)
            driver.flush()
