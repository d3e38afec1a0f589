"""Make a rule of a call: what it shall be, the change it makes, and what that would have meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.commands import MakeRule, RuleKind, RuleWish
from inspector.core.views import CallView, HoldView, PolicyView
from inspector.core.word import Word
from inspector.ui import text
from inspector.ui.screens.proposal import ProposalDialog
from inspector.ui.words import LOOKS, brief_arguments

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp

NUMBERS: Final = (1, 2, 3, 5, 10, 15, 20, 30, 60, 100, 120, 200, 300, 500, 600, 1000, 2000, 5000, 10_000)
WINDOWS: Final = ("second", "minute", "hour", "day")
_A: Final = {"second": "a second", "minute": "a minute", "hour": "an hour", "day": "a day"}


class RuleDialog(ProposalDialog):
    HEADING = "Make a rule from this call"
    KEYS = ("proposal.save", "rule.less", "rule.more", "rule.window", "proposal.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Fewer", key_display="←", priority=True, id="rule.less"),
        Binding("right", "step(1)", "More", key_display="→", priority=True, id="rule.more"),
        Binding("w", "window", "Window", id="rule.window"),
    ]

    def __init__(self, policy: PolicyView, call: CallView | HoldView, kind: RuleKind = RuleKind.ALLOW) -> None:
        super().__init__(policy)
        self._call = call
        self._call_id = call.id if isinstance(call, CallView) else call.hold.call_id
        self._kind = kind
        self._number = NUMBERS.index(10)
        self._window = "minute"

    def head(self) -> Iterable[Widget]:
        call = self._call
        yield Static(
            Content.assemble(
                (f"#{self._call_id} ", "$quiet"),
                (text.line(f"{call.server} › {call.tool}", 200), "bold"),
                (f" · {text.line(call.client, 60)}  ", "$quiet"),
                (brief_arguments(call.arguments), "$quiet"),
            ),
            id="rule-call",
            markup=False,
        )
        yield OptionList(*(Option(self._option(kind), id=kind.value) for kind in RuleKind), id="rule-kinds")

    def on_mount(self) -> None:
        super().on_mount()
        kinds = self.query_one(OptionList)
        kinds.focus()
        kinds.highlighted = list(RuleKind).index(self._kind)

    def _option(self, kind: RuleKind) -> Content:
        tool = text.line(self._call.tool, 60)
        match kind:
            case RuleKind.ALLOW:
                look, what = LOOKS[Word.ALLOW], f"calls of {tool} like this one pass"
            case RuleKind.DENY:
                look, what = LOOKS[Word.DENY], f"no call of {tool} passes"
            case RuleKind.ASK:
                look, what = LOOKS[Word.HOLD], f"a person decides every call of {tool}"
            case RuleKind.LIMIT:
                look, what = LOOKS[Word.LIMIT], f"at most {NUMBERS[self._number]:,} calls {_A[self._window]}"
            case RuleKind.PIN:
                return Content.assemble((" = pin    ", "bold $primary"), "only with these arguments")
        name = "ask" if kind is RuleKind.ASK else look.label
        return Content.assemble((f" {look.glyph} {name:<7}", f"bold {look.style}"), what)

    @on(OptionList.OptionHighlighted)
    def _on_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._kind = RuleKind(event.option.id or "allow")
        self._propose()

    def _propose(self) -> None:
        self.refresh_bindings()
        wish = RuleWish(self._kind, NUMBERS[self._number], self._window)
        self.propose(MakeRule(self.policy.text, self._call_id, wish))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("step", "window"):
            return self._kind is RuleKind.LIMIT
        return super().check_action(action, parameters)

    def action_step(self, by: int) -> None:
        self._number = max(0, min(len(NUMBERS) - 1, self._number + by))
        self._limit_changed()

    def action_window(self) -> None:
        self._window = WINDOWS[(WINDOWS.index(self._window) + 1) % len(WINDOWS)]
        self._limit_changed()

    def _limit_changed(self) -> None:
        kinds = self.query_one(OptionList)
        kinds.replace_option_prompt(RuleKind.LIMIT.value, self._option(RuleKind.LIMIT))
        self._propose()


async def propose(app: InspectApp, call: CallView | HoldView, kind: RuleKind = RuleKind.ALLOW) -> bool:
    """Ask what rule to make of a call. True when it has been written, and is in force."""
    policy = app.board.views.policy
    if policy.version == 0:
        app.say("No policy is in force: repair it in place 4 first.", wrong=True)
        return False
    return await app.push_screen_wait(RuleDialog(policy, call, kind)) is True
