"""A view that grows with every frame, beside a scroll bar that seldom looks otherwise for it."""

from __future__ import annotations

from math import ceil
from typing import Final

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar

_STEPS: Final = 8  # of a cell, as Textual draws the thumb


class SteadyView(ScrollView):
    """Its vertical bar is drawn again when its thumb has moved, not whenever a row has come: a line of a scroll bar
    costs as much as a line of a table."""

    _thumb: tuple[int, int] | None = None
    _is_told = True

    def take_size(self, size: Size) -> None:
        """Be so large from now on. Assigned to `virtual_size`, it would lay the whole screen out again; our own box
        never changes."""
        self.set_reactive(type(self).virtual_size, size)
        self._scroll_update(size)

    def _scroll_update(self, virtual_size: Size) -> None:
        self._refresh_scrollbars()
        self._tell_soon()
        self.scroll_x = self.validate_scroll_x(self.scroll_x)
        self.scroll_y = self.validate_scroll_y(self.scroll_y)

    def watch_scroll_y(self, old: float, new: float) -> None:
        if round(old) != round(new):
            self._tell_soon()
            self.refresh(self.size.region)

    def _tell_soon(self) -> None:
        """What grows is then scrolled to its end, and the thumb stands where it stood."""
        if self._is_told:
            self._is_told = False
            self.call_later(self._tell_bar)

    def _tell_bar(self) -> None:
        self._is_told = True
        if not (self.show_vertical_scrollbar and self.scrollbar_size_vertical):
            return
        bar, shown = self.vertical_scrollbar, self.container_size.height
        bar.set_reactive(ScrollBar.window_virtual_size, self.virtual_size.height)
        bar.set_reactive(ScrollBar.window_size, shown)
        bar.set_reactive(ScrollBar.position, int(self.scroll_y * _STEPS) / _STEPS)
        if (thumb := self._thumb_now(shown)) != self._thumb:
            self._thumb = thumb
            bar.refresh()

    def _thumb_now(self, shown: int) -> tuple[int, int]:
        """Where it begins and how long it is."""
        whole = max(1, self.virtual_size.height)
        length = max(1.0, shown * shown / whole)
        return int((shown - length) * self.scroll_y / max(1, whole - shown) * _STEPS), ceil(length * _STEPS)
