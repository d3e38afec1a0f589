"""Place 3: every counter, large."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.decision import Algorithm, Scope
from inspector.core.views import LimitView
from inspector.ui import figures, text
from inspector.ui.board import Change
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

    def show(self, change: Change) -> None:
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
        """Two lines: name, numbers and reset; the bar. The rule and whose counter it is stand under the name."""
        glyph, style = look(limit)
        amount = f"{_exact(limit.used)} of {_exact(limit.max)}"
        reset = f"{100 * share(limit):.0f} %   {_reset(limit, now)}"
        name = text.fit(text.line(limit.label, 120), max(8, width - len(amount) - len(reset) - 7))
        filled, rest = figures.bar(share(limit), width - 2)
        whose = (
            "everybody"
            if limit.key.scope is Scope.GLOBAL
            else f"{limit.key.scope.value} {_scope_id(limit.key.scope_id)}"
        )
        under = text.fit(f"{text.line(limit.rule, 160)} · {whose}", width - 2).rstrip()
        return Content.assemble(
            (f"{glyph} ", style), (name, "bold"), (f"  {amount}", "bold" if share(limit) >= 0.7 else ""), (f"   {reset}\n", "$quiet"),
            "  ", (filled, f"{style} on $panel"), (rest, "on $panel"), "\n  ", (under, "$quiet"),
        )  # fmt: skip


def _exact(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _reset(limit: LimitView, now: float) -> str:
    if limit.key.algorithm is Algorithm.IN_FLIGHT or limit.resets_at is None:
        return "in flight"
    word = "starts again in" if limit.key.algorithm is Algorithm.FIXED else "next frees in"
    return f"{word} {figures.countdown(limit.resets_at - now)}"


def _scope_id(scope_id: str) -> str:
    return text.line(scope_id.replace("\x1f", " · "), 80)
