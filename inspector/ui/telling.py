"""What the app tells its person: notices on the last line, the bell, and on every screen what has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from inspector.core.call import CallId
from inspector.ui.alerts import Alerts, tell
from inspector.ui.crash import DiscreetApp
from inspector.ui.notices import Notices
from inspector.ui.preferences import Preferences
from inspector.ui.screens.place import Place
from inspector.ui.themed import ThemedApp

Look: TypeAlias = tuple[str, Sequence[Path], bool | None]
"""What `ThemedApp` is made with: the theme that is wanted, the folders of themes, whether only ASCII may be shown."""


class Telling(DiscreetApp, ThemedApp):
    """`steady` measures spans, in seconds. `trouble` is why the engine does not answer; "" while it does."""

    def __init__(self, preferences: Preferences, steady: Callable[[], float], look: Look) -> None:
        super().__init__(*look)
        self.preferences = preferences
        self.steady = steady
        self.trouble = ""
        self.notices = Notices(self)
        self.alerts = Alerts(self, preferences, steady)

    def say(self, words: str, *, wrong: bool = False, stay: float | None = None) -> None:
        """A short notice; `words` may hold untrusted text."""
        if self.is_running:
            self.notices.say(words, wrong=wrong, stay=stay)

    def say_wrong(self, words: str) -> None:
        self.say(words, wrong=True)

    def show_trouble(self, why: str) -> None:
        if not self.trouble:
            self.trouble = why
            self.say_wrong(f"The engine does not answer: {why}")
            self.draw(())

    def draw(self, changed: tuple[CallId, ...]) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Place):
                screen.draw(changed)
        tell(self.screen)
