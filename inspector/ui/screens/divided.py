"""The edge between the table and the call below it, which a person may move."""

from __future__ import annotations

from typing import Final

from textual import on

from inspector.ui.screens.waiting import WaitingPlace
from inspector.ui.widgets.detail import DetailPane

DETAIL_LINES: Final = 4  # at least, with the edge that can be drawn
TABLE_LINES: Final = 5


class DividedPlace(WaitingPlace):
    """A place with a `DetailPane` under its table."""

    def __init__(self) -> None:
        super().__init__()
        self._detail_lines: int | None = None  # as a person wants it; None: as the terminal's size suggests

    def action_divide(self, by: int) -> None:
        """Give the call below the table so many lines more; the table keeps a few."""
        self._detail_lines = self.query_one(DetailPane).outer_size.height + by
        self.divide()

    @on(DetailPane.Dragged)
    def _on_dragged(self, event: DetailPane.Dragged) -> None:
        self.action_divide(event.lines)

    def on_resize(self) -> None:
        self.call_after_refresh(self.divide)

    def divide(self) -> None:
        pane, most = self.query_one(DetailPane), self.query_one("#left").size.height - TABLE_LINES
        if self._detail_lines is None or self.has_class("-zoom"):
            pane.styles.height = None
        else:
            self._detail_lines = max(DETAIL_LINES, min(most, self._detail_lines))
            pane.styles.height = self._detail_lines
