"""What a person does to one counter: let it begin again, or give it another max for this run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from inspector.core.decision import Algorithm
from inspector.core.views import LimitView
from inspector.ui import text
from inspector.ui.figures import exact
from inspector.ui.screens.dialog import Answer, Dialog

LOOK_EVERY: Final = 0.25  # seconds
NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")


def policy_max(limit: LimitView) -> float:
    return limit.max if limit.raised is None else limit.raised.policy_max


def _subject(limit: LimitView, whose: str) -> Content:
    return Content.assemble(
        (text.line(limit.label, 120), "bold"),
        (f"   {exact(limit.used)} of {exact(limit.max)} used\n", ""),
        (f"{whose}\n", "$quiet"),
    )


class CounterDialog(Dialog[Answer]):
    """About one limit on one counter, which goes on counting while it is asked."""

    def __init__(self, limit: LimitView, whose: str) -> None:
        super().__init__()
        self._limit, self._whose = limit, whose

    def subject(self) -> Static:
        return Static(_subject(self._limit, self._whose), id="counter", markup=False)

    def on_mount(self) -> None:
        self.set_interval(LOOK_EVERY, self._look)

    def _look(self) -> None:
        limit, limits = self._limit, self.inspect.board.views.limits
        now = next((one for one in limits if (one.key, one.rule) == (limit.key, limit.rule)), limit)
        if (now.used, now.max) != (limit.used, limit.max):
            self._limit = now
            self.query_one("#counter", Static).update(_subject(now, self._whose))
            self.counted()

    def counted(self) -> None:
        """Another number is in use, or allowed."""


class ResetDialog(CounterDialog[bool]):
    HEADING = "Let this counter begin again?"
    KEYS = ("reset.reset", "reset.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "reset", "Reset", id="reset.reset"),
        Binding("escape,n", "leave", "Leave it", id="reset.leave"),
    ]

    def body(self) -> Iterable[Widget]:
        if self._limit.key.algorithm is Algorithm.IN_FLIGHT:
            what = "The calls that run now go on, and are not counted any more: as many others may run beside them."
        else:
            what = (
                "It begins again at 0; its window ends when it would have. What was charged before is not given back."
            )
        yield self.subject()
        yield Static(Content(f"{what} This holds for every run that shares the counter."), markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Leave it", id="reset-leave")
            yield Button("Reset", variant="warning", id="reset-reset")

    def on_mount(self) -> None:
        self.query_one("#reset-leave").focus()

    def action_reset(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed)
    def _on_button(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "reset-reset")


class RaiseDialog(CounterDialog[Decimal]):
    """Answers the new max."""

    HEADING = "Raise this limit for this session"
    KEYS = ("raise.raise", "raise.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,enter", "raise", "Raise", key_display="⏎", id="raise.raise"),
        Binding("escape", "leave", "Leave it", id="raise.leave"),
    ]

    def body(self) -> Iterable[Widget]:
        own = exact(policy_max(self._limit))
        yield self.subject()
        yield Static(
            Content(
                f"The policy allows {own}. What you give here holds for this counter until this run ends, or until that"
                f" max is edited. Nothing is written to the file; {own} takes it back."
            ),
            markup=False,
        )
        box = Input(str(Decimal(str(max(1.0, 2 * self._limit.max))).normalize().__format__("f")), max_length=30)
        box.border_title = Content("New max")
        yield box
        yield Static(id="raise-verdict", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.counted()

    @property
    def _wanted(self) -> Decimal | None:
        """None for what is no number, or less than the policy's own."""
        typed = self.query_one(Input).value.strip()
        if not NUMBER.fullmatch(typed) or float(typed) < policy_max(self._limit):
            return None
        return Decimal(typed)

    @on(Input.Changed)
    def counted(self) -> None:
        wanted, own = self._wanted, policy_max(self._limit)
        if wanted is None:
            verdict = Content.assemble(("✗ ", "bold $decision-deny"), f"a number, {exact(own)} or more")
        elif float(wanted) == own:
            verdict = Content.assemble(("✓ ", "bold $decision-allow"), f"the policy's own {exact(own)} holds again")
        else:
            room = max(0.0, float(wanted) - self._limit.used)
            verdict = Content.assemble(("✓ ", "bold $decision-allow"), f"{exact(room)} left now")
        self.query_one("#raise-verdict", Static).update(verdict)

    @on(Input.Submitted)
    def action_raise(self) -> None:
        if (wanted := self._wanted) is not None:
            self.dismiss(wanted)
