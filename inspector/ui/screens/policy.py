"""Place 4: the policy in an editor; what is saved is in force with the next call."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static, TextArea

from inspector.core.call import CallId
from inspector.core.commands import CheckPolicy, PolicyCheck, TakeOffered
from inspector.core.commands import Rejected as NotDone
from inspector.core.problems import Problem, Severity
from inspector.core.views import PolicyView
from inspector.ui import text
from inspector.ui.draft import Draft, Step, language_of
from inspector.ui.screens.completing import Completing
from inspector.ui.screens.foresight import Foresight
from inspector.ui.screens.making import PolicyChanging
from inspector.ui.screens.saving import Saving
from inspector.ui.widgets.completions import CompletionList
from inspector.ui.widgets.editor import CodeEditor
from inspector.ui.widgets.policy_notes import Changes, PolicyBanner
from inspector.ui.widgets.problems import Problems
from inspector.ui.widgets.prompt import Prompt
from inspector.ui.widgets.whatif import WhatIfPanel

if TYPE_CHECKING:
    from textual.types import CSSPathType

CHECK_AFTER = 0.25  # seconds without a key


class PolicyPlace(Saving, PolicyChanging, Completing, Foresight):
    PLACE = "policy"
    CSS_PATH: ClassVar[CSSPathType | None] = ["policy.tcss", "../widgets/editor.tcss"]
    KEYS = (
        *("policy.save", "policy.take", "policy.what_if", "editor.next_problem", "policy.complete"),
        *("policy.find", "policy.comment", "policy.line", "policy.revert", "policy.leave"),
    )
    HELP = (
        "The policy decides every tools/call. It is checked while you type; to save it is to put it in force, and the"
        " last good policy stays while a text does not load. Edits that others make to the file appear here at once."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save & reload", id="policy.save"),
        Binding("f5", "take", "Take the file's text", id="policy.take"),
        Binding("ctrl+f", "find", "Find", id="policy.find", priority=True),
        Binding("ctrl+g", "line", "Line", id="policy.line"),
        Binding("ctrl+r", "revert", "Revert", id="policy.revert"),
        Binding("escape", "leave", "Leave", id="policy.leave"),
        Binding("enter,i", "write", "Write", show=False, id="policy.write"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.met: PolicyView | None = None
        self._problems: tuple[Problem, ...] = ()
        self._timer: Timer | None = None
        self._sought = ""

    def body(self) -> Iterable[Widget]:
        self.met = self.board.views.policy
        self.draft = Draft.of(self.met)
        yield PolicyBanner()
        with Horizontal(id="policy-columns"):
            with Vertical(id="editor-pane", classes="pane"):
                yield CodeEditor(self.draft.base, language_of(self.met.path, self.draft.base), "editor")
                yield CompletionList()
                yield Static(id="editor-help", markup=False)
                yield Prompt()
            with Vertical(id="policy-notes"):
                yield Problems()
                yield WhatIfPanel()
                yield Changes()

    def on_mount(self) -> None:
        self.editor.read_only = self.board.views.run.read_only
        self.editor.focus()
        self._take_problems(self.board.views.policy.problems, checking=False)
        self._check()

    # What came from outside

    def show(self, changed: tuple[CallId, ...]) -> None:
        policy = self.board.views.policy
        if policy != self.met:
            before, self.met = self.met, policy
            self._meet(policy, before)
        self._frame()

    def tick(self, now: float) -> None:
        self.foresee_again(now)

    def _meet(self, policy: PolicyView, before: PolicyView | None) -> None:
        match self.draft.meet(policy, self.editor.text):
            case Step.TAKE:
                self.adopt(policy)
                self.inspect.say(f"{self._file_name(policy)} was changed outside; the editor shows it now.")
            case Step.CHOOSE:
                self.choose_later(policy)
            case Step.NOTHING:
                theirs = Draft.of(policy)
                if theirs.base == self.editor.text:
                    self.draft = theirs
        if policy.problems and (before is None or policy.problems != before.problems):
            self._check()

    def adopt(self, policy: PolicyView) -> None:
        super().adopt(policy)
        self._check()
        self._frame()

    # Checking

    @on(TextArea.Changed, "#editor")
    def _on_typed(self) -> None:
        self.text_changed()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(CHECK_AFTER, self._check)
        self._frame()

    @on(TextArea.SelectionChanged, "#editor")
    def _on_moved(self) -> None:
        self._frame()

    @work(exclusive=True, group="check")
    async def _check(self) -> None:
        checked = self.editor.text
        self.query_one(Problems).show(self._problems, checking=True)
        answer = await self.inspect.ask(CheckPolicy(checked))
        if isinstance(answer, NotDone):
            self.inspect.say(answer.why, wrong=True)
        elif isinstance(answer, PolicyCheck) and checked == self.editor.text:
            self._take_problems(answer.problems, checking=False)
            if answer.loads:
                self.foresee(checked)
            else:
                self.does_not_load()

    def _take_problems(self, problems: tuple[Problem, ...], checking: bool) -> None:
        self._problems = problems
        self.set_class(bool(problems), "-problems")
        self.editor.set_problems(problems)
        self.query_one(Problems).show(problems, checking)
        self._frame()

    # The frame around the editor

    def _frame(self) -> None:
        policy = self.board.views.policy
        clean = self.draft.is_clean(self.editor.text)
        pane = self.query_one("#editor-pane")
        title = f"{self._file_name(policy)}{'' if clean else ' ● modified'}"
        errors = sum(p.severity is Severity.ERROR for p in self._problems)
        warnings = len(self._problems) - errors
        line, column = self.editor.cursor_location
        words = [f"Ln {line + 1}, Col {column + 1}", language_of(policy.path, self.editor.text)]
        if errors or warnings:
            words.append(" ".join([f"✗ {errors}"] * bool(errors) + [f"▲ {warnings}"] * bool(warnings)))
        narrow = self.has_class("-narrow")  # its panes have no lower edge
        pane.border_title = Content(" · ".join([title, *words] if narrow else [title]))
        pane.border_subtitle = Content(" · ".join(words))
        self.query_one(PolicyBanner).show(policy)
        self.query_one(Changes).show(policy, self.draft, self.editor.text)
        self.refresh_bindings()

    @staticmethod
    def _file_name(policy: PolicyView) -> str:
        return text.line(PurePath(policy.path).name, 60) if policy.path else "not saved yet"

    # What a person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "take":
            return self.board.views.policy.offered
        if action in ("save", "revert"):
            return not self.board.views.run.read_only
        return super().check_action(action, parameters)

    @work
    async def action_take(self) -> None:
        match await self.inspect.ask(TakeOffered()):
            case NotDone(why):
                self.inspect.say(why, wrong=True)
            case _:
                self.inspect.say("The file's text is in force.")

    def action_revert(self) -> None:
        """Back to what the editor began with. Ctrl+Z brings the draft back."""
        if self.draft.is_clean(self.editor.text):
            self.inspect.say("Nothing to revert.")
            return
        self.editor.replace(self.draft.base, (0, 0), self.editor.document.end)
        self.inspect.say("Reverted. Ctrl+Z brings your text back.")

    def action_leave(self) -> None:
        """Out of the text, so that letters and digits are commands again."""
        if self.has_class("-what-if"):
            self.leave_what_if()
        else:
            self.set_focus(None)

    def action_write(self) -> None:
        self.editor.focus()

    def action_find(self) -> None:
        self.query_one(Prompt).open("find", self._sought)

    def action_line(self) -> None:
        self.query_one(Prompt).open("line")

    @on(Prompt.Closed)
    def _on_prompt_closed(self) -> None:
        self.editor.focus()

    @on(Prompt.Asked)
    def _on_asked(self, event: Prompt.Asked) -> None:
        if event.kind == "line":
            if event.text.strip().isdecimal():
                self.editor.go_to(int(event.text) - 1)
            return
        self._sought = event.text
        found = self.editor.find(event.text, event.backwards)
        self.query_one(Prompt).complain(self.query_one(Prompt).words() if found else "✗ not in this text")

    @on(Problems.Chosen)
    def _on_problem(self, event: Problems.Chosen) -> None:
        self.editor.go_to(event.problem.line - 1, event.problem.column - 1)
        self.editor.focus()
