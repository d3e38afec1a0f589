"""Themes are data: one YAML file each. A bad file is reported and left out, never fatal."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from inspector.config_file import did_you_mean

DEFAULT: Final = "inspect-dark"

# A theme made for another program knows nothing of these.
DEFAULT_VARIABLES: Final = {
    "decision-allow": "#57c7a5",
    "decision-deny": "#ff7b72",
    "decision-hold": "#e6b450",
    "decision-limit": "#d2a8ff",
    "decision-error": "#ffa198",
    "quiet": "#7d8a97",
}
_KEYS: Final = {field.name for field in fields(Theme)}
_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class BadTheme:
    file: str
    why: str


def directory() -> Path:
    """Where the themes lie: inside an installed package, else at the top of the source tree."""
    packaged = Path(str(files("inspector"))) / "_themes"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "themes"


def load(*folders: Path) -> tuple[list[Theme], list[BadTheme]]:
    """Every theme of some folders, and what is wrong with the others. A folder that is missing holds none."""
    good: list[Theme] = []
    bad: list[BadTheme] = []
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        found = parse(path)
        if isinstance(found, Theme):
            good.append(found)
        else:
            bad.append(found)
    return good, bad


def parse(path: Path) -> Theme | BadTheme:
    try:
        data = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return BadTheme(path.name, f"cannot be read: {error}")
    except YAMLError as error:
        return BadTheme(path.name, _no_yaml(error))
    if (why := _complaint(data)) is not None:
        return BadTheme(path.name, why)
    if data.get("ansi"):
        # Textual's own style sheet asks for more of a theme that keeps to the terminal's colours.
        base = BUILTIN_THEMES["ansi-dark" if data.get("dark", True) else "ansi-light"].variables
        data = {**data, "variables": {**base, **data.get("variables", {})}}
    return Theme(**data)


def _no_yaml(error: YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}: " if mark is not None else ""
    return f"is no YAML: {place}{getattr(error, 'problem', None) or str(error).splitlines()[0]}"


def _complaint(data: object) -> str | None:
    if not isinstance(data, dict):
        return "holds no mapping"
    if unknown := sorted(str(key) for key in data if key not in _KEYS):
        return f"unknown key {unknown[0]!r}; {did_you_mean(unknown[0], _KEYS)}"
    if not isinstance(data.get("name"), str) or not _NAME.fullmatch(data["name"]):
        return "needs a name of a-z, 0-9 and -"
    if "primary" not in data:
        return "needs a primary colour"
    for switch in ("dark", "ansi"):
        if not isinstance(data.get(switch, True), bool):
            return f"{switch} must be true or false"
    variables = data.get("variables", {})
    if not isinstance(variables, dict):
        return "variables must be a mapping"
    if strange := next((name for name in variables if not _NAME.fullmatch(str(name))), None):
        return f"variables.{strange}: a name has a-z, 0-9 and -"
    colours = {k: v for k, v in data.items() if k not in ("name", "variables", "dark", "ansi")} | variables
    return next((why for key, value in colours.items() if (why := _bad_colour(str(key), value))), None)


def _bad_colour(key: str, value: object) -> str | None:
    if key in ("luminosity_spread", "text_alpha"):
        return None if isinstance(value, int | float) else f"{key} must be a number"
    try:
        Color.parse(cast("str", value))
    except (ColorParseError, AttributeError, TypeError):
        return f"{key}: {value!r} is no colour"
    return None
