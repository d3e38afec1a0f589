"""One server, whole: its state, what it offers and what is used of it, what changed in its tools, and its stderr."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from inspector.core.commands import ServerAction
from inspector.core.views import UpstreamView
from inspector.ui import drift, server_lines, text
from inspector.ui.hanging import Hanging
from inspector.ui.screens.controlling import accept, can, control
from inspector.ui.screens.dialog import Dialog

REFRESH = 0.25  # seconds


class ServerDialog(Dialog[None]):
    KEYS = ("server.start", "server.stop", "server.restart", "server.accept", "server.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "control('start')", "Start", id="server.start"),
        Binding("S", "control('stop')", "Stop", id="server.stop"),
        Binding("R", "control('restart')", "Restart", id="server.restart"),
        Binding("a", "accept", "Accept its tools", id="server.accept"),
        Binding("escape,q", "leave", "Close", id="server.leave"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._server = name
        self._shown: object = None

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="server-scroll"):
            yield Static(id="server-text", markup=False)
        with Horizontal(classes="buttons"):
            for name in ("Start", "Stop", "Restart", "Accept its tools", "Close"):
                yield Button(name, id=f"server-{name.lower().split()[0]}")

    def on_mount(self) -> None:
        self.query_one("#box").border_title = Content(text.line(self._server, 40))
        self.query_one(VerticalScroll).focus()
        self.set_interval(REFRESH, self._refresh)
        self._refresh()

    @property
    def upstream(self) -> UpstreamView | None:
        found = self.inspect.board.views.upstreams
        return next((upstream for upstream in found if upstream.name == self._server), None)

    def _refresh(self) -> None:
        upstream, now = self.upstream, self.inspect.clock()
        if upstream is None or (upstream, server_lines.trouble(upstream, now)) == self._shown:
            return
        self._shown = (upstream, server_lines.trouble(upstream, now))
        self.query_one("#server-text", Static).update(Hanging(_whole(upstream, now)))
        for action in ServerAction:
            self.query_one(f"#server-{action.value}").display = self._may(action)
        self.query_one("#server-accept").display = self.check_action("accept", ()) is True
        self.refresh_bindings()

    def _may(self, action: ServerAction) -> bool:
        return can(self.upstream, action) and not self.inspect.board.views.run.read_only

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "control":
            return self._may(ServerAction(str(parameters[0])))
        if action == "accept":
            writable = not self.inspect.board.views.run.read_only
            return writable and self.upstream is not None and bool(self.upstream.drift)
        return super().check_action(action, parameters)

    @work
    async def action_control(self, action: str) -> None:
        if self.upstream is not None:
            await control(self.inspect, self.upstream, ServerAction(action))

    @work
    async def action_accept(self) -> None:
        if self.upstream is not None:
            await accept(self.inspect, self.upstream)

    @on(Button.Pressed)
    def _on_button(self, event: Button.Pressed) -> None:
        match (event.button.id or "").removeprefix("server-"):
            case "close":
                self.dismiss(None)
            case "accept":
                self.action_accept()
            case action:
                self.action_control(action)


def _whole(upstream: UpstreamView, now: float) -> Content:
    parts: list[str | Content | tuple[str, str]] = [*server_lines.state(upstream), "\n"]
    parts += [(text.line(upstream.detail, 1_000) or "starts with its first client", ""), "\n"]
    if why := server_lines.trouble(upstream, now):
        parts += [(why, "$decision-deny"), "\n"]
    parts += [*server_lines.about(upstream), "\n"]
    if took := server_lines.times(upstream):
        parts += [(f"its last calls took {' · '.join(took)}", "$quiet"), "\n"]
    parts += ["\n", ("Capabilities", "bold $secondary")]
    if share := server_lines.share(upstream.capabilities, upstream.used):
        parts.append((f" {share} (✓)", "$quiet"))
    parts += ["\n", *server_lines.capabilities(upstream.capabilities, upstream.used), "\n\n"]
    if upstream.drift:
        changed = f"{drift.summary(upstream.drift)} {drift.since(upstream.drift_since)}"
        parts += [("Tools ", "bold $secondary"), (f"{changed}\n", "bold $decision-hold"), drift.view(upstream.drift)]
    parts += [("Standard error\n", "bold $secondary")]
    said = "\n".join(f"│ {text.line(line, 2_000)}" for line in upstream.stderr)
    return Content.assemble(*parts, (said or "nothing so far", "$quiet"))
