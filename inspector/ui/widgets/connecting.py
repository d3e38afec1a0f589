"""How each client is told of us: what to paste, masked on the screen and copied whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.commands import ClientConfig, Rejected, Text
from inspector.ui import text
from inspector.ui.actions import hinted

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp


@dataclass(frozen=True, slots=True)
class Client:
    """`kind`: what the port knows its configuration as. `where`: what to do with it."""

    name: str
    kind: str
    where: str


FOOT_LINES: Final = 3
CLIENTS: Final = (
    Client("Claude Code", "claude-code", "Run this in the project's folder:"),
    Client("Claude Desktop", "stdio", "Put this into claude_desktop_config.json:"),
    Client("Cursor", "cursor", "Put this into ~/.cursor/mcp.json, or .cursor/mcp.json:"),
    Client("VS Code", "vscode", "Put this into .vscode/mcp.json:"),
    Client("Codex", "codex", "Put this into ~/.codex/config.toml:"),
    Client("Gemini CLI", "gemini", "Put this into ~/.gemini/settings.json:"),
    Client("Any, by URL", "url", "Give this URL to any client that speaks Streamable HTTP:"),
    Client("Any, by stdio", "stdio", "Give this command to any client that starts its servers; it holds no token:"),
)


class Connecting(Vertical):
    """A list of clients, and beside it the chosen one's configuration."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "copy", "Copy", key_display="y", id="connect.copy", priority=True),
        Binding("right,l", "server(1)", "Next server", key_display="→", id="connect.server"),
        Binding("left,h", "server(-1)", "Previous server", show=False, key_display="←", id="connect.server_back"),
    ]

    def __init__(self) -> None:
        super().__init__(id="connecting")
        self._config = ""
        self._server = 0

    def compose(self) -> ComposeResult:
        with Horizontal(id="connect-columns"):
            yield OptionList(*(Option(Content(f" {client.name}")) for client in CLIENTS), compact=True)
            with Vertical():
                with VerticalScroll(id="connect-config", can_focus=False):
                    yield Static(id="connect-text", markup=False)
                yield Static(id="connect-foot", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0
        self.load()

    def on_resize(self) -> None:
        """As high as it is, so that what can be done with it stands right below; not so high that this has no room."""
        self.query_one("#connect-config").styles.max_height = max(3, self.size.height - FOOT_LINES)

    def take_focus(self) -> None:
        self.query_one(OptionList).focus()

    @property
    def _app(self) -> InspectApp:
        return cast("InspectApp", self.app)

    @property
    def _servers(self) -> list[str]:
        return [upstream.name for upstream in self._app.board.views.upstreams]

    @property
    def _client(self) -> Client:
        return CLIENTS[self.query_one(OptionList).highlighted or 0]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return len(self._servers) > 1 if action == "server" else super().check_action(action, parameters)

    def action_server(self, step: int) -> None:
        self._server = (self._server + step) % max(1, len(self._servers))
        self.load()

    @on(OptionList.OptionHighlighted)
    @work(exclusive=True, group="connect")
    async def load(self) -> None:
        """Ask for the chosen client's configuration, and show it."""
        client, servers = self._client, self._servers
        server = servers[self._server] if len(servers) > 1 else ""
        answer = await self._app.ask(ClientConfig(client.kind, server))
        self._config = answer.text if isinstance(answer, Text) else ""
        shown = text.block(text.masked(self._config, self._app.token), 6000)
        if isinstance(answer, Rejected):
            shown = text.line(answer.why, 400)
        head = Content.assemble((client.where + "\n\n", "$quiet"), (shown, "$secondary"))
        self.query_one("#connect-text", Static).update(head)
        self.query_one("#connect-foot", Static).update(self._foot(server, text.MASK in shown))

    def _foot(self, server: str, masked: bool) -> Content:
        hidden = "the token is masked here, and copied whole" if masked else "nothing in it is secret"
        copy = (hinted(self, "connect.copy", "y"), "bold $primary")
        foot = Content.assemble(copy, (f" copies it; {hidden}", "$quiet"))
        if not server:
            return foot
        name = Content.assemble(
            ("for server ", "$quiet"), (text.line(server, 40), "bold"),
            (f"   {hinted(self, 'connect.server', '→')} ", "bold $primary"), ("the next one\n", "$quiet"),
        )  # fmt: skip
        return Content("").join([name, foot])

    @on(OptionList.OptionSelected)
    def action_copy(self) -> None:
        self._app.copy(self._config, f"the configuration for {self._client.name}")
