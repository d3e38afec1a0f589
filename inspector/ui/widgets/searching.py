"""A table whose rows may have to be looked for: each part is shown when it is found, and the keys never wait."""

from __future__ import annotations

from contextlib import aclosing

from textual import work
from textual.message import Message

from inspector.core.errors import InspectError
from inspector.ui.listing import Listing
from inspector.ui.widgets.steady import SteadyView


class SearchingTable(SteadyView):
    class Searched(Message):
        """More of what was looked for is there. `trouble`: why there will be no more, or ""."""

        def __init__(self, trouble: str = "") -> None:
            super().__init__()
            self.trouble = trouble

    def __init__(self, listing: Listing, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listing = listing
        self.looked_at = 1.0  # share of the calls, while something is looked for

    def rearranged(self) -> None:
        """All rows are others."""

    def grown(self, above: int) -> None:
        """Rows have come, so many of them above those in sight."""

    def show_listing(self) -> None:
        """At once where the rows are at hand, else as they are found; an earlier search ends."""
        self.looked_at = 1.0
        self.workers.cancel_group(self, "search")
        if not self.search_if_unsettled():
            self.rearranged()

    def search_if_unsettled(self) -> bool:
        unsettled = self.listing.unsettled
        if unsettled:
            self.looked_at = 0.0
            self._search()
        return unsettled

    @work(group="search", exclusive=True)
    async def _search(self) -> None:
        first = True
        try:
            async with aclosing(self.listing.settle()) as parts:
                async for part in parts:
                    self.looked_at = part.share
                    if first:
                        self.rearranged()
                    else:
                        self.grown(part.above)
                    first = False
                    self.post_message(self.Searched())
        except InspectError as error:
            self.looked_at = 1.0
            self.post_message(self.Searched(str(error)))
