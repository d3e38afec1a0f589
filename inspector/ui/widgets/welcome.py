"""What stands in Live before anybody is connected: what this is, how to connect, and that we wait."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from inspector.core.views import Views
from inspector.ui import text
from inspector.ui.widgets.connecting import Connecting


class Welcome(Vertical):
    """Shown by its place while `wanted`; the first client to connect, or the first call, sends it away."""

    def __init__(self) -> None:
        super().__init__(id="welcome", classes="pane")
        self._dots = -1

    def compose(self) -> ComposeResult:
        with Vertical(id="welcome-box"):
            yield Static(
                Content.assemble(
                    ("Connect an agent. ", "bold"),
                    (
                        "Every call that it makes of its tools shows here, with what the policy said of it;"
                        " what the policy holds back waits for you.",
                        "$quiet",
                    ),
                ),
                id="welcome-words",
                markup=False,
            )
            yield Connecting()
            yield Static(id="welcome-wait", markup=False)

    def on_mount(self) -> None:
        self.border_title = Content("Calls")

    @staticmethod
    def wanted(views: Views) -> bool:
        return not (views.run.read_only or views.run.calls or any(not client.gone for client in views.clients))

    def tick(self, views: Views, now: float) -> None:
        """A sign of life once a second, and who has left already."""
        if self._dots != (dots := int(now) % 4):
            self._dots = dots
            gone = f"{text.line(views.clients[-1].name or 'An agent', 40)} has left. " if views.clients else ""
            waits = f"{gone}Waiting for a client at {text.line(views.run.endpoint, 80)} "
            self.query_one("#welcome-wait", Static).update(
                Content.assemble(("◌ ", "bold $decision-hold"), waits, "." * dots)
            )
