"""Ready-made configuration for a client, wherever one is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from inspector.ui.screens.dialog import Dialog
from inspector.ui.widgets.connecting import Connecting


class ConnectDialog(Dialog[None]):
    HEADING = "Connect an agent"
    KEYS = ("connect.copy", "connect.server", "connect.leave")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "Close", id="connect.leave")]

    def body(self) -> Iterable[Widget]:
        yield Connecting()

    def on_mount(self) -> None:
        self.query_one(Connecting).take_focus()
