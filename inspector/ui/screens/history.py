"""Every policy that was in force in this run: what the later ones changed, and the way back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.commands import PolicyVersion
from inspector.core.views import PolicyView
from inspector.ui import diff
from inspector.ui.figures import clock_time
from inspector.ui.screens.proposal import ProposalDialog

ORIGINS: Final = {"start": "when the run began", "editor": "saved here", "outside": "edited outside"}


class HistoryDialog(ProposalDialog):
    HEADING = "Versions of the policy"
    SAME = "This text is in force."

    def __init__(self, policy: PolicyView, versions: tuple[PolicyVersion, ...]) -> None:
        """`versions`: at least one, the oldest first."""
        super().__init__(policy)
        self._versions = versions[::-1]

    def head(self) -> Iterable[Widget]:
        yield Static(
            Content.assemble(("⏎ puts the marked text in force again, as a new version.", "$quiet")), markup=False
        )
        older = [*self._versions[1:], None]
        yield OptionList(*(self._option(v, before) for v, before in zip(self._versions, older, strict=True)))

    def _option(self, version: PolicyVersion, before: PolicyVersion | None) -> Option:
        size = "" if before is None else str(diff.size(before.text, version.text))
        current = version.hash == self.policy.hash
        return Option(
            Content.assemble(
                (f" v{version.version:<4}", "bold"),
                (f"{clock_time(version.at)}  ", ""),
                (f"{ORIGINS.get(version.origin, ''):<20}", "$quiet"),
                f"{size:<10}",
                ("✓ in force", "$decision-allow") if current else "",
            )
        )

    def on_mount(self) -> None:
        super().on_mount()
        versions = self.query_one(OptionList)
        versions.focus()
        versions.highlighted = min(1, len(self._versions) - 1)

    @on(OptionList.OptionHighlighted)
    def _on_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.propose_text(self._versions[event.option_index].text)
