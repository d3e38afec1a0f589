"""What keys do to the calls table: order, pause, columns, marks and the filter."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType

from inspector.core.commands import HoldNext, Rejected
from inspector.filters.order import Sort
from inspector.filters.reading import BadFilter, parse
from inspector.ui.figures import plural
from inspector.ui.filter_words import LOOKED_AT, completed
from inspector.ui.screens.answers import AnswersPlace
from inspector.ui.screens.columns import ColumnsDialog
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.filterline import FilterLine
from inspector.ui.widgets.status import PlacesBar


class TablePlace(AnswersPlace):
    """A place with one `CallTable` and one `FilterLine`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="live.filter"),
        Binding("space", "pause", "Pause", key_display="spc", id="live.pause"),
        Binding("s", "sort", "Sort", id="live.sort"),
        Binding("S", "reverse", "Sort the other way", show=False, id="live.reverse"),
        Binding("C", "columns", "Columns…", show=False, id="live.columns"),
        Binding("h", "hold_next", "Hold the next one", show=False, id="live.hold_next"),
        Binding("m", "mark", "Mark", show=False, id="live.mark"),
        Binding("apostrophe", "next_mark", "Next mark", key_display="'", show=False, id="live.next_mark"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""

    @property
    def table(self) -> CallTable:
        return self.query_one(CallTable)

    @property
    def one_server(self) -> bool:
        return len(self.board.views.upstreams) <= 1

    def filter_text(self) -> str:
        return self._filter

    def action_sort(self) -> None:
        orders = self.table.sorts or [Sort.TIME]
        now = self.table.listing.sort
        self.table.sort_by(orders[(orders.index(now) + 1) % len(orders)] if now in orders else orders[0])

    def action_reverse(self) -> None:
        listing = self.table.listing
        self.table.sort_by(listing.sort, not listing.descending)

    def action_pause(self) -> None:
        self.table.pause(not self.table.listing.paused)

    @work
    async def action_columns(self) -> None:
        keys = await self.app.push_screen_wait(ColumnsDialog(self.table.painter.keys))
        if keys is not None:
            self.table.choose_columns(keys, self.one_server)

    @work
    async def action_hold_next(self) -> None:
        """The way to stop an agent that goes round in circles without writing a rule."""
        row = None if self.table.cursor is None else self.source.row(self.table.cursor)
        if row is None:
            return
        match await self.inspect.ask(HoldNext(row.server, row.tool)):
            case Rejected(why):
                self.inspect.say(why, wrong=True)
            case _:
                self.inspect.say(f"The next call of {row.tool} waits for you.")

    def action_mark(self) -> None:
        """Mark the call, or take its mark away."""
        if self.table.cursor is not None:
            self.table.painter.marks.symmetric_difference_update({self.table.cursor})
            self.table.refresh()

    def action_next_mark(self) -> None:
        listing, cursor = self.table.listing, self.table.cursor
        places = sorted((at, i) for i in self.table.painter.marks if (at := listing.index_of(i)) is not None)
        if not places:
            self.inspect.say(f"No call in sight is marked: {self.inspect.key('live.mark', 'm')} marks one.")
            return
        here = -1 if cursor is None else listing.index_of(cursor)
        after = [call_id for at, call_id in places if here is not None and at > here]
        self.table.go_to(after[0] if after else places[0][1])

    # The filter

    def action_filter(self) -> None:
        self.query_one(FilterLine).open(self._filter)
        self.recount()

    @on(PlacesBar.FilterWanted)
    def _on_filter_wanted(self) -> None:
        self.action_filter()

    @on(FilterLine.Wanted)
    def _on_filter(self, event: FilterLine.Wanted) -> None:
        self.apply_filter(event.text)

    @on(FilterLine.Closed)
    def _on_filter_closed(self) -> None:
        self.table.focus()

    def complete_filter(self, typed: str) -> str | None:
        return completed(typed, self.board.views, self.source.newest(LOOKED_AT))

    def apply_filter(self, wanted: str) -> None:
        line = self.query_one(FilterLine)
        parsed = parse(wanted)
        if isinstance(parsed, BadFilter):
            line.complain(parsed)
            return
        if (wanted := wanted.strip()) != self._filter:
            self._filter = wanted
            self.table.filter(parsed)
            self.draw(())
        self._say_found()

    def recount(self) -> None:
        """More have come while the filter is being written."""
        if self._filter and self.query_one(FilterLine).agrees:
            self._say_found()

    def _say_found(self) -> None:
        """While it looks: how many were found so far; nothing new before the first are."""
        if not self.table.looked_at:
            return
        count = len(self.table.listing)
        more = " so far…" if self.table.looked_at < 1 else ""
        self.query_one(FilterLine).agree(f"{plural(count, 'call')}{more}" if self._filter else "")

    @on(CallTable.Searched)
    def _on_searched(self, event: CallTable.Searched) -> None:
        if event.trouble:
            self.inspect.say(event.trouble, wrong=True)
        self._say_found()
