"""Draws one row of the calls table, once for each change of it."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip
from textual.widget import Widget

from inspector.core.views import CallView
from inspector.ui import text
from inspector.ui.listing import Sort
from inspector.ui.widgets.columns import Column, is_running, widths

_PLAIN_COLUMNS = ("agent", "tool")
_WORD_STYLES = ("allow", "deny", "hold", "limit", "error")


class RowPainter:
    """Takes its colours from the component classes (`calls--…`) of the table that it paints for."""

    def __init__(self, table: Widget) -> None:
        self._table = table
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(512)
        self._styles: dict[str, Style] = {}
        self._columns: list[tuple[Column, int]] = []
        self._columns_for = -1
        self._one_server = False

    def one_server(self, only: bool) -> None:
        """With a single server its name says nothing, and the tool's gets the room."""
        if only != self._one_server:
            self._one_server = only
            self.forget()

    def forget(self) -> None:
        """The theme or the order has changed: nothing that was drawn can be used again."""
        self._styles.clear()
        self._strips.clear()

    def layout(self, width: int) -> list[tuple[Column, int]]:
        """The columns shown in a table of that width, and how wide each is."""
        if self._columns_for != width:
            self._columns, self._columns_for = widths(width), width
            self._strips.clear()
        return self._columns

    def header(self, width: int, sort: Sort) -> Strip:
        style = self._table.rich_style + self._style("header")
        cells = []
        for column, wide in self.layout(width):
            marked = column.sort is sort and sort is not Sort.TIME
            label = "TOOL" if column.key == "tool" and self._one_server else column.label
            label = label[: wide - 1] + "▼" if marked else label
            cells.append((label.rjust(wide) if column.right else label.ljust(wide))[:wide])
        return Strip([Segment(" ".join(cells), style)]).adjust_cell_length(width, style)

    def row(self, row: CallView, shade: str, width: int, now: float) -> Strip:
        """`shade` is "row", "odd" or "cursor". A running row is drawn again each second, for its elapsed time."""
        columns = self.layout(width)
        age = int(now) if is_running(row) else 0
        key = (row.id, row.rev, shade, self._table.has_focus and shade == "cursor", age)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._draw(row, shade, columns, width, now)
        return strip

    def _draw(self, row: CallView, shade: str, columns: list[tuple[Column, int]], width: int, now: float) -> Strip:
        base = self._table.rich_style + self._style(shade)
        segments = []
        for column, wide in columns:
            shown = column.read(row, now)
            if column.key == "tool" and self._one_server:
                shown = text.line(row.tool, 200)
            cell = text.fit(shown.rjust(wide) if column.right else shown, wide)
            style = base if shade == "cursor" else base + self._cell_style(row, column)
            segments.append(Segment(cell + " ", style))
        return Strip(segments).adjust_cell_length(width, base)

    def _cell_style(self, row: CallView, column: Column) -> Style:
        if column.key in _PLAIN_COLUMNS:
            return Style.null()
        name = row.word.name.lower()
        return self._style(name if column.key == "decision" and name in _WORD_STYLES else "quiet")

    def _style(self, name: str) -> Style:
        found = self._styles.get(name)
        if found is None:
            found = self._styles[name] = self._table.get_component_rich_style(f"calls--{name}", partial=True)
        return found
