"""What the draft would have decided: how many of the recorded calls change, and which."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.call import CallId
from inspector.core.commands import WhatIfResult
from inspector.ui import flips

_HOW = "While you type, the recorded calls are judged again by the draft, each at its own time."


class WhatIfPanel(Vertical):
    """Shows the last finished result until the next one is there."""

    class Chosen(Message):
        """A person wants to see that call."""

        def __init__(self, call_id: CallId) -> None:
            super().__init__()
            self.call_id = call_id

    def __init__(self) -> None:
        super().__init__(id="what-if", classes="pane")
        self._found: WhatIfResult | None = None
        self._stale = ""

    def compose(self) -> ComposeResult:
        yield Static(Content.assemble((_HOW, "$quiet")), id="what-if-sum", markup=False)
        yield OptionList(id="what-if-calls", compact=True)

    def on_mount(self) -> None:
        self.border_title = Content("What-if")

    def waits(self, why: str) -> None:
        """What is shown is not of the text as it stands now: `why` in a word or two, "" when it is."""
        if why != self._stale:
            self._stale = why
            self._frame()

    def show(self, found: WhatIfResult) -> None:
        self._stale = ""
        if found != self._found:
            self._found = found
            self._draw()
        self._frame()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    def _frame(self) -> None:
        found = self._found
        over = f" · {flips.judged(found)}" if found is not None and found.calls else ""
        self.border_title = Content(f"What-if{over}")
        named = found is not None and found.flips and not self._stale
        self.border_subtitle = Content("⏎ shows the call" if named and self.has_focus_within else self._stale)

    def on_descendant_focus(self) -> None:
        self._frame()

    def on_descendant_blur(self) -> None:
        self._frame()

    def _draw(self) -> None:
        if self._found is None:
            return
        found, calls = self._found, self.query_one(OptionList)
        lines = [flips.headline(found), *flips.totals(found)]
        if not found.flipped:
            lines += [Content(""), Content.assemble((_HOW, "$quiet"))]
        self.query_one("#what-if-sum", Static).update(Content("\n").join(lines))
        width = max(24, self.content_region.width - 1)  # a cell for the scrollbar
        at = calls.highlighted
        calls.clear_options()
        several = len({flip.server for flip in found.flips}) > 1
        calls.add_options([Option(flips.row(flip, width, several), id=str(flip.call_id)) for flip in found.flips])
        calls.display = bool(found.flips)
        if at is not None and found.flips:
            calls.highlighted = min(at, len(found.flips) - 1)
        more = found.flipped - len(found.flips)
        if more:
            calls.add_option(Option(Content.assemble((f"… {more:,} older ones", "$quiet")), disabled=True))

    def focus_calls(self) -> bool:
        """False when there is none to choose."""
        calls = self.query_one(OptionList)
        if not calls.option_count:
            return False
        calls.focus()
        if calls.highlighted is None:
            calls.highlighted = 0
        return True

    @on(OptionList.OptionSelected)
    def _on_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option.id is not None:
            self.post_message(self.Chosen(CallId(int(event.option.id))))
