"""Place 3: every counter, large: how full, how it went, who uses it, and the rule it stands in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.call import CallId
from inspector.core.commands import RaiseLimit, Rejected, ResetCounter
from inspector.core.decision import Algorithm, CounterKey, Scope
from inspector.core.views import LimitView
from inspector.ui import figures, text
from inspector.ui.screens.counter import RaiseDialog, ResetDialog
from inspector.ui.screens.jump import to_rule
from inspector.ui.screens.place import Place
from inspector.ui.widgets.choices import Choices
from inspector.ui.widgets.gauges import by_tightness, look, share

SHOWN = 200


class LimitsPlace(Place):
    PLACE = "limits"
    CSS_PATH = "limits.tcss"
    KEYS = ("limits.rule", "limits.reset", "limits.raise", "limits.order", "app.connect")
    HELP = (
        "Every limit that has counted a call in this run: how much of it is used, when its window starts again, how it"
        " went over the last window, and which agents took most in this run. Minutes, hours and days are those of UTC."
        " Enter goes to the rule in the policy; x lets the marked counter begin again, + gives it another max until"
        " this run ends. Neither changes the policy's file."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R,enter", "rule", "Rule in the policy", key_display="⏎", id="limits.rule"),
        Binding("x", "reset", "Reset…", id="limits.reset"),
        Binding("plus,+", "raise", "Raise…", key_display="+", id="limits.raise"),
        Binding("s", "order", "Sort", id="limits.order"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[LimitView] = []
        self._by_name = False

    def body(self) -> Iterable[Widget]:
        with Vertical(id="limits", classes="pane"):
            yield Choices("limits-list")
            yield Static(id="limits-text", markup=False)

    def on_mount(self) -> None:
        self.query_one(Choices).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("reset", "raise"):
            return bool(self.board.views.limits) and not self.board.views.run.read_only
        return super().check_action(action, parameters)

    def show(self, changed: tuple[CallId, ...]) -> None:
        if bool(self._shown) != bool(self.board.views.limits):
            self.refresh_bindings()
        self.tick(self.inspect.clock())

    def tick(self, now: float) -> None:
        pane = self.query_one("#limits")
        limits = self._shown = self._ordered()
        full = sum(share(limit) >= 1 for limit in limits)
        folded = self.board.views.run.folded
        newest = f" · of the newest {folded:,} calls" if folded else ""
        pane.border_title = Content(f"Limits · {len(limits)}{newest}")
        pane.border_subtitle = Content(f"⊘ {full} used up" if full else "")
        self.query_one("#limits-text").display = not limits
        self.query_one("#limits-text", Static).update(
            Content.assemble(
                ("No limit has counted a call yet.\n\n", "bold"),
                ("A limit shows here with the first call it counts.", "$quiet"),
            )
        )
        width = max(30, pane.size.width - 3)
        ends = [_figures(limit, now) for limit in limits]
        widest = [max(map(len, column)) for column in zip(*ends, strict=True)]
        self.query_one(Choices).fill(
            (limit.key, _block(limit, width, [part.rjust(most) for part, most in zip(end, widest, strict=True)]))
            for limit, end in zip(limits, ends, strict=True)
        )

    def _ordered(self) -> list[LimitView]:
        limits = self.board.views.limits
        if self._by_name:
            return list(limits[:SHOWN])
        return by_tightness(limits)[:SHOWN]

    @property
    def _marked(self) -> LimitView | None:
        marked = self.query_one(Choices).marked
        return next((limit for limit in self._shown if limit.key == marked), None)

    @on(Choices.OptionSelected)
    def _on_selected(self) -> None:
        self.action_rule()

    @work
    async def action_rule(self) -> None:
        if limit := self._marked:
            await to_rule(self.inspect, limit.rule)

    @work(exclusive=True, group="counter")
    async def action_reset(self) -> None:
        limit = self._marked
        if limit is None:
            return
        if await self.app.push_screen_wait(ResetDialog(limit, _whose(limit.key))):
            await self._wish(ResetCounter(limit.key), f"{limit.label} begins again")

    @work(exclusive=True, group="counter")
    async def action_raise(self) -> None:
        if limit := self._marked:
            most = await self.app.push_screen_wait(RaiseDialog(limit, _whose(limit.key)))
            if most is not None:
                await self._wish(RaiseLimit(limit.key, limit.rule, most), f"{limit.label}: up to {most:,f}")

    async def _wish(self, command: ResetCounter | RaiseLimit, done: str) -> None:
        match await self.inspect.ask(command):
            case Rejected(why):
                self.inspect.say(why, wrong=True)
            case _:
                self.inspect.say(done)

    def action_order(self) -> None:
        self._by_name = not self._by_name
        self.tick(self.inspect.clock())


def _figures(limit: LimitView, now: float) -> tuple[str, str, str]:
    """What stands at the right of its name, to be set in columns."""
    return (
        f"  {figures.exact(limit.used)} of {figures.exact(limit.max)}",
        f"  {100 * share(limit):.0f} %",
        f"  {_reset(limit, now)}",
    )


def _block(limit: LimitView, width: int, end: list[str]) -> Content:
    """Four lines: name, and its figures at the `end`; the bar; how it went and who uses it; the rule and whose counter
    it is. A fifth one says what a person did to it."""
    glyph, style = look(limit)
    used = share(limit)
    amount, reset = end[0], "".join(end[1:])
    name = text.fit(text.line(limit.label, 120), max(8, width - len(amount) - len(reset) - 2))
    bar = _bar(limit, width - 2, style)
    under = text.fit(f"{_whose(limit.key)} · {text.line(limit.rule, 160)}", width - 2).rstrip()
    went = figures.columns(limit.history, 1)[0] + "  " if any(limit.history) else ""
    users = text.fit(_users(limit), max(8, width - len(went) - 3)).rstrip()
    return Content.assemble(
        (f"{glyph} ", style), (name, "bold"), (amount, "bold" if used >= 0.7 else ""), (f"{reset}\n  ", "$quiet"),
        *bar, ("\n  ", ""), (went, style), (f"{users}\n  {under}\n", "$quiet"),
        (_by_hand(limit, width - 2), "$decision-hold"),
    )  # fmt: skip


def _bar(limit: LimitView, width: int, style: str) -> list[tuple[str, str]]:
    """How much is used; of a raised limit with a line where the policy's own max stands."""
    filled, rest = figures.bar(share(limit), width)
    if limit.raised is None:
        return [(filled, f"{style} on $panel"), (rest, "on $panel")]
    at = min(width - 1, int(width * limit.raised.policy_max / limit.max))
    cells = [*((cell, f"{style} on $panel") for cell in filled), *((cell, "on $panel") for cell in rest)]
    cells[at] = ("│", "bold on $panel")
    return cells


def _by_hand(limit: LimitView, width: int) -> str:
    """What a person did to it, in one line where there is room."""
    words = []
    if raised := limit.raised:
        own = figures.exact(raised.policy_max)
        words.append(
            f"↑ raised to {figures.exact(limit.max)} for this session by {text.line(raised.by, 40)}"
            f" {figures.clock_time(raised.at)} · the policy says {own}"
        )
    if reset := limit.reset:
        at = figures.clock_time(reset.at)
        words.append(f"↓ reset by {text.line(reset.by, 40)} {at}, it stood at {figures.exact(reset.used)}")
    lines = [" · ".join(words)] if sum(map(len, words)) + 3 <= width else words
    return "".join(f"  {text.fit(line, width).rstrip()}\n" for line in lines if line)


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


def _reset(limit: LimitView, now: float) -> str:
    if limit.key.algorithm is Algorithm.IN_FLIGHT or limit.resets_at is None:
        return "in flight"
    word = "starts again in" if limit.key.algorithm is Algorithm.FIXED else "next frees in"
    return f"{word} {figures.countdown(limit.resets_at - now)}"
