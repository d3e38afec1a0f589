"""Limits as gauges: how much of each is used, and when it starts again."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from inspector.core.decision import Algorithm
from inspector.core.views import LimitView
from inspector.ui import figures, text
from inspector.ui.actions import hinted

Parts = list[tuple[str, str]]


def share(limit: LimitView) -> float:
    return limit.used / limit.max if limit.max > 0 else 1.0


def look(limit: LimitView) -> tuple[str, str]:
    """Glyph and style: plenty, getting tight, used up."""
    used = share(limit)
    if used >= 1:
        return "⊘", "$decision-limit"
    return ("▲", "$decision-hold") if used >= 0.7 else ("●", "$decision-allow")


def by_tightness(limits: tuple[LimitView, ...]) -> list[LimitView]:
    return sorted(limits, key=lambda limit: (-share(limit), limit.label))


def reset_in(limit: LimitView, now: float) -> str:
    """At most four cells; `now` for a count of calls in flight, which has no window."""
    if limit.key.algorithm is Algorithm.IN_FLIGHT or limit.resets_at is None:
        return "now"
    return figures.elapsed(limit.resets_at - now)


class Gauges(Widget):
    """One line for each limit, the tightest first, as many as fit."""

    def __init__(self) -> None:
        super().__init__(id="gauges", classes="pane")
        self._limits: list[LimitView] = []
        self._now = 0.0
        self._shown: object = None

    def show(self, limits: tuple[LimitView, ...], now: float, folded: int = 0) -> None:
        """Called for every frame: does something only when a limit or the second has changed. `folded`: they are those
        of so many of a recording's newest calls."""
        state = (limits, int(now), folded)
        if state == self._shown:
            return
        self._shown = state
        self._limits, self._now = by_tightness(limits), now
        newest = f" · newest {folded:,}" if folded else ""
        self.border_title = Content((f"Limits · {len(limits)}" if limits else "Limits") + newest)
        self.border_subtitle = Content(f"{hinted(self, 'place.limits', '3')} all" if limits else "")
        self.styles.height = max(1, min(8, len(limits))) + 2
        self.refresh()

    async def on_click(self) -> None:
        await self.run_action("app.go('limits')")

    def render(self) -> Content:
        if not self._limits:
            return Content.assemble(("No limit has counted yet.", "$quiet"))
        width = self.size.width
        rows = self._limits[: max(1, self.size.height)]
        widest = max(len(amount_of(limit)) for limit in rows)
        return Content("\n").join(Content.assemble(*gauge(limit, width, self._now, widest)) for limit in rows)


def amount_of(limit: LimitView) -> str:
    return f"{figures.number(limit.used)}/{figures.number(limit.max)}{'↑' if limit.raised else ''}"


def gauge(limit: LimitView, width: int, now: float, widest: int = 0) -> Parts:
    """`⊘ web.fetch ███ 60/60  18s` in exactly `width` cells; amounts take `widest`, so that bars stand in line."""
    glyph, style = look(limit)
    amount = amount_of(limit).rjust(widest)
    reset = reset_in(limit, now).rjust(4)
    room = width - 2 - 1 - 1 - len(amount) - len(reset) - 1
    bar_width = max(4, min(40, room * 2 // 5))
    filled, rest = figures.bar(share(limit), bar_width)
    label = text.fit(text.line(limit.label.split(" · ")[0], 100), max(4, room - bar_width))
    return [
        (f"{glyph} ", style),
        (f"{label} ", ""),
        (filled, f"{style} on $panel"),
        (rest, "on $panel"),
        (f" {amount}", "bold" if share(limit) >= 0.7 else ""),
        (f" {reset}", "$quiet"),
    ]


class GaugeLine(Widget):
    """The tightest limits in one line, for terminals with one column."""

    def __init__(self) -> None:
        super().__init__(id="gauge-line")
        self._limits: list[LimitView] = []
        self._now = 0.0
        self._shown: object = None

    def show(self, limits: tuple[LimitView, ...], now: float) -> None:
        state = (limits, int(now))
        if state != self._shown:
            self._shown = state
            self._limits, self._now = by_tightness(limits), now
            self.refresh()

    async def on_click(self) -> None:
        await self.run_action("app.go('limits')")

    def render(self) -> Content:
        if not self._limits:
            return Content.assemble(("no limit has counted yet", "$quiet"))
        width, shown = self.size.width, min(2, len(self._limits))
        hidden = len(self._limits) - shown
        more = f"  +{hidden} more" if hidden else ""
        each = min(48, (width - len(more)) // shown - 2)
        parts: Parts = []
        for limit in self._limits[:shown]:
            parts += [*gauge(limit, each, self._now), ("  ", "")]
        return Content.assemble(*parts, (more.strip(), "$quiet"))
