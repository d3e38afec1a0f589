"""Place 1: every call as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from inspector.core.call import CallId
from inspector.core.commands import CallDetail, Inspect
from inspector.core.views import CallView, HoldView
from inspector.ui.listing import call_before
from inspector.ui.screens.divided import DividedPlace
from inspector.ui.screens.jump import to_rule
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.detail import DetailPane
from inspector.ui.widgets.filterline import FilterLine
from inspector.ui.widgets.gauges import GaugeLine, Gauges
from inspector.ui.widgets.held import HeldBanner, HeldPanel
from inspector.ui.widgets.rate import Rate
from inspector.ui.widgets.tablepane import TablePane
from inspector.ui.widgets.welcome import Welcome

SOON: Final = 0.05  # seconds: to show what is known and then the rest would draw the call twice for one key


class LivePlace(DividedPlace):
    PLACE = "live"
    CSS_PATH = "live.tcss"
    KEYS = (
        *("connect.copy", "connect.server", "live.inspect", "hold.approve", "hold.deny", "hold.edit"),
        *("live.filter", "live.pause", "call.rule", "live.sort", "app.connect"),
    )
    HELP = (
        "Every call an agent makes, with what the policy said of it. Approve, deny and edit answer the held call that"
        " is marked at its left, wherever the cursor is.\n\n"
        "Filter: bare words search agent, tool and arguments. Fields: tool: server: agent: decision: rule: outcome:"
        " risk: id: ms:>500 repeats:>2 arg.path:/srv. After ~ stands a regular expression; ! negates, | is or, ( )"
        " group."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "inspect", "Inspect", key_display="⏎", id="live.inspect"),
        Binding("z", "zoom", "Zoom", show=False, id="live.zoom"),
        Binding("right_square_bracket", "divide(2)", "More of the call", key_display="]", show=False, id="live.more"),
        Binding("left_square_bracket", "divide(-2)", "Less of the call", key_display="[", show=False, id="live.less"),
        Binding("o", "frames", "Raw frames", show=False, id="live.frames"),
        Binding("D", "compare", "Compare with the last", show=False, id="live.compare"),
        Binding("R", "to_rule", "Rule in the policy", show=False, id="live.rule"),
        Binding("y", "copy", "Copy", show=False, id="live.copy"),
        Binding("escape", "back", "Back", show=False, id="live.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._detail: CallDetail | None = None
        self._outdated = False  # the detail pane; the next tick asks again

    def body(self) -> Iterable[Widget]:
        yield FilterLine(self.complete_filter)
        yield HeldBanner(self.inspect.queue)
        yield Welcome()
        with Horizontal(id="columns"):
            with Vertical(id="left"):
                with TablePane(id="calls-pane"):
                    yield self.calls_table(self.source.listing())
                yield DetailPane()
            with Vertical(id="right"):
                yield HeldPanel(self.inspect.queue)
                yield Gauges()
                yield Rate()
        yield GaugeLine()

    def on_mount(self) -> None:
        self.query_one(TablePane).caption("Calls", "")
        self.query_one(CallTable).focus()
        self.query_one(DetailPane).show(None, None, 0)

    # What came

    def show(self, changed: tuple[CallId, ...]) -> None:
        now = self.inspect.clock()
        table = self.query_one(CallTable)
        self.wait(now)
        table.choose_columns(table.painter.keys, self.one_server)
        table.fold(changed, now)
        self._show_queue(now)
        self._outdated = self._outdated or table.cursor in changed

    def tick(self, now: float) -> None:
        self.wait(now)
        self.query_one(CallTable).tick(now)
        self.recount()
        self._show_queue(now)

    def tock(self, now: float, beat: int) -> None:
        views, cursor = self.board.views, self.query_one(CallTable).cursor
        match beat:
            case 1 if self._outdated and cursor is not None:
                self._inspect(cursor)
            case 2:
                self.query_one(Gauges).show(views.limits, now, views.run.folded)
                self.query_one(GaugeLine).show(views.limits, now)
            case 3:
                self.query_one(Rate).show(views, now)

    def subject(self) -> CallView | HoldView | None:
        cursor = self.query_one(CallTable).cursor
        return None if cursor is None else self.source.row(cursor)

    def _show_queue(self, now: float) -> None:
        self.query_one(HeldPanel).show(now)
        self.query_one(HeldBanner).show(now)

    # What a person does

    @on(CallTable.Selected)
    def _on_selected(self, event: CallTable.Selected) -> None:
        if event.call_id is None:
            self.query_one(DetailPane).show(None, None, 0)
            return
        if not event.by_person:
            self._outdated = True  # while following, a new call for every frame is more than anybody reads
            return
        if self.inspect.queue.select(event.call_id):
            self._show_queue(self.inspect.clock())
        self._inspect(event.call_id)

    @on(CallTable.Moved)
    def _on_moved(self) -> None:
        table, listing = self.query_one(CallTable), self.query_one(CallTable).listing
        newest = ("G newest", "the newest ▼") if self.board.views.run.read_only else ("G follows", "following ▼")
        where = "paused" if listing.paused else newest[table.following]
        if listing.paused and listing.waiting:
            where = f"paused · {listing.waiting} new"
        order = f"by {listing.sort.value} {'▼' if listing.descending else '▲'} · " if listing.ordered else ""
        count = f"{len(listing):,}" + (f" of {len(self.source):,}" if listing.filtered else "")
        if table.looked_at < 1:
            count += f" · looked at {table.looked_at:.0%}"
        if (read := self.board.views.run.read) < 1:
            count += f" · {read:.0%} of an older recording read"
        above = "Calls · filtered" if listing.filtered else "Calls"
        self.query_one(TablePane).caption(above, f"{order}{count} · {where}" if len(self.source) else "")

    @on(CallTable.Opened)
    def action_inspect(self) -> None:
        held = self.query_one(CallTable).cursor
        if held is not None and self.board.held(held) is not None and self.inspect.queue.select(held):
            self.action_edit()
        else:
            self.action_zoom()

    @on(HeldPanel.Pointed)
    def _on_pointed(self) -> None:
        if held := self.inspect.queue.current:
            self.query_one(CallTable).go_to(held.hold.call_id)

    @on(HeldBanner.Opened)
    def _on_banner(self) -> None:
        self.inspect.action_go("approvals")

    def action_zoom(self) -> None:
        self.toggle_class("-zoom")
        self.divide()
        self.query_one(DetailPane if self.has_class("-zoom") else CallTable).focus()

    def action_frames(self) -> None:
        detail = self.query_one(DetailPane)
        detail.raw = not detail.raw
        detail.show(detail.row, detail.detail, self.inspect.clock())

    @work(exclusive=True, group="compare")
    async def action_compare(self) -> None:
        """What this call has otherwise than the call of the same tool before it; the key again: as it is."""
        pane = self.query_one(DetailPane)
        row, pane.versus = pane.row, None if pane.versus else pane.versus
        before = None if row is None else call_before(self.source, row)
        if row is None or before is None:
            self.inspect.say("No earlier call of this tool is at hand.")
            return
        if not pane.has_class("-raw"):
            answer = await self.inspect.ask(Inspect(before.id))
            if isinstance(answer, CallDetail) and pane.row is not None and pane.row.id == row.id:
                pane.versus = (before, answer)
        pane.show(pane.row, pane.detail, self.inspect.clock())

    @work
    async def action_to_rule(self) -> None:
        if row := self.query_one(DetailPane).row:
            await to_rule(self.inspect, row.rule)

    def action_copy(self) -> None:
        copied = self.query_one(DetailPane).copied()
        self.inspect.copy(copied, "the call")

    def action_back(self) -> None:
        if self.has_class("-zoom"):
            self.action_zoom()
        elif self._filter:
            self.apply_filter("")
        self.query_one(CallTable).focus()

    @work(exclusive=True, group="inspect")
    async def _inspect(self, call_id: CallId) -> None:
        """Show everything; where that takes a while, what is known first."""
        self._outdated = False
        asked = asyncio.ensure_future(self.inspect.ask(Inspect(call_id)))
        try:
            await asyncio.wait({asked}, timeout=SOON)
            if not asked.done():
                self._show_call(call_id)
            answer = await asked
        finally:
            asked.cancel()
        if isinstance(answer, CallDetail):
            self._detail = answer
        if self.query_one(CallTable).cursor == call_id:
            self._show_call(call_id)

    def _show_call(self, call_id: CallId) -> None:
        """As far as it is known: its row's own words stand in for what is not."""
        known = self._detail if self._detail is not None and self._detail.call_id == call_id else None
        self.query_one(DetailPane).show(self.source.row(call_id), known, self.inspect.clock())
