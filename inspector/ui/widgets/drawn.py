"""How the live table is drawn: only the rows in sight, and each only once per change."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
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

    def measure(self) -> None:
        """Share the width among the columns by what stands in them now."""
        rows = self._rows_in_sight()
        self._measured = bool(rows)
        self.painter.measure(rows)

    def _rows_in_sight(self) -> list[CallView]:
        top = self.scroll_offset.y
        return [row for index in range(top, top + self.size.height) if (row := self.listing.at(index))]

    def notify_style_update(self) -> None:
        self.painter.forget()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self.painter.header(width, self.listing)
        index = self.scroll_offset.y + y - 1
        row = self.listing.at(index)
        if row is None:
            return hint_line(self, self.hint if not len(self.listing) else [], y)
        if row.id == self.cursor:
            return self.painter.row(row, "cursor", width, self.now)
        return self.painter.row(row, "odd" if index & 1 else "row", width, self.now)
