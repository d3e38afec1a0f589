"""Which columns the calls table shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from inspector.ui.screens.dialog import Dialog
from inspector.ui.widgets.columns import COLUMNS, USUAL

_WORDS = {
    "id": "the call's number",
    "time": "when it arrived",
    "agent": "who made it",
    "tool": "the tool, with its server when there are several",
    "risk": "what the tool may do: a guess from its name and definition",
    "arguments": "their values, in short",
    "decision": "what the policy, or you, said",
    "rule": "the rule that decided",
    "outcome": "how it ended",
    "ms": "milliseconds with the server",
}


class ColumnsDialog(Dialog[tuple[str, ...]]):
    HEADING = "Columns"
    KEYS = ("columns.toggle", "columns.usual", "columns.done", "columns.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "show_hide", "Show or hide", key_display="spc", priority=True, id="columns.toggle"),
        Binding("u", "usual", "The usual ones", id="columns.usual"),
        Binding("enter", "done", "Done", key_display="⏎", priority=True, id="columns.done"),
        Binding("escape", "leave", "As before", id="columns.leave"),
    ]

    def __init__(self, shown: tuple[str, ...]) -> None:
        super().__init__()
        self._shown = shown

    def body(self) -> Iterable[Widget]:
        yield Static(Content.assemble(("They share the width by what stands in them.", "$quiet")), markup=False)
        yield SelectionList[str](
            *(
                Selection(
                    Content.assemble((f"{column.label:<14}", "bold"), (_WORDS[column.key], "$quiet")),
                    column.key,
                    column.key in self._shown,
                )
                for column in COLUMNS
            )
        )

    def on_mount(self) -> None:
        self._list.focus()

    @property
    def _list(self) -> SelectionList[str]:
        return self.query_one(SelectionList)

    def action_show_hide(self) -> None:
        self._list.action_select()

    def action_usual(self) -> None:
        self._list.deselect_all()
        for key in USUAL:
            self._list.select(key)

    def action_done(self) -> None:
        """The tool always stays: without it a row says nothing."""
        wanted = {*self._list.selected, "tool"}
        self.dismiss(tuple(column.key for column in COLUMNS if column.key in wanted))
