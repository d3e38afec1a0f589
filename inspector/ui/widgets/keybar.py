"""The last line: the keys that do something here, in whole words as far as they fit; for a moment, a notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from textual import events
from textual.binding import ActiveBinding
from textual.content import Content
from textual.keys import key_to_character
from textual.widget import Widget

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp

GAP: Final = 2


def _nothing(_key: str, _character: str | None) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Notice:
    """A short word to the person; `words` are safe to show."""

    words: str
    wrong: bool


class KeyBar(Widget):
    """Shows the bindings whose ids are given, in that order, as far as they are active now; a click does them.

    Those that are `always` shown (help and the palette) keep their room at the end.
    """

    def __init__(self, ids: tuple[str, ...], always: tuple[str, ...] = ()) -> None:
        super().__init__(id="keys")
        self._ids = ids
        self._always = always
        self._notice: Notice | None = None
        self._spans: list[tuple[int, int, ActiveBinding]] = []
        self._shown = Content("")
        self._asked = False  # whether other keys do something now

    def tell(self, notice: Notice | None) -> None:
        """Say this in the keys' stead; None: the keys again. What is long makes the line higher: nothing is covered."""
        if notice != self._notice:
            self._notice = notice
            self.refresh(layout=True)

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._on_bindings)

    def _on_bindings(self, _screen: object) -> None:
        """Told twice of each change of the focus, and often of what changes no key."""
        if not self._asked:
            self._asked = self.call_later(self._look_again)

    def _look_again(self) -> None:
        self._asked = False
        if self.is_attached and self._drawn() != self._shown:  # a dialog may be gone by now
            self.refresh()

    def render(self) -> Content:
        self._shown = self._drawn()
        return self._shown

    def _drawn(self) -> Content:
        if (notice := self._notice) is not None:
            self._spans = []
            mark = ("! ", "bold $decision-error") if notice.wrong else ("● ", "$primary")
            return Content.assemble(mark, (notice.words, "bold"))
        active: dict[str | None, ActiveBinding] = {}
        typed = self.screen.focused.check_consume_key if self.screen.focused is not None else _nothing
        for key, found in self.screen.active_bindings.items():
            if found.enabled and not typed(key, key_to_character(key)):
                active.setdefault(found.binding.id, found)  # of several keys the first one is the one to learn
        last = [active[i] for i in self._always if i in active]
        room = self.size.width - sum(self._width(found) for found in last) + GAP
        x, parts = 0, []
        self._spans = []
        for found in [*(active[i] for i in self._ids if i in active), *last]:
            width = self._width(found)
            if found in last and room < self.size.width:
                room = self.size.width + GAP
            elif x + width > room:
                continue
            key, what = self._label(found)
            self._spans.append((x, x + width - GAP, found))
            parts += [(key, "bold $primary"), (f" {what}{' ' * GAP}", "")]
            x += width
        return Content.assemble(*parts)

    def _width(self, found: ActiveBinding) -> int:
        key, what = self._label(found)
        return len(key) + 1 + len(what) + GAP

    def _label(self, found: ActiveBinding) -> tuple[str, str]:
        binding = found.binding
        return self.app.get_key_display(binding), binding.description

    async def on_click(self, event: events.Click) -> None:
        if self._notice is not None:
            cast("InspectApp", self.app).notices.hush()  # it has been read
            return
        for start, end, found in self._spans:
            if start <= event.x < end:
                await self.app.run_action(found.binding.action, found.node)
                return
