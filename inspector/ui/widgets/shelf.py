"""Earlier recordings as a list: when, of which servers, how much, and whether the run goes on."""

from __future__ import annotations

import time

from rich.cells import cell_len
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from inspector.core.commands import RecordingEntry, Recordings
from inspector.ui import figures, text


class ShelfList(OptionList):
    """Enter, or a click, chooses a recording."""

    class Chosen(Message):
        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self) -> None:
        super().__init__(id="shelf", classes="pane")
        self._paths: list[str] = []
        self.border_title = Content("Recordings")

    def show(self, found: Recordings, own: str, now: float) -> None:
        """`own`: the recording of this run, which is shown live."""
        entries = [entry for entry in found.entries if entry.path != own]
        kept = self._paths[self.highlighted] if self.highlighted is not None and self._paths else None
        self._paths = [entry.path for entry in entries]
        self.clear_options()
        width = max(24, self.content_region.width - 1)  # a cell for the scrollbar
        self.add_options([Option(line(entry, now, width)) for entry in entries])
        if not entries:
            self.add_option(Option(Content.assemble(("None but that of this run.", "$quiet")), disabled=True))
        else:
            self.highlighted = self._paths.index(kept) if kept in self._paths else 0
        self.border_title = Content(f"Recordings · {len(entries) + found.more}" if entries else "Recordings")
        self.border_subtitle = Content(f"{found.more} older ones are in the folder" if found.more else "")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_index < len(self._paths):
            self.post_message(self.Chosen(self._paths[event.option_index]))


def line(entry: RecordingEntry, now: float, width: int) -> Content:
    """Two lines: when and whose, then how much; without its size where that has no room in `width` cells."""
    if entry.trouble:
        return Content.assemble(
            ("✗ ", "$decision-error"), (text.line(entry.path.rpartition("/")[2], 80), ""),
            ("\n  ", ""), (text.line(entry.trouble, 200), "$quiet"),
        )  # fmt: skip
    mark, style = ("◉", "$decision-allow") if entry.alive else ("○", "$quiet")
    servers = ", ".join(text.line(name, 32) for name in entry.upstreams) or "no server"
    calls = "·" if entry.calls is None else f"{figures.number(entry.calls)} call{'' if entry.calls == 1 else 's'}"
    denied = "" if not entry.denied else f" · ✗ {figures.number(entry.denied)}"
    size = figures.size_of(entry.size) + (" · ✗ ?" if entry.denied is None else "")
    run = f"{text.line(entry.run, 12)} · {calls}"
    size = f" · {size}" if cell_len(f"  {run}{denied} · {size}") <= width else ""
    return Content.assemble(
        (f"{mark} ", style), (moment(entry.started, now), "bold"), (" running" if entry.alive else "", style),
        (f"  {servers}", ""), (f"\n  {run}", "$quiet"), (denied, "$decision-deny"),
        (size, "$quiet"),
    )  # fmt: skip


def moment(at: float, now: float) -> str:
    """Local time: `10:04` of today, else with its day."""
    then, today = time.localtime(at), time.localtime(now)
    clock = f"{then.tm_hour:02}:{then.tm_min:02}"
    if then[:3] == today[:3]:
        return f"today {clock}"
    return f"{then.tm_year}-{then.tm_mon:02}-{then.tm_mday:02} {clock}"
