"""Place 4: editing, saving, and what others do to the file meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_bench import Bench, shown, until
from ui_policies import BROKEN_POLICY, POLICY, broken_problems
from ui_port import DataPort
from ui_sample import KINDS, call, empty_views

from inspector.core.commands import Learn, PolicyVersion, SavePolicy, TakeOffered, WhatIf
from inspector.core.views import PolicyView
from inspector.ui.screens.conflict import ConflictDialog
from inspector.ui.screens.place import Place
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.completions import CompletionList
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


async def test_the_draft_is_judged_while_one_types_and_the_last_result_stays(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "no call would be decided otherwise" in shown(pilot))
        editor_of(pilot).text = POLICY.replace("max: 60}", "max: 3}").replace("action: approve", "action: allow")
        await until(pilot, lambda: "10 calls change decision" in shown(pilot))
        assert "9  ✓ allow  →  ⊘ limit" in shown(pilot)
        assert "1  ◐ hold   →  ✓ allow" in shown(pilot)
        editor_of(pilot).text = BROKEN_POLICY
        await until(pilot, lambda: "last valid draft" in shown(pilot))
        assert "10 calls change decision" in shown(pilot)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_f9_leads_to_the_calls_and_enter_shows_one(bench: Bench, size: tuple[int, int]) -> None:
    async with bench.app(start_place="policy").run_test(size=size, notifications=True) as pilot:
        editor_of(pilot).text = POLICY.replace("max: 60}", "max: 3}")
        await until(pilot, lambda: "9 calls change decision" in shown(pilot))
        await pilot.press("f9")
        await until(pilot, lambda: pilot.app.focused is not editor_of(pilot))
        chosen = bench.sent(WhatIf)
        assert chosen[-1].text == editor_of(pilot).text
        await pilot.press("down", "enter")
        await until(pilot, lambda: getattr(pilot.app.screen, "PLACE", "") == "live")
        flipped = [row.id for row in reversed(bench.port.rows.values()) if row.tool == "fetch" and row.word == "allow"]
        await until(pilot, lambda: pilot.app.screen.query_one(CallTable).cursor == flipped[1])


async def test_escape_leads_from_the_calls_back_into_the_text(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=NARROW, notifications=True) as pilot:
        editor_of(pilot).text = POLICY.replace("max: 60}", "max: 3}")
        await until(pilot, lambda: "9 calls change decision" in shown(pilot))
        await pilot.press("f9", "escape")
        assert pilot.app.focused is editor_of(pilot)
        assert not pilot.app.screen.has_class("-what-if")


async def test_new_calls_are_judged_after_a_while(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: len(bench.sent(WhatIf)) == 1)
        await until(pilot, lambda: "What-if · 400 calls" in shown(pilot))
        bench.now += 3
        bench.port.push([call(401, KINDS[0], bench.now)], run=replace(bench.port.now_views.run, calls=401))
        await until(pilot, lambda: "What-if · 401 calls" in shown(pilot))
        assert len(bench.sent(WhatIf)) == 2


async def test_what_is_typed_is_completed(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        editor = editor_of(pilot)
        editor.move_cursor(editor.document.end)
        await until(pilot, lambda: "none: this text loads" in shown(pilot))
        await pilot.press("a", "p")
        await until(pilot, lambda: len(pilot.app.screen.query_one(CompletionList).items) == 2)
        await until(pilot, lambda: "Any that holds asks a person." in shown(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: editor.text.endswith("\napproval: "), repr(editor.text[-40:]))
        assert not pilot.app.screen.query_one(CompletionList).is_open
        await until(pilot, lambda: "approval  Deadline of this entry's approvals." in shown(pilot))


async def test_escape_closes_the_list_and_nothing_else(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=NARROW, notifications=True) as pilot:
        editor = editor_of(pilot)
        editor.move_cursor(editor.document.end)
        await pilot.press("a")
        await until(pilot, lambda: pilot.app.screen.query_one(CompletionList).is_open)
        await pilot.press("escape", "x")
        assert pilot.app.focused is editor
        assert editor.text.endswith("\nax")


async def test_ctrl_slash_comments_lines_out_and_in(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        editor = editor_of(pilot)
        editor.go_to(2, 0)
        await pilot.press("ctrl+underscore")
        assert editor.document.get_line(2) == "# default: deny"
        await pilot.press("ctrl+slash")
        assert editor.text == POLICY


async def test_shift_f8_goes_back_to_the_problem_before(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        editor = editor_of(pilot)
        editor.text = BROKEN_POLICY
        await until(pilot, lambda: "✗ 2" in shown(pilot))
        await pilot.press("shift+f8")
        assert editor.cursor_location[0] == 23
        await pilot.press("shift+f8")
        assert editor.cursor_location[0] == 18


async def test_an_earlier_version_is_taken_back(bench: Bench) -> None:
    old = POLICY.replace("max: 60}", "max: 5}")
    bench.port.versions = (
        PolicyVersion(13, bench.now - 60, "start", "h13", old),
        PolicyVersion(14, bench.now - 30, "editor", "h14", POLICY),
    )
    async with bench.app(start_place="policy").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("f3")
        await until(pilot, lambda: "Versions of the policy" in shown(pilot))
        await until(pilot, lambda: "9 allow → limit" in shown(pilot))
        assert "v14" in shown(pilot)
        assert "max: 5}" in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: SavePolicy(old, "h14") in bench.port.sent)
        await until(pilot, lambda: editor_of(pilot).text == old)


async def test_what_a_session_taught_is_a_diff_first(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=NARROW, notifications=True) as pilot:
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "Learn from this session" in shown(pilot))
        await until(pilot, lambda: "max: 20}" in shown(pilot))
        assert not bench.sent(SavePolicy)
        await pilot.press("enter")
        await until(pilot, lambda: bench.sent(SavePolicy))
        assert isinstance(bench.sent(Learn)[0], Learn)
