"""The app's colours: themes from files, the one that suits the terminal, and files that change while the app runs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio
from textual.filter import LineFilter, Monochrome, NoColor
from textual.theme import BUILTIN_THEMES
from watchfiles import awatch

from inspector.ui import text, theme
from inspector.ui.in_order import InOrderApp
from inspector.ui.preferences import AUTO
from inspector.ui.terminal import needs_ascii

DEBOUNCE_MS: Final = 100


class ThemedApp(InOrderApp):
    """`folders` hold the themes; of two of one name the later folder's wins. `ascii_only` None: ask the terminal."""

    def __init__(self, wanted: str, folders: Sequence[Path], ascii_only: bool | None) -> None:
        super().__init__()
        self._backstop = text.Backstop()
        self._ascii = text.AsciiOnly(needs_ascii() if ascii_only is None else ascii_only)
        self.bad_themes: list[theme.BadTheme] = []
        self._put_on(wanted, folders)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme.DEFAULT_VARIABLES

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Ours are the last ones before the terminal.

        Under NO_COLOR Textual chooses by the theme that it begins with: greys for one with colours of its own, and none
        at all for one of the terminal's. The theme may be another by now.
        """
        last = [self._backstop, self._ascii] if self._ascii.enabled else [self._backstop]
        theirs = super().get_line_filters()
        if any(isinstance(one, (NoColor, Monochrome)) for one in theirs):  # asked for each widget of a frame
            plain = NoColor() if self.native_ansi_color else Monochrome()
            theirs = [plain if isinstance(one, (NoColor, Monochrome)) else one for one in theirs]
        return [*theirs, *last]

    def _put_on(self, wanted: str, folders: Sequence[Path]) -> None:
        good, self.bad_themes = theme.load(*folders)
        for found in good:
            self.register_theme(found)
        if wanted == AUTO:
            wanted = suitable(self.console.color_system, os.environ)
        elif wanted not in self.available_themes:
            known = ", ".join(sorted(found.name for found in good))
            self.bad_themes.append(theme.BadTheme(wanted, f"there is no such theme; there are {known}"))
            wanted = theme.DEFAULT
        if wanted in self.available_themes:
            self.theme = wanted

    def take_theme(self, path: Path) -> theme.BadTheme | None:
        """A theme's file has changed: it is worn at once, if it is the one. A bad one leaves the last good in place."""
        found = theme.parse(path)
        if isinstance(found, theme.BadTheme):
            return found
        self.register_theme(found)
        if found.name == self.theme:
            self._watch_theme(found.name)  # to set the same name again would change nothing
        return None


def suitable(color_system: str | None, environ: Mapping[str, str]) -> str:
    """The theme for a terminal: by how many colours it has, and by its ground where it says so (COLORFGBG)."""
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    light = ground in ("7", "15")
    if color_system == "standard":
        return "inspect-ansi-light" if light else "inspect-ansi"
    return "inspect-light" if light else theme.DEFAULT


async def changed_themes(folders: Iterable[Path], stop: anyio.Event) -> AsyncIterator[Path]:
    """Every theme file that is written from now on. A folder that is not there yet is waited for in the one above.

    `stop` ends it: the watcher waits in a thread, which no cancellation reaches, and looks up every 5 s only.
    """
    wanted = {folder.resolve() for folder in folders}
    watched = {folder if folder.is_dir() else folder.parent for folder in wanted}
    existing = [folder for folder in watched if folder.is_dir()]
    if not existing:
        return
    async for changes in awatch(*existing, debounce=DEBOUNCE_MS, step=20, stop_event=stop):
        for path in sorted({Path(name) for _, name in changes}):
            if path.parent in wanted and path.suffix == ".yaml" and path.is_file():
                yield path


def names(folders: Iterable[Path]) -> set[str]:
    """Every name that a theme can be chosen by: also a broken file's, which is said on the screen, not here."""
    good, bad = theme.load(*folders)
    return {*(found.name for found in good), *(Path(one.file).stem for one in bad), *BUILTIN_THEMES}
