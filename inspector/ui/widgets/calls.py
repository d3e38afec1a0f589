"""The live table: only the rows in sight are ever drawn, and each only once per change."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from inspector.core.call import CallId
from inspector.ui.listing import Listing, Predicate, Sort
from inspector.ui.widgets.rows import RowPainter


class CallTable(ScrollView, can_focus=True):
    """Rows of a `Listing`. The cursor sticks to its call id; while following, it is the newest row's."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "calls--header",
        "calls--row",
        "calls--odd",
        "calls--cursor",
        "calls--quiet",
        "calls--allow",
        "calls--deny",
        "calls--hold",
        "calls--limit",
        "calls--error",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Row up", show=False, id="calls.up"),
        Binding("down,j", "cursor(1)", "Row down", show=False, id="calls.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="calls.page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="calls.page_down"),
        Binding("home,g", "top", "First call", show=False, id="calls.top"),
        Binding("end,G", "follow", "Follow the newest", show=False, id="calls.follow"),
    ]

    class Selected(Message):
        """The cursor stands on another call, or on none. `by_person`: not because newer calls came."""

        def __init__(self, call_id: CallId | None, by_person: bool) -> None:
            super().__init__()
            self.call_id = call_id
            self.by_person = by_person

    class Opened(Message):
        """Enter, or a second click on the row."""

    class Moved(Message):
        """The count, the sort, the pause or following changed: the frame's words are old."""

    def __init__(self, listing: Listing, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listing = listing
        self.following = True
        self.cursor: CallId | None = None
        self.hint: list[Content] = []  # what stands here while there is no row
        self._now = 0.0
        self._painter = RowPainter(self)

    # What came

    def one_server(self, only: bool) -> None:
        """Whether all calls go to the same server."""
        self._painter.one_server(only)

    def fold(self, changed: tuple[CallId, ...], now: float) -> None:
        """Take what one poll brought: O(changed rows), and one repaint."""
        self._now = now
        gone = self.listing.fold(changed, now)
        self._resize(gone)
        self._settle()
        self.refresh()

    def tick(self, now: float) -> None:
        """Time has passed: running rows show it."""
        self._now = now
        if self.listing.resort(now):
            self._settle()
        self.refresh()
        self.post_message(self.Moved())

    # What a person wants

    def filter(self, predicate: Predicate | None) -> None:
        self.listing.set_filter(predicate)
        self._rearranged()

    def sort_by(self, sort: Sort) -> None:
        self.following = sort is Sort.TIME and self.following
        self.listing.set_sort(sort, self._now)
        self._rearranged()

    def pause(self, paused: bool) -> None:
        self.listing.pause(paused)
        self._rearranged()

    def go_to(self, call_id: CallId) -> bool:
        """Put the cursor on a call; False when it is not listed."""
        index = self.listing.index_of(call_id)
        if index is not None:
            self.following = False
            self._move(index)
        return index is not None

    def action_cursor(self, step: int) -> None:
        self._go(self._cursor_index() + step)

    def action_page(self, direction: int) -> None:
        self._go(self._cursor_index() + direction * max(1, self.size.height - 2))

    def action_top(self) -> None:
        self._go(0)

    def action_follow(self) -> None:
        if self.listing.sort is not Sort.TIME:
            self._go(len(self.listing) - 1)
            return
        self.following = True
        self._settle()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self._click_header(event.x)
        elif (index := self.scroll_offset.y + event.y - 1) < len(self.listing):
            self._go(index)
            if event.chain == 2:
                self.post_message(self.Opened())

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.following = False
        self.post_message(self.Moved())
        super()._on_mouse_scroll_up(event)

    def _click_header(self, x: int) -> None:
        for column, width in self._painter.layout(self.size.width):
            if x <= width:
                if column.sort is not None:
                    self.sort_by(column.sort)
                return
            x -= width + 1

    # Moving

    def _cursor_index(self) -> int:
        index = None if self.cursor is None else self.listing.index_of(self.cursor)
        return len(self.listing) - 1 if index is None else index

    def _go(self, index: int) -> None:
        self.following = False
        self._move(index)
        self.post_message(self.Moved())

    def _move(self, index: int, by_person: bool = True) -> None:
        count = len(self.listing)
        index = max(0, min(count - 1, index))
        row = self.listing.at(index)
        found = None if row is None else row.id
        if found != self.cursor:
            self.cursor = found
            self.post_message(self.Selected(found, by_person))
        height, top = self.size.height - 1, self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, immediate=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, immediate=True)
        self.refresh()

    def _settle(self) -> None:
        """After rows came, went or moved: follow, or find a cursor that has lost its row a new one."""
        if self.following:
            self._move(len(self.listing) - 1, by_person=False)
        elif self.cursor is None or self.listing.index_of(self.cursor) is None:
            self._move(min(self.scroll_offset.y, len(self.listing) - 1), by_person=False)

    def _rearranged(self) -> None:
        self._resize(0)
        self._painter.forget()
        if self.following:
            self._settle()
        else:
            self._move(self._cursor_index(), by_person=False)
        self.refresh()
        self.post_message(self.Moved())

    def _resize(self, gone: int) -> None:
        height = len(self.listing) + 1
        if self.virtual_size.height != height:
            # virtual_size lays the whole screen out again when assigned; our own box never changes.
            self.set_reactive(CallTable.virtual_size, Size(self.size.width, height))
            self._scroll_update(self.virtual_size)
        if gone and not self.following:
            self.scroll_to(y=max(0, self.scroll_offset.y - gone), animate=False, immediate=True)

    def on_resize(self) -> None:
        self._resize(0)
        self._settle()
        if self.cursor is not None:
            self._move(self._cursor_index(), by_person=False)

    # Drawing

    def notify_style_update(self) -> None:
        self._painter.forget()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._painter.header(width, self.listing.sort)
        index = self.scroll_offset.y + y - 1
        row = self.listing.at(index)
        if row is None:
            return self._hint_line(y, width)
        if row.id == self.cursor:
            return self._painter.row(row, "cursor", width, self._now)
        return self._painter.row(row, "odd" if index & 1 else "row", width, self._now)

    def _hint_line(self, y: int, width: int) -> Strip:
        top = max(2, (self.size.height - len(self.hint)) // 2)
        if len(self.listing) or not 0 <= y - top < len(self.hint):
            return Strip.blank(width, self.rich_style)
        left = max(0, (width - max(content.cell_length for content in self.hint)) // 2)
        segments = self.hint[y - top].render_segments(self.visual_style)
        return Strip([Segment(" " * left, self.rich_style), *segments]).adjust_cell_length(width, self.rich_style)
