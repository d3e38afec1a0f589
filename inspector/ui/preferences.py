"""What a person chose for the screen: `[ui]` and `[keys]` of `mcp-inspect.toml`, checked before the app starts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from inspector.config_file import ConfigFile, did_you_mean
from inspector.core.errors import ConfigError
from inspector.ui.widgets.columns import COLUMNS, USUAL

AUTO: Final = "auto"

Themes: TypeAlias = Callable[[], Collection[str]]
"""Every name that a theme can be chosen by; asked only when one is chosen."""
KeyCheck: TypeAlias = Callable[[Mapping[str, str], Collection[str]], Iterable[tuple[str, str]]]
"""`keymap.problems`: (action → its keys, the actions that a project's file sets) → (action, what is wrong)."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """`keys`: action → its keys with commas between, only of the actions whose keys were changed."""

    theme: str = AUTO
    bell: bool = True
    notify: bool = True
    title: bool = True
    mouse: bool = True
    follow: bool = True
    columns: tuple[str, ...] = USUAL
    keys: Mapping[str, str] = field(default_factory=dict)


USUALLY: Final = Preferences()


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `[ui]`, as the settings page tells of it."""

    name: str
    wanted: str
    meaning: str


SETTINGS: Final = (
    Setting("theme", "a theme's name, or auto", "the colours; `auto` takes what suits the terminal"),
    Setting("bell", "true or false", "a held call rings the terminal's bell"),
    Setting("notify", "true or false", "a held call notifies the desktop while the terminal is not focused"),
    Setting("title", "true or false", "the terminal's title says how many calls are held"),
    Setting("mouse", "true or false", "clicks and the wheel go to the app; `false` leaves them to the terminal"),
    Setting("follow", "true or false", "the calls table begins by following the newest call"),
    Setting("columns", "a list of columns", f"of the calls table, out of {', '.join(c.key for c in COLUMNS)}"),
)
_WANTED: Final = {setting.name: setting.wanted for setting in SETTINGS}


def read(files: Iterable[ConfigFile], themes: Themes, check_keys: KeyCheck) -> Preferences:
    """The preferences of some files; what a later one says wins.

    Raises ConfigError with every mistake on a line of its own: file, line, key, and what was expected.
    """
    reader = _Reader(themes)
    for file in files:
        reader.take_settings(file)
        reader.keys.update(_flat(file))
    keymap = reader.keymap(check_keys)
    if reader.mistakes:
        raise ConfigError("\n".join(told for _, _, told in sorted(reader.mistakes)))
    return Preferences(**reader.chosen, keys=keymap)


@dataclass(frozen=True, slots=True)
class _Said:
    """A value, and where it stands."""

    value: object
    file: ConfigFile
    key: tuple[str, ...]


class _Reader:
    """Goes on after a mistake, so that one look tells all of them."""

    def __init__(self, themes: Themes) -> None:
        self._themes = themes
        self.mistakes: list[tuple[str, int, str]] = []  # file, line, what to say
        self.chosen: dict[str, Any] = {}
        self.keys: dict[str, _Said] = {}

    def take_settings(self, file: ConfigFile) -> None:
        for name, value in file.table("ui").items():
            if why := self._complaint(name, value):
                self._complain(_Said(value, file, ("ui", name)), why)
            else:
                self.chosen[name] = tuple(value) if isinstance(value, list) else value

    def keymap(self, check: KeyCheck) -> dict[str, str]:
        """What `[keys]` say, once all files are read: keys clash, or do not, in the end only."""
        keymap: dict[str, str] = {}
        for action, said in self.keys.items():
            if isinstance(said.value, str):
                keymap[action] = ",".join(key.strip() for key in said.value.split(","))
            else:
                self._complain(said, f'keys are wanted, as in "a,f2", not {said.value!r}')
        for action, why in check(keymap, [action for action in keymap if self.keys[action].file.project]):
            self._complain(self.keys[action], why)
        return keymap

    def _complain(self, said: _Said, why: str) -> None:
        self.mistakes.append((str(said.file.path), said.file.line(said.key), said.file.wrong(said.key, why)))

    def _complaint(self, name: str, value: object) -> str | None:
        match name, value:
            case _ if name not in _WANTED:
                return f"unknown; {did_you_mean(name, _WANTED)}"
            case "theme", str(theme):
                known = {*self._themes(), AUTO}
                return None if theme in known else f"{theme!r} is no theme; {did_you_mean(theme, known)}"
            case "columns", list(columns) if columns:
                return _columns(columns)
            case (("bell" | "notify" | "title" | "mouse" | "follow"), bool()):
                return None
            case _:
                said = str(value).lower() if isinstance(value, bool) else repr(value)
                return f"{_WANTED[name]} is wanted, not {said}"


def _columns(columns: list[object]) -> str | None:
    known = [column.key for column in COLUMNS]
    for column in columns:
        if column not in known:
            return f"{column!r} is no column; {did_you_mean(str(column), known)}"
        if columns.count(column) > 1:
            return f"{column!r} stands there twice"
    return None if "tool" in columns else "the tool cannot be left out: a row would say nothing"


def _flat(file: ConfigFile) -> Iterator[tuple[str, _Said]]:
    """`hold.approve = "a"` is a table within a table to TOML, `"hold.approve" = "a"` is not: both are meant."""

    def walk(table: Mapping[str, object], way: tuple[str, ...]) -> Iterator[tuple[str, _Said]]:
        for name, value in table.items():
            if isinstance(value, dict):
                yield from walk(value, (*way, name))
            else:
                yield ".".join((*way[1:], name)), _Said(value, file, (*way, name))

    yield from walk(file.table("keys"), ("keys",))
