"""The keys of a place, with a sentence about what it is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.ui import text
from inspector.ui.screens.dialog import Dialog
from inspector.ui.screens.place import Place
from inspector.ui.widgets.status import LABELS

Parts = list[tuple[str, str]]
_MARKS = "✓ allow   ✗ deny   ◐ hold   ⊘ limit   ! error   – gone   · nothing to say"


class HelpDialog(Dialog[None]):
    KEYS = ("help.leave",)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "leave", "Close", id="help.leave")]

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="help-scroll"):
            yield Static(Content(self._place.HELP + "\n"), markup=False)
            yield Static(Content.assemble(*self._keys()), markup=False)
            yield Static(Content.assemble("\n", (_MARKS, "$quiet")), markup=False)

    def on_mount(self) -> None:
        self.query_one("#box").border_title = Content(f"{LABELS[self._place.PLACE]} · keys")
        self.query_one(VerticalScroll).focus()

    def _keys(self) -> Parts:
        """Two columns, each binding once with all of its keys."""
        keys: dict[str, list[str]] = {}
        words: dict[str, str] = {}
        for key, found in self._place.active_bindings.items():
            binding = found.binding
            if binding.id and binding.description and not binding.id.startswith("place."):
                shown = self.app.get_key_display(binding) if binding.key_display is None else binding.key_display
                names = keys.setdefault(binding.id, [])
                names.append(shown if not names and binding.key_display else _name(key))
                words[binding.id] = binding.description
        rows = [(" ".join(dict.fromkeys(names)), words[i]) for i, names in keys.items()]
        rows.append(("1 … 5", "the places (Alt+1 … Alt+5 inside a text)"))
        rows.append(("Esc", "out of a text; F2 approves and F4 denies in one"))
        half = (len(rows) + 1) // 2
        parts: Parts = []
        for index in range(half):
            for column in (index, index + half):
                if column < len(rows):
                    names_shown, what = rows[column]
                    parts += [
                        (f"{text.fit(names_shown, 14)} ", "bold $primary"),
                        (text.fit(what, 26) if column == index else what, ""),
                    ]
            parts.append(("\n", ""))
        return parts


def _name(key: str) -> str:
    names = {
        "question_mark": "?",
        "slash": "/",
        "colon": ":",
        "plus": "+",
        "escape": "Esc",
        "enter": "⏎",
        "pageup": "PgUp",
        "pagedown": "PgDn",
    }
    return names.get(
        key,
        key.replace("ctrl+", "^")
        .replace("up", "↑" if key == "up" else "up")
        .replace("down", "↓" if key == "down" else "down"),
    )
