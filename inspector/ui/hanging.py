"""Lines that go on under their own words: what does not fit in one is indented as far as it began, not at the edge."""

from __future__ import annotations

import re
from typing import Final

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

_BEGINNING: Final = re.compile(r"[\s+−≠!│-]*")  # marks and indentation


class Hanging(Visual):
    """`content` line by line, wherever it is shown and however wide that is."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self._hung: tuple[int, Content] = (0, content)

    def at(self, width: int) -> Content:
        """In lines of at most `width` cells."""
        if self._hung[0] != width:
            lines = self.content.split("\n", allow_blank=True)
            self._hung = (width, Content("\n").join(part for line in lines for part in _hung(line, width)))
        return self._hung[1]

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        return self.at(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self.content.get_optimal_width(rules, container_width)

    def get_minimal_width(self, rules: RulesMap) -> int:
        return self.content.get_minimal_width(rules)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self.at(width).get_height(rules, width)


def _hung(line: Content, width: int) -> list[Content]:
    if line.cell_length <= width:
        return [line]
    first = line.wrap(width)[0]
    rest = line[len(first.plain) :]
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    begins = _BEGINNING.match(line.plain)
    indent = min(len(begins[0]) if begins else 0, width // 3)
    return [first, *(part.pad_left(indent) for part in rest.wrap(max(1, width - indent)))]
