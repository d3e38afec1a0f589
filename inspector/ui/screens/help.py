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
_INSIDE = "1 … 5 are the places. Inside a text Alt+1 … Alt+5, F2 approves, F4 denies, Esc leaves it."
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
            yield Static(Content.assemble("\n", _INSIDE, "\n\n", (_MARKS, "$quiet")), markup=False)

    def on_mount(self) -> None:
        self.query_one("#box").border_title = Content(f"{LABELS[self._place.PLACE]} · keys")
        self.query_one(VerticalScroll).focus()

    def _keys(self) -> Parts:
        """Two columns, each binding once with all of its keys."""
        keys: dict[str, list[str]] = {}
        words: dict[str, str] = {}
        for found in self._place.active_bindings.values():
            binding = found.binding
            if binding.id and binding.description and not binding.id.startswith(("place.", "app.quit_anywhere")):
                keys.setdefault(binding.id, []).append(self.app.get_key_display(binding))
                words[binding.id] = binding.description
        rows = [(" ".join(dict.fromkeys(names)), words[i]) for i, names in keys.items()]
        half = (len(rows) + 1) // 2
        parts: Parts = []
        for index in range(half):
            for names_shown, what in rows[index::half][:2]:
                parts += [(f"{text.fit(names_shown, 12)} ", "bold $primary"), (text.fit(what, 24), "")]
            parts.append(("\n", ""))
        return parts
