"""What a person chose for the screen: `[ui]` and `[keys]` of `mcp-inspect.toml`, checked before the app starts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeAlias

from inspector.config_file import ConfigFile, did_you_mean
from inspector.core.errors import ConfigError
from inspector.ui.widgets.columns import COLUMNS, USUAL

AUTO: Final = "auto"

Place: TypeAlias = tuple[ConfigFile, tuple[str, ...]]
"""Where something was said: the file, and the key within it."""
KeyCheck: TypeAlias = Callable[[Mapping[str, str], Mapping[str, bool]], Iterable[tuple[str, str]]]
"""`keymap.problems`: (action → keys, action → may it be set by a project's file) → (action, what is wrong)."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """`keys`: action → its keys, as Textual names them, with commas between; only what differs from the usual."""

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
    """One key of `[ui]`. The settings page's table is made of these."""

    name: str
    wanted: str
    meaning: str


SETTINGS: Final = (
    Setting("theme", "a theme's name, or auto", "the colours; `auto` suits the terminal: its number of colours, its ground"),
    Setting("bell", "true or false", "a held call rings the terminal's bell"),
    Setting("notify", "true or false", "a held call notifies the desktop while the terminal is not focused"),
    Setting("title", "true or false", "the terminal's title says how many calls are held"),
    Setting("mouse", "true or false", "clicks and the wheel go to the app; false leaves them to the terminal"),
    Setting("follow", "true or false", "the calls table begins by following the newest call"),
    Setting("columns", "a list of columns", f"the calls table's columns, out of {', '.join(c.key for c in COLUMNS)}"),
)  # fmt: skip
_WANTED: Final = {setting.name: setting.wanted for setting in SETTINGS}


def read(files: Iterable[ConfigFile], themes: Callable[[], Collection[str]], check_keys: KeyCheck) -> Preferences:
    """The preferences of some files; what a later one says wins.

    Raises ConfigError with every mistake on a line of its own: file, line, key, and what was expected.
    """
    mistakes: list[tuple[str, int, str]] = []
    chosen: dict[str, Any] = {}
    keys: dict[str, Place] = {}

    def complain(place: Place, why: str) -> None:
        file, key = place
        mistakes.append((str(file.path), file.line(key), file.wrong(key, why)))

    for file in files:
        for name, value in file.table("ui").items():
            if name not in _WANTED:
                complain((file, ("ui", name)), f"unknown; {did_you_mean(name, _WANTED)}")
            elif why := _complaint(name, value, themes):
                complain((file, ("ui", name)), why)
            else:
                chosen[name] = tuple(value) if isinstance(value, list) else value
        for action, place in _flat(file):
            keys[action] = place
    keymap: dict[str, str] = {}
    for action, place in keys.items():
        said = _value(place)
        if isinstance(said, str):
            keymap[action] = ",".join(part.strip() for part in said.split(","))
        else:
            complain(place, f'keys are wanted, as in "a,f2", not {said!r}')
    for action, why in check_keys(keymap, {action: keys[action][0].project for action in keymap}):
        complain(keys[action], why)
    if mistakes:
        raise ConfigError("\n".join(line for _, _, line in sorted(mistakes)))
    return Preferences(**chosen, keys=keymap)


def _complaint(name: str, value: object, themes: Callable[[], Collection[str]]) -> str | None:
    match name:
        case "theme":
            return _theme(value, {*themes(), AUTO}) if isinstance(value, str) else _not(name, value)
        case "columns":
            return _columns(name, value)
        case _:
            return None if isinstance(value, bool) else _not(name, value)


def _theme(value: str, known: Collection[str]) -> str | None:
    return None if value in known else f"{value!r} is no theme; {did_you_mean(value, known)}"


def _columns(name: str, value: object) -> str | None:
    if not isinstance(value, list) or not value:
        return _not(name, value)
    known = [column.key for column in COLUMNS]
    for item in value:
        if not isinstance(item, str) or item not in known:
            return f"{item!r} is no column; {did_you_mean(str(item), known)}"
    return f"{value!r} names one twice" if len(set(value)) < len(value) else None


def _not(name: str, value: object) -> str:
    said = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"{_WANTED[name]} is wanted, not {said}"


def _flat(file: ConfigFile) -> Iterator[tuple[str, Place]]:
    """`hold.approve = "a"` is a table within a table to TOML, `"hold.approve" = "a"` is not: both are meant."""

    def walk(table: Mapping[str, object], way: tuple[str, ...]) -> Iterator[tuple[str, Place]]:
        for name, value in table.items():
            if isinstance(value, dict):
                yield from walk(value, (*way, name))
            else:
                yield ".".join((*way[1:], name)), (file, (*way, name))

    yield from walk(file.table("keys"), ("keys",))


def _value(place: Place) -> object:
    file, way = place
    found: Any = file.document
    for part in way:
        found = found[part]
    return found


assert set(_WANTED) == {one.name for one in fields(Preferences)} - {"keys"}
