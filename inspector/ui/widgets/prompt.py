"""One line under the editor: find a text, or go to a line."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from inspector.ui.actions import hinted


class Prompt(Horizontal):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Leave", show=False, id="prompt.leave"),
        Binding("up,shift+enter", "back", "Previous", show=False, id="prompt.previous"),
        Binding("down", "again", "Next", show=False, id="prompt.next"),
    ]

    class Asked(Message):
        """`kind` is "find" or "line"."""

        def __init__(self, kind: str, text: str, backwards: bool) -> None:
            super().__init__()
            self.kind, self.text, self.backwards = kind, text, backwards

    class Closed(Message):
        """The editor may have the keys again."""

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self._kind = "find"

    def compose(self) -> ComposeResult:
        yield Static(id="prompt-label", markup=False)
        yield Input(id="prompt-input", compact=True, max_length=400)
        yield Static(id="prompt-word", markup=False)

    def open(self, kind: str, current: str = "") -> None:
        self._kind = kind
        self.query_one("#prompt-label", Static).update(Content("find " if kind == "find" else "line "))
        self.complain(self.words("⏎ next", "⏎ goes there"))
        self.add_class("-open")
        box = self.query_one(Input)
        box.value = current
        box.focus()

    def words(self, find: str = "⏎ next", line: str = "") -> str:
        """The keys that work here, after what Enter does."""
        leaves = f"{hinted(self, 'prompt.leave', 'Esc')} leaves"
        back = f"{hinted(self, 'prompt.previous', '↑')} previous"
        return f"{find} · {back} · {leaves}" if self._kind == "find" else f"{line} · {leaves}"

    def complain(self, words: str) -> None:
        self.query_one("#prompt-word", Static).update(Content.assemble((words, "$quiet")))

    def action_close(self) -> None:
        self.remove_class("-open")
        self.post_message(self.Closed())

    def action_back(self) -> None:
        self._ask(backwards=True)

    def action_again(self) -> None:
        self._ask()

    @on(Input.Submitted)
    def _on_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._ask()
        if self._kind == "line":
            self.action_close()

    def _ask(self, backwards: bool = False) -> None:
        self.post_message(self.Asked(self._kind, self.query_one(Input).value, backwards))
