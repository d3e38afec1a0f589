"""The queue of held calls, beside the table; and as one line where there is no room beside it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from inspector.core.views import HoldView
from inspector.ui import figures, text
from inspector.ui.actions import hinted
from inspector.ui.board import remaining
from inspector.ui.queue import HoldQueue
from inspector.ui.words import brief_arguments, short_rule

LINES_EACH = 5  # four of text and bar, one of air
TICKS = 4  # a second, for the bars


def end_of(held: HoldView) -> str:
    """What the deadline brings."""
    return "allow" if held.hold.allow_on_timeout else "deny"


def moment(queue: HoldQueue, now: float) -> object:
    """What is shown of the queue, and when: time only passes for calls that wait."""
    return queue.holds, queue.selected, int(now * TICKS) if queue.holds else 0


class HeldPanel(Widget, can_focus=True):
    """Each held call with its countdown. The selected one, marked at its left, is what the keys answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Previous held call", show=False, id="held.up"),
        Binding("down,j", "move(1)", "Next held call", show=False, id="held.down"),
    ]

    class Pointed(Message):
        """A person selected another held call."""

    def __init__(self, queue: HoldQueue) -> None:
        super().__init__(id="held", classes="pane")
        self.queue = queue
        self._now = 0.0
        self._shown: object = None

    def show(self, now: float) -> None:
        """Called for every frame: does something only when the queue or the second has changed."""
        state = moment(self.queue, now)
        if state == self._shown:
            return
        self._shown, self._now = state, now
        count = len(self.queue)
        self.border_title = Content(f"◐ Held for approval · {count}" if count else "Held for approval")
        self.border_subtitle = Content(self._keys() if count else "")
        if self.set_class(count > 0, "-waiting").is_mounted:
            self.styles.height = min(3, count) * LINES_EACH + (1 + (count > 3)) if count else 3
        self.refresh()

    def _keys(self) -> str:
        words = (("approve", "a", "ok"), ("deny", "d", "deny"), ("edit", "e", "edit"), ("always", "A", "always"))
        return "  ".join(f"{hinted(self, f'hold.{action}', key)} {word}" for action, key, word in words)

    def action_move(self, step: int) -> None:
        self.queue.move(step)
        self.post_message(self.Pointed())
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        index = self._first() + (event.y - 1) // LINES_EACH
        if 0 <= index < len(self.queue.holds):
            self.queue.select(self.queue.holds[index].hold.call_id)
            self.post_message(self.Pointed())
            self.refresh()

    def _first(self) -> int:
        room = max(1, (self.size.height + 1) // LINES_EACH)
        return max(0, min(self.queue.position - 1, len(self.queue) - room))

    def render(self) -> Content:
        if not self.queue.holds:
            return Content.assemble(("Nothing waits for you.", "$quiet"))
        first, room = self._first(), max(1, (self.size.height + 1) // LINES_EACH)
        shown = self.queue.holds[first : first + room]
        blocks = [self._block(held) for held in shown]
        more = len(self.queue) - first - len(shown)
        if more > 0:
            key = (hinted(self, "place.approvals", "2"), "bold $primary")
            blocks.append(Content.assemble((f"{more} more · ", "$quiet"), key, (" shows all", "$quiet")))
        return Content("\n\n").join(blocks)

    def _block(self, held: HoldView) -> Content:
        width = self.size.width - 1
        here = held.hold.call_id == self.queue.selected
        edge = ("▌", "$decision-hold") if here else ("▏", "$border-blurred")
        call = f"#{held.hold.call_id}"
        name = text.fit(text.line(f"{held.server} › {held.tool}", 100), width - len(call) - 1)
        rule = short_rule(held.hold.rule, held.server, held.tool)
        who = text.fit(text.line(f"{held.client} · {rule}", 100), width).rstrip()
        left, share = remaining(held.hold, self._now)
        ends = f" {figures.countdown(left)} → {end_of(held)}"
        filled, rest = figures.bar(share, max(4, width - len(ends)))
        return Content.assemble(
            edge, (name, "bold" if here else ""), (f" {call}\n", "$quiet"),
            edge, (f"{who}\n", "$quiet"),
            edge, (f"{text.fit(brief_arguments(held.arguments), width).rstrip()}\n", ""),
            edge, (filled, "$decision-hold on $panel"), (rest, "on $panel"),
            (ends, "$decision-hold" if here else "$quiet"),
        )  # fmt: skip


class HeldBanner(Widget):
    """The selected held call in one line, for terminals with one column."""

    class Opened(Message):
        """A click: show the whole queue."""

    def __init__(self, queue: HoldQueue) -> None:
        super().__init__(id="banner")
        self.queue = queue
        self._now = 0.0
        self._shown: object = None

    def show(self, now: float) -> None:
        state = moment(self.queue, now)
        if state == self._shown:
            return
        self._shown, self._now = state, now
        self.set_class(len(self.queue) > 0, "-waiting")
        self.refresh()

    def on_click(self) -> None:
        self.post_message(self.Opened())

    def render(self) -> Content:
        held = self.queue.current
        if held is None:
            return Content("")
        left, share = remaining(held.hold, self._now)
        filled, rest = figures.bar(share, 6)
        keys = [
            (f"  {hinted(self, 'hold.approve', 'a')}", "bold $primary"),
            (" ok", ""),
            (f"  {hinted(self, 'hold.deny', 'd')}", "bold $primary"),
            (" deny", ""),
            (f"  {hinted(self, 'place.approvals', '2')}", "bold $primary"),
            (" queue", ""),
        ]
        lead, ends = f"◐ {len(self.queue)} held ", f" {figures.countdown(left)} → {end_of(held)} "
        room = self.size.width - len(lead) - len(ends) - 6 - sum(len(k) for k, _ in keys)
        name = text.fit(text.line(f"{held.server} › {held.tool}", 100), max(8, room)).rstrip()
        return Content.assemble(
            (lead, "bold $decision-hold"), (name, "bold"), (ends, "$decision-hold"),
            (filled, "$decision-hold on $panel"), (rest, "on $panel"), *keys,
        )  # fmt: skip
