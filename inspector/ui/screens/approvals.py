"""Place 2: the calls that wait, each with its whole arguments, and what was answered before."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import islice
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.call import CallId
from inspector.core.commands import CallDetail, Inspect, Rejected, RevokeApproval
from inspector.core.views import ApprovalView, HoldView
from inspector.ui import figures, json_view, text
from inspector.ui.answered import answer_line, approval_lines, call_line
from inspector.ui.screens.answers import AnswersPlace
from inspector.ui.widgets.choices import Choices
from inspector.ui.widgets.held import HeldPanel, end_of

LINES_SHOWN = 300
EARLIER_SHOWN = 4
EARLIER_IN_LITTLE_ROOM = 2  # the arguments are what is decided on
LITTLE_ROOM = 18  # lines


class ApprovalsPlace(AnswersPlace):
    PLACE = "approvals"
    CSS_PATH = "approvals.tcss"
    KEYS = (
        "hold.approve", "hold.deny", "hold.edit", "hold.always", "approvals.revoke", "hold.extend", "approvals.copy",
    )  # fmt: skip
    HELP = (
        "Calls that wait for a person, in the order of their arrival. When the time is over the policy decides, as"
        " each one says. A key answers the marked call, and only after it has been in sight for a moment. Answers stay"
        " listed; remembered ones (∞) say how often they answered for you, and x revokes the marked one: the next call"
        " asks again. Tab goes from the queue to the answers."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "edit", "Open", show=False, id="approvals.open"),
        Binding("x", "revoke", "Revoke", id="approvals.revoke"),
        Binding("y", "copy", "Copy", show=False, id="approvals.copy"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shown: CallId | None = None
        self._whole = ""
        self._any_standing = False
        self._width = 0
        self._answers_shown: object = None

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="approvals-columns"):
            yield HeldPanel(self.inspect.queue)
            with Vertical(id="approvals-right"):
                with VerticalScroll(id="held-arguments", classes="pane", can_focus=False):
                    yield Static(id="held-text", markup=False)
                with Vertical(id="answered", classes="pane"):
                    yield Choices("answered-list")
                    yield Static(id="answered-text", markup=False)

    def on_mount(self) -> None:
        self.query_one(HeldPanel).focus()

    def show(self, changed: tuple[CallId, ...]) -> None:
        self.tick(self.inspect.clock())
        if self.inspect.queue.selected != self._shown:
            self._show_selected()

    def tick(self, now: float) -> None:
        panel = self.query_one(HeldPanel)
        panel.show(now)
        panel.styles.height = "1fr"
        self._show_answered()
        if (width := self._room()) != self._width:  # the terminal is another size now
            self._width = width
            self._show_arguments(self.inspect.queue.current)

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

    def _room(self) -> int:
        """Cells for the arguments, beside the scroll bar."""
        return max(20, self.query_one("#held-arguments").size.width - 2)

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
        shown = json_view.view(self._whole, self._room(), LINES_SHOWN)
        history = self._history(held, self._room())
        body.update(Content("").join([head, shown, Content("\n\n"), history]))

    def _history(self, held: HoldView, width: int) -> Content:
        """What the one who asks did just before."""
        number, client = held.hold.call_id, held.client
        before = (row for row in self.source.before(number) if row.client == client)
        little = self.query_one("#held-arguments").size.height < LITTLE_ROOM
        most = EARLIER_IN_LITTLE_ROOM if little else EARLIER_SHOWN
        lines = [call_line(row, width) for row in islice(before, most)][::-1]
        if not lines:
            return Content.assemble(("its first call in this run", "$quiet"))
        return Content("\n").join([Content.assemble(("BEFORE THAT", "bold $quiet")), *lines])

    def _show_answered(self) -> None:
        pane, rows = self.query_one("#answered"), self.query_one(Choices)
        views, width = self.board.views, max(20, pane.size.width - 1)
        state = (views.answered, views.approvals, width)
        if state == self._answers_shown:
            return
        self._answers_shown = state
        standing = self._standing()
        lines: list[tuple[Hashable, Content]] = [
            (approval.id, approval_lines(approval, width)) for approval in views.approvals
        ]
        # A call that was held twice was answered twice.
        lines += [((answer.call_id, answer.at), answer_line(answer, width)) for answer in views.answered]
        rows.fill(lines)
        rows.display = bool(lines)
        self.query_one("#answered-text").display = not lines
        self.query_one("#answered-text", Static).update(
            Content.assemble(("What was approved, denied or left to time stands here.", "$quiet"))
        )
        pane.border_title = Content(f"Answered · {len(views.answered)}" if lines else "Answered")
        pane.border_subtitle = Content(
            f"∞ {len(standing)} remembered  {self.inspect.key('approvals.revoke', 'x')} revoke" if standing else ""
        )
        if bool(standing) != self._any_standing:
            self._any_standing = bool(standing)
            self.refresh_bindings()

    def _standing(self) -> list[ApprovalView]:
        """The remembered approvals that still answer."""
        if self.board.views.run.read_only:
            return []
        return [approval for approval in self.board.views.approvals if approval.ended_at is None]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self._standing()) if action == "revoke" else super().check_action(action, parameters)

    @work(exclusive=True, group="revoke")
    async def action_revoke(self) -> None:
        """The marked one; when the mark is not in sight of the keys, bring them there first."""
        rows, standing = self.query_one(Choices), self._standing()
        chosen = next((approval for approval in standing if approval.id == rows.marked), None)
        if not rows.has_focus or chosen is None:
            rows.focus()
            rows.highlighted = 0  # those that still answer stand first
            self.inspect.say(f"Mark the one to revoke, then {self.inspect.key('approvals.revoke', 'x')}.")
            return
        match await self.inspect.ask(RevokeApproval(chosen.id)):
            case Rejected(why):
                self.inspect.say(why, wrong=True)
            case _:
                self.inspect.say(f"Revoked: {chosen.server} › {chosen.tool} asks again")

    def action_copy(self) -> None:
        self.inspect.copy(self._whole, "the arguments")
