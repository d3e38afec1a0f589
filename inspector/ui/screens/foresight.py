"""How the Policy place judges the recorded calls again under the draft, beside the typing."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType

from inspector.core.commands import WhatIf, WhatIfResult
from inspector.ui.screens.drafting import DraftingPlace
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.whatif import WhatIfPanel

AGAIN_AFTER: Final = 2.0  # seconds between two runs that nobody typed for


class Foresight(DraftingPlace):
    """Mixed into the Policy place, which calls `foresee` when a text loads and `text_changed` at every key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f9", "what_if", "What-if", id="policy.what_if")]

    def __init__(self) -> None:
        super().__init__()
        self._judged: tuple[str, int] | None = None  # text, and how many calls there were
        self._judged_at = 0.0
        self._judging = False

    def text_changed(self) -> None:
        """What runs is of no use any more; its last result stays in sight."""
        self.workers.cancel_group(self, "what-if")
        self._judging = False

    def does_not_load(self) -> None:
        self.query_one(WhatIfPanel).waits("last valid draft")

    def foresee(self, text: str) -> None:
        """`text` loads: judge, unless that has been done."""
        asked = (text, self.board.views.run.calls)
        if asked == self._judged:
            self.query_one(WhatIfPanel).waits("")
        elif not self._judging:
            self._judging = True
            self._judge(*asked)

    def foresee_again(self, now: float) -> None:
        """New calls have come: judge those too, once in a while."""
        if self._judged is None or self._judging or now - self._judged_at < AGAIN_AFTER:
            return
        text, calls = self._judged
        if calls != self.board.views.run.calls and text == self.editor.text:
            self.foresee(text)

    @work(exclusive=True, group="what-if")
    async def _judge(self, text: str, calls: int) -> None:
        panel = self.query_one(WhatIfPanel)
        if self._judged is None or self._judged[0] != text:
            panel.waits("judging…")
        answer = await self.inspect.ask(WhatIf(text))
        self._judging = False
        self._judged, self._judged_at = (text, calls), self.inspect.clock()
        if isinstance(answer, WhatIfResult):
            panel.show(answer)
        else:
            panel.waits("last valid draft")

    def action_what_if(self) -> None:
        """Into the list of calls that change, and out of it again."""
        panel = self.query_one(WhatIfPanel)
        if self.has_class("-what-if"):
            self.leave_what_if()
            return
        self.add_class("-what-if")
        if not panel.focus_calls():
            self.inspect.say("No call would be decided otherwise." if self._judged else "Nothing has been judged yet.")
            self.remove_class("-what-if")

    def leave_what_if(self) -> None:
        self.remove_class("-what-if")
        self.editor.focus()

    @on(WhatIfPanel.Chosen)
    @work
    async def _on_call_chosen(self, event: WhatIfPanel.Chosen) -> None:
        self.remove_class("-what-if")
        await self.app.switch_mode("live")
        if not self.app.screen.query_one(CallTable).go_to(event.call_id):
            self.inspect.say(f"#{event.call_id} is not in the list: it is filtered out, or older.")
