"""A question before something that cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from inspector.ui import text
from inspector.ui.screens.dialog import Dialog


class ConfirmDialog(Dialog[bool]):
    """True for yes. `words` and `doing` may hold untrusted text."""

    KEYS = ("confirm.yes", "confirm.no")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Yes", id="confirm.yes"),
        Binding("escape,n", "leave", "No", id="confirm.no"),
    ]

    def __init__(self, heading: str, words: str, doing: str) -> None:
        super().__init__()
        self._heading, self._words, self._doing = heading, words, doing

    def body(self) -> Iterable[Widget]:
        yield Static(Content(text.block(self._words, 2_000)), markup=False)
        with Horizontal(classes="buttons"):
            yield Button("No", id="confirm-no")
            yield Button(Content(text.line(self._doing, 40)), variant="error", id="confirm-yes")

    def on_mount(self) -> None:
        self.query_one("#box").border_title = Content(text.line(self._heading, 80))
        self.query_one("#confirm-no").focus()

    def action_yes(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed)
    def _on_button(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "confirm-yes")
