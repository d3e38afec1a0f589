"""Calls per second over the last minute, how they were judged, and which tools are busy."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.widget import Widget

from inspector.core.views import RunView, ToolView, Views, Word
from inspector.ui import figures, text
from inspector.ui.board import NOTHING
from inspector.ui.words import LOOKS

_SHOWN = (Word.ALLOW, Word.DENY, Word.LIMIT, Word.HOLD, Word.ERROR)
CHART_AT_MOST: Final = 7  # lines: more would be a blank with a few bars
SHORTEST: Final = 15  # seconds that the chart spans at the beginning of a run


class Rate(Widget):
    def __init__(self) -> None:
        super().__init__(id="rate", classes="pane")
        self._run: RunView = NOTHING.run
        self._tools: tuple[ToolView, ...] = ()
        self._seconds = 60

    def show(self, views: Views, now: float) -> None:
        run = views.run
        seconds = round(min(60.0, max(SHORTEST, now - run.started_at)))
        state = (run.per_second, run.words, views.tools, seconds)
        if state == (self._run.per_second, self._run.words, self._tools, self._seconds):
            return
        self._run, self._tools, self._seconds = run, views.tools, seconds
        self.border_title = Content(f"Calls / s · last {seconds} s")
        self.border_subtitle = Content(f"{run.calls} in all" if run.calls else "")
        self.refresh()

    def render(self) -> Content:
        width, height = self.size.width, self.size.height
        chart = self._chart(width, min(CHART_AT_MOST, height - 2))
        room = height - len(chart) - 1
        lines = [*chart, self._words()]
        if room >= 4:
            lines += [Content(""), *self._busiest(width, room - 1)]
        return Content("\n").join(lines[:height])

    def _chart(self, width: int, height: int) -> list[Content]:
        counts = self._run.per_second[-self._seconds :]
        if not any(counts):
            return [Content.assemble(("Quiet for a minute." if self._run.calls else "No call yet.", "$quiet"))]
        rows = figures.columns(figures.buckets(counts, width), max(1, height - 1))
        peak = Content.assemble(("peak ", "$quiet"), (f"{max(counts)}/s", "bold"))
        return [peak, *(Content.assemble((_stretch(row, width), "$primary")) for row in rows)]

    def _busiest(self, width: int, room: int) -> list[Content]:
        called = [tool for tool in self._tools if tool.calls]
        if not called:
            return []
        lines = [Content.assemble(("BUSIEST".ljust(width - 14), "bold $quiet"), (" calls     p95", "$quiet"))]
        for tool in called[: room - 1]:
            bad = "!" if tool.errors else " "
            lines.append(
                Content.assemble(
                    text.fit(text.line(tool.name, 80), width - 15),
                    (bad, "$decision-error"),
                    (f"{figures.number(tool.calls):>6}", "bold"),
                    (f"{figures.milliseconds(tool.p95_ms):>8}", "$quiet"),
                )
            )
        return lines

    def _words(self) -> Content:
        counts = dict(self._run.words)
        total = sum(counts.get(word, 0) for word in _SHOWN)
        if not total:
            return Content("")
        seen = [(LOOKS[word], count) for word in _SHOWN if (count := counts.get(word, 0))]
        return Content.assemble(*((f"{look.glyph} {_percent(count, total)}  ", look.style) for look, count in seen))


def _stretch(row: str, width: int) -> str:
    """Each value in its share of the cells, so that the chart fills the width."""
    size = max(1, len(row))
    return "".join(row[min(size - 1, cell * size // width)] for cell in range(width)) if row else ""


def _percent(count: int, total: int) -> str:
    share = 100 * count / total
    return "<1%" if share < 1 else ">99%" if 99.5 <= share < 100 else f"{share:.0f}%"
