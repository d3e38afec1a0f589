"""Every action of the place, and every place, as commands of the palette."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.app import SystemCommand
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from inspector.ui.actions import OF_INPUTS, actions_of
from inspector.ui.widgets.status import LABELS, PLACES

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp

# Places have a command of their own, the palette is open already, and one way to quit is enough.
LEFT_OUT: Final = ("place.", "app.palette", "app.quit_anywhere", *OF_INPUTS)


def system_commands(app: InspectApp, screen: Screen[object]) -> Iterable[SystemCommand]:
    for number, place in enumerate(PLACES, 1):
        key = app.key(f"place.{place}", str(number))
        yield SystemCommand(f"Go to {LABELS[place]}", f"Key {key}", partial(app.action_go, place))
    for action in actions_of(screen):
        if action.is_movement or action.id.startswith(LEFT_OUT) or not (_in_sight(action.node) and action.is_possible):
            continue
        run = partial(app.run_action, action.call, action.node)
        yield SystemCommand(action.words, f"Key {' '.join(action.keys)}", run)
    yield SystemCommand("Theme", "Dark, light, high contrast and others", app.action_change_theme)


def _in_sight(node: DOMNode) -> bool:
    return not isinstance(node, Widget) or node.is_on_screen or isinstance(node, Screen)
