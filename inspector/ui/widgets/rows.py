"""Draws one row of the calls table, once for each change of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from inspector.core.call import CallId
from inspector.core.views import CallView
from inspector.ui import text
from inspector.ui.listing import Listing
from inspector.ui.widgets.columns import USUAL, Column, arrange, chosen, is_loop, is_running, is_slow, natural

_PLAIN_COLUMNS: Final = ("agent", "tool")
_WORD_STYLES: Final = ("allow", "deny", "hold", "limit", "error")
_CURSOR: Final = ("cursor", "focused")
_RISKY: Final = {"destructive": "deny", "financial": "hold", "execute": "hold"}


class RowPainter:
    """Takes its colours from the component classes (`calls--…`) of the table that it paints for."""

    def __init__(self, table: Widget) -> None:
        self._table = table
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(512)
        self._styles: dict[str, Style] = {}
        self._bases: dict[str, Style] = {}
        self._columns: list[tuple[Column, int]] = []
        self._columns_for = -1
        self._natural: dict[str, int] = {}
        self.keys: tuple[str, ...] = USUAL
        self.one_server = False
        self.marks: set[CallId] = set()

    def forget(self) -> None:
        """The theme, the order or the columns have changed: nothing that was drawn can be used again."""
        self._styles.clear()
        self._bases.clear()
        self._strips.clear()
        self._columns_for = -1

    def choose(self, keys: tuple[str, ...], one_server: bool) -> bool:
        """True when that is something new."""
        if (keys, one_server) == (self.keys, self.one_server):
            return False
        self.keys, self.one_server = keys, one_server
        self._natural.clear()
        self.forget()
        return True

    def measure(self, rows: Iterable[CallView]) -> None:
        """Let columns grow to what stands in these rows. They never shrink by themselves: that would flicker."""
        wanted = natural(chosen(self.keys, self.one_server), rows, self._natural)
        if wanted != self._natural:
            self._natural = wanted
            self._columns_for = -1

    def layout(self, width: int) -> list[tuple[Column, int]]:
        """The columns shown in a table of that width, and how wide each is."""
        if self._columns_for != width:
            columns = arrange(width, chosen(self.keys, self.one_server), self._natural)
            self._columns_for = width
            if columns != self._columns:
                self._columns = columns
                self._strips.clear()
        return self._columns

    def header(self, width: int, listing: Listing) -> Strip:
        style = self._base("header")
        cells = []
        for column, wide in self.layout(width):
            arrow = ("▼" if listing.descending else "▲") if column.sort is listing.sort and listing.ordered else ""
            label = column.label[: wide - 1] + arrow if arrow else column.label
            cells.append((label.rjust(wide) if column.right else label.ljust(wide))[:wide])
        return Strip([Segment(" ".join(cells), style)]).adjust_cell_length(width, style)

    def row(self, row: CallView, shade: str, width: int, now: float) -> Strip:
        """`shade` is "row", "odd", "cursor" or "focused": the cursor where the keys go. A running row is drawn again
        each second, for its elapsed time."""
        columns = self.layout(width)
        age = int(now) if is_running(row) else 0
        key = (row.id, row.rev, shade, age, row.id in self.marks)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._draw(row, shade, columns, width, now)
        return strip

    def _draw(self, row: CallView, shade: str, columns: list[tuple[Column, int]], width: int, now: float) -> Strip:
        base = self._base(shade)
        runs: list[tuple[str, Style]] = []
        for column, wide in columns:
            shown = column.read(row, now)
            cell = text.fit(shown.rjust(wide) if column.right else shown, wide)
            style = base if shade in _CURSOR else base + self._cell_style(row, column, now)
            if row.id in self.marks and not runs:
                runs += [(cell, style), ("◆", base + self._style("mark"))]
            elif runs and runs[-1][1] == style:
                runs[-1] = (f"{runs[-1][0]}{cell} ", style)
            else:
                runs.append((f"{cell} ", style))
        return Strip([Segment(run, style) for run, style in runs]).adjust_cell_length(width, base)

    def _cell_style(self, row: CallView, column: Column, now: float) -> Style:
        if column.key == "tool" and is_loop(row):
            return self._style("hold")
        if column.key in _PLAIN_COLUMNS:
            return Style.null()
        if column.key == "ms" and is_slow(row, now):
            return self._style("limit")
        if column.key == "risk":
            return self._style(_RISKY.get(row.risk.value, "quiet"))
        name = row.word.name.lower()
        return self._style(name if column.key == "decision" and name in _WORD_STYLES else "quiet")

    def _base(self, shade: str) -> Style:
        """The colours of a whole line. The table's own are worked out from all that it stands in."""
        found = self._bases.get(shade)
        if found is None:
            found = self._bases[shade] = self._table.rich_style + self._style(shade)
        return found

    def _style(self, name: str) -> Style:
        found = self._styles.get(name)
        if found is None:
            found = self._styles[name] = self._table.get_component_rich_style(f"calls--{name}", partial=True)
        return found


def hint_line(table: Widget, hint: list[Content], y: int) -> Strip:
    """Line `y` of a table without rows: the hint stands in its middle, as one block."""
    width = table.size.width
    top = max(2, (table.size.height - len(hint)) // 2)
    if not 0 <= y - top < len(hint):
        return Strip.blank(width, table.rich_style)
    left = max(0, (width - max(content.cell_length for content in hint)) // 2)
    segments = hint[y - top].render_segments(table.visual_style)
    return Strip([Segment(" " * left, table.rich_style), *segments]).adjust_cell_length(width, table.rich_style)
