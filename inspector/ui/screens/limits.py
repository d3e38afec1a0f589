"""Place 3: every counter, large: how full, how it went, who uses it, and the rule it stands in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.call import CallId
from inspector.core.decision import Algorithm, CounterKey, Scope
from inspector.core.views import LimitView
from inspector.ui import figures, text
from inspector.ui.screens.jump import to_rule
from inspector.ui.screens.place import Place
from inspector.ui.widgets.gauges import by_tightness, look, share

SHOWN = 200


class LimitsPlace(Place):
    PLACE = "limits"
    CSS_PATH = "limits.tcss"
    KEYS = ("limits.rule", "limits.order", "app.connect")
    HELP = (
        "Every limit that has counted a call in this run: how much of it is used, when its window starts again, how it"
        " went over the last window, and which agents took most in this run. Minutes, hours and days are those of UTC."
        " Enter goes to the rule in the policy."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R,enter", "rule", "Rule in the policy", key_display="⏎", id="limits.rule"),
        Binding("s", "order", "Tightest first or by name", id="limits.order"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[LimitView] = []
        self._by_name = False

    def body(self) -> Iterable[Widget]:
        with Vertical(id="limits", classes="pane"):
            yield OptionList(id="limits-list")
            yield Static(id="limits-text", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def show(self, changed: tuple[CallId, ...]) -> None:
        self.tick(self.inspect.clock())

    def tick(self, now: float) -> None:
        pane = self.query_one("#limits")
        limits = self._ordered()
        full = sum(share(limit) >= 1 for limit in limits)
        pane.border_title = Content(f"Limits · {len(limits)}")
        pane.border_subtitle = Content(f"⊘ {full} used up" if full else "")
        self.query_one("#limits-text").display = not limits
        self.query_one("#limits-text", Static).update(
            Content.assemble(
                ("No limit has counted a call yet.\n\n", "bold"),
                ("A limit shows here with the first call it counts.", "$quiet"),
            )
        )
        self._fill(limits, max(30, pane.size.width - 3), now)

    def _ordered(self) -> list[LimitView]:
        limits = self.board.views.limits
        if self._by_name:
            return list(limits[:SHOWN])
        return by_tightness(limits)[:SHOWN]

    def _fill(self, limits: list[LimitView], width: int, now: float) -> None:
        rows = self.query_one(OptionList)
        if [limit.key for limit in limits] == [limit.key for limit in self._shown]:
            for index, limit in enumerate(limits):
                rows.replace_option_prompt_at_index(index, _block(limit, width, now))
        else:
            marked = rows.highlighted
            kept = self._shown[marked].key if marked is not None and marked < len(self._shown) else None
            rows.clear_options()
            rows.add_options([Option(_block(limit, width, now)) for limit in limits])
            keys = [limit.key for limit in limits]
            rows.highlighted = keys.index(kept) if kept in keys else 0 if keys else None
        self._shown = limits

    @on(OptionList.OptionSelected)
    def _on_selected(self) -> None:
        self.action_rule()

    @work
    async def action_rule(self) -> None:
        index = self.query_one(OptionList).highlighted
        if index is not None and index < len(self._shown):
            await to_rule(self.inspect, self._shown[index].rule)

    def action_order(self) -> None:
        self._by_name = not self._by_name
        self.tick(self.inspect.clock())


def _block(limit: LimitView, width: int, now: float) -> Content:
    """Four lines: name, numbers and reset; the bar; how it went and who uses it; the rule and whose counter it is."""
    glyph, style = look(limit)
    used = share(limit)
    amount = f"  {_exact(limit.used)} of {_exact(limit.max)}"
    reset = f"   {100 * used:.0f} %   {_reset(limit, now)}"
    name = text.fit(text.line(limit.label, 120), max(8, width - len(amount) - len(reset) - 2))
    filled, rest = figures.bar(used, width - 2)
    under = text.fit(f"{_whose(limit.key)} · {text.line(limit.rule, 160)}", width - 2).rstrip()
    went = figures.columns(limit.history, 1)[0] + "  " if any(limit.history) else ""
    users = text.fit(_users(limit), max(8, width - len(went) - 3)).rstrip()
    return Content.assemble(
        (f"{glyph} ", style), (name, "bold"), (amount, "bold" if used >= 0.7 else ""), (f"{reset}\n  ", "$quiet"),
        (filled, f"{style} on $panel"), (rest, "on $panel"),
        ("\n  ", ""), (went, style), (f"{users}\n  {under}\n", "$quiet"),
    )  # fmt: skip


def _users(limit: LimitView) -> str:
    taken = sum(amount for _, amount in limit.users)
    if not taken:
        return "nobody has used it yet"
    each = (f"{text.line(client, 40)} {100 * amount / taken:.0f} %" for client, amount in limit.users[:3])
    return "mostly " + " · ".join(each) if len(limit.users) > 1 else f"all by {text.line(limit.users[0][0], 60)}"


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
