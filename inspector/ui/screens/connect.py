"""Ready-made configuration for a client: masked on the screen, copied whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.commands import ClientConfig, Rejected, Text
from inspector.ui import text
from inspector.ui.screens.dialog import Dialog

_CLIENTS = {
    "claude-code": ("Claude Code", "Run this in the project's folder:"),
    "cursor": ("Cursor", "Put this into ~/.cursor/mcp.json:"),
    "vscode": ("VS Code", "Put this into .vscode/mcp.json:"),
    "codex": ("Codex", "Put this into ~/.codex/config.toml:"),
    "url": ("Any, by URL", "Give this URL to any client that speaks Streamable HTTP:"),
    "stdio": ("Any, by stdio", "Give this command to any client that starts its servers; it holds no token:"),
}


class ConnectDialog(Dialog[None]):
    HEADING = "Connect an agent"
    KEYS = ("connect.copy", "connect.server", "connect.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "copy", "Copy", id="connect.copy", priority=True),
        Binding("right,l", "server(1)", "Next server", key_display="→", id="connect.server"),
        Binding("left,h", "server(-1)", "Previous server", show=False, id="connect.server_back"),
        Binding("escape,q", "leave", "Close", id="connect.leave"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._config = ""
        self._server = 0

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="connect-columns"):
            yield OptionList(*(Option(Content(f" {name}"), id=key) for key, (name, _) in _CLIENTS.items()))
            with VerticalScroll(id="connect-config", can_focus=False):
                yield Static(id="connect-text", markup=False)
        yield Static(id="connect-foot", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self._load()

    @property
    def _servers(self) -> list[str]:
        return [upstream.name for upstream in self.inspect.board.views.upstreams]

    @property
    def _client(self) -> str:
        return list(_CLIENTS)[self.query_one(OptionList).highlighted or 0]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return len(self._servers) > 1 if action == "server" else super().check_action(action, parameters)

    def action_server(self, step: int) -> None:
        self._server = (self._server + step) % max(1, len(self._servers))
        self._load()

    @on(OptionList.OptionHighlighted)
    @work(exclusive=True, group="connect")
    async def _load(self) -> None:
        client, servers = self._client, self._servers
        server = servers[self._server] if len(servers) > 1 else ""
        answer = await self.inspect.ask(ClientConfig(client, server))
        self._config = answer.text if isinstance(answer, Text) else ""
        shown = text.block(text.masked(self._config, self.inspect.token), 6000)
        if isinstance(answer, Rejected):
            shown = text.line(answer.why, 400)
        head = Content.assemble((_CLIENTS[client][1] + "\n\n", "$quiet"), (shown, "$secondary"))
        self.query_one("#connect-text", Static).update(head)
        name = Content.assemble(
            ("for server ", "$quiet"),
            (text.line(server, 40), "bold"),
            (f"   {self.inspect.key('connect.server', '→')} ", "bold $primary"),
            ("the next one\n", "$quiet"),
        )
        hidden = "the token is masked here, and copied whole" if text.MASK in shown else "nothing in it is secret"
        foot = Content.assemble((self.inspect.key("connect.copy", "y"), "bold $primary"), (f" copies it; {hidden}", "$quiet"))
        self.query_one("#connect-foot", Static).update(Content("").join([name, foot]) if server else foot)

    def action_copy(self) -> None:
        self.inspect.copy(self._config, f"the configuration for {_CLIENTS[self._client][0]}")
