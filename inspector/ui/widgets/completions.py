"""The list that opens at the cursor: what could be written there."""

from __future__ import annotations

from textual import on
from textual.content import Content
from textual.geometry import Offset, Size
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from inspector.core.commands import Completion
from inspector.ui import text

ROWS = 8
MIN_WIDTH, MAX_WIDTH = 24, 58


class CompletionList(OptionList):
    """Never has the focus: the editor keeps it, and hands over the keys that choose."""

    class Chosen(Message):
        def __init__(self, completion: Completion) -> None:
            super().__init__()
            self.completion = completion

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="completions", compact=True)
        self.items: tuple[Completion, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def open(self, items: tuple[Completion, ...], at: Offset, room: Size) -> None:
        """`at`: the cell of the word's first letter within the pane; `room`: the pane."""
        self.items = items
        label = max(len(text.line(one.label, 40)) for one in items)
        width = min(MAX_WIDTH, room.width - 2, max(MIN_WIDTH, label + 3 + max(len(_aside(one)) for one in items)))
        self.clear_options()
        self.add_options([Option(_row(one, min(label, width - 4), width - 3)) for one in items])
        self.highlighted = 0
        rows = min(ROWS, len(items))
        below = at.y + 1 + rows <= room.height
        self.styles.width, self.styles.height = width, rows
        self.styles.offset = (max(0, min(at.x - 1, room.width - width)), at.y + 1 if below else max(0, at.y - rows))
        self.add_class("-open")

    def close(self) -> None:
        self.remove_class("-open")

    def take(self, key: str) -> bool:
        """True when the key was for the list."""
        match key:
            case "down" | "ctrl+n":
                self.action_cursor_down()
            case "up" | "ctrl+p":
                self.action_cursor_up()
            case "enter" | "tab":
                if self.highlighted is not None:
                    self.post_message(self.Chosen(self.items[self.highlighted]))
                self.close()
            case "escape":
                self.close()
            case _:
                return False
        return True

    @on(OptionList.OptionSelected)
    def _on_clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self.items[event.option_index]))
        self.close()


def _aside(one: Completion) -> str:
    """What stands behind the label."""
    words = " · ".join(part for part in (one.detail, one.help.replace("`", "")) if part)
    return text.line(words, 80)


def _row(one: Completion, label: int, width: int) -> Content:
    name = text.fit(text.line(one.label, 200), label)
    return Content.assemble((f" {name}", "bold"), (text.fit(f"  {_aside(one)}", max(0, width - label)), "$quiet"))
