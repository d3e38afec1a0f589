"""Keys that come in one burst take effect one after the other, each where the one before it has left the focus."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from textual import events
from textual.keys import key_to_character
from textual.pilot import Pilot
from textual.widgets import Input
from ui_bench import Bench, until

from inspector.core.commands import Deny, MakeRule, RuleKind, SavePolicy
from inspector.ui.screens.always import AlwaysDialog
from inspector.ui.screens.live import LivePlace
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.editor import CodeEditor
from inspector.ui.widgets.filterline import FilterLine

pytestmark = pytest.mark.anyio
SIZE = (120, 36)


def burst(pilot: Pilot[None], keys: Iterable[str]) -> None:
    """No turn of the loop lies between them."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else key_to_character(key)))


async def test_a_filter_is_typed_and_typed_anew_and_a_rule_is_made_of_what_it_found(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=SIZE, notifications=True) as pilot:
        await pilot.pause()
        table = pilot.app.screen.query_one(CallTable)
        burst(pilot, ["slash", *"dead!", "ctrl+u", *"decision:deny", "enter", "r", "down", "enter"])
        await until(pilot, lambda: bench.sent(SavePolicy), "the rule to be written")
        assert pilot.app.screen_stack[0].query_one(FilterLine).query_one(Input).value == "decision:deny"
        assert [wish.wish.kind for wish in bench.sent(MakeRule)] == [RuleKind.ALLOW, RuleKind.DENY]
        assert {wish.call_id for wish in bench.sent(MakeRule)} == {table.cursor}
        assert not bench.sent(Deny)


async def test_the_letters_behind_a_dialog_s_key_are_that_dialog_s(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=SIZE, notifications=True) as pilot:
        await until(pilot, lambda: pilot.app.queue.current)
        burst(pilot, ["d", *"no x2A", "left", "left", "backspace", *"!", "end", *"?", "enter", "slash", *"dA"])
        await until(pilot, lambda: bench.sent(Deny))
        assert [answer.reason for answer in bench.sent(Deny)] == ["no !2A?"]
        box = pilot.app.screen.query_one(FilterLine).query_one(Input)
        await until(pilot, lambda: box.value == "dA")


async def test_escape_out_of_a_text_makes_the_next_letters_commands(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=SIZE, notifications=True) as pilot:
        editor = pilot.app.screen.query_one(CodeEditor)
        await until(pilot, lambda: editor.has_focus)
        before = editor.text
        burst(pilot, ["escape", "1", "slash", *"x1", "escape", "A"])
        await until(pilot, lambda: isinstance(pilot.app.screen, AlwaysDialog))
        assert editor.text == before
        assert isinstance(pilot.app.screen_stack[-2], LivePlace)


async def test_keys_of_a_dialog_that_has_gone_hold_nothing_up(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=SIZE, notifications=True) as pilot:
        await pilot.pause()
        burst(pilot, ["question_mark", "escape"] * 5)
        burst(pilot, ["slash", *"tool:read"])
        box = pilot.app.screen_stack[0].query_one(FilterLine).query_one(Input)
        await until(pilot, lambda: box.value == "tool:read")
