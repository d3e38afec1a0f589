"""Which keys may be given to which action: every place and dialog with the bindings that meet there, and what clashes.

It imports every screen, and is needed only while there are `[keys]` to check.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Final

from textual.dom import DOMNode
from textual.keys import Keys, key_to_character

from inspector.config_file import did_you_mean
from inspector.ui.actions import key_names, own_bindings
from inspector.ui.app import InspectApp
from inspector.ui.screens.always import AlwaysDialog
from inspector.ui.screens.approvals import ApprovalsPlace
from inspector.ui.screens.columns import ColumnsDialog
from inspector.ui.screens.confirm import ConfirmDialog
from inspector.ui.screens.conflict import ConflictDialog
from inspector.ui.screens.connect import ConnectDialog
from inspector.ui.screens.counter import RaiseDialog, ResetDialog
from inspector.ui.screens.deny import DenyDialog
from inspector.ui.screens.edit import EditDialog
from inspector.ui.screens.help import HelpDialog
from inspector.ui.screens.history import HistoryDialog
from inspector.ui.screens.learn import LearnDialog
from inspector.ui.screens.limits import LimitsPlace
from inspector.ui.screens.live import LivePlace
from inspector.ui.screens.policy import PolicyPlace
from inspector.ui.screens.quit import QuitDialog
from inspector.ui.screens.refused import RefusedDialog
from inspector.ui.screens.rule import RuleDialog
from inspector.ui.screens.server import ServerDialog
from inspector.ui.screens.sessions import SessionsPlace
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.choices import Choices
from inspector.ui.widgets.connecting import Connecting
from inspector.ui.widgets.detail import DetailPane
from inspector.ui.widgets.editor import CodeEditor
from inspector.ui.widgets.filterline import FilterLine
from inspector.ui.widgets.held import HeldPanel
from inspector.ui.widgets.prompt import Prompt

# Screen → its name, and those of its widgets that have keys of their own.
SCREENS: Final[Mapping[type[DOMNode], tuple[str, tuple[type[DOMNode], ...]]]] = {
    LivePlace: ("Live", (CallTable, DetailPane, HeldPanel, FilterLine, Prompt, Connecting)),
    ApprovalsPlace: ("Approvals", (HeldPanel, Choices)),
    LimitsPlace: ("Limits", (Choices,)),
    PolicyPlace: ("Policy", (CodeEditor, Prompt)),
    SessionsPlace: ("Sessions", ()),
    EditDialog: ("the held call's dialog", (CodeEditor,)),
    DenyDialog: ("the denial's dialog", ()),
    AlwaysDialog: ("the dialog of “always”", ()),
    RuleDialog: ("the rule's dialog", ()),
    HistoryDialog: ("the policy's versions", ()),
    LearnDialog: ("what was learned", ()),
    ResetDialog: ("the question before a reset", ()),
    RaiseDialog: ("the dialog of a higher limit", ()),
    RefusedDialog: ("a refused frame", ()),
    ConflictDialog: ("the dialog of two texts", ()),
    ColumnsDialog: ("the dialog of columns", ()),
    ConnectDialog: ("Connect an agent", (Connecting,)),
    HelpDialog: ("the help", ()),
    QuitDialog: ("the question before the end", ()),
    ConfirmDialog: ("a question before what cannot be taken back", ()),
    ServerDialog: ("a server's dialog", ()),
}
PLACES: Final = (LivePlace, ApprovalsPlace, LimitsPlace, PolicyPlace, SessionsPlace)
_TYPED_IN: Final = (CodeEditor, FilterLine, Prompt, EditDialog, DenyDialog, RaiseDialog)  # the keys go to a text first
_MODIFIERS: Final = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_NAMED: Final = frozenset(
    {key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")}
    | {name for character in string.punctuation if character != "," for name in key_names(character)}
    | {"comma", *(f"f{number}" for number in range(1, 25))}
)
# A checkout must not swap the keys of yes and no.
_PERSONS_OWN: Final = ("hold.", "edit.", "deny.", "always.", "proposal.", "quit.", "reset.", "raise.", "confirm.")


@dataclass(frozen=True, slots=True)
class Known:
    """One action as it is without a keymap."""

    id: str
    words: str
    keys: tuple[str, ...]
    priority: bool
    typed_in: bool


@cache
def known() -> Mapping[str, Known]:
    """Every action that can be given other keys."""
    kinds = [*SCREENS, *(part for _, parts in SCREENS.values() for part in parts), InspectApp]
    found: dict[str, Known] = {}
    for kind in kinds:
        for name, binding in own_bindings(kind).items():
            typed_in = kind in _TYPED_IN or (name in found and found[name].typed_in)
            found[name] = Known(name, binding.description, key_names(binding.key), binding.priority, typed_in)
    return found


def problems(keymap: Mapping[str, str], from_project: Collection[str]) -> Iterator[tuple[str, str]]:
    """(action, what is wrong) of a keymap: unknown actions and keys, and keys that two actions of one place share.

    `from_project`: the actions whose keys the current folder's file gives.
    """
    sound: dict[str, tuple[str, ...]] = {}
    for action, keys in keymap.items():
        wrong = _unknown(action) or _reserved(action, action in from_project) or _bad_keys(known()[action], keys)
        if wrong:
            yield action, wrong
        else:
            sound[action] = key_names(keys)
    yield from _clashes(sound)


def _unknown(action: str) -> str | None:
    if action in known():
        return None
    near = did_you_mean(action, known())
    return f"no such action; {near if near.startswith('did') else 'docs/settings.md lists them'}"


def _reserved(action: str, from_project: bool) -> str | None:
    if from_project and action.startswith(_PERSONS_OWN):
        return "a project's file cannot change the keys of an answer; put it into your own mcp-inspect.toml"
    return None


def _bad_keys(action: Known, keys: str) -> str | None:
    for said in keys.split(","):
        if why := _bad_key(said):
            return f"{said!r} {why}"
        name = key_names(said)[0]
        if (action.typed_in or action.priority) and name not in action.keys and _is_written(name):
            return f"{said!r} would be typed into the text there; use ctrl+…, alt+… or F1 to F24"
    return None


def _bad_key(said: str) -> str | None:
    if not said:
        return "is no key; give at least one, and one between two commas"
    *modifiers, base = ["+"] if said == "+" else said.split("+")
    if strange := [one for one in modifiers if one not in _MODIFIERS]:
        return f"is no key: {strange[0]!r} is none of {', '.join(_MODIFIERS)}"
    if len(base) == 1 and base.isprintable():
        if base.isupper() and "ctrl" in modifiers:
            return f"never arrives; write {said[:-1]}{base.lower()}"
        return f"arrives as {base.upper()}; write that" if modifiers == ["shift"] and base.isalpha() else None
    if base in _NAMED:
        return None
    near = did_you_mean(base, _NAMED)
    return f"is no key; {near if near.startswith('did') else 'write it as in a, A, ?, ctrl+s, f5, enter, pagedown'}"


def _is_written(key: str) -> bool:
    character = key_to_character(key)
    return character is not None and character.isprintable()


def _clashes(changed: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Two actions under one key, where at least one was moved there: each pair once, at an action that was moved."""
    told: set[frozenset[str]] = set()
    for where, chain in _chains():
        for key, names in _by_key(chain, changed).items():
            for pair in map(frozenset, combinations(names, 2)):
                moved = sorted(name for name in pair if key in changed.get(name, ()) and key not in known()[name].keys)
                if moved and pair not in told and not _share_anyway(pair):
                    told.add(pair)
                    (other,) = pair - {moved[0]}
                    yield moved[0], f"{key} is also {other} ({known()[other].words}) in {where}"


def _share_anyway(pair: frozenset[str]) -> bool:
    """A part's key that its place has too is meant: the part's own goes first."""
    one, other = ({*known()[name].keys} for name in pair)
    return bool(one & other)


def _by_key(chain: tuple[str, ...], changed: Mapping[str, tuple[str, ...]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in chain:
        for key in changed.get(name, known()[name].keys):
            found.setdefault(key, []).append(name)
    return found


@cache
def _chains() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Where the keys can be at one moment, and the actions that they meet there: a widget's, its screen's, the app's.

    Over a dialog only those of the app's keys work that come before everything else.
    """
    chains: list[tuple[str, tuple[str, ...]]] = []
    for screen, (where, parts) in SCREENS.items():
        above = [name for name, binding in own_bindings(InspectApp).items() if screen in PLACES or binding.priority]
        for part in parts or (DOMNode,):
            met = dict.fromkeys([*own_bindings(part), *own_bindings(screen), *above])
            chains.append((where, tuple(met)))
    return tuple(chains)
