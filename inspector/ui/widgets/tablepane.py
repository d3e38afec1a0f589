"""The frame around the table: what stands in its edges, and its light while the keys go to what is in it."""

from __future__ import annotations

from typing import Self

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region


class TablePane(Vertical):
    """Looks as any `.pane` does. But for a rule on `:focus-within` Textual looks through all rules again for everything
    inside, the table's every colour among it: longer than to draw the frame that this is for."""

    _above, _below = "", ""
    _captioned = False

    def caption(self, above: str, below: str) -> None:
        """The words in the upper and in the lower edge; they are safe to show."""
        if (above, below) == (self._above, self._below):
            return
        self._above, self._below = above, below
        self._captioned = True
        self.border_title, self.border_subtitle = Content(above), Content(below)
        self._captioned = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Of its own it has the edges; what they enclose is drawn by others, and is not drawn again for them."""
        if repaint and not (regions or layout or recompose):
            regions = self._edges()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _edges(self) -> tuple[Region, ...]:
        """As seen from what they enclose; none where there is no border."""
        (width, height), (left, top) = self.outer_size, self.gutter.top_left
        if not (left and top and width and height):
            return ()
        upper, lower = Region(-left, -top, width, 1), Region(-left, height - top - 1, width, 1)
        if self._captioned:
            return upper, lower
        return upper, lower, Region(-left, 0, left, height - 2), Region(width - 2 * left, 0, left, height - 2)

    def on_descendant_focus(self) -> None:
        self.call_after_refresh(self._light)

    def on_descendant_blur(self) -> None:
        self.call_after_refresh(self._light)

    def _light(self) -> None:
        """One frame behind: first what the key was for."""
        if self.is_attached:
            self.set_class(self.has_focus_within, "-lit", update=False)
            self.app.stylesheet.apply(self)
