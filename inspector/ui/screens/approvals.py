"""Place 2: the calls that wait, each with its whole arguments, and what was answered before."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.call import CallId
from inspector.core.commands import CallDetail, Inspect
from inspector.core.views import CallView, HoldView
from inspector.ui import figures, json_view, text
from inspector.ui.screens.answers import AnswersPlace
from inspector.ui.widgets.held import HeldPanel, end_of
from inspector.ui.words import LOOKS, brief_arguments

LINES_SHOWN = 300
EARLIER_SHOWN = 4


class ApprovalsPlace(AnswersPlace):
    PLACE = "approvals"
    CSS_PATH = "approvals.tcss"
    KEYS = ("hold.approve", "hold.deny", "hold.edit", "hold.always", "hold.extend", "approvals.copy")
    HELP = (
        "Calls that wait for a person, in the order of their arrival. When the time is over the policy decides, as"
        " each one says. A key answers the marked call, and only after it has been in sight for a moment."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "Open", show=False, id="approvals.open"),
        Binding("y", "copy", "Copy", show=False, id="approvals.copy"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shown: CallId | None = None
        self._whole = ""

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="approvals-columns"):
            yield HeldPanel(self.inspect.queue)
            with Vertical(id="approvals-right"):
                with VerticalScroll(id="held-arguments", classes="pane", can_focus=False):
                    yield Static(id="held-text", markup=False)
                with VerticalScroll(id="answered", classes="pane"):
                    yield Static(id="answered-text", markup=False)

    def on_mount(self) -> None:
        self.query_one(HeldPanel).focus()

    def show(self, changed: tuple[CallId, ...]) -> None:
        self.tick(self.inspect.clock())
        self._show_answered()
        if self.inspect.queue.selected != self._shown:
            self._show_selected()

    def tick(self, now: float) -> None:
        panel = self.query_one(HeldPanel)
        panel.show(now)
        panel.styles.height = "1fr"

    @on(HeldPanel.Pointed)
    def _on_pointed(self) -> None:
        self._show_selected()

    @work(exclusive=True, group="arguments")
    async def _show_selected(self) -> None:
        held = self.inspect.queue.current
        self._shown = held.hold.call_id if held else None
        self._whole = held.arguments if held else ""
        self._show_arguments(held)
        if held is not None:
            answer = await self.inspect.ask(Inspect(held.hold.call_id))
            if isinstance(answer, CallDetail) and self._shown == answer.call_id:
                self._whole = answer.arguments
                self._show_arguments(held)

    def _show_arguments(self, held: HoldView | None) -> None:
        pane, body = self.query_one("#held-arguments"), self.query_one("#held-text", Static)
        if held is None:
            pane.border_title = Content("Arguments")
            body.update(Content.assemble(("The whole arguments of a held call stand here.", "$quiet")))
            return
        pane.border_title = Content(text.line(f"{held.server} › {held.tool} · #{held.hold.call_id}", 120))
        times = f"seen {figures.plural(held.seen_before, 'time')} before" if held.seen_before else "never seen before"
        head = Content.assemble(
            (text.line(held.client, 60), "bold"), (f" · {times}\n", "$quiet"),
            ("held by ", "$quiet"), (text.line(held.hold.rule, 160) + "\n", "$primary"),
            (f"“{text.line(held.hold.reason, 400)}”\n" if held.hold.reason else "", "italic"),
            (f"{end_of(held)} when nobody answers\n\n", "$quiet"),
        )  # fmt: skip
        head = Content("").join([head, self._history(held, max(20, pane.size.width - 5))])
        shown = json_view.view(self._whole, max(20, pane.size.width - 5), LINES_SHOWN)
        body.update(Content("").join([head, shown]))

    def _history(self, held: HoldView, width: int) -> Content:
        """What the one who asks did just before."""
        number, client = held.hold.call_id, held.client
        before = (row for row in self.source.before(number) if row.client == client)
        lines = [self._answered_line(row, width) for row in islice(before, EARLIER_SHOWN)][::-1]
        if not lines:
            return Content.assemble(("its first call in this run\n\n", "$quiet"))
        return Content("\n").join([Content.assemble(("before that", "bold $quiet")), *lines, Content(""), Content("")])

    def _show_answered(self) -> None:
        pane = self.query_one("#answered")
        rows = [row for call_id in reversed(self.inspect.queue.ended) if (row := self.source.row(call_id))]
        pane.border_title = Content(f"Answered · {len(rows)}" if rows else "Answered")
        lines = [self._answered_line(row, pane.size.width - 5) for row in rows]
        empty = Content.assemble(("What was approved, denied or left to time stands here.", "$quiet"))
        self.query_one("#answered-text", Static).update(Content("\n").join(lines) if lines else empty)

    @staticmethod
    def _answered_line(row: CallView, width: int) -> Content:
        look = LOOKS[row.word]
        name = text.line(f"{row.server} › {row.tool}", 100)
        edited = " edited" if row.edited else ""
        rest = text.fit(f"{name}  {brief_arguments(row.arguments)}", max(10, width - 26 - len(edited))).rstrip()
        return Content.assemble(
            (f"{figures.clock_time(row.at)} ", "$quiet"), (f"{look.glyph} {look.label:<7}", look.style),
            (f"#{row.id} ", "$quiet"), rest, (edited, "$decision-hold"),
        )  # fmt: skip

    def action_copy(self) -> None:
        self.inspect.copy(self._whole, "the arguments")
