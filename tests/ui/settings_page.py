"""The tables of `docs/settings.md`, made of the code: `python tests/ui/settings_page.py` writes them anew."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
sys.path[:0] = [str(PAGE.parents[1])]

from inspector.ui.actions import own_bindings  # noqa: E402
from inspector.ui.app import InspectApp  # noqa: E402
from inspector.ui.keymap import PLACES, SCREENS, known  # noqa: E402
from inspector.ui.preferences import SETTINGS, USUALLY  # noqa: E402


def settings_table() -> str:
    rows = [
        f"| `{one.name}` | {one.wanted} | `{_toml(getattr(USUALLY, one.name))}` | {one.meaning} |" for one in SETTINGS
    ]
    return "\n".join(["| key | wanted | when it is missing | what it does |", "|---|---|---|---|", *rows])


def keys_tables() -> str:
    """One table for each place and dialog; what several have is said once, at the first of them."""
    told: set[str] = set()
    parts = [_table("Everywhere", [*own_bindings(InspectApp), *_ways()], told)]
    for screen, (where, widgets) in SCREENS.items():
        names = [name for kind in (screen, *widgets) for name in own_bindings(kind)]
        parts.append(_table(where[0].upper() + where[1:], names, told))
    return "\n\n".join(part for part in parts if part)


def _ways() -> list[str]:
    return [name for name in own_bindings(PLACES[0]) if name.startswith("place.")]


def _table(title: str, names: list[str], told: set[str]) -> str:
    fresh = [name for name in dict.fromkeys(names) if name not in told]
    told.update(fresh)
    rows = [f"| `{name}` | `{','.join(known()[name].keys)}` | {known()[name].words} |" for name in fresh]
    return "\n".join([f"**{title}**", "", "| action | keys | |", "|---|---|---|", *rows]) if rows else ""


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{one}"' for one in value) + "]"
    return f'"{value}"'


def page(text: str) -> str:
    """The page with its tables as they are now."""
    for name, table in (("settings", settings_table()), ("keys", keys_tables())):
        pattern = rf"(<!-- {name}: made of the code -->\n).*?(<!-- end of {name} -->)"
        text = re.sub(pattern, lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
