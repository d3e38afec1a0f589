"""The line where a filter is typed; it says at once how many calls match, or where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.highlighter import Highlighter
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Input, Static

from inspector.filters.reading import BadFilter
from inspector.ui import text

PAUSE = 0.12  # seconds without a key before 50,000 rows are looked through


Complete = Callable[[str], str | None]


class _Pointer(Highlighter):
    """Turns the character round that the parser stumbled over."""

    at: int | None = None

    def highlight(self, text: Text) -> None:
        if self.at is not None and text.plain:
            at = min(self.at, len(text.plain) - 1)
            text.stylize("bold reverse", at, at + 1)


class _Known(Suggester):
    def __init__(self, complete: Complete) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        return self._complete(value)


class _Box(Input):
    """Its own size is given by the line's: what is typed lays nothing out anew."""

    virtual_size = Reactive(Size(0, 0), layout=False)

    def watch_has_focus(self, _has_focus: bool) -> None:
        """It looks the same with the focus and without, so no rule is asked."""


class FilterLine(Horizontal):
    """`complete` answers a half-typed filter with the whole of it, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, priority=True, id="filter.complete"),
        Binding("escape", "close", "Leave", show=False, id="filter.leave"),
    ]

    class Wanted(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The table may have the keys again."""

    def __init__(self, complete: Complete) -> None:
        super().__init__(id="filter")
        self._complete = complete
        self._pointer = _Pointer()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content("filter "), id="filter-label")
        yield _Box(
            placeholder="fetch  !decision:allow  risk:destructive | ms:>500  arg.path:~^/etc",
            id="filter-input",
            compact=True,
            max_length=400,
            highlighter=self._pointer,
            suggester=_Known(self._complete),
        )
        yield Static(id="filter-word", markup=False)

    def open(self, current: str) -> None:
        self._show(True)
        box = self.query_one(Input)
        with self.prevent(Input.Changed):
            box.value = current
        box.focus()

    def action_close(self) -> None:
        self._show(False)
        self._send("")
        self.post_message(self.Closed())

    def _show(self, shown: bool) -> None:
        """What is in the line is shown with it, and has no rule that asks for it."""
        self.set_class(shown, "-open", update=False)
        self.app.stylesheet.apply(self)

    def action_complete(self) -> None:
        box = self.query_one(Input)
        if whole := self._complete(box.value):
            box.value = whole
            box.cursor_position = len(whole)

    @property
    def agrees(self) -> bool:
        """It is open, and what stands in it can be read."""
        return self.has_class("-open") and self._pointer.at is None

    def complain(self, bad: BadFilter) -> None:
        self._pointer.at = bad.at
        self.query_one(Input).refresh()
        self._say(Content.assemble((f"✗ at {bad.at + 1}: {text.line(bad.why, 120)}", "$decision-deny")))

    def agree(self, words: str) -> None:
        self._pointer.at = None
        if not self.has_class("-open"):
            return
        self.query_one(Input).refresh()
        self._say(Content.assemble((words, "$quiet")))

    def _say(self, content: Content) -> None:
        word = self.query_one("#filter-word", Static)
        # To lay the whole place out anew takes longer than to draw it; what is shorter has room where the last one was.
        word.update(content, layout=content.cell_length > word.content_size.width)

    @on(Input.Changed)
    def _on_typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, lambda: self._send(event.value))

    @on(Input.Submitted)
    def _on_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._send(event.value)
        self._show(False)
        self.post_message(self.Closed())

    def _send(self, wanted: str) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.post_message(self.Wanted(wanted))
