"""The dialog about one held call: read its whole arguments, change them, approve or deny."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static, TextArea

from inspector.core.commands import Approve, CallDetail, CheckArguments, Deny, Extend, Inspect, Text
from inspector.core.holds import Remember
from inspector.core.views import HoldView
from inspector.ui import arguments, diff, figures, json_view, text
from inspector.ui.board import remaining
from inspector.ui.queue import EXTENSION
from inspector.ui.screens.always import AlwaysDialog, Rule
from inspector.ui.screens.dialog import Dialog
from inspector.ui.screens.rule import propose
from inspector.ui.widgets.editor import CodeEditor
from inspector.ui.widgets.held import end_of

if TYPE_CHECKING:
    from textual.types import CSSPathType

LOADING = "…"
PREVIEWED = 4_000  # characters of arguments that are too large for an editor


class EditDialog(Dialog[Approve | Deny]):
    CSS_PATH: ClassVar[CSSPathType | None] = ["dialog.tcss", "../widgets/editor.tcss"]
    KEYS = ("edit.approve", "edit.always", "edit.deny", "edit.extend", "editor.next_problem", "edit.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "approve", "Approve", id="edit.approve"),
        Binding("f3", "always", "Always…", id="edit.always"),
        Binding("f4", "deny", "Deny", id="edit.deny"),
        Binding("f5", "extend", "60 s more", id="edit.extend"),
        Binding("escape", "leave", "Keep held", id="edit.leave"),
    ]

    def __init__(self, held: HoldView) -> None:
        super().__init__()
        self._held = held
        self._original = ""
        self._editable = False
        self._against_schema = ""

    def body(self) -> Iterable[Widget]:
        yield Static(id="edit-head", markup=False)
        yield CodeEditor(LOADING, "json", "edit-arguments")
        yield Static(id="edit-diff", markup=False)
        reason = Input(placeholder="Shown to the agent when you deny", id="edit-reason", max_length=500)
        reason.border_title = Content("Reason")
        yield reason
        with Horizontal(classes="buttons"):
            yield Button("✓ Approve", variant="success", id="edit-approve")
            yield Button("Always…", id="edit-always")
            yield Button("✗ Deny", variant="error", id="edit-deny")
            yield Button("+ 60 s", id="edit-extend")
            yield Button("Keep held", id="edit-leave")

    def on_mount(self) -> None:
        self.editor.read_only = True
        self.editor.focus()
        self.holds_changed()
        self._load()

    @property
    def editor(self) -> CodeEditor:
        return self.query_one(CodeEditor)

    @property
    def is_over(self) -> bool:
        return self.inspect.board.held(self._held.hold.call_id) is None

    @work
    async def _load(self) -> None:
        """The row holds 400 characters of the arguments at most: fetch the whole, and take the time to read it."""
        call_id = self._held.hold.call_id
        answer = await self.inspect.ask(Inspect(call_id))
        whole = answer.arguments if isinstance(answer, CallDetail) else self._held.arguments
        self._editable = isinstance(answer, CallDetail) and len(whole) <= arguments.EDITABLE_AT_MOST
        self._original = json_view.pretty(whole) if self._editable else text.block(whole, PREVIEWED)
        self.editor.read_only = not self._editable
        self.editor.set_content(self._original, "json")
        self._judge()
        if self.inspect.queue.first_time(call_id):
            await self.inspect.ask(Extend(call_id, EXTENSION))

    # What is shown

    def holds_changed(self) -> None:
        held = self.inspect.board.held(self._held.hold.call_id)
        self._held = held or self._held
        self.set_class(held is None, "-over")
        queue, box = self.inspect.queue, self.query_one("#box")
        ids = [h.hold.call_id for h in queue.holds]
        place = f" · {ids.index(self._held.hold.call_id) + 1} of {len(ids)}" if held else ""
        box.border_title = Content(f"◐ Held call #{self._held.hold.call_id}{place}")
        left, share = remaining(self._held.hold, self.inspect.clock())
        ends = "allowed" if self._held.hold.allow_on_timeout else "denied"
        over = f"it no longer waits: {self.inspect.key('edit.leave', 'Esc')} leaves"
        box.border_subtitle = Content(f"{ends} automatically in {figures.countdown(left)}" if held else over)
        self.query_one("#edit-head", Static).update(self._head(left, share if held else 0))

    def _head(self, left: float, share: float) -> Content:
        held = self._held
        times = (
            "never seen before" if not held.seen_before else f"seen {figures.plural(held.seen_before, 'time')} before"
        )
        filled, rest = figures.bar(share, 56)
        reason = f"\n“{text.line(held.hold.reason, 300)}”" if held.hold.reason else ""
        return Content.assemble(
            (text.line(held.client, 60), "bold"), (" wants to call ", "$quiet"),
            (text.line(f"{held.server} › {held.tool}", 200) + "\n", "bold"),
            ("held by ", "$quiet"), (text.line(held.hold.rule, 120), "$primary"), (f" · {times}", "$quiet"),
            (reason, "italic"), "\n",
            (filled, "$decision-hold on $panel"), (rest, "on $panel"),
            (f" {figures.countdown(left)} → {end_of(held)}", "bold $decision-hold"),
        )  # fmt: skip

    @on(TextArea.Changed)
    def _on_typed(self) -> None:
        self._judge()
        self._ask_schema()

    @work(exclusive=True, group="schema")
    async def _ask_schema(self) -> None:
        """Only a warning: the server judges for itself, and an agent's own arguments may be wrong already."""
        if not self._editable or arguments.check(self.editor.text):
            return
        answer = await self.inspect.ask(CheckArguments(self._held.server, self._held.tool, self.editor.text))
        found = answer.text if isinstance(answer, Text) else ""
        if found != self._against_schema:
            self._against_schema = found
            self._judge()

    def _judge(self) -> None:
        editor = self.editor
        if not self._editable:
            editor.border_title = Content(
                "Arguments · loading" if editor.text == LOADING else "Arguments · too large to edit here"
            )
            return
        problem = arguments.check(editor.text)
        edited = editor.text != self._original
        editor.set_problems([problem] if problem else [])
        words = "Arguments"
        if edited:
            words += f" · edited {diff.size(self._original, editor.text)}"
            self.query_one("#edit-diff", Static).update(diff.view(self._original, editor.text, limit=20, context=0))
        if problem:
            words += f" · ✗ line {problem.line}"
        elif self._against_schema:
            words += f" · ▲ {text.line(self._against_schema, 90)}"
        editor.border_title = Content(words)
        self.set_class(edited, "-edited")

    # What a person does

    def action_approve(self) -> None:
        if self._can_be_sent():
            self._approve(Remember.ONCE)

    @work(exclusive=True, group="always")
    async def action_always(self) -> None:
        """How far the yes reaches; with a rule, the change of the policy is seen before it is written."""
        if not self._can_be_sent():
            return
        reach = await self.app.push_screen_wait(AlwaysDialog(self._held))
        if reach is Rule.WRITTEN:
            if not await propose(self.inspect, self._held):
                return
            await self.inspect.poll()  # the rule may have ended the call
            reach = Remember.ONCE
        if reach is not None and self._can_be_sent():
            self._approve(reach)

    def _approve(self, remember: Remember) -> None:
        edited = self.editor.text if self._edited else None
        self.dismiss(Approve(self._held.hold.call_id, edited, remember))

    @property
    def _edited(self) -> bool:
        return self._editable and self.editor.text != self._original

    def _can_be_sent(self) -> bool:
        if self.is_over:
            self.inspect.say("This call no longer waits.", wrong=True)
            return False
        if self._edited and (problem := arguments.check(self.editor.text)):
            self.inspect.say(f"Line {problem.line}: {problem.message}", wrong=True)
            self.editor.go_to(problem.line - 1, problem.column - 1)
            return False
        return True

    def action_deny(self) -> None:
        if self.is_over:
            self.inspect.say("This call no longer waits.", wrong=True)
        else:
            self.dismiss(Deny(self._held.hold.call_id, self.query_one(Input).value.strip()))

    @work
    async def action_extend(self) -> None:
        await self.inspect.ask(Extend(self._held.hold.call_id, EXTENSION))

    def action_leave(self) -> None:
        """Out of an input first, so that an edited text is not lost by one key."""
        if self.has_class("-edited") and self.focused is self.editor:
            self.query_one("#edit-leave").focus()
            key = self.inspect.key("edit.leave", "Esc")
            self.inspect.say(f"{key} again leaves the call held and forgets your edits.")
        else:
            self.dismiss(None)

    @on(Button.Pressed)
    async def _on_button(self, event: Button.Pressed) -> None:
        await self.run_action((event.button.id or "").removeprefix("edit-"))

    @on(Input.Submitted)
    def _on_reason(self) -> None:
        self.query_one("#edit-deny").focus()
