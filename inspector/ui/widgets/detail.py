"""One call, whole: request, decision trace and response side by side; or its raw frames."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message

from inspector.core.commands import CallDetail, FrameLine
from inspector.core.views import CallView, Word
from inspector.ui import diff, figures, json_view, result, text, trace
from inspector.ui.actions import hinted
from inspector.ui.widgets.column import Column
from inspector.ui.widgets.prompt import Prompt
from inspector.ui.words import LOOKS

_WAITS: Final = {Word.HOLD: "waits for you", Word.DENY: "refused", Word.LIMIT: "refused", Word.CANCELLED: "withdrawn"}
FRAMES_SHOWN: Final = 40
COMPARED: Final = 64_000  # characters of each text
FRAME_LIMIT: Final = 8_000


class DetailPane(Horizontal, can_focus=True):
    """Shows a `CallDetail`; everything in it is capped and made safe."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "Scroll up", show=False, id="detail.up"),
        Binding("down,j", "scroll(1)", "Scroll down", show=False, id="detail.down"),
        Binding("pageup", "scroll(-10)", "Page up", show=False, id="detail.page_up"),
        Binding("pagedown", "scroll(10)", "Page down", show=False, id="detail.page_down"),
        Binding("home,g", "scroll(-9999)", "To the top", show=False, id="detail.top"),
        Binding("slash", "find", "Find in the call", key_display="/", show=False, id="detail.find"),
        Binding("n", "find_next", "Next place", show=False, id="detail.find_next"),
        Binding("end,G", "scroll(9999)", "To the end", show=False, id="detail.end"),
    ]

    class Dragged(Message):
        """The pane's upper edge was drawn `lines` upwards."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self) -> None:
        super().__init__(id="detail", classes="pane")
        self._grip: int | None = None  # where on the screen its edge is held
        self.row: CallView | None = None
        self.detail: CallDetail | None = None
        self.raw = False
        self.versus: tuple[CallView, CallDetail] | None = None  # the call that this one is compared with
        self._now = 0.0
        self._sought, self._found = "", (0, 0)

    def compose(self) -> ComposeResult:
        yield Column("request")
        yield Column("trace")
        yield Column("response")
        yield Column("frames")
        yield Prompt()

    def show(self, row: CallView | None, detail: CallDetail | None, now: float) -> None:
        """`detail` None: not fetched yet; the row's own words stand in for it."""
        self.row, self.detail, self._now = row, detail, now
        self.border_title = Content(self._title())
        self.border_subtitle = Content(self._keys() if row else "")
        if row is None or (self.versus and self.versus[0].id >= row.id):
            self.versus = None
        self.set_class(self.raw or self.versus is not None, "-raw")
        if row is None:
            self._empty()
        elif self.versus is not None and detail is not None:
            self._show_differences(self.versus, detail)
        elif self.raw:
            self._show_frames()
        else:
            self._show_parts(row)

    def _keys(self) -> str:
        words = (("copy", "y"), ("frames", "o"), ("zoom", "z"))
        return " · ".join(f"{hinted(self, f'live.{action}', key)} {action}" for action, key in words)

    def action_scroll(self, lines: int) -> None:
        for column in self.query(Column):
            if lines > 1_000:
                column.to_end()
            else:
                column.scroll_relative(y=lines, animate=False)

    # Find

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.has_focus if action == "find" else super().check_action(action, parameters)

    def action_find(self) -> None:
        self.query_one(Prompt).open("find")

    def action_find_next(self) -> None:
        self._find()

    @on(Prompt.Asked)
    def _on_asked(self, event: Prompt.Asked) -> None:
        event.stop()
        if event.text != self._sought:
            self._found = (0, 0)
        self._sought = event.text
        self._find()

    @on(Prompt.Closed)
    def _on_prompt_closed(self, event: Prompt.Closed) -> None:
        event.stop()
        self.focus()

    @work(exclusive=True, group="find")
    async def _find(self) -> None:
        """On from the last place, column by column; what is not laid out yet is, slice by slice."""
        columns = [column for column in self.query(Column) if column.display]
        if not self._sought or not columns:
            return
        first, line = self._found
        for index in range(first, len(columns)):
            while (at := columns[index].find(self._sought, line)) is None and not columns[index].finished:
                columns[index].more()
                await asyncio.sleep(0)
            if at is not None:
                self._found = (index, at)
                columns[index].scroll_to(y=max(0, at - 2), animate=False, immediate=True)
                return
            line = 0
        self._found = (0, 0)
        self.query_one(Prompt).complain("no further place · ⏎ begins again")

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.y == 0:
            self._grip = event.screen_y
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._grip is not None and event.screen_y != self._grip:
            self.post_message(self.Dragged(self._grip - event.screen_y))
            self._grip = event.screen_y

    def on_mouse_up(self) -> None:
        if self._grip is not None:
            self._grip = None
            self.release_mouse()

    def on_resize(self) -> None:
        self.call_after_refresh(lambda: self.show(self.row, self.detail, self._now))

    def _title(self) -> str:
        row = self.row
        if row is None:
            return "Call"
        return text.line(f"{row.server} › {row.tool} · {row.client} · #{row.id}", 160)

    def _empty(self) -> None:
        self.query_one("#request", Column).show("REQUEST", Content.assemble(("↑ ↓ select a call", "$quiet")))
        self.query_one("#trace", Column).show(
            "DECISION TRACE", Content.assemble(("why it was let go, or not", "$quiet"))
        )
        self.query_one("#response", Column).show("RESPONSE", Content.assemble(("what the agent got", "$quiet")))

    def _show_parts(self, row: CallView) -> None:
        request, response = self.query_one("#request", Column), self.query_one("#response", Column)
        detail = self.detail
        arguments = row.arguments if detail is None else detail.sent_arguments or detail.arguments
        edited = "edited by you" if detail is not None and detail.sent_arguments is not None else ""
        request.pour(arguments, "REQUEST", lambda width: json_view.pieces(arguments, width), edited)
        decisions = () if detail is None else detail.decisions
        steps = self.query_one("#trace", Column)
        steps.show("DECISION TRACE", trace.view(decisions, steps.room))
        if detail is not None and detail.response:
            note = "made here" if detail.response_by_us else figures.size_of(len(detail.response))
            got, ours = detail.response, detail.response_by_us
            response.pour(got, "RESPONSE", lambda width: result.pieces(got, width, ours=ours), note)
        else:
            response.show("RESPONSE", self._waiting(row))

    def _waiting(self, row: CallView) -> Content:
        look = LOOKS[row.word]
        if row.outcome is not None:
            return Content.assemble((text.line(row.outcome.value), "$quiet"))
        note = f"\n{text.line(row.note, 300)}" if row.note else ""
        waits = _WAITS.get(row.word, "running" if row.forwarded_at else "not sent yet")
        return Content.assemble((f"{look.glyph} {waits}", look.style), (note, "$quiet"))

    def _show_differences(self, versus: tuple[CallView, CallDetail], detail: CallDetail) -> None:
        row, before = versus
        same = "the same arguments" if before.arguments == detail.arguments else ""
        pairs = (("request", before.arguments, detail.arguments), ("response", before.response, detail.response))
        parts = []
        for name, old, new in pairs:
            parts.append(Content.assemble((name, "bold $quiet")))
            parts.append(diff.view(json_view.pretty(old[:COMPARED]), json_view.pretty(new[:COMPARED])))
        self.query_one("#frames", Column).show(f"AGAINST #{row.id}", Content("\n").join(parts), same)

    def _show_frames(self) -> None:
        frames = self.detail.frames if self.detail else ()
        rows = [self._frame(frame) for frame in frames[:FRAMES_SHOWN]]
        if len(frames) > FRAMES_SHOWN:
            rows.append(Content.assemble((f"… {len(frames) - FRAMES_SHOWN} more frames", "$quiet")))
        content = Content("\n").join(rows) if rows else Content.assemble(("no frame was recorded", "$quiet"))
        self.query_one("#frames", Column).show(
            "RAW FRAMES", content, "c→ client  →u to server  u→ server  →c to client"
        )

    def _frame(self, frame: FrameLine) -> Content:
        raw = frame.raw[:FRAME_LIMIT].decode("utf-8", "replace")
        size = figures.size_of(len(frame.raw))
        cut = f" … {size} in all" if len(frame.raw) > FRAME_LIMIT else ""
        return Content.assemble(
            (f"{figures.clock_time(frame.at)} ", "$quiet"),
            (f"{text.line(frame.direction, 4)} ", "bold $primary"),
            (f"{size:>7}  ", "$quiet"),
            (text.line(raw, FRAME_LIMIT), ""),
            (cut, "$quiet italic"),
        )

    def copied(self) -> str:
        """What `y` copies: the exact texts, not the shortened ones."""
        if self.detail is None:
            return "" if self.row is None else self.row.arguments
        if self.raw:
            return "\n".join(frame.raw.decode("utf-8", "replace") for frame in self.detail.frames)
        sent = self.detail.sent_arguments or self.detail.arguments
        return f'{{"arguments": {sent}, "response": {self.detail.response or "null"}}}'
