"""Changes of the policy that begin outside the editor: a rule of a call, what a run taught, an earlier version."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from inspector.core.commands import PolicyHistory, PolicyVersions, Rejected
from inspector.core.views import CallView, HoldView
from inspector.ui.screens.history import HistoryDialog
from inspector.ui.screens.learn import LearnDialog
from inspector.ui.screens.place import Place
from inspector.ui.screens.proposal import ProposalDialog
from inspector.ui.screens.rule import propose

_WRITTEN = "Written, and in force with the next call."


class RuleMaking(Place):
    """A place where a call can be pointed at."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "make_rule", "Make a rule", id="call.rule")]

    def subject(self) -> CallView | HoldView | None:
        """The call that a person points at."""
        raise NotImplementedError

    @work(exclusive=True, group="rule")
    async def action_make_rule(self) -> None:
        call = self.subject()
        if call is None:
            self.inspect.say("Choose a call first.")
        elif await propose(self.inspect, call):
            self.inspect.say(_WRITTEN)


class PolicyChanging(Place):
    """Mixed into the Policy place: actions of the palette."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f3", "history", "History", show=False, id="policy.history"),
        Binding("ctrl+l", "learn", "Learn from this session", show=False, id="policy.learn"),
    ]

    @work(exclusive=True, group="change")
    async def action_history(self) -> None:
        match await self.inspect.ask(PolicyHistory()):
            case PolicyVersions(versions) if versions:
                await self._change(HistoryDialog(self.board.views.policy, versions))
            case Rejected(why):
                self.inspect.say(why, wrong=True)
            case _:
                self.inspect.say("No policy has been in force yet.")

    @work(exclusive=True, group="change")
    async def action_learn(self) -> None:
        await self._change(LearnDialog(self.board.views.policy))

    async def _change(self, dialog: ProposalDialog) -> None:
        if await self.app.push_screen_wait(dialog):
            self.inspect.say(_WRITTEN)
