"""Answers to held calls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_bench import Bench, shown, until
from ui_sample import HOLD_ISSUE, NOW, hold

from inspector.core.call import CallId
from inspector.core.commands import Approve, CallDetail, ClientConfig, Deny, Extend
from inspector.core.holds import Remember
from inspector.ui.screens.always import AlwaysDialog
from inspector.ui.screens.connect import ConnectDialog
from inspector.ui.screens.deny import DenyDialog
from inspector.ui.screens.edit import LOADING, EditDialog
from inspector.ui.screens.place import Place
from inspector.ui.widgets.editor import CodeEditor

pytestmark = pytest.mark.anyio
WIDE, NARROW = (120, 36), (80, 24)


async def test_a_approves_the_marked_call_once_it_has_been_in_sight(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("a")
        assert not bench.sent(Approve)
        await until(pilot, lambda: "only just appeared" in shown(pilot))
        bench.steady += 0.5
        await pilot.press("a")
        await until(pilot, lambda: bench.sent(Approve) == [Approve(CallId(398))])
        await until(pilot, lambda: len(bench.port.now_views.holds) == 1)


async def test_a_does_not_answer_the_next_call_that_slips_under_the_key(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        bench.steady += 0.5
        bench.port.push(holds=bench.port.now_views.holds[1:])
        await until(pilot, lambda: len(pilot.app.queue) == 1)  # type: ignore[attr-defined]
        await pilot.press("a")
        assert not bench.sent(Approve)


async def test_a_key_pressed_again_before_its_answer_has_arrived_answers_once(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        bench.steady += 0.5
        for _ in range(2):
            await pilot.app.screen.run_action("approve")
        await until(pilot, lambda: "Approved #398" in shown(pilot))
        assert bench.sent(Approve) == [Approve(CallId(398))]


async def test_a_call_whose_answer_was_refused_can_be_answered_again(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        bench.steady += 0.5
        bench.port.rejects = "the store is locked"
        await pilot.press("a")
        await until(pilot, lambda: "the store is locked" in shown(pilot))
        bench.port.rejects = ""
        await pilot.press("a")
        await until(pilot, lambda: "Approved #398" in shown(pilot))


async def test_selecting_a_held_row_marks_it_and_the_key_answers_that_one(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        bench.steady += 0.5
        await pilot.press("up", "up", "up", "up")
        await pilot.press("f2")
        await until(pilot, lambda: bench.sent(Approve) == [Approve(CallId(396))])


async def test_d_asks_for_a_reason_and_denies(bench: Bench) -> None:
    async with bench.app().run_test(size=NARROW, notifications=True) as pilot:
        await pilot.press("d")
        assert isinstance(pilot.app.screen, DenyDialog)
        await pilot.press(*"not now", "enter")
        await until(pilot, lambda: bench.sent(Deny) == [Deny(CallId(398), "not now")])


async def test_escape_leaves_the_call_held(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        for key in ("d", "A", "e"):
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(pilot.app.screen, Place))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, Place))
        assert not bench.sent(Approve)
        assert not bench.sent(Deny)


async def test_always_says_how_far_the_answer_reaches(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("A")
        assert isinstance(pilot.app.screen, AlwaysDialog)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: bench.sent(Approve) == [Approve(CallId(398), None, Remember.ARGUMENTS)])


async def test_plus_gives_a_minute_more(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("plus")
        await until(pilot, lambda: bench.sent(Extend) == [Extend(CallId(398), 60)])
        await until(pilot, lambda: "1:24 → deny" in shown(pilot))


async def opened(pilot) -> CodeEditor:
    await pilot.press("e")
    await until(pilot, lambda: isinstance(pilot.app.screen, EditDialog))
    editor = pilot.app.screen.query_one(CodeEditor)
    await until(pilot, lambda: editor.text != LOADING)
    return editor


async def test_the_editor_shows_all_arguments_and_gives_time_to_read_them_once(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        editor = await opened(pilot)
        assert '"title": "Flaky test"' in editor.text
        await until(pilot, lambda: bench.sent(Extend))
        await pilot.press("escape")
        await opened(pilot)
        assert bench.sent(Extend) == [Extend(CallId(398), 60)]


async def test_unchanged_arguments_are_approved_as_they_are(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("f2")
        await until(pilot, lambda: bench.sent(Approve) == [Approve(CallId(398))])


async def test_edited_arguments_are_marked_and_sent_as_edited(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        editor = await opened(pilot)
        editor.text = editor.text.replace("Flaky", "Steady")
        await until(pilot, lambda: "edited +1 −1" in shown(pilot))
        assert '+   "title": "Steady test"' in shown(pilot)
        await pilot.press("f2")
        await until(pilot, lambda: bench.sent(Approve))
        (wish,) = bench.sent(Approve)
        assert isinstance(wish, Approve)
        assert wish.arguments is not None
        assert '"Steady test"' in wish.arguments


async def test_edited_arguments_that_are_no_json_cannot_be_sent(bench: Bench) -> None:
    async with bench.app().run_test(size=NARROW, notifications=True) as pilot:
        editor = await opened(pilot)
        editor.text = '{\n  "repo": \n}'
        await until(pilot, lambda: "✗ line 3" in shown(pilot))
        await pilot.press("f2")
        assert isinstance(pilot.app.screen, EditDialog)
        assert not bench.sent(Approve)


async def test_edits_are_not_lost_by_one_escape(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        editor = await opened(pilot)
        editor.text = "{}"
        await until(pilot, lambda: pilot.app.screen.has_class("-edited"))
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, EditDialog)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, Place)


async def test_a_call_that_ends_while_the_dialog_is_open_cannot_be_answered(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot)
        bench.port.push(holds=())
        await until(pilot, lambda: "it no longer waits" in shown(pilot))
        await pilot.press("f2")
        assert not bench.sent(Approve)


async def test_arguments_that_are_too_large_are_shown_and_not_edited(bench: Bench) -> None:
    huge = '{"x":"' + "A" * 1_000_000 + '"}'
    bench.port.details[CallId(398)] = CallDetail(CallId(398), huge, None, (), "", False)
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        editor = await opened(pilot)
        assert editor.read_only
        assert len(editor.text) < 100_000
        await until(pilot, lambda: "too large to edit here" in shown(pilot))
        await pilot.press("f2")
        await until(pilot, lambda: bench.sent(Approve) == [Approve(CallId(398))])


async def test_what_the_engine_refuses_is_said(bench: Bench) -> None:
    bench.port.rejects = "[/foo] it is too late"
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        bench.steady += 1
        await pilot.press("a")
        await until(pilot, lambda: "[/foo] it is too late" in shown(pilot))


async def test_what_was_answered_is_listed(bench: Bench) -> None:
    async with bench.app(start_place="approvals").run_test(size=WIDE, notifications=True) as pilot:
        bench.steady += 1
        await until(pilot, lambda: '"title": "Flaky test"' in shown(pilot))
        await pilot.press("a")
        await until(pilot, lambda: "Answered · 5" in shown(pilot))
        await pilot.press("tab", "G", "home", *["down"] * 3)
        await until(pilot, lambda: "✓ approved #398 github › create_issue" in shown(pilot))
        assert "✗ denied   #377 shell › exec  by you  “publish from CI only”" in shown(pilot)


async def test_many_held_calls_scroll_with_the_selection(bench: Bench) -> None:
    rows = bench.port.now_views.calls
    holds = tuple(hold(row.id, replace(HOLD_ISSUE, tool=f"tool_{row.id}"), NOW) for row in rows[:20])
    bench.port.push(holds=holds)
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("tab")
        while type(pilot.app.focused).__name__ != "HeldPanel":
            await pilot.press("tab")
        for _ in range(19):
            await pilot.press("down")
        await until(pilot, lambda: "tool_20" in shown(pilot))
        assert "more · 2 shows all" not in shown(pilot)


async def test_the_configuration_is_masked_on_the_screen_and_copied_whole(bench: Bench) -> None:
    async with bench.app().run_test(size=NARROW, notifications=True) as pilot:
        await pilot.press("c")
        assert isinstance(pilot.app.screen, ConnectDialog)
        await until(pilot, lambda: "/••••/fs/mcp" in shown(pilot))
        assert "tok_" not in shown(pilot)
        await pilot.press("y")
        assert "/tok_5Qw8ZrXk2vLmN4pT/fs/mcp" in pilot.app.clipboard
        await pilot.press("down", "down", "right")
        await until(pilot, lambda: ClientConfig("cursor", "postgres") in bench.port.sent)


async def test_what_was_answered_elsewhere_is_listed_too_and_the_keys_go_with_the_last(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        assert "a Approve" in shown(pilot)
        bench.steady += 1
        for count in (1, 0):
            await pilot.press("a")
            await until(pilot, lambda wanted=count: len(pilot.app.queue) == wanted)  # type: ignore[attr-defined]
            bench.steady += 1
        await until(pilot, lambda: "a Approve" not in shown(pilot))
        await pilot.press("2")
        await until(pilot, lambda: "Answered · 6" in shown(pilot))
