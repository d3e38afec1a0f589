"""Every action of the place, and every place, as commands of the palette."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from inspector.ui.widgets.status import LABELS, PLACES

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp

_NOT_COMMANDS = ("calls.", "choices.", "held.", "place.", "app.palette", "app.quit_anywhere")


def system_commands(app: InspectApp, screen: Screen[object]) -> Iterable[SystemCommand]:
    for number, place in enumerate(PLACES, 1):
        yield SystemCommand(f"Go to {LABELS[place]}", f"Place {number}", partial(app.action_go, place))
    seen: set[str] = set()
    for found in screen.active_bindings.values():
        binding = found.binding
        if not binding.id or binding.id in seen or not found.enabled or binding.id.startswith(_NOT_COMMANDS):
            continue
        seen.add(binding.id)
        run = partial(app.run_action, binding.action, found.node)
        yield SystemCommand(binding.description, f"Key {app.get_key_display(binding)}", run)
    yield SystemCommand("Theme", "Dark, light, high contrast and others", app.action_change_theme)
