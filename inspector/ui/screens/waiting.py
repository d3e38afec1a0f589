"""What Live shows while its table has nothing to show: how to connect, who is here, what no filter lets through."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from inspector.ui import text
from inspector.ui.listing import Listing
from inspector.ui.screens.table import TablePlace
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.connecting import Connecting
from inspector.ui.widgets.welcome import Welcome

_OF_CALLS: Final = frozenset(
    {"inspect", "zoom", "frames", "compare", "to_rule", "copy", "make_rule", "filter", "pause", "sort", "reverse"}
    | {"columns", "hold_next", "mark", "next_mark"}
)


class WaitingPlace(TablePlace):
    """A place with a table, and a `Welcome` in its stead until somebody is connected."""

    def calls_table(self, listing: Listing) -> CallTable:
        """The table as the person wants it to begin."""
        table = CallTable(listing, id="calls")
        table.following = self.inspect.preferences.follow
        table.painter.keys = self.inspect.preferences.columns
        return table

    def wait(self, now: float) -> None:
        """Before anybody is connected the whole place says how; the keys go with what is in sight."""
        welcome, views = self.query_one(Welcome), self.board.views
        wanted = self.inspect.awaits_clients and welcome.wanted(views)
        if wanted:
            welcome.tick(views, now)
        if not len(self.source):
            self.table.hint = self._first_hint()
        elif self._filter:
            keys = f"{self.inspect.key('live.filter', '/')} {self.inspect.key('filter.leave', 'Esc')}"
            words = ("No call matches the filter. ", "$quiet")
            self.table.hint = [Content.assemble(words, (keys, "bold $primary"), " clears it")]
        if wanted != self.has_class("-welcome"):
            self.set_class(wanted, "-welcome")
            self.refresh_bindings()
            if wanted:
                welcome.query_one(Connecting).take_focus()
            elif self.focused is None or welcome in self.focused.ancestors:
                self.table.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _OF_CALLS and self.has_class("-welcome"):
            return False
        return super().check_action(action, parameters)

    def _first_hint(self) -> list[Content]:
        if self.board.views.run.read_only:
            return [Content.assemble(("This recording holds no call.", "$quiet"))]
        here = [text.line(client.name or "an agent", 40) for client in self.board.views.clients if not client.gone]
        who = Content.assemble(("● ", "$decision-allow"), (", ".join(here[:3]), "bold"), (" connected", "$quiet"))
        waiting = Content.assemble(("Waiting for the first call.", "$quiet" if here else "bold"))
        return [who, Content(""), waiting] if here else [waiting]
