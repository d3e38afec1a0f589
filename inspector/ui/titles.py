"""The terminal's title says how many calls wait. Only our own fixed words and a number are ever written there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from typing import Any

    from textual.app import App
    from textual.screen import Screen


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


def remember(app: App[None]) -> None:
    """Ask the terminal to keep its own title for `restore` (XTWINOPS 22)."""
    _write(app, "\x1b[22;2t")


def mark(app: App[None], held: int) -> None:
    words = title(held)
    if words != app.title:
        app.title = words
        _write(app, f"\x1b]2;{words}\x07")


def restore(app: App[None]) -> None:
    _write(app, "\x1b[23;2t")


def _write(app: App[None], sequence: str) -> None:
    driver = app._driver
    if driver is not None and not app.is_headless:
        driver.write(sequence)
        driver.flush()
