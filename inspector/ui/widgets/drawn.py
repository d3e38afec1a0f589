"""How the live table is drawn: only the rows in sight, and each only once per change."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip

from inspector.core.call import CallId
from inspector.core.views import CallView
from inspector.filters.order import Sort
from inspector.ui.listing import Listing
from inspector.ui.widgets.rows import RowPainter, hint_line
from inspector.ui.widgets.searching import SearchingTable


class DrawnTable(SearchingTable):
    """The rows of a `Listing` from the one that is scrolled to. `cursor`: the call whose row is marked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "calls--header",
        "calls--row",
        "calls--odd",
        "calls--cursor",
        "calls--focused",
        "calls--quiet",
        "calls--allow",
        "calls--deny",
        "calls--hold",
        "calls--limit",
        "calls--error",
        "calls--mark",
    }

    def __init__(self, listing: Listing, *, id: str | None = None) -> None:
        super().__init__(listing, id=id)
        self.cursor: CallId | None = None
        self.hint: list[Content] = []  # what stands here while there is no row
        self.now = 0.0
        self.painter = RowPainter(self)
        self._measured = False
        self._in_sight: list[tuple[CallId, int]] = []

    def choose_columns(self, keys: tuple[str, ...], one_server: bool) -> None:
        if self.painter.choose(keys, one_server):
            self.measure()
            self.refresh()

    @property
    def sorts(self) -> list[Sort]:
        """The orders of the columns in sight, from left to right."""
        return [column.sort for column, _ in self.painter.layout(self.size.width) if column.sort is not None]

    def redraw_changed(self) -> None:
        """One repaint, if a row in sight is another now."""
        if not self._measured:
            self.measure()
        in_sight = [(row.id, row.rev) for row in self._rows_in_sight()]
        if in_sight != self._in_sight or not in_sight:
            self._in_sight = in_sight
            self.refresh()

    def redraw_cursor(self) -> None:
        """Its line alone."""
        index = None if self.cursor is None else self.listing.index_of(self.cursor)
        if index is not None and 0 < (y := index - self.scroll_offset.y + 1) < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def measure(self) -> None:
        """Share the width among the columns by what stands in them now."""
        rows = self._rows_in_sight()
        self._measured = bool(rows)
        self.painter.measure(rows)

    def _rows_in_sight(self) -> list[CallView]:
        top = self.scroll_offset.y
        return [row for index in range(top, top + self.size.height) if (row := self.listing.at(index))]

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor's row is drawn in another colour. No rule of ours says anything else of the focus, and to look
        through all of them for the table and each of its colours takes longer than to draw it."""

    def notify_style_update(self) -> None:
        self.painter.forget()
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of the rows as they are, for there is nothing around them. What Textual has made of a strip (cut,
        filtered, written in escape sequences) stays with it, wherever the row goes; from a widget's own cache of lines
        each would come anew."""
        filters, (_, ground) = self.get_line_filters(), self.background_colors
        strips = [self.render_line(y) for y in crop.line_range]
        for one in filters:
            strips = [strip.apply_filter(one, ground) for strip in strips]
        left, right = crop.column_span
        return [strip.crop(left, right) for strip in strips] if left or right < self.size.width else strips

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self.painter.header(width, self.listing)
        index = self.scroll_offset.y + y - 1
        row = self.listing.at(index)
        if row is None:
            return hint_line(self, self.hint if not len(self.listing) else [], y)
        if row.id == self.cursor:
            return self.painter.row(row, "focused" if self.has_focus else "cursor", width, self.now)
        return self.painter.row(row, "odd" if index & 1 else "row", width, self.now)
