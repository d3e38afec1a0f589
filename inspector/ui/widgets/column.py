"""A titled text that scrolls by itself, of any length: only what is looked at, and a little more, is ever laid out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from rich.style import Style
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.visual import Visual

from inspector.ui.widgets.steady import SteadyView

Pieces = Callable[[int], Iterator[Content]]  # for so many cells

SLICE: Final = 120  # pieces laid out at once: a few milliseconds of the loop that the proxy runs on
PAUSE: Final = 0.02  # seconds between two slices
LINES_KEPT: Final = 100_000
_FOUND: Final = Style(reverse=True, bold=True)


class Column(SteadyView, can_focus=False):
    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._key: object = None
        self._head = Content("")
        self._make: Pieces = lambda _width: iter(())
        self._pieces: Iterator[Content] | None = None
        self._strips: list[Strip] = []
        self._wanted = 0  # lines
        self._to_end = False
        self._sought = ""

    @property
    def room(self) -> int:
        """Cells for text in one line: one stays free beside the scroll bar."""
        return max(1, self.scrollable_content_region.width - 1)

    @property
    def finished(self) -> bool:
        """All of the text is laid out."""
        return self._pieces is None

    def show(self, title: str, content: Content, note: str = "") -> None:
        if not (isinstance(self._key, Content) and content.is_same(self._key)) or self._head.plain != _head(
            title, note
        ):
            self._take(content, title, lambda _width: iter((content,)), note)

    def pour(self, key: object, title: str, pieces: Pieces, note: str = "") -> None:
        """Show pieces one below the other, made as they come in sight. The same `key` again changes nothing."""
        if key != self._key or self._head.plain != _head(title, note):
            self._take(key, title, pieces, note)

    def to_end(self) -> None:
        """Go to the last line, and on with it while more is laid out."""
        self._to_end, self._wanted = True, LINES_KEPT
        self.grow()

    def grow(self) -> None:
        """Lay out one more slice, if more is wanted than there is; go on by itself a little later."""
        if not self.is_attached or not self.size.width:
            return
        for _ in range(SLICE):
            if self._pieces is None or len(self._strips) >= self._wanted:
                break
            self._add(next(self._pieces, None))
        self._tell_size()
        if self._to_end:
            self.scroll_to(y=len(self._strips), animate=False, immediate=True)
        if self._pieces is not None and len(self._strips) < self._wanted:
            self.set_timer(PAUSE, self.grow)
        self.refresh()

    def find(self, sought: str, after: int) -> int | None:
        """The first line below line `after` that holds `sought`, of those that are laid out; case does not matter."""
        self._sought = sought.casefold()
        self.refresh()
        lines = range(max(0, after + 1), len(self._strips))
        return next((y for y in lines if self._sought in self._strips[y].text.casefold()), None)

    def more(self) -> None:
        """Lay out one slice more than there is, for a search that goes on."""
        self._wanted = max(self._wanted, min(LINES_KEPT, len(self._strips) + SLICE))
        for _ in range(SLICE):
            if self._pieces is not None:
                self._add(next(self._pieces, None))
        self._tell_size()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._restart()

    def on_resize(self) -> None:
        self._restart()

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        if new < old:
            self._to_end = False
        wanted = int(new) + 3 * self.size.height
        if wanted > self._wanted:
            self._wanted = wanted
            self.call_later(self.grow)

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        if index >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strips[index]
        if self._sought and index:
            strip = _marked(strip, self._sought)
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    def _take(self, key: object, title: str, pieces: Pieces, note: str) -> None:
        self._key, self._make, self._sought = key, pieces, ""
        self._head = Content.assemble((title, "bold $quiet"), (f" {note}" if note else "", "italic $quiet"))
        self._restart()
        self.scroll_to(y=0, animate=False, immediate=True)

    def _restart(self) -> None:
        if not self.is_attached or not self.size.width:
            return
        self._strips, self._to_end = [], False
        self._pieces = chain((self._head,), self._make(self.room))
        self._wanted = self.scroll_offset.y + 3 * self.size.height
        self.grow()

    def _tell_size(self) -> None:
        self.take_size(Size(self.room, len(self._strips)))

    def _add(self, piece: Content | None) -> None:
        if piece is not None:
            self._strips += Visual.to_strips(self, piece, self.room, None, self.visual_style)
        if piece is None or len(self._strips) >= LINES_KEPT:
            self._pieces = None


def _head(title: str, note: str) -> str:
    return f"{title} {note}" if note else title


def _marked(strip: Strip, sought: str) -> Strip:
    """The first place of a found text turned round."""
    at = strip.text.casefold().find(sought)
    if at < 0:
        return strip
    left = Content(strip.text[:at]).cell_length
    right = left + Content(strip.text[at : at + len(sought)]).cell_length
    return Strip.join([strip.crop(0, left), strip.crop(left, right).apply_style(_FOUND), strip.crop(right)])
