"""How the Policy place completes what is typed, and explains the field at the cursor."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Size
from textual.timer import Timer
from textual.widgets import Static, TextArea

from inspector.core.commands import Complete, Completion, Completions
from inspector.ui import text
from inspector.ui.screens.drafting import DraftingPlace
from inspector.ui.widgets.completions import CompletionList

AFTER: Final = 0.12  # seconds without a key


class Completing(DraftingPlace):
    """Mixed into the Policy place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+@,ctrl+space", "complete", "Complete", key_display="^space", id="policy.complete", priority=True),
        Binding("ctrl+underscore,ctrl+slash", "comment", "Comment", key_display="^/", id="policy.comment"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._asked: Timer | None = None
        self._known = ""  # the text that the last answer was about
        self._start = 0

    def on_mount(self) -> None:
        self.editor.first_look = lambda key: self.completions.is_open and self.completions.take(key)

    @property
    def completions(self) -> CompletionList:
        return self.query_one(CompletionList)

    def action_complete(self) -> None:
        if not self.editor.read_only:
            self._look(wanted=True)

    def action_comment(self) -> None:
        if not self.editor.read_only and not self.editor.toggle_comment():
            self.inspect.say("JSON has no comments.")

    @on(TextArea.SelectionChanged, "#editor")
    def _on_cursor(self) -> None:
        """Typing moves the cursor as well: one question answers both, what it means and how it could go on."""
        if self._asked is not None:
            self._asked.stop()
        self._asked = self.set_timer(AFTER, self._look)

    @work(exclusive=True, group="complete")
    async def _look(self, wanted: bool = False) -> None:
        editor, asked = self.editor, self.editor.text
        typed = asked != self._known and editor.has_focus
        line, column = editor.cursor_location
        answer = await self.inspect.ask(Complete(asked, line, column))
        if not isinstance(answer, Completions) or editor.cursor_location != (line, column):
            return
        self._known = asked  # not before: a question that another one overtakes has not been answered
        self._explain(answer.help)
        self._start = answer.start
        word = editor.document.get_line(line)[answer.start : column]
        if answer.items and (wanted or (typed and word.strip())):
            self.completions.open(answer.items, self._place(line, answer.start), self._room())
        else:
            self.completions.close()
            if wanted:
                self.inspect.say("Nothing is known of what could stand here.")

    def _explain(self, words: str) -> None:
        name, _, meaning = words.partition(": ")
        shown = Content.assemble((text.line(name, 40), "bold $primary"), (f"  {text.line(meaning, 300)}", "$quiet"))
        self.query_one("#editor-help", Static).update(shown if words else Content(""))

    def _place(self, line: int, column: int) -> Offset:
        """The cell of that letter, within the pane."""
        editor = self.editor
        x = editor.gutter_width + column - editor.scroll_offset.x
        return Offset(max(0, x), line - editor.scroll_offset.y)

    def _room(self) -> Size:
        return self.editor.size

    @on(CompletionList.Chosen)
    def _on_chosen(self, event: CompletionList.Chosen) -> None:
        self._write(event.completion)

    def _write(self, completion: Completion) -> None:
        line, column = self.editor.cursor_location
        rest = self.editor.document.get_line(line)[column:]
        insert = text.encodable(completion.insert)
        if ":" in rest[:1]:  # the key has its colon already
            insert = insert.rstrip(": ")
        self.editor.replace(insert, (line, self._start), (line, column), maintain_selection_offset=False)
        self.editor.focus()
        self._known = self.editor.text
