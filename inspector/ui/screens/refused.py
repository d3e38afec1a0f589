"""What was not let through, with its bytes made visible; and the methods that no policy judges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.events import Direction
from inspector.core.views import RejectedView, UncoveredView, Views
from inspector.ui import figures, raw_bytes, text
from inspector.ui.screens.dialog import Dialog

if TYPE_CHECKING:
    from textual.types import CSSPathType

LOOK_EVERY: Final = 0.5  # seconds
UNCOVERED_SHOWN: Final = 12
_NOTHING: Final = "Nothing was refused so far."


class RefusedDialog(Dialog[None]):
    HEADING = "Not let through"
    CSS_PATH: ClassVar[CSSPathType | None] = ["dialog.tcss", "refused.tcss"]
    KEYS = ("refused.form", "refused.copy", "refused.leave")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "form", "Text or bytes", id="refused.form"),
        Binding("y", "copy", "Copy", id="refused.copy"),
        Binding("pagedown,space", "scroll(10)", "Page down", show=False, id="refused.page_down"),
        Binding("pageup", "scroll(-10)", "Page up", show=False, id="refused.page_up"),
        Binding("escape,x,q", "leave", "Close", id="refused.leave"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._listed: tuple[RejectedView, ...] = ()
        self._as_bytes = False

    def body(self) -> Iterable[Widget]:
        yield Static(Content.assemble((_NOTHING, "$quiet")), id="refused-nothing", markup=False)
        yield OptionList(id="refused-list")
        with VerticalScroll(id="refused-scroll", classes="pane", can_focus=False):
            yield Static(id="refused-what", markup=False)
            yield Static(id="refused-raw", markup=False)
        yield Static(id="refused-uncovered", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self._look()
        self.set_interval(LOOK_EVERY, self._look)

    def _look(self) -> None:
        """What came since. The mark stays on what it was on."""
        views = self.inspect.board.views
        self.query_one("#refused-uncovered", Static).update(_uncovered(views.uncovered))
        if views.rejected == self._listed and self._listed:
            return
        rows, marked = self.query_one(OptionList), self._marked
        self._listed = views.rejected
        self.set_class(not self._listed, "-nothing")
        self.query_one("#box").border_subtitle = Content(figures.plural(len(self._listed), "refusal"))
        newest_first = self._listed[::-1]
        rows.set_options([Option(_row(refusal, views)) for refusal in newest_first])
        if newest_first:
            rows.highlighted = newest_first.index(marked) if marked in newest_first else 0
        self._show()

    @property
    def _marked(self) -> RejectedView | None:
        at = self.query_one(OptionList).highlighted
        return None if at is None or at >= len(self._listed) else self._listed[-1 - at]

    @on(OptionList.OptionHighlighted)
    def _show(self) -> None:
        refusal = self._marked
        if refusal is None:
            return
        scroll = self.query_one("#refused-scroll")
        width = scroll.size.width - 1  # of a scrollbar that may be there
        raw = raw_bytes.dump(refusal.raw, width) if self._as_bytes else raw_bytes.readable(refusal.raw)
        scroll.border_title = Content("Its bytes" if self._as_bytes else "Its text")
        size = len(refusal.raw)
        scroll.border_subtitle = Content(f"the first {size:,} bytes" if size >= 4096 else figures.plural(size, "byte"))
        self.query_one("#refused-what", Static).update(_what(refusal, self.inspect.board.views))
        nothing = Content.assemble(("Nothing of it was kept.", "$quiet"))
        self.query_one("#refused-raw", Static).update(raw if refusal.raw else nothing)
        scroll.scroll_home(animate=False)

    # What a person does

    def action_form(self) -> None:
        self._as_bytes = not self._as_bytes
        self._show()

    def action_scroll(self, lines: int) -> None:
        self.query_one("#refused-scroll").scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        if (refusal := self._marked) is not None:
            self.inspect.copy(refusal.raw.decode("utf-8", "backslashreplace"), "the refused message")


def _who(refusal: RejectedView, views: Views) -> str:
    """Who sent it: the client by its name, an address, or the server."""
    if refusal.direction is Direction.FROM_UPSTREAM:
        return f"server {refusal.upstream}"
    names = {client.connection: client.name for client in views.clients}
    return names.get(refusal.connection) or refusal.connection or refusal.peer or "unknown"


def _row(refusal: RejectedView, views: Views) -> Content:
    who = text.fit(text.line(_who(refusal, views), 60), 22)
    return Content.assemble(
        (f"{figures.clock_time(refusal.at)} ", "$quiet"),
        (f"{refusal.code:>7} ", "bold $decision-deny"),
        f"{who} ",
        text.line(refusal.reason, 200),
    )


def _what(refusal: RejectedView, views: Views) -> Content:
    kind = "JSON-RPC error" if refusal.code < 0 else "HTTP status"
    between = [text.line(_who(refusal, views), 80)]
    if refusal.connection and refusal.direction is not Direction.FROM_UPSTREAM:
        between.append(f"connection {text.line(refusal.connection, 40)}")
    if refusal.upstream and refusal.direction is not Direction.FROM_UPSTREAM:
        between.append(f"for {text.line(refusal.upstream, 40)}")
    return Content.assemble(
        ("✗ ", "bold $decision-deny"),
        text.block(refusal.reason, 600, 6),
        (f"\n{kind} {refusal.code} · {' · '.join(between)}\n", "$quiet"),
    )


def _uncovered(methods: tuple[UncoveredView, ...]) -> Content:
    if not methods:
        return Content("")
    count = figures.plural(len(methods), "method")
    parts: list[str | tuple[str, str]] = [(f"{count} not covered by the policy, the latest first\n", "$quiet")]
    for method in methods[::-1][:UNCOVERED_SHOWN]:
        mark, style = ("→", "$decision-allow") if method.forwarded else ("✗", "$decision-deny")
        times = f" ×{figures.number(method.times)}" if method.times > 1 else ""
        parts += [(f"{mark} ", style), text.line(method.method, 60), (f"{times}   ", "$quiet")]
    return Content.assemble(*parts)
