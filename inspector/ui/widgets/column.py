"""A titled text that scrolls by itself. Showing another text costs its own lines, never a layout of the screen."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual


class Column(ScrollView, can_focus=False):
    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._content = Content("")
        self._strips: list[Strip] = []

    @property
    def room(self) -> int:
        """Cells for text in one line: one stays free beside the scroll bar."""
        return max(1, self.scrollable_content_region.width - 1)

    def show(self, title: str, content: Content, note: str = "") -> None:
        head = Content.assemble((title, "bold $quiet"), (f" {note}" if note else "", "italic $quiet"), "\n")
        shown = Content("").join([head, content])
        if not shown.is_same(self._content):
            self._content = shown
            self._lay_out()
            self.scroll_to(y=0, animate=False, immediate=True)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        if index >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        return self._strips[index].adjust_cell_length(self.size.width, self.rich_style)

    def _lay_out(self) -> None:
        if not self.is_attached or not self.size.width:
            return
        self._strips = Visual.to_strips(self, self._content, self.room, None, self.visual_style)
        # virtual_size lays the whole screen out again when assigned; our own box never changes.
        self.set_reactive(Column.virtual_size, Size(self.room, len(self._strips)))
        self._scroll_update(self.virtual_size)
        self.refresh()
