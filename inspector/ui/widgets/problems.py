"""The list of what is wrong with the policy text; a click goes there."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from inspector.core.problems import Problem, Severity
from inspector.ui import text
from inspector.ui.actions import hinted

SHOWN = 100


class ProblemLine(Horizontal):
    """One problem: its mark and place, and beside them the words, wrapped under themselves."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem

    def compose(self) -> ComposeResult:
        problem = self.problem
        error = problem.severity is Severity.ERROR
        mark = ("✗ ", "bold $decision-deny") if error else ("▲ ", "bold $decision-hold")
        yield Static(
            Content.assemble(mark, (f"{problem.line}:{problem.column}", "$quiet")),
            classes="problem-place",
            markup=False,
        )
        pointer = f"\n{text.line(problem.pointer, 200)}" if problem.pointer else ""
        yield Static(Content.assemble(text.line(problem.message, 400), (pointer, "$quiet")), markup=False)


class Problems(VerticalScroll):
    class Chosen(Message):
        def __init__(self, problem: Problem) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self) -> None:
        super().__init__(id="problems", classes="pane", can_focus=False)
        self._shown: tuple[Problem, ...] | None = None

    def show(self, problems: tuple[Problem, ...], checking: bool) -> None:
        count = len(problems)
        self.border_title = Content(f"Problems · {count}" if count else "Problems")
        following = f"{hinted(self, 'editor.next_problem', 'F8')} next" if count else ""
        self.border_subtitle = Content("checking…" if checking else following)
        if problems == self._shown:
            return
        self._shown = problems
        self.remove_children()
        if problems:
            self.mount_all([ProblemLine(problem) for problem in problems[:SHOWN]])
            if count > SHOWN:
                self.mount(Static(Content.assemble((f"… {count - SHOWN} more", "$quiet")), markup=False))
        else:
            self.mount(
                Static(Content.assemble(("✓ ", "$decision-allow"), ("none: this text loads", "$quiet")), markup=False)
            )

    def on_click(self, event: events.Click) -> None:
        if event.widget is not None and isinstance(event.widget.parent, ProblemLine):
            self.post_message(self.Chosen(event.widget.parent.problem))
