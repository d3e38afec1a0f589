"""A list of lines to point at, with the keys of the tables."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class Choices(OptionList):
    """The mark sticks to what it stands on, wherever that moves to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False, id="choices.down"),
        Binding("k", "cursor_up", show=False, id="choices.up"),
        Binding("g", "first", show=False, id="choices.first"),
        Binding("G", "last", show=False, id="choices.last"),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._keys: list[Hashable] = []
        self._prompts: list[Content] = []

    @property
    def marked(self) -> Hashable | None:
        """The key of the marked line."""
        index = self.highlighted
        return self._keys[index] if index is not None and index < len(self._keys) else None

    def fill(self, lines: Iterable[tuple[Hashable, Content]]) -> None:
        """Show these, each by its own key. Only what has changed is drawn anew."""
        pairs = list(lines)
        keys, prompts = [key for key, _ in pairs], [prompt for _, prompt in pairs]
        if keys == self._keys:
            for index, (prompt, before) in enumerate(zip(prompts, self._prompts, strict=True)):
                if not prompt.is_same(before):
                    self.replace_option_prompt_at_index(index, prompt)
        else:
            marked = self.marked
            self.clear_options()
            self.add_options([Option(prompt) for prompt in prompts])
            self.highlighted = keys.index(marked) if marked in keys else 0 if keys else None
            self.call_after_refresh(self.scroll_to_highlight)
        self._keys, self._prompts = keys, prompts
