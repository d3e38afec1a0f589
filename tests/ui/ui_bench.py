"""One app over a data port, with clocks that stand still until a test moves them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from textual.pilot import Pilot
from ui_port import DataPort
from ui_sample import NOW, TOKEN, sample_views

from inspector.core.errors import ConfigError
from inspector.ui.app import InspectApp
from inspector.ui.preferences import Preferences
from inspector.ui.visiting import Opened


def recorded_port() -> DataPort:
    views = sample_views(40)
    return DataPort(replace(views, run=replace(views.run, run="k3x9", read_only=True), holds=()))


@dataclass
class Bench:
    """The app, its port, and time."""

    port: DataPort = field(default_factory=DataPort)
    now: float = NOW
    steady: float = 100.0
    recorded: DataPort = field(default_factory=recorded_port)
    opened: list[str] = field(default_factory=list)

    def app(self, theme: str = "inspect-dark", preferences: Preferences | None = None, **options: object) -> InspectApp:
        """`theme`: not what suits the terminal that the tests happen to run in."""
        options["preferences"] = preferences or Preferences(theme=theme)
        clocks = {"clock": lambda: self.now, "steady": lambda: self.steady}
        settings = {"token_mask": TOKEN, **clocks, "open_recording": self.open_recording, **options}
        return InspectApp(self.port, **settings)  # type: ignore[arg-type]

    @asynccontextmanager
    async def open_recording(self, path: str, failed: Callable[[str], object]) -> AsyncIterator[Opened]:
        if "bad" in path:
            raise ConfigError(f"{path}: not a recording")
        self.opened.append(path)
        yield Opened(self.recorded, None, lambda: self.now)
        self.opened.remove(path)

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
