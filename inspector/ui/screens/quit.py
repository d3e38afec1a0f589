"""Stop, or stay: asked while somebody would notice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from inspector.ui.figures import plural
from inspector.ui.screens.dialog import Dialog


class QuitDialog(Dialog[bool]):
    HEADING = "Stop the inspector?"
    KEYS = ("quit.stop", "quit.stay")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s,y", "stop", "Stop", id="quit.stop"),
        Binding("escape,n", "leave", "Stay", id="quit.stay"),
    ]

    def __init__(self, attached: int, held: int) -> None:
        super().__init__()
        self._attached, self._held = attached, held

    def body(self) -> Iterable[Widget]:
        words = []
        if self._attached == 1:
            words.append("1 agent is attached and will lose its tools.")
        elif self._attached:
            words.append(f"{self._attached} agents are attached and will lose their tools.")
        if self._held:
            words.append(f"{plural(self._held, 'held call')} will be answered “the inspector was closed”.")
        words.append("Servers that were started here will end.")
        yield Static(Content("\n".join(words)), markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Stay", id="quit-stay")
            yield Button("Stop", variant="error", id="quit-stop")

    def on_mount(self) -> None:
        self.query_one("#quit-stay").focus()

    def action_stop(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed)
    def _on_button(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "quit-stop")
