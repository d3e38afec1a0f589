"""A person's answers to the selected held call: the same keys wherever the queue is in sight."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from inspector.core.commands import Approve, Deny, Extend, Rejected
from inspector.core.holds import Remember
from inspector.core.views import HoldView
from inspector.ui.queue import EXTENSION
from inspector.ui.screens.always import AlwaysDialog, Rule
from inspector.ui.screens.deny import DenyDialog
from inspector.ui.screens.making import RuleMaking
from inspector.ui.screens.rooms import edit_dialog
from inspector.ui.screens.rule import propose


class AnswersPlace(RuleMaking):
    """A place that shows the queue."""

    SHOWS_QUEUE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,f2", "approve", "Approve", id="hold.approve"),
        Binding("d,f4", "deny", "Deny", id="hold.deny"),
        Binding("e", "edit", "Edit", id="hold.edit"),
        Binding("A", "always", "Always…", id="hold.always"),
        Binding("plus,+", "extend", "60 s more", key_display="+", id="hold.extend"),
    ]
    _HOLD_ACTIONS = frozenset({"approve", "deny", "edit", "always", "extend"})

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in self._HOLD_ACTIONS:
            return len(self.inspect.queue) > 0
        return super().check_action(action, parameters)

    def _target(self) -> HoldView | None:
        held = self.inspect.queue.current
        if held is None:
            self.inspect.say("Nothing waits for you.")
        elif held.hold.call_id in self.inspect.queue.answering:
            return None  # its key was pressed twice: the first press is on its way
        return held

    def action_approve(self) -> None:
        held = self._target()
        if held is None:
            return
        if not self.inspect.queue.armed(self.inspect.steady()):
            self.inspect.say("That call has only just appeared. Look at it, then press again.")
            return
        self._answer(Approve(held.hold.call_id), f"Approved #{held.hold.call_id}")

    def action_extend(self) -> None:
        if held := self._target():
            self._tell(Extend(held.hold.call_id, EXTENSION), f"#{held.hold.call_id} waits {EXTENSION:.0f} s longer")

    @work
    async def action_deny(self) -> None:
        if held := self._target():
            reason = await self.app.push_screen_wait(DenyDialog(held))
            if reason is not None:
                self._answer(Deny(held.hold.call_id, reason), f"Denied #{held.hold.call_id}")

    @work
    async def action_always(self) -> None:
        if held := self._target():
            remember = await self.app.push_screen_wait(AlwaysDialog(held))
            if remember is Rule.WRITTEN:
                if await propose(self.inspect, held):
                    await self._after_rule(held)
            elif remember is not None:
                self._answer(
                    Approve(held.hold.call_id, None, remember), f"Approved #{held.hold.call_id}: {remember.value}"
                )

    async def _after_rule(self, held: HoldView) -> None:
        await self.inspect.poll()
        if self.board.held(held.hold.call_id) is None:
            self.inspect.say(f"Rule written; it has ended the wait of #{held.hold.call_id}")
        else:
            self._answer(Approve(held.hold.call_id), f"Rule written, and #{held.hold.call_id} approved")

    @work
    async def action_edit(self) -> None:
        if held := self._target():
            command = await self.app.push_screen_wait(edit_dialog(held))
            if command is not None:
                done = "Approved" if isinstance(command, Approve) else "Denied"
                how = ""
                if isinstance(command, Approve):
                    how = ", edited" if command.arguments is not None else ""
                    how += "" if command.remember is Remember.ONCE else f": {command.remember.value}"
                self._answer(command, f"{done} #{held.hold.call_id}{how}")

    def _answer(self, command: Approve | Deny, done: str) -> None:
        self.inspect.queue.answering.add(command.call_id)
        self._tell(command, done)

    @work
    async def _tell(self, command: Approve | Deny | Extend, done: str) -> None:
        match await self.inspect.ask(command):
            case Rejected(why):
                self.inspect.queue.answering.discard(command.call_id)
                self.inspect.say(why, wrong=True)
            case _:
                self.inspect.say(done)
