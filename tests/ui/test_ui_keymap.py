"""Keys that were changed: they work, the old ones do not, and every place that names keys names the new ones."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Input, TextArea
from ui_bench import Bench, shown, until
from ui_policies import BROKEN_POLICY

import inspector.ui
from inspector.core.commands import Approve
from inspector.ui.app import InspectApp
from inspector.ui.keymap import PLACES, SCREENS, known, problems
from inspector.ui.preferences import Preferences
from inspector.ui.screens.dialog import Dialog
from inspector.ui.screens.help import HelpDialog
from inspector.ui.screens.place import Place
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.editor import CodeEditor

pytestmark = pytest.mark.anyio
WIDE = (120, 36)


def everything() -> list[type]:
    modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(inspector.ui.__path__, "inspector.ui.")]
    return [kind for module in modules for kind in vars(module).values() if isinstance(kind, type)]


def test_every_binding_has_an_id_and_words_and_none_is_missing_from_the_keymap() -> None:
    ours = {kind for kind in everything() if kind.__module__.startswith("inspector.ui.") and "BINDINGS" in vars(kind)}
    bindings = [binding for kind in ours for binding in vars(kind)["BINDINGS"]]
    assert all(isinstance(binding, Binding) and binding.id and binding.description for binding in bindings)
    assert {binding.id for binding in bindings} == set(known())


def test_every_place_and_dialog_is_known_to_the_check_for_clashes() -> None:
    bases = {kind for kind in everything() if kind.__module__.startswith("inspector.ui.")}
    leaves = {
        kind
        for kind in bases
        if issubclass(kind, Place | Dialog) and not any(kind in other.__mro__[1:] for other in bases)
    }
    assert leaves == set(SCREENS)


@pytest.mark.parametrize("place", [kind.PLACE for kind in PLACES])
async def test_a_places_parts_with_keys_are_known_to_the_check_for_clashes(bench: Bench, place: str) -> None:
    async with bench.app(start_place=place).run_test(size=WIDE) as pilot:
        screen = pilot.app.screen
        parts = {
            type(widget)
            for widget in screen.walk_children(DOMNode)
            if type(widget).__module__.startswith("inspector.ui.")
            and type(widget).BINDINGS
            and "BINDINGS" in vars(type(widget))
        }
        assert parts == set(SCREENS[type(screen)][1])


def test_the_usual_keys_do_not_clash() -> None:
    assert list(problems({}, ())) == []
    assert list(problems({action: ",".join(one.keys) for action, one in known().items()}, ())) == []


@pytest.mark.parametrize(
    ("keymap", "says"),
    [
        ({"live.zoom": "d"}, "d is also hold.deny (Deny) in Live"),
        ({"live.mark": "slash"}, "slash is also live.filter (Filter) in Live"),
        ({"live.mark": "n"}, "n is also detail.find_next (Next place) in Live"),
        ({"hold.approve": "x", "hold.deny": "x"}, "x is also"),
        ({"live.zoom": "1"}, "1 is also place.live (Live) in Live"),
        ({"quit.stop": "n"}, "n is also quit.stay (Stay) in the question before the end"),
        ({"policy.find": "x"}, "'x' would be typed into the text there"),
        ({"app.quit_anywhere": "Q"}, "'Q' would be typed into the text there"),
        ({"edit.approve": "y"}, "'y' would be typed into the text there"),
        ({"live.zoom": "crtl+z"}, "'crtl+z' is no key: 'crtl' is none of ctrl, alt"),
        ({"live.zoom": "shift+z"}, "'shift+z' arrives as Z; write that"),
        ({"live.zoom": "ctrl+Z"}, "'ctrl+Z' never arrives; write ctrl+z"),
        ({"live.zoom": "x,"}, "'' is no key"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(keymap: dict[str, str], says: str) -> None:
    assert says in next(why for _, why in problems(keymap, ()))


@pytest.mark.parametrize(
    "keymap",
    [
        {"hold.approve": "d", "hold.deny": "a"},  # a swap
        {"live.filter": "f", "detail.find": "f"},  # they share a key anyway: the part's goes before the place's
        {"calls.up": "w,up"},
        {"app.connect": "w"},  # also in the rule's dialog: the app's keys do not reach into one
        {"live.zoom": "+", "hold.extend": "ctrl+e"},
        {"live.zoom": "alt+z,shift+f9,f24,comma,?", "app.help": "f1"},
    ],
)
def test_what_can_be_passes(keymap: dict[str, str]) -> None:
    assert list(problems(keymap, ())) == []


KEYS = Preferences(
    theme="inspect-dark",
    keys={
        "hold.approve": "y,f9",
        "live.copy": "Y",
        "live.filter": "f",
        "editor.next_problem": "f6",
        "app.connect": "K",
    },
)


async def test_a_changed_key_works_and_the_old_one_does_not(bench: Bench) -> None:
    async with bench.app(preferences=KEYS).run_test(size=WIDE, notifications=True) as pilot:
        bench.steady += 1
        await pilot.press("a")
        assert not bench.sent(Approve)
        await pilot.press("y")
        await until(pilot, lambda: bench.sent(Approve))
        await pilot.press("slash")
        assert not isinstance(pilot.app.focused, Input)
        await pilot.press("f")
        assert isinstance(pilot.app.focused, Input)


async def test_the_last_line_the_help_the_palette_and_the_hints_name_the_changed_keys(bench: Bench) -> None:
    async with bench.app(preferences=KEYS).run_test(size=WIDE, notifications=True) as pilot:
        screen = shown(pilot)
        for words in ("y Approve", "f Filter", "y ok  d deny", "Y copy · o frames", "filter f none", "K Connect"):
            assert words in screen
        commands = {c.title: c.help for c in pilot.app.get_system_commands(pilot.app.screen)}
        assert commands["Approve"] == "Key y f9"
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpDialog)
        await until(pilot, lambda: "y f9" in shown(pilot))
        assert "a f2" not in shown(pilot)


async def test_the_editors_own_keys_can_be_changed_too(bench: Bench) -> None:
    async with bench.app(start_place="policy", preferences=KEYS).run_test(size=WIDE, notifications=True) as pilot:
        editor = pilot.app.screen.query_one(CodeEditor)
        editor.text = BROKEN_POLICY
        await until(pilot, lambda: "✗ " in shown(pilot))
        editor.go_to(0)
        await pilot.press("f8")
        assert editor.cursor_location[0] == 0
        await pilot.press("f6")
        assert editor.cursor_location[0] > 0


async def test_a_letter_for_an_action_is_not_offered_while_a_text_would_take_it(bench: Bench) -> None:
    preferences = Preferences(theme="inspect-dark", keys={"policy.save": "w"})
    async with bench.app(start_place="policy", preferences=preferences).run_test(size=WIDE) as pilot:
        assert isinstance(pilot.app.focused, TextArea)
        assert "w Save" not in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "w Save" in shown(pilot))


async def test_the_screen_begins_as_the_settings_say(bench: Bench) -> None:
    preferences = Preferences(theme="inspect-light", follow=False, columns=("tool", "decision"))
    async with bench.app(start_place="live", preferences=preferences).run_test(size=WIDE) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        assert (pilot.app.theme, table.following, table.painter.keys) == ("inspect-light", False, ("tool", "decision"))
        assert isinstance(pilot.app, InspectApp)
        assert "AGENT" not in shown(pilot)
