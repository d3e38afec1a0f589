"""Place 4: editing, saving, and what others do to the file meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_bench import Bench, shown, until
from ui_port import BROKEN_POLICY, POLICY, DataPort, broken_problems, empty_views

from inspector.core.commands import SavePolicy, TakeOffered
from inspector.core.views import PolicyView
from inspector.ui.screens.conflict import ConflictDialog
from inspector.ui.screens.place import Place
from inspector.ui.widgets.editor import CodeEditor

pytestmark = pytest.mark.anyio
WIDE, NARROW = (120, 36), (80, 24)


def editor_of(pilot) -> CodeEditor:
    return pilot.app.screen.query_one(CodeEditor)


async def test_the_text_in_force_is_in_the_editor(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        assert editor_of(pilot).text == POLICY
        assert pilot.app.focused is editor_of(pilot)
        await until(pilot, lambda: "none: this text loads" in shown(pilot))


async def test_a_mistake_is_shown_at_its_line_while_one_types(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        editor_of(pilot).text = BROKEN_POLICY
        await until(pilot, lambda: "Problems · 2" in shown(pilot))
        screen = shown(pilot)
        assert "19✗" in screen
        assert "op: regexp   unknown operator 'regexp'; did you mean regex?" in screen
        assert "● modified" in screen


async def test_f8_goes_from_problem_to_problem_and_round(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=NARROW, notifications=True) as pilot:
        editor = editor_of(pilot)
        editor.text = BROKEN_POLICY
        await until(pilot, lambda: "✗ 2" in shown(pilot))
        places = []
        for _ in range(3):
            await pilot.press("f8")
            places.append(editor.cursor_location)
        assert places == [(18, 12), (23, 12), (18, 12)]


async def test_ctrl_s_saves_what_is_written(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("#", "ctrl+s")
        await until(pilot, lambda: bench.sent(SavePolicy) == [SavePolicy("#" + POLICY, "h14")])
        await until(pilot, lambda: "policy.yaml v15" in shown(pilot))
        assert "modified" not in shown(pilot)
        assert isinstance(pilot.app.screen, Place)


async def test_a_text_that_does_not_load_is_not_saved_and_stays(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        editor_of(pilot).text = BROKEN_POLICY
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "the text does not load" in shown(pilot))
        assert editor_of(pilot).text == BROKEN_POLICY


async def test_a_clean_editor_takes_an_outside_edit_and_shows_what_changed(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        bench.port.edit_outside(POLICY.replace("max: 10", "max: 99"))
        await until(pilot, lambda: "max: 99" in editor_of(pilot).text)
        await until(pilot, lambda: "v15 from outside · +1 −1" in shown(pilot))
        assert "+         max: 99" in shown(pilot)


async def test_when_both_changed_the_person_chooses(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("#")
        bench.port.edit_outside(POLICY.replace("max: 10", "max: 99"))
        await until(pilot, lambda: isinstance(pilot.app.screen, ConflictDialog))
        await until(pilot, lambda: "max: 99" in shown(pilot))
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, Place))
        await until(pilot, lambda: "max: 99" in editor_of(pilot).text)


async def test_a_conflict_while_saving_can_be_overwritten(bench: Bench) -> None:
    bench.port.disk = ("theirs: 1\n", "h-theirs")
    async with bench.app(start_place="policy").run_test(size=NARROW, notifications=True) as pilot:
        await pilot.press("#", "ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConflictDialog))
        await pilot.press("o")
        await until(pilot, lambda: SavePolicy("#" + POLICY, "h-theirs", overwrite=True) in bench.port.sent)


async def test_keep_editing_keeps_everything(bench: Bench) -> None:
    bench.port.disk = ("theirs: 1\n", "h-theirs")
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("#", "ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConflictDialog))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.focused is not None and isinstance(pilot.app.screen, Place))
        assert editor_of(pilot).text == "#" + POLICY
        assert not any(isinstance(c, SavePolicy) and c.overwrite for c in bench.port.sent)


async def test_a_rejected_outside_text_stands_in_the_editor_with_its_problems(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        policy = replace(bench.port.now_views.policy, disk_text=BROKEN_POLICY, problems=broken_problems())
        bench.port.disk = (BROKEN_POLICY, "h-disk")
        bench.port.push(policy=policy)
        await until(pilot, lambda: "Problems · 2" in shown(pilot))
        assert "The file does not load; v14 stays in force." in shown(pilot)
        editor_of(pilot).text = POLICY
        await pilot.press("ctrl+s")
        await until(pilot, lambda: SavePolicy(POLICY, "h-disk") in bench.port.sent)
        assert not isinstance(pilot.app.screen, ConflictDialog)


async def test_an_offered_edit_needs_a_key(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        bench.port.push(policy=replace(bench.port.now_views.policy, disk_text=POLICY + "#\n", offered=True))
        await until(pilot, lambda: "F5 puts it in force" in shown(pilot))
        assert editor_of(pilot).text == POLICY
        await pilot.press("f5")
        await until(pilot, lambda: bench.sent(TakeOffered))
        await until(pilot, lambda: editor_of(pilot).text == POLICY + "#\n")


async def test_without_a_file_it_offers_to_save_one(bench: Bench) -> None:
    bench.port = DataPort(empty_views(PolicyView("", 1, "h1", "default: approve\n")))
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        assert "There is no policy file" in shown(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bench.sent(SavePolicy) == [SavePolicy("default: approve\n", "h1")])


async def test_find_line_and_revert(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        editor = editor_of(pilot)
        await pilot.press("ctrl+f", *"LIMITS", "enter")
        assert editor.selected_text == "limits"
        first = editor.cursor_location
        await pilot.press("enter")
        assert editor.cursor_location > first
        await pilot.press("escape", "ctrl+g", *"7", "enter")
        assert editor.cursor_location[0] == 6
        await pilot.press("x", "ctrl+r")
        assert editor.text == POLICY
        await pilot.press("ctrl+z")
        assert "x" in editor.text
        assert editor.text != POLICY


async def test_letters_and_digits_belong_to_the_text_until_escape(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("1", "q", "a")
        assert editor_of(pilot).text.startswith("1qa")
        await pilot.press("alt+2")
        assert isinstance(pilot.app.screen, Place)
        assert pilot.app.screen.PLACE == "approvals"
        await pilot.press("4", "escape", "1")
        assert pilot.app.screen.PLACE == "live"
