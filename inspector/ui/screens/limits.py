"""Place 3: every counter, large."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.call import CallId
from inspector.core.decision import Algorithm, CounterKey, Scope
from inspector.core.views import LimitView
from inspector.ui import figures, text
from inspector.ui.screens.place import Place
from inspector.ui.widgets.gauges import by_tightness, look, share

SHOWN = 200


class LimitsPlace(Place):
    PLACE = "limits"
    CSS_PATH = "limits.tcss"
    KEYS = ("app.connect",)
    HELP = (
        "Every limit that has counted a call in this run, the tightest first: how much of it is used, and when its"
        " window starts again. Minutes, hours and days are those of UTC."
    )

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="limits", classes="pane"):
            yield Static(id="limits-text", markup=False)

    def on_mount(self) -> None:
        self.query_one("#limits").focus()

    def show(self, changed: tuple[CallId, ...]) -> None:
        self.tick(self.inspect.clock())

    def tick(self, now: float) -> None:
        pane = self.query_one("#limits")
        limits = by_tightness(self.board.views.limits)
        full = sum(share(limit) >= 1 for limit in limits)
        pane.border_title = Content(f"Limits · {len(limits)}")
        pane.border_subtitle = Content(f"⊘ {full} used up" if full else "")
        width = max(30, pane.size.width - 5)
        blocks = [self._block(limit, width, now) for limit in limits[:SHOWN]]
        empty = Content.assemble(
            ("No limit has counted a call yet.\n\n", "bold"),
            ("A limit shows here with the first call it counts.", "$quiet"),
        )
        self.query_one("#limits-text", Static).update(Content("\n\n").join(blocks) if blocks else empty)

    @staticmethod
    def _block(limit: LimitView, width: int, now: float) -> Content:
        """Three lines: name, numbers and reset; the bar; the rule and whose counter it is."""
        glyph, style = look(limit)
        used = share(limit)
        amount = f"  {_exact(limit.used)} of {_exact(limit.max)}"
        reset = f"   {100 * used:.0f} %   {_reset(limit, now)}"
        name = text.fit(text.line(limit.label, 120), max(8, width - len(amount) - len(reset) - 2))
        filled, rest = figures.bar(used, width - 2)
        under = text.fit(f"{_whose(limit.key)} · {text.line(limit.rule, 160)}", width - 2).rstrip()
        first = Content.assemble((f"{glyph} ", style), (name, "bold"), (amount, "bold" if used >= 0.7 else ""))
        second = Content.assemble((f"{reset}\n  ", "$quiet"), (filled, f"{style} on $panel"), (rest, "on $panel"))
        return Content.assemble(first, second, (f"\n  {under}", "$quiet"))


def _whose(key: CounterKey) -> str:
    if key.scope is Scope.GLOBAL:
        return "everybody"
    return f"{key.scope.value} {text.line(key.scope_id.replace(chr(0x1F), ' · '), 80)}"


def _exact(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _reset(limit: LimitView, now: float) -> str:
    if limit.key.algorithm is Algorithm.IN_FLIGHT or limit.resets_at is None:
        return "in flight"
    word = "starts again in" if limit.key.algorithm is Algorithm.FIXED else "next frees in"
    return f"{word} {figures.countdown(limit.resets_at - now)}"
