"""Approve a held call, and say how far that answer reaches."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.holds import Remember
from inspector.core.views import HoldView
from inspector.ui import text
from inspector.ui.screens.dialog import Dialog

_REACH = {
    Remember.ONCE: ("Once", "this call, and no other"),
    Remember.SESSION: ("This session", "this tool, until this agent's session ends"),
    Remember.ARGUMENTS: ("These arguments", "exactly these arguments, until the run ends"),
    Remember.TOOL: ("This tool", "every call of it, until the run ends"),
}


class Rule(Enum):
    """The answer that outlives the run: a rule in the policy."""

    WRITTEN = "rule"


class AlwaysDialog(Dialog[Remember | Rule]):
    HEADING = "✓ Approve, and remember"
    KEYS = ("always.choose", "always.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,enter", "choose", "Approve", key_display="⏎", id="always.choose"),
        Binding("escape", "leave", "Keep held", id="always.leave"),
    ]

    def __init__(self, held: HoldView) -> None:
        super().__init__()
        self._held = held

    def body(self) -> Iterable[Widget]:
        held = self._held
        yield Static(
            Content.assemble(
                (f"#{held.hold.call_id} ", "$quiet"),
                (text.line(f"{held.server} › {held.tool}", 200), "bold"),
                (f" · {text.line(held.client, 60)}\n", "$quiet"),
                ("It answers only what asked here: denials and limits still hold.", "$quiet"),
            ),
            markup=False,
        )
        yield OptionList(
            *(
                Option(Content.assemble((f" {name:<16}", "bold"), what), id=remember.value)
                for remember, (name, what) in _REACH.items()
            ),
            Option(
                Content.assemble((f" {'A rule…':<16}", "bold"), "for good; you see the change first"),
                id=Rule.WRITTEN.value,
            ),
        )

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _on_chosen(self, event: OptionList.OptionSelected) -> None:
        chosen = event.option.id or "once"
        self.dismiss(Rule.WRITTEN if chosen == Rule.WRITTEN.value else Remember(chosen))

    def action_choose(self) -> None:
        self.query_one(OptionList).action_select()
