"""A terminal that goes away (a closed window, a lost SSH line) must not take the program with it.

Textual's writer thread dies of the first failed write; then its queue fills up, and the next frame waits for ever, on
the loop that the screen runs on. Here a failed write ends the app in good order instead.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

from textual.driver import Driver

from inspector.core.errors import ConfigError


class LosableFile:
    """Writes until the terminal is gone; from then on everything written is nothing. `lost` is called once, from the
    thread that wrote."""

    def __init__(self, file: IO[str], lost: Callable[[], object]) -> None:
        self._file = file
        self._lost = lost
        self._gone = False

    def write(self, text: str) -> int:
        self._try(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._file.flush)

    def _try(self, action: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            action()
        except OSError:
            self._gone = True
            self._lost()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def losable(driver_class: type[Driver]) -> type[Driver]:
    """The same driver, over a terminal that may go away."""

    class LosableDriver(driver_class):  # type: ignore[misc, valid-type]
        def start_application_mode(self) -> None:
            loop, app = asyncio.get_running_loop(), self._app
            if file := getattr(self, "_file", None):
                self._file = LosableFile(file, lambda: loop.call_soon_threadsafe(app.exit))
            super().start_application_mode()

    return LosableDriver


def refuse_poor_terminal(environ: Mapping[str, str]) -> None:
    """Raises ConfigError where no app can be drawn: neither cursor movement nor keys would work."""
    kind = environ.get("TERM", "")
    if kind in ("dumb", "unknown") or not (sys.__stdin__ and sys.__stderr__ and sys.__stderr__.isatty()):
        what = f"this terminal (TERM={kind})" if kind in ("dumb", "unknown") else "what stderr leads to"
        raise ConfigError(f"{what} cannot show the app.\nUse --headless, or a terminal that moves its cursor.")


def needs_ascii() -> bool:
    """The terminal's encoding has no glyphs: Textual writes to the process's own stderr."""
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "").replace("_", "") not in ("utf8", "utf16", "utf16le")
