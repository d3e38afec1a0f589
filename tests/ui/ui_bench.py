"""One app over a data port, with clocks that stand still until a test moves them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from textual.pilot import Pilot
from ui_port import NOW, TOKEN, DataPort

from inspector.ui.app import InspectApp


@dataclass
class Bench:
    """The app, its port, and time."""

    port: DataPort = field(default_factory=DataPort)
    now: float = NOW
    steady: float = 100.0

    def app(self, **options: object) -> InspectApp:
        settings = {"token_mask": TOKEN, "clock": lambda: self.now, "steady": lambda: self.steady, **options}
        return InspectApp(self.port, **settings)  # type: ignore[arg-type]

    def sent(self, kind: type) -> list[object]:
        return [command for command in self.port.sent if isinstance(command, kind)]


async def until(pilot: Pilot[None], true: Callable[[], object], what: str = "") -> None:
    """Wait for the screen to get there, for at most 20 s."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, what or "it never came to that"
        await pilot.pause(0.01)


def shown(pilot: Pilot[None]) -> str:
    """What the terminal would show, as plain lines."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
