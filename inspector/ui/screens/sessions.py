"""Place 5: this run and earlier ones. Agents, servers with their tools, what was refused, and recordings to open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static

from inspector.core.call import CallId
from inspector.core.commands import ListRecordings, Recordings, ServerAction
from inspector.core.views import ClientView, RejectedView, RunView, ToolView, UpstreamView
from inspector.ui import figures, server_lines, text, tool_table
from inspector.ui.screens.controlling import accept, can, control
from inspector.ui.screens.place import Place
from inspector.ui.screens.server import ServerDialog
from inspector.ui.widgets.servers import ServerList
from inspector.ui.widgets.shelf import ShelfList

TOOLS_SHOWN = 300
REJECTED_SHOWN = 50
ROOM_FOR_FACTS = 30  # cells beside an agent's name: what there is to say of it stands in the same line


class SessionsPlace(Place):
    PLACE = "sessions"
    CSS_PATH = "sessions.tcss"
    KEYS = (
        *("sessions.server", "sessions.start", "sessions.stop", "sessions.restart", "sessions.accept"),
        *("sessions.recordings", "app.connect", "app.refused"),
    )
    HELP = (
        "The agents of this run; the servers, their state and last words; their tools, the busiest first, with what"
        " each may do, what its definition and its answers cost an agent's context, and its times; frames that were"
        " not let through; and earlier recordings. Enter shows a server whole: capabilities, changed tools, stderr."
        " A stopped server's calls are denied until it is started; its agents stay connected."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i,enter", "server", "Show whole", key_display="⏎", id="sessions.server"),
        Binding("s", "control('start')", "Start", id="sessions.start"),
        Binding("S", "control('stop')", "Stop", id="sessions.stop"),
        Binding("R", "control('restart')", "Restart", id="sessions.restart"),
        Binding("a", "accept", "Accept tools", id="sessions.accept"),
        Binding("o", "recordings", "Recordings", id="sessions.recordings"),
    ]

    def body(self) -> Iterable[Widget]:
        yield Static(id="run", markup=False)
        with Horizontal(id="sessions-columns"):
            with Vertical(id="sessions-left"):
                with VerticalScroll(id="clients", classes="pane"):
                    yield Static(id="clients-text", markup=False)
                yield ShelfList()
                with VerticalScroll(id="rejected", classes="pane"):
                    yield Static(id="rejected-text", markup=False)
            with Vertical(id="sessions-right"):
                yield ServerList()
                with VerticalScroll(id="tools", classes="pane"):
                    yield Static(id="tools-text", markup=False)

    def on_mount(self) -> None:
        self.query_one(ShelfList).display = self.inspect.can_visit
        self.query_one(ServerList).focus()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look_for_recordings()

    @work(exclusive=True, group="recordings")
    async def _look_for_recordings(self) -> None:
        if self.inspect.can_visit and isinstance(found := await self.inspect.ask(ListRecordings()), Recordings):
            self.query_one(ShelfList).show(found, self.board.views.run.recording, self.inspect.clock())

    # What is shown

    def show(self, changed: tuple[CallId, ...]) -> None:
        self.tick(self.inspect.clock())

    def tick(self, now: float) -> None:
        views = self.board.views
        self.query_one("#run", Static).update(_run(views.run, now))
        width = max(24, self.query_one("#clients").content_region.width - 1)
        empty = f"Nobody is connected. {self.inspect.key('app.connect', 'c')} shows how."
        self._pane("clients", "Agents", len(views.clients), [_client(c, now, width) for c in views.clients], empty)
        if self.query_one(ServerList).show(views.upstreams, views.tools, now):
            self.refresh_bindings()
        frames = [_rejected(r, width) for r in views.rejected[::-1][:REJECTED_SHOWN]]
        shelf = self.query_one(ShelfList).display
        self.query_one("#rejected").display = not shelf or (bool(frames) and not self.has_class("-narrow"))
        empty = "None: every frame was well formed."
        self._pane("rejected", "Frames not let through", len(views.rejected), frames, empty)
        self._show_tools(views.tools)

    def _show_tools(self, tools: tuple[ToolView, ...]) -> None:
        pane = self.query_one("#tools")
        width = pane.scrollable_content_region.width - 1
        several = len({tool.server for tool in tools}) > 1
        shown = [tool_table.line(tool, width, several=several) for tool in tools[:TOOLS_SHOWN]]
        empty = "No server has listed its tools yet."
        self._pane("tools", "Tools", len(tools), [tool_table.heading(width), *shown] if tools else [], empty)
        pane.border_subtitle = Content(tool_table.context_cost(tools) if tools else "")

    def _pane(self, name: str, title: str, count: int, blocks: list[Content], empty: str) -> None:
        self.query_one(f"#{name}").border_title = Content(f"{title} · {count}" if count else title)
        content = Content("\n").join(blocks) if blocks else Content.assemble((empty, "$quiet"))
        self.query_one(f"#{name}-text", Static).update(content)

    # What can be done

    @property
    def _chosen(self) -> UpstreamView | None:
        return self.query_one(ServerList).chosen

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return super().check_action(action, parameters)
        writable = not self.board.views.run.read_only
        match action:
            case "control":
                return writable and can(self._chosen, ServerAction(str(parameters[0])))
            case "accept":
                return writable and self._chosen is not None and bool(self._chosen.drift)
            case "server":
                return self._chosen is not None
            case "recordings":
                return self.inspect.can_visit
        return super().check_action(action, parameters)

    def action_server(self) -> None:
        if self._chosen is not None:
            self.inspect.push_screen(ServerDialog(self._chosen.name))

    @work
    async def action_control(self, action: str) -> None:
        if self._chosen is not None:
            await control(self.inspect, self._chosen, ServerAction(action))

    @work
    async def action_accept(self) -> None:
        if self._chosen is not None:
            await accept(self.inspect, self._chosen)

    def action_recordings(self) -> None:
        self.query_one(ShelfList).focus()
        self._look_for_recordings()

    @on(OptionList.OptionSelected, "#upstreams")
    def _on_server(self) -> None:
        self.action_server()

    @on(OptionList.OptionHighlighted, "#upstreams")
    def _on_other_server(self) -> None:
        self.refresh_bindings()

    @on(ShelfList.Chosen)
    def _on_recording(self, event: ShelfList.Chosen) -> None:
        self.inspect.visit(event.path)


def _run(run: RunView, now: float) -> Content:
    kind = "recording" if run.read_only else "run"
    return Content.assemble(
        (f"{kind} ", "$quiet"), (text.line(run.run, 40), "bold"),
        (f" · {figures.elapsed(now - run.started_at)} · {figures.plural(run.calls, 'call')}", "$quiet"),
        (f" · version {text.line(run.version, 20)}\n", "$quiet"),
        ("recorded in ", "$quiet"), text.line(run.recording or "nowhere", 300),
        (f"\n! {run.dropped} observed frames were dropped under load" if run.dropped else "", "$decision-error"),
    )  # fmt: skip


def _client(client: ClientView, now: float, width: int) -> Content:
    """Facts that have no room in `width` cells are left out whole."""
    mark, style = ("○", "$quiet") if client.gone else ("●", "$decision-allow")
    version = f" {text.line(client.version, 20)}" if client.version else ""
    since = "gone" if client.gone else figures.elapsed(now - client.since)
    facts = (client.transport, client.era.value, since, f"grant {text.line(client.grant, 40)}")
    offers: list[tuple[str, str]] = []
    if client.capabilities or client.used:
        offers = [("\n  offers ", "$quiet"), *server_lines.capabilities(client.capabilities, client.used, width - 9)]
    name, goal = text.line(client.name or "unnamed", 60), f" → {text.line(client.upstream, 40)}"
    calls = f"  {figures.plural(client.calls, 'call')}"
    room = width - 2 - cell_len(name + goal + calls)
    version = version if cell_len(version) <= room else ""
    if room - cell_len(version) >= ROOM_FOR_FACTS:
        more = f"   {text.as_many_as_fit(facts, room - cell_len(version) - 3)}"
    else:
        more = f"\n  {text.as_many_as_fit(facts, width - 2)}"
    return Content.assemble(
        (f"{mark} ", style),
        (name, "$quiet" if client.gone else "bold"),
        (version, "$quiet"),
        goal,
        (calls + more, "$quiet"),
        *offers,
    )


def _rejected(frame: RejectedView, width: int) -> Content:
    """When, where and why; its text stands in the dialog."""
    at, code = f"{figures.clock_time(frame.at)} ", f"{frame.code} "
    where = text.fit(text.line(frame.upstream or frame.peer, 40), width - len(at + code)).rstrip()
    why = text.fit(text.line(frame.reason, 200), width - 2).rstrip()
    return Content.assemble((at, "$quiet"), (code, "bold $decision-deny"), (where, "$quiet"), f"\n  {why}")
