"""Two texts, one file: which of them goes on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.ui import diff
from inspector.ui.screens.dialog import Dialog


class Choice(Enum):
    OVERWRITE = auto()
    THEIRS = auto()


class ConflictDialog(Dialog[Choice]):
    """`theirs` stands in the file now, `ours` in the editor. None: go on editing."""

    HEADING = "The file was changed while you edited"
    KEYS = ("conflict.overwrite", "conflict.theirs", "conflict.keep")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "overwrite", "Overwrite with mine", id="conflict.overwrite"),
        Binding("t", "theirs", "Take theirs", id="conflict.theirs"),
        Binding("escape,k", "leave", "Keep editing", id="conflict.keep"),
    ]

    def __init__(self, theirs: str, ours: str) -> None:
        super().__init__()
        self._theirs, self._ours = theirs, ours

    def body(self) -> Iterable[Widget]:
        key = self.inspect.key
        size = diff.size(self._theirs, self._ours)
        yield Static(
            Content.assemble(
                ("− is what the file says now, + is yours", ""), (f"   {size}\n", "bold"),
                (key("conflict.overwrite", "o"), "bold $primary"), (" writes yours over it   ", "$quiet"),
                (key("conflict.theirs", "t"), "bold $primary"), (" drops yours (Ctrl+Z brings it back)   ", "$quiet"),
                (key("conflict.keep", "Esc"), "bold $primary"), (" decides later", "$quiet"),
            ),
            markup=False,
        )  # fmt: skip
        with VerticalScroll(id="conflict-scroll"):
            yield Static(diff.view(self._theirs, self._ours), id="conflict-diff", markup=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_overwrite(self) -> None:
        self.dismiss(Choice.OVERWRITE)

    def action_theirs(self) -> None:
        self.dismiss(Choice.THEIRS)
