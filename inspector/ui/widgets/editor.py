"""A text editor that shows what is wrong: at the line's number, under the words, and after the line.

It reaches into private names of Textual's TextArea (`_line_cache`, `_render_line`, `wrapped_document`'s line offsets,
the syntax theme): Textual's minor version is pinned for that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import ClassVar, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.document._document import Document
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Selection, TextAreaTheme

from inspector.core.problems import Problem, Severity
from inspector.ui import text
from inspector.ui.lines import next_indent, toggled

HIGHLIGHTED_AT_MOST = 200_000  # characters: more of them would make every key wait for the parser
_SYNTAX = {
    "string": "secondary",
    "number": "warning",
    "boolean": "accent",
    "constant.builtin": "accent",
    "json.null": "accent",
    "keyword": "accent",
    "comment": "quiet",
    "yaml.field": "primary",
    "json.label": "primary",
    "type": "secondary",
}


class CodeEditor(TextArea):
    """YAML or JSON with `Problem`s at their places."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"editor--error", "editor--warning"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "problem(1)", "Next problem", id="editor.next_problem"),
        Binding("shift+f8,f20", "problem(-1)", "Previous problem", show=False, id="editor.previous_problem"),
    ]

    def __init__(self, content: str, language: str, id: str) -> None:
        self._problems: dict[int, Problem] = {}
        self.first_look: Callable[[str], bool] = lambda _key: False  # True: the key was for somebody else
        super().__init__(
            text.encodable(content),
            language=language if len(content) <= HIGHLIGHTED_AT_MOST else None,
            show_line_numbers=True,
            tab_behavior="indent",
            soft_wrap=False,
            id=id,
        )
        self.indent_width = 2
        self.cursor_blink = False

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._follow_theme())
        self._follow_theme()

    async def _on_key(self, event: events.Key) -> None:
        """Enter goes on as far in as the line is. Esc is for the screen, which knows what leaving means; TextArea would
        move the focus on."""
        if self.first_look(event.key):
            event.stop()
            event.prevent_default()
            return
        if event.key == "enter" and not self.read_only:
            event.stop()
            event.prevent_default()
            start, end = sorted((self.selection.start, self.selection.end))
            indent = next_indent(self.document.get_line(start[0])[: start[1]], self.indent_width)
            self.replace(f"\n{indent}", start, end, maintain_selection_offset=False)
            return
        if event.key == "escape":
            event.prevent_default()

    def _follow_theme(self) -> None:
        colours = self.app.theme_variables
        styles = {name: Style(color=_colour(colours[variable])) for name, variable in _SYNTAX.items()}
        styles["comment"] += Style(italic=True)
        self.register_theme(TextAreaTheme("inspect", syntax_styles=styles))
        self.theme = "inspect"
        self._set_theme("inspect")

    def set_content(self, content: str, language: str) -> None:
        """Take another text; the cursor stays where it can."""
        line, column = self.cursor_location
        self.language = language if len(content) <= HIGHLIGHTED_AT_MOST else None
        self.load_text(text.encodable(content))
        line = min(line, self.document.line_count - 1)
        self.move_cursor((line, min(column, len(self.document.get_line(line)))))

    # Problems

    def set_problems(self, problems: Sequence[Problem]) -> None:
        """Show the first (and worst) problem of each line."""
        ordered = sorted(problems, key=lambda p: (p.line, p.severity is not Severity.ERROR, p.column))
        self._problems = {problem.line - 1: problem for problem in reversed(ordered)}
        self._line_cache.clear()  # its key knows nothing of problems
        self.refresh()

    def action_problem(self, step: int) -> None:
        """To the next one below the cursor (or above it), and round."""
        if not self._problems:
            self.app.bell()
            return
        lines, here = sorted(self._problems), self.cursor_location[0]
        index = bisect_right(lines, here) if step > 0 else bisect_left(lines, here) - 1
        line = lines[index % len(lines)]
        self.go_to(line, self._problems[line].column - 1)

    def toggle_comment(self) -> bool:
        """Comment the selected lines out, or in again; one step of undo. False where there are no comments."""
        if self.language == "json":
            return False
        first, last = sorted((self.selection.start[0], self.selection.end[0]))
        lines = [self.document.get_line(line) for line in range(first, last + 1)]
        changed = toggled(lines)
        at, column = self.cursor_location
        self.replace("\n".join(changed), (first, 0), (last, len(lines[-1])))
        moved = max(0, column + len(changed[at - first]) - len(lines[at - first]))
        self.move_cursor((at, min(moved, len(changed[at - first]))))
        return True

    def go_to(self, line: int, column: int = 0) -> None:
        """Line and column count from 0; what lies outside is the nearest place inside."""
        line = max(0, min(line, self.document.line_count - 1))
        self.move_cursor((line, max(0, min(column, len(self.document.get_line(line))))), center=True)

    def find(self, sought: str, backwards: bool = False) -> bool:
        """Select the next place of `sought` (letters in any case), and round; False when there is none."""
        if not sought:
            return False
        body, needle = self.text.lower(), sought.lower()
        document = cast("Document", self.document)
        start = document.get_index_from_location(min(self.selection.start, self.selection.end))
        end = document.get_index_from_location(max(self.selection.start, self.selection.end))
        at = body.rfind(needle, 0, start) if backwards else body.find(needle, end)
        if at < 0:
            at = body.rfind(needle) if backwards else body.find(needle)
        if at < 0:
            return False
        self.selection = Selection(
            document.get_location_from_index(at), document.get_location_from_index(at + len(needle))
        )
        self.scroll_cursor_visible(center=True)
        return True

    # Drawing

    def get_line(self, line_index: int) -> Text:
        shown = super().get_line(line_index)
        visible = text.same_length(shown.plain)
        if visible != shown.plain:
            shown = Text(visible, spans=shown.spans, end=shown.end, no_wrap=True)
        if problem := self._problems.get(line_index):
            start = max(0, problem.column - 1)
            end = problem.end_column - 1 if problem.end_column else start + 1
            style = Style(underline=True) + self.get_component_rich_style(self._component(problem), partial=True)
            shown.stylize(style, start, min(max(end, start + 1), len(shown)))
        return shown

    def _render_line(self, y: int) -> Strip:
        strip = super()._render_line(y)
        offsets = self.wrapped_document._offset_to_line_info
        row = y + self.scroll_offset.y
        if row >= len(offsets) or not self.show_line_numbers:
            return strip
        line, section = offsets[row]
        problem = self._problems.get(line)
        if problem is not None and not section:
            strip = self._with_problem(strip, line, problem)
        return self._with_edge(strip, line)

    def _with_edge(self, strip: Strip, line: int) -> Strip:
        """A line that goes on beyond the edge says so in the last cell, unless the cursor stands there."""
        visible = self.scrollable_content_region.width
        body, before = self.document.get_line(line), self.gutter_width - self.scroll_offset.x
        at, column = self.cursor_location
        if before + self._cells(body) <= visible or (at == line and before + self._cells(body[:column]) >= visible - 1):
            return strip
        ground = next((s.style.bgcolor for s in strip.crop(visible - 1, visible) if s.style), None)
        style = Style(color=_colour(self.app.theme_variables["quiet"]), bgcolor=ground)
        return Strip.join([strip.crop(0, visible - 1), Strip([Segment("…", style)]), strip.crop(visible)])

    def _cells(self, body: str) -> int:
        return cell_len(body.expandtabs(self.indent_width))

    def _with_problem(self, strip: Strip, line: int, problem: Problem) -> Strip:
        """The mark replaces the gutter's two last cells; the message stands after the text, if there is room."""
        width, gutter = strip.cell_length, self.gutter_width
        visible = min(width, self.scrollable_content_region.width)
        colour = self.get_component_rich_style(self._component(problem), partial=True).color
        last = next((s for s in reversed(list(strip)) if s.style and s.style.bgcolor), None)
        base = Style(bgcolor=last.style.bgcolor if last and last.style else None, color=colour)
        mark = "✗ " if problem.severity is Severity.ERROR else "▲ "
        strip = Strip.join(
            [strip.crop(0, gutter - 2), Strip([Segment(mark, base + Style(bold=True))]), strip.crop(gutter, width)]
        )
        used = gutter + self._cells(self.document.get_line(line)) - self.scroll_offset.x + 3
        if not gutter < used < visible - 12:
            return strip
        message = text.fit(text.line(problem.message, 300), visible - used).rstrip()
        said = Strip([Segment(message, base + Style(italic=True))])
        return Strip.join([strip.crop(0, used), said, strip.crop(used + said.cell_length, width)])

    def _component(self, problem: Problem) -> str:
        return f"editor--{problem.severity.value}"


def _colour(colour: str) -> str | None:
    """Plain colours, and the sixteen of the terminal; what is neither ("auto") is left to it."""
    if colour.startswith("ansi_"):
        return colour.removeprefix("ansi_")
    return colour if colour.startswith("#") and len(colour) == 7 else None
