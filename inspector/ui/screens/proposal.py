"""A change of the policy that somebody or something proposes: seen as a diff, with what it would have meant, before it
is written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static

from inspector.core.commands import Command, Conflict, Done, Rejected, SavePolicy, Text, WhatIf, WhatIfResult
from inspector.core.views import PolicyView
from inspector.ui import diff, flips, text
from inspector.ui.hanging import Hanging
from inspector.ui.screens.dialog import Dialog

if TYPE_CHECKING:
    from textual.types import CSSPathType

CHANGED_MEANWHILE = "The file says something else than what is in force. Look at it in place 4 first."
DIFF_LINES = 400


class ProposalDialog(Dialog[bool]):
    """True: it is written and in force. Subclasses say what to propose by `propose`."""

    CSS_PATH: ClassVar[CSSPathType | None] = ["dialog.tcss", "proposal.tcss"]
    KEYS: ClassVar[tuple[str, ...]] = ("proposal.save", "proposal.leave")
    SAME = "This changes nothing: the policy says so already."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "save", "Write it", key_display="⏎", id="proposal.save"),
        Binding("escape", "leave", "Leave it", id="proposal.leave"),
    ]

    def __init__(self, policy: PolicyView) -> None:
        super().__init__()
        self.policy = policy
        self._proposed: str | None = None  # None until it is known, and when it cannot be
        self._saving = False

    def body(self) -> Iterable[Widget]:
        yield from self.head()
        with VerticalScroll(id="proposal-scroll", classes="pane"):
            yield Static(id="proposal-diff", markup=False)
        yield Static(id="proposal-verdict", markup=False)

    def head(self) -> Iterable[Widget]:
        """What stands above the diff."""
        return ()

    def on_mount(self) -> None:
        name = text.line(PurePath(self.policy.path).name, 60) or "mcp-inspect.policy.yaml"
        self.query_one("#proposal-scroll").border_title = Content(name)
        self.query_one("#proposal-scroll").can_focus = False

    # What is proposed

    def propose(self, wish: Command) -> None:
        """Ask the port for a text, show how it differs, then what it would have changed. Until it is there, nothing can
        be written."""
        self._proposed = None
        self.idle.clear()
        self._propose_answer(wish)

    @work(exclusive=True, group="propose")
    async def _propose_answer(self, wish: Command) -> None:
        match await self.inspect.ask(wish):
            case Text(proposed):
                self.show(proposed)
                await self._foresee(proposed)
            case Rejected(why):
                self._refuse(why)

    @work(exclusive=True, group="propose")
    async def propose_text(self, proposed: str) -> None:
        self.show(proposed)
        await self._foresee(proposed)

    def show(self, proposed: str) -> None:
        old = self.policy.text
        self.idle.set()
        self._proposed = None if proposed == old else proposed
        shown, scroll = self.query_one("#proposal-diff", Static), self.query_one("#proposal-scroll")
        if proposed == old:
            shown.update(Content.assemble((self.SAME, "$quiet")))
        else:
            shown.update(Hanging(diff.view(old, proposed, DIFF_LINES, context=2)))
        scroll.border_subtitle = Content("" if proposed == old else str(diff.size(old, proposed)))
        scroll.scroll_home(animate=False)
        self.refresh_bindings()

    def _refuse(self, why: str) -> None:
        self._proposed = None
        self.idle.set()
        warning = Content.assemble(("✗ ", "bold $decision-deny"), text.block(why, 600, 6))
        self.query_one("#proposal-diff", Static).update(warning)
        self.query_one("#proposal-scroll").border_subtitle = Content("")
        self.query_one("#proposal-verdict", Static).update(Content(""))
        self.refresh_bindings()

    async def _foresee(self, proposed: str) -> None:
        verdict = self.query_one("#proposal-verdict", Static)
        if proposed == self.policy.text:
            verdict.update(Content(""))
            return
        verdict.update(Content.assemble(("What-if  judging…", "$quiet")))
        answer = await self.inspect.ask(WhatIf(proposed))
        if isinstance(answer, WhatIfResult):
            over = (f"  of {flips.judged(answer)}", "$quiet")
            verdict.update(Content.assemble(("What-if  ", "$quiet"), flips.in_one_line(answer), over))
        else:
            verdict.update(Content(""))

    # What a person does

    @on(OptionList.OptionSelected)
    def _on_enter_in_a_list(self) -> None:
        self.action_save()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "save":
            return self._proposed is not None
        return super().check_action(action, parameters)

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        if self._proposed is None or self._saving:
            return
        self._saving = True
        self.idle.clear()
        answer = await self.inspect.ask(SavePolicy(self._proposed, self.policy.hash))
        self._saving = False
        self.idle.set()
        match answer:
            case Done():
                self.dismiss(True)
            case Conflict():
                self._refuse(CHANGED_MEANWHILE)
            case Rejected(why):
                self._refuse(why)
