"""Deny a held call, with a reason that the agent reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from inspector.core.views import HoldView
from inspector.ui import text
from inspector.ui.screens.dialog import Dialog
from inspector.ui.words import brief_arguments


class DenyDialog(Dialog[str]):
    """Answers the reason, "" for none."""

    HEADING = "✗ Deny this call"
    KEYS = ("deny.deny", "deny.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f4,enter", "deny", "Deny", key_display="⏎", id="deny.deny"),
        Binding("escape", "leave", "Keep held", id="deny.leave"),
    ]

    def __init__(self, held: HoldView) -> None:
        super().__init__()
        self._held = held

    def body(self) -> Iterable[Widget]:
        held = self._held
        yield Static(
            Content.assemble(
                (f"#{held.hold.call_id} ", "$quiet"),
                (text.line(f"{held.server} › {held.tool}", 200), "bold"),
                (f" · {text.line(held.client, 60)}\n", "$quiet"),
                (text.line(brief_arguments(held.arguments), 200), ""),
            ),
            markup=False,
        )
        box = Input(placeholder="optional: what the agent should do instead", max_length=500)
        box.border_title = Content("Reason shown to the agent")
        yield box

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def action_deny(self) -> None:
        self.dismiss(self.query_one(Input).value.strip())
