"""Place 5: this run. Who is connected, which servers stand behind, what was refused, and where it is recorded."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.call import CallId
from inspector.core.events import UpstreamState
from inspector.core.views import ClientView, RejectedView, RunView, ToolView, UpstreamView
from inspector.ui import figures, text, tool_table
from inspector.ui.screens.place import Place

STDERR_SHOWN = 12
TOOLS_SHOWN = 300
REJECTED_SHOWN = 50
_STATES = {
    UpstreamState.READY: ("●", "$decision-allow"),
    UpstreamState.STARTING: ("◌", "$decision-hold"),
    UpstreamState.EXITED: ("✗", "$decision-deny"),
    UpstreamState.FAILED: ("✗", "$decision-deny"),
}


class SessionsPlace(Place):
    PLACE = "sessions"
    CSS_PATH = "sessions.tcss"
    KEYS = ("app.connect", "app.refused")
    HELP = (
        "The agents of this run and their calls; the servers, their state and what they wrote to stderr; their tools,"
        " the busiest first, with what each may do, what its definition and its answers cost an agent's context, and"
        " its times; and the frames that were not let through."
    )

    def body(self) -> Iterable[Widget]:
        yield Static(id="run", markup=False)
        with Horizontal(id="sessions-columns"):
            with Vertical(id="sessions-left"):
                with VerticalScroll(id="clients", classes="pane"):
                    yield Static(id="clients-text", markup=False)
                with VerticalScroll(id="rejected", classes="pane"):
                    yield Static(id="rejected-text", markup=False)
            with Vertical(id="sessions-right"):
                with VerticalScroll(id="upstreams", classes="pane"):
                    yield Static(id="upstreams-text", markup=False)
                with VerticalScroll(id="tools", classes="pane"):
                    yield Static(id="tools-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#clients").focus()

    def show(self, changed: tuple[CallId, ...]) -> None:
        self.tick(self.inspect.clock())

    def tick(self, now: float) -> None:
        views = self.board.views
        self.query_one("#run", Static).update(_run(views.run, now))
        self._pane(
            "clients",
            "Agents",
            len(views.clients),
            [_client(c, now) for c in views.clients],
            "Nobody is connected. c shows how.",
        )
        self._pane(
            "upstreams",
            "Servers",
            len(views.upstreams),
            [_upstream(u) for u in views.upstreams],
            "No server is configured.",
        )
        frames = [_rejected(r) for r in views.rejected[::-1][:REJECTED_SHOWN]]
        self._pane(
            "rejected", "Frames not let through", len(views.rejected), frames, "None: every frame was well formed."
        )

        self._show_tools(views.tools)

    def _show_tools(self, tools: tuple[ToolView, ...]) -> None:
        pane = self.query_one("#tools")
        width = pane.size.width - 5
        lines = [tool_table.heading(width), *(tool_table.line(tool, width) for tool in tools[:TOOLS_SHOWN])]
        self._pane("tools", "Tools", len(tools), lines if tools else [], "No server has listed its tools yet.")
        pane.border_subtitle = Content(tool_table.context_cost(tools) if tools else "")

    def _pane(self, name: str, title: str, count: int, blocks: list[Content], empty: str) -> None:
        self.query_one(f"#{name}").border_title = Content(f"{title} · {count}" if count else title)
        content = Content("\n").join(blocks) if blocks else Content.assemble((empty, "$quiet"))
        self.query_one(f"#{name}-text", Static).update(content)


def _run(run: RunView, now: float) -> Content:
    kind = "recording" if run.read_only else "run"
    return Content.assemble(
        (f"{kind} ", "$quiet"), (text.line(run.run, 40), "bold"),
        (f" · {figures.elapsed(now - run.started_at)} · {figures.plural(run.calls, 'call')}", "$quiet"),
        (f" · version {text.line(run.version, 20)}\n", "$quiet"),
        ("recorded in ", "$quiet"), text.line(run.recording or "nowhere", 300),
        (f"\n! {run.dropped} observed frames were dropped under load" if run.dropped else "", "$decision-error"),
    )  # fmt: skip


def _client(client: ClientView, now: float) -> Content:
    mark, style = ("○", "$quiet") if client.gone else ("●", "$decision-allow")
    version = f" {text.line(client.version, 20)}" if client.version else ""
    since = "gone" if client.gone else figures.elapsed(now - client.since)
    more = f"{client.transport} · {client.era.value} · grant {text.line(client.grant, 40)} · {since}"
    return Content.assemble(
        (f"{mark} ", style),
        (text.line(client.name or "unnamed", 60), "$quiet" if client.gone else "bold"),
        (version, "$quiet"),
        f" → {text.line(client.upstream, 40)}",
        (f"  {figures.plural(client.calls, 'call')}\n  {more}", "$quiet"),
    )


def _upstream(upstream: UpstreamView) -> Content:
    mark, style = _STATES[upstream.state]
    tools = "tools not listed yet" if upstream.tools is None else figures.plural(upstream.tools, "tool")
    hidden = f", {upstream.hidden} hidden" if upstream.hidden else ""
    pid = f"pid {upstream.pid} · " if upstream.pid is not None else ""
    parts: list[str | tuple[str, str]] = [
        (f"{mark} ", style), (text.line(upstream.name, 40), "bold"), (f" {upstream.state.value}", style),
        (f" · {tools}{hidden}\n", "$quiet"), (f"  {pid}", "$quiet"), text.line(upstream.detail, 300),
    ]  # fmt: skip
    parts += [(f"\n  │ {text.line(said, 300)}", "$quiet") for said in upstream.stderr[-STDERR_SHOWN:]]
    return Content.assemble(*parts, "\n")


def _rejected(frame: RejectedView) -> Content:
    raw = text.line(frame.raw.decode("utf-8", "replace"), 200)
    return Content.assemble(
        (f"{figures.clock_time(frame.at)} ", "$quiet"),
        (f"{frame.code} ", "bold $decision-deny"),
        text.line(frame.reason, 200),
        (f" · {text.line(frame.upstream, 40)}\n  {raw}", "$quiet"),
    )
