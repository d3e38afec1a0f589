"""What the five places have in common: the lines around them, the way between them, and the answers to held calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from inspector.core.call import CallId
from inspector.ui.board import Board
from inspector.ui.listing import Source
from inspector.ui.screens.refused import RefusedDialog
from inspector.ui.widgets.keybar import KeyBar
from inspector.ui.widgets.status import PLACES, PlacesBar, StatusLine

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp

COMMON_KEYS = ("app.back", "app.help", "app.palette")

BEATS: Final = 4  # to a second's quarter


class Place(Screen[None]):
    """One of the places. Subclasses compose `body` and show the board in `show`."""

    PLACE: ClassVar[str] = ""
    KEYS: ClassVar[tuple[str, ...]] = ()
    SHOWS_QUEUE: ClassVar[bool] = False
    HELP: ClassVar[str] = ""
    AUTO_FOCUS = ""  # each place says itself where the keys go; the first field in sight would be the filter
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(f"{number},alt+{number}", f"app.go('{place}')", place.capitalize(), show=False, id=f"place.{place}")
            for number, place in enumerate(PLACES, 1)
        ),
        Binding("x", "refused", "Not let through", show=False, id="app.refused"),
    ]

    focused = Reactive[Widget | None](None, repaint=False)  # the two that it is about are drawn, not the whole screen

    def __init__(self) -> None:
        super().__init__()
        self._any_held = False

    @property
    def inspect(self) -> InspectApp:
        return cast("InspectApp", self.app)

    @property
    def board(self) -> Board:
        return self.inspect.board

    @property
    def source(self) -> Source:
        return self.inspect.source

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield PlacesBar(self.PLACE)
        yield from self.body()
        yield KeyBar(self.KEYS, COMMON_KEYS)

    def body(self) -> Iterable[Widget]:
        """The widgets between the two lines at the top and the keys at the bottom."""
        return ()

    def show(self, changed: tuple[CallId, ...]) -> None:
        """The board has changed."""

    def tick(self, now: float) -> None:
        """Time has passed: countdowns and running calls."""

    def tock(self, now: float, beat: int) -> None:
        """The same for what is dear to draw: on a beat of its own, from 1 to `BEATS` - 1."""

    def beat(self, now: float, beat: int) -> None:
        """Each one four times a second: figures that change with every call, which nobody reads faster. Drawn all
        together they would take a frame in which no call gets on."""
        if beat == 0:
            self.query_one(StatusLine).count()
            self.tick(now)
        else:
            self.tock(now, beat)

    def draw(self, changed: tuple[CallId, ...]) -> None:
        """Everything that every place shows, then the place's own."""
        if not self.is_mounted:
            return
        views = self.board.views
        held_live = len(self.inspect.live.queue) if self.inspect.visiting else 0
        self.query_one(StatusLine).show(views, self.inspect.trouble, held_live)
        self.query_one(PlacesBar).show(len(views.holds), self.filter_text())
        if self._any_held != bool(views.holds):
            self._any_held = bool(views.holds)
            self.refresh_bindings()
        self.show(changed)

    def filter_text(self) -> str:
        return ""

    def on_screen_resume(self) -> None:
        self.query_one(KeyBar).tell(self.inspect.notices.current)
        if self.SHOWS_QUEUE:
            self.inspect.queue.revealed(self.inspect.steady())
        self.call_after_refresh(self.refreshed)

    def refreshed(self) -> None:
        """In sight again: what came meanwhile has not been told piece by piece."""
        self.draw(tuple(row.id for row in self.board.rows))
        for beat in range(BEATS):
            self.beat(self.inspect.clock(), beat)

    def action_refused(self) -> None:
        self.app.push_screen(RefusedDialog())

    def on_places_bar_chosen(self, event: PlacesBar.Chosen) -> None:
        self.inspect.action_go(event.place)
