"""Everything that can be done in a place, with its keys, and a sentence about what the place is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.ui import text
from inspector.ui.actions import Action, actions_of
from inspector.ui.screens.dialog import Dialog
from inspector.ui.screens.place import Place
from inspector.ui.widgets.status import LABELS

Parts = list[tuple[str, str]]
_INSIDE: Final = "Inside a text the letters belong to it: Esc leaves it, and the F keys, Ctrl and Alt work in it too."
_MOUSE: Final = "The mouse: a click selects, a second one opens; headings sort; keys on the last line can be clicked."
_MARKS: Final = "✓ allow  ✗ deny  ◐ hold  ⊘ limit  ! error  – gone  · nothing to say"
_EVERYWHERE: Final = "Everywhere"
_PARTS: Final = {
    "connecting": "Before the first call",
    "calls": "In the table",
    "detail": "In the call below it",
    "held": "Among held calls",
    "answered-list": "Among answered calls",
    "limits-list": "In the list",
    "filter": "While a filter is typed",
    "prompt": "While something is sought",
    "editor": "In the editor",
}


class HelpDialog(Dialog[None]):
    KEYS = ("help.leave",)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "leave", "Close", id="help.leave")]

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="help-scroll"):
            yield Static(Content(self._place.HELP + "\n"), markup=False)
            yield Static(id="help-keys", markup=False)
            yield Static(Content.assemble("\n", _INSIDE, "\n", _MOUSE, "\n\n", (_MARKS, "$quiet")), markup=False)

    def on_mount(self) -> None:
        self.query_one("#box").border_title = Content(f"{LABELS[self._place.PLACE]} · keys")
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_keys)

    def _show_keys(self) -> None:
        """The place's own actions first, then those of its parts, each under its name, then what works everywhere."""
        scroll = self.query_one("#help-scroll")
        found = actions_of(self._place)
        keys = max(len(_shown(action)) for action in found) + 2
        width = max(2 * keys, scroll.size.width - 1) // 2
        sections: dict[str, list[Action]] = {"": []}
        for action in found:
            sections.setdefault(self._section(action), []).append(action)
        sections[_EVERYWHERE] = sections.pop(_EVERYWHERE)  # the last one
        parts: Parts = []
        for title, actions in sections.items():
            parts += [(f"\n{title}\n", "bold $quiet")] if title else []
            parts += _columns(actions, keys, width)
        self.query_one("#help-keys", Static).update(Content.assemble(*parts))

    def _section(self, action: Action) -> str:
        if action.node is self.app or action.id.startswith("place."):
            return _EVERYWHERE
        return _PARTS.get(action.node.id or "", "")


def _columns(actions: list[Action], keys: int, width: int) -> Parts:
    """Two columns, read downwards; `keys` of the `width` cells of one are for its keys."""
    half = (len(actions) + 1) // 2
    parts: Parts = []
    for index in range(half):
        for action in actions[index::half][:2]:
            parts += [(text.fit(_shown(action), keys), "bold $primary"), (text.fit(action.words, width - keys), "")]
        parts.append(("\n", ""))
    return parts


def _shown(action: Action) -> str:
    return " ".join(action.keys)
