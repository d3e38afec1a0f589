"""The servers of a run as a list, of which one is chosen."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from inspector.core.views import ToolView, UpstreamView
from inspector.ui import server_lines


class ServerList(OptionList):
    """The mark stays on its server, whatever comes and goes."""

    def __init__(self) -> None:
        super().__init__(id="upstreams", classes="pane")
        self._upstreams: tuple[UpstreamView, ...] = ()
        self._blocks: list[Content] = []

    @property
    def chosen(self) -> UpstreamView | None:
        index = self.highlighted
        return self._upstreams[index] if index is not None and index < len(self._upstreams) else None

    def show(self, upstreams: tuple[UpstreamView, ...], tools: tuple[ToolView, ...], now: float) -> bool:
        """True when a server is in another state than before, or has other things to accept."""
        before, self._upstreams = self._upstreams, upstreams
        width = max(24, self.content_region.width - 1)  # a cell for the scrollbar
        blocks = [server_lines.block(upstream, tools, now, width) for upstream in upstreams]
        if [upstream.name for upstream in before] == [upstream.name for upstream in upstreams]:
            for index, block in enumerate(blocks):
                if block != self._blocks[index]:
                    self.replace_option_prompt_at_index(index, block)
        else:
            self._fill(before, blocks)
        self._blocks = blocks
        self.border_title = Content(f"Servers · {len(upstreams)}" if upstreams else "Servers")
        return [(u.state, bool(u.drift)) for u in before] != [(u.state, bool(u.drift)) for u in upstreams]

    def _fill(self, before: tuple[UpstreamView, ...], blocks: list[Content]) -> None:
        index, names = self.highlighted, [upstream.name for upstream in self._upstreams]
        kept = before[index].name if index is not None and index < len(before) else ""
        self.clear_options()
        self.add_options([Option(block) for block in blocks])
        if not blocks:
            self.add_option(Option(Content.assemble(("No server is configured.", "$quiet")), disabled=True))
        self.highlighted = names.index(kept) if kept in names else 0 if names else None
