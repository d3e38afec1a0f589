"""How the Policy place writes the file, and what happens when somebody else wrote it meanwhile."""

from __future__ import annotations

from textual import work

from inspector.core.commands import Conflict, Done, Rejected, SavePolicy
from inspector.core.views import PolicyView
from inspector.ui.draft import Draft
from inspector.ui.screens.conflict import Choice, ConflictDialog
from inspector.ui.screens.drafting import DraftingPlace


class Saving(DraftingPlace):
    """Mixed into the Policy place."""

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        text = self.editor.text
        answer = await self.inspect.ask(SavePolicy(text, self.draft.base_hash))
        if isinstance(answer, Conflict) and answer.text == self.draft.base:
            # What lies there is what the editor began with; only its hash was not known (a text that does not load).
            answer = await self.inspect.ask(SavePolicy(text, answer.hash))
        if isinstance(answer, Conflict):
            await self._resolve(text, answer)
        else:
            self._tell(answer, text)

    async def _resolve(self, text: str, conflict: Conflict) -> None:
        match await self.app.push_screen_wait(ConflictDialog(conflict.text, text)):
            case Choice.OVERWRITE:
                self._tell(await self.inspect.ask(SavePolicy(text, conflict.hash, overwrite=True)), text)
            case Choice.THEIRS:
                self.draft = Draft(conflict.text, conflict.hash)
                self.editor.replace(conflict.text, (0, 0), self.editor.document.end)
            case _:
                self.editor.focus()

    def _tell(self, answer: object, text: str) -> None:
        match answer:
            case Rejected(why):
                self.inspect.say(why, wrong=True)  # it says whether the file was written
            case Done():
                self.draft = Draft(text, self.draft.base_hash)
                self.inspect.say("Saved and in force.")

    @work(exclusive=True, group="choose")
    async def choose_later(self, policy: PolicyView) -> None:
        """The file changed under an edited text: ask which of the two goes on."""
        theirs = Draft.of(policy)
        match await self.app.push_screen_wait(ConflictDialog(theirs.base, self.editor.text)):
            case Choice.OVERWRITE:
                self.draft = theirs
                self.action_save()
            case Choice.THEIRS:
                self.adopt(policy)
            case _:
                self.editor.focus()
