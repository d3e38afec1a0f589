"""The last line: the keys that do something here. Whole words only; what does not fit is left out."""

from __future__ import annotations

from textual import events
from textual.binding import ActiveBinding
from textual.content import Content
from textual.widget import Widget


class KeyBar(Widget):
    """Shows the bindings whose ids are given, in that order, as far as they are active now; a click does them.

    The last two (help and the palette, in every place) keep their room at the right end.
    """

    def __init__(self, ids: tuple[str, ...]) -> None:
        super().__init__(id="keys")
        self._ids = ids
        self._spans: list[tuple[int, int, ActiveBinding]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.refresh())

    def render(self) -> Content:
        active: dict[str | None, ActiveBinding] = {}
        for found in self.screen.active_bindings.values():
            if found.enabled:
                active.setdefault(found.binding.id, found)  # of several keys the first one is the one to learn
        items = [(active[i], self._label(active[i])) for i in self._ids if i in active]
        room, x, parts = self.size.width, 0, []
        self._spans = []
        for found, (key, what) in items:
            width = len(key) + len(what) + 3
            if x + width - 2 > room:
                continue
            self._spans.append((x, x + width, found))
            parts += [(key, "bold $primary"), (f" {what}  ", "")]
            x += width
        return Content.assemble(*parts)

    def _label(self, found: ActiveBinding) -> tuple[str, str]:
        binding = found.binding
        return self.app.get_key_display(binding), binding.description

    async def on_click(self, event: events.Click) -> None:
        for start, end, found in self._spans:
            if start <= event.x < end:
                await self.app.run_action(found.binding.action, found.node)
                return
