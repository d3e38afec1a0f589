"""The live table: where its cursor stands, and what keys and the mouse do to it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message

from inspector.core.call import CallId
from inspector.filters.order import Sort
from inspector.filters.terms import Term
from inspector.ui.listing import Listing
from inspector.ui.widgets.drawn import DrawnTable


class CallTable(DrawnTable, can_focus=True):
    """Rows of a `Listing`. The cursor sticks to its call id; while following, it is the newest row's."""

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
        super().__init__(listing, id=id)
        self.following = True

    # What came

    def fold(self, changed: tuple[CallId, ...], now: float) -> None:
        """Take what one poll brought: O(changed rows), and one repaint if a row in sight is another now."""
        self.now = now
        gone = self.listing.fold(changed, now)
        self.search_if_unsettled()
        self._resize(gone)
        self._settle()
        self.redraw_changed()

    def tick(self, now: float) -> None:
        """Time has passed: running rows show it."""
        self.now = now
        if self.listing.resort(now):
            self._settle()
        self.measure()
        self.refresh()
        self.post_message(self.Moved())

    # What a person wants

    def filter(self, term: Term | None) -> None:
        self.listing.set_filter(term, self.cursor)
        self.show_listing()

    def sort_by(self, sort: Sort, descending: bool | None = None) -> None:
        """`descending` None: as that order usually begins."""
        self.listing.set_sort(sort, self.now, descending)
        self.following = self.following and not self.listing.ordered
        self.show_listing()

    def pause(self, paused: bool) -> None:
        self.listing.pause(paused)
        self.rearranged()

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
        if self.listing.ordered:
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
        for column, width in self.painter.layout(self.size.width):
            if x <= width:
                if column.sort is not None:
                    again = column.sort is self.listing.sort
                    self.sort_by(column.sort, not self.listing.descending if again else None)
                return
            x -= width + 1

    # Moving

    def _cursor_index(self) -> int:
        index = None if self.cursor is None else self.listing.index_of(self.cursor)
        return len(self.listing) - 1 if index is None else index

    def _go(self, index: int) -> None:
        self.following = self.following and not len(self.listing)
        self._move(index)
        self.post_message(self.Moved())

    def _move(self, index: int, by_person: bool = True) -> None:
        count = len(self.listing)
        index = max(0, min(count - 1, index))
        found = None if (row := self.listing.at(index)) is None else row.id
        if found != self.cursor:
            self.redraw_cursor()
            self.cursor = found
            self.post_message(self.Selected(found, by_person))
        height, top = self.size.height - 1, self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, immediate=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, immediate=True)
        self.redraw_cursor()

    def _settle(self) -> None:
        """After rows came, went or moved: follow, or find a cursor that has lost its row a new one."""
        if self.following:
            self._move(len(self.listing) - 1, by_person=False)
        elif self.cursor is None or self.listing.index_of(self.cursor) is None:
            self._move(min(self.scroll_offset.y, len(self.listing) - 1), by_person=False)

    def grown(self, above: int) -> None:
        self._resize(-above)
        self._settle()
        self.tick(self.now)

    def rearranged(self) -> None:
        self._resize(0)
        self.painter.forget()
        self.measure()
        if self.following:
            self._settle()
        else:
            self._move(self._cursor_index(), by_person=False)
        self.refresh()
        self.post_message(self.Moved())

    def _resize(self, gone: int) -> None:
        height = len(self.listing) + 1
        if self.virtual_size.height != height:
            self.take_size(Size(self.size.width, height))
        if gone and not self.following:
            self.scroll_to(y=max(0, self.scroll_offset.y - gone), animate=False, immediate=True)

    def on_resize(self) -> None:
        self._resize(0)
        self._settle()
        if self.cursor is not None:
            self._move(self._cursor_index(), by_person=False)
