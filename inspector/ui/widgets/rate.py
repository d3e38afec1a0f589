"""Calls per second over the last minute, and how they were judged."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from inspector.core.views import RunView, Word
from inspector.ui import figures
from inspector.ui.board import NOTHING
from inspector.ui.words import LOOKS

_SHOWN = (Word.ALLOW, Word.DENY, Word.LIMIT, Word.HOLD, Word.ERROR)


class Rate(Widget):
    def __init__(self) -> None:
        super().__init__(id="rate", classes="pane")
        self._run: RunView = NOTHING.run

    def show(self, run: RunView) -> None:
        if (run.per_second, run.words) == (self._run.per_second, self._run.words):
            return
        self._run = run
        self.border_title = Content("Calls / s · last 60 s")
        self.border_subtitle = Content(f"{run.calls} in all" if run.calls else "")
        self.refresh()

    def render(self) -> Content:
        width, height = self.size.width, self.size.height
        if not any(self._run.per_second):
            chart = Content.assemble(("Quiet for a minute." if self._run.calls else "No call yet.", "$quiet"))
            return Content("\n").join([chart, *[Content("")] * (height - 2), self._words()]) if height > 1 else chart
        values = figures.buckets(self._run.per_second, width)
        rows = figures.columns(values, max(1, height - 2))
        stretched = [_stretch(row, width) for row in rows]
        peak = Content.assemble(("peak ", "$quiet"), (f"{max(self._run.per_second)}/s", "bold"))
        return Content("\n").join([peak, *(Content.assemble((row, "$primary")) for row in stretched), self._words()])

    def _words(self) -> Content:
        counts = dict(self._run.words)
        total = sum(counts.get(word, 0) for word in _SHOWN)
        if not total:
            return Content("")
        seen = [(LOOKS[word], count) for word in _SHOWN if (count := counts.get(word, 0))]
        return Content.assemble(*((f"{look.glyph} {_percent(count, total)}  ", look.style) for look, count in seen))


def _stretch(row: str, width: int) -> str:
    """Fewer values than cells: each takes as many cells as fit, filled up at the left (the present is at the right)."""
    times = max(1, width // max(1, len(row)))
    return "".join(c * times for c in row).rjust(width)


def _percent(count: int, total: int) -> str:
    share = 100 * count / total
    return "<1%" if share < 1 else ">99%" if 99.5 <= share < 100 else f"{share:.0f}%"
