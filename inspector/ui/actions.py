"""What can be done on a screen, and by which keys: one list for the help, the palette and the settings page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from textual import actions
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp

# Moving about is for keys and the wheel; what an open input does belongs to that input.
MOVEMENT: Final = frozenset({"up", "down", "page_up", "page_down"})
OF_INPUTS: Final = ("filter.", "prompt.")


_ECHOES: Final = frozenset({"f20"})  # how some terminals say shift+f8: nobody presses it


@dataclass(frozen=True, slots=True)
class Action:
    """One binding of a node with all of its keys, as they are shown."""

    id: str
    words: str
    keys: tuple[str, ...]
    node: DOMNode
    call: str

    @property
    def is_movement(self) -> bool:
        return self.id.rpartition(".")[2] in MOVEMENT

    @property
    def is_possible(self) -> bool:
        """Can it be done just now?"""
        _, name, parameters = actions.parse(self.call)
        target = self.node.app if self.call.startswith("app.") else self.node
        return bool(target.check_action(name, parameters))


@lru_cache
def own_bindings(kind: type[DOMNode]) -> Mapping[str, Binding]:
    """The bindings with an id that a class and its bases bring: id → binding, its keys with commas between."""
    found: dict[str, Binding] = {}
    for base in reversed(kind.__mro__):
        for binding in vars(base).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id is not None:
                found[binding.id] = binding
    return found


def key_names(keys: str) -> tuple[str, ...]:
    """`"a,?"` → `("a", "question_mark")`: the names that Textual uses, each once."""
    return tuple(dict.fromkeys(one.key for one in Binding.make_bindings([Binding(keys, "")])))


def shown_keys(app: InspectApp, binding: Binding) -> tuple[str, ...]:
    """A binding's keys as a person reads them; what was changed in the settings, as it is there."""
    changed = app.preferences.keys.get(binding.id or "")
    names = key_names(changed or binding.key)
    first = None if changed else binding.key_display
    shown = [app.get_key_display(binding.with_key(name, first if i == 0 else None)) for i, name in enumerate(names)]
    return tuple(name for name in dict.fromkeys(shown) if name not in _ECHOES)


def hinted(node: DOMNode, action: str, usual: str) -> str:
    """The key that a hint on the screen names for an action; `usual` while the person has chosen no other."""
    return cast("InspectApp", node.app).key(action, usual)


def actions_of(screen: Screen[Any]) -> list[Action]:
    """Everything that can be done on a screen: its widgets' first, then its own, then the app's."""
    nodes: Iterable[DOMNode] = (*screen.walk_children(), screen, screen.app)
    found: dict[str, Action] = {}
    for node in nodes:
        for name, binding in own_bindings(type(node)).items():
            if binding.description and name not in found:
                keys = shown_keys(cast("InspectApp", screen.app), binding)
                found[name] = Action(name, binding.description, keys, node, binding.action)
    return list(found.values())
