"""What every dialog has in common: a framed box, and the keys that work in it on the last line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

from inspector.ui.widgets.keybar import KeyBar

if TYPE_CHECKING:
    from textual.types import CSSPathType

    from inspector.ui.app import InspectApp

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None]):
    """Dismissed with its answer, or with None."""

    CSS_PATH: ClassVar[CSSPathType | None] = "dialog.tcss"
    KEYS: ClassVar[tuple[str, ...]] = ()
    HEADING: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self.idle = asyncio.Event()  # cleared while it has yet to show what a key did: the next one is for what comes
        self.idle.set()

    @property
    def inspect(self) -> InspectApp:
        return cast("InspectApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = Content(self.HEADING)
            yield from self.body()
        yield KeyBar(self.KEYS)

    def on_screen_resume(self) -> None:
        self.query_one(KeyBar).tell(self.inspect.notices.current)

    def body(self) -> Iterable[Widget]:
        """What stands in the box."""
        return ()

    def action_leave(self) -> None:
        self.dismiss(None)
