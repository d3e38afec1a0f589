"""Least privilege: the policy narrowed to what the calls of this run needed."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.commands import Learn
from inspector.ui.screens.proposal import ProposalDialog


class LearnDialog(ProposalDialog):
    HEADING = "Learn from this session"
    SAME = "Nothing to learn: no call that ran needs less than the policy gives."

    def head(self) -> Iterable[Widget]:
        yield Static(
            Content.assemble(
                (
                    "Only what was used: its tools, the values and ranges of their arguments, twice the observed peak.",
                    "",
                ),
                ("\nRules of tools that nobody called stay as they are. Read it: a short run knows little.", "$quiet"),
            ),
            markup=False,
        )

    def on_mount(self) -> None:
        super().on_mount()
        scroll = self.query_one("#proposal-scroll", VerticalScroll)
        scroll.can_focus = True
        scroll.focus()
        self.query_one("#proposal-diff", Static).update(Content.assemble(("looking at the calls…", "$quiet")))
        self.propose(Learn(self.policy.text))
