"""Answers that stay, and those that answer for a person until they are revoked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from ui_bench import Bench, shown, until
from ui_sample import ANSWERED, APPROVALS, HOSTILE

from inspector.core.call import CallId
from inspector.core.commands import Approve, RevokeApproval, SavePolicy
from inspector.core.holds import HoldEnd, Remember
from inspector.ui.answered import answer_line, approval_lines
from inspector.ui.screens.always import AlwaysDialog
from inspector.ui.screens.edit import LOADING, EditDialog
from inspector.ui.screens.place import Place
from inspector.ui.screens.rule import RuleDialog
from inspector.ui.widgets.choices import Choices
from inspector.ui.widgets.editor import CodeEditor

WIDE, NARROW = (120, 36), (80, 24)
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


@pytest.mark.anyio
@SIZES
async def test_x_goes_to_the_remembered_ones_and_then_revokes_the_marked_one(bench: Bench, size) -> None:
    async with bench.app(start_place="approvals").run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "∞ this tool" in shown(pilot))
        await pilot.press("x")
        assert not bench.sent(RevokeApproval), "what one does not look at is not revoked"
        await pilot.press("j", "x")
        await until(pilot, lambda: bench.sent(RevokeApproval) == [RevokeApproval(3)])
        await until(pilot, lambda: "– these arguments" in shown(pilot))


@pytest.mark.anyio
async def test_what_has_been_revoked_stays_listed_and_the_key_goes_with_the_last(bench: Bench) -> None:
    bench.port.push(approvals=APPROVALS[:1])
    async with bench.app(start_place="approvals").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "x Revoke" in shown(pilot))
        await pilot.press("x", "x")
        await until(pilot, lambda: "revoked" in shown(pilot))
        await until(pilot, lambda: "x Revoke" not in shown(pilot))


@pytest.mark.anyio
async def test_in_a_recording_nothing_can_be_revoked(bench: Bench) -> None:
    views = bench.port.now_views
    bench.port.push(run=replace(views.run, read_only=True))
    async with bench.app(start_place="approvals").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "∞ this tool" in shown(pilot))
        assert "x Revoke" not in shown(pilot)
        await pilot.press("tab", "x", "x")
        assert not bench.sent(RevokeApproval)


@pytest.mark.anyio
async def test_the_mark_stays_on_its_answer_when_another_comes_above_it(bench: Bench) -> None:
    async with bench.app(start_place="approvals").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "∞ this tool" in shown(pilot))
        await pilot.press("x", "j")
        rows = pilot.app.screen.query_one(Choices)
        newer = replace(APPROVALS[0], id=9, tool="another")
        bench.port.push(approvals=(newer, *APPROVALS))
        await until(pilot, lambda: "another" in shown(pilot))
        assert (rows.highlighted, rows.marked) == (2, 3)


@pytest.mark.parametrize("width", [34, 41, 70, 120])
def test_every_answer_takes_no_more_than_its_room(width: int) -> None:
    names = [*HOSTILE.values(), "x" * 300, "執行流程" * 9]
    for name in names:
        for end in HoldEnd:
            one = replace(ANSWERED[1], end=end, tool=name, reason=name, by=name[:40])
            assert cell_len(answer_line(one, width).plain) <= width
        for approval in APPROVALS:
            shown_lines = approval_lines(replace(approval, tool=name, client=name, by=name), width).plain.split("\n")
            assert all(cell_len(line) <= width and line.isprintable() for line in shown_lines)


@pytest.mark.parametrize(
    ("approval", "told"),
    [
        (APPROVALS[0], ["∞ this tool  shell › exec", "used 12×", "claude-code · local · by you", "until this run"]),
        (APPROVALS[1], ["∞ these arguments", "Nightly", "not used yet", "at #301"]),
        (replace(APPROVALS[2], ended_at=None), ["∞ this session", "until its session ends"]),
        (APPROVALS[2], ["– this session", "revoked "]),
        (replace(APPROVALS[2], ended_by="policy"), ["its rule changed "]),
    ],
)  # fmt: skip
def test_a_remembered_approval_says_what_it_answers_for_whom_since_when_and_until(approval, told: list[str]) -> None:
    line = approval_lines(approval, 110).plain
    assert [word for word in told if word not in line] == []


async def _edit(pilot: Pilot[None]) -> CodeEditor:
    await pilot.press("e")
    await until(pilot, lambda: isinstance(pilot.app.screen, EditDialog))
    editor = pilot.app.screen.query_one(CodeEditor)
    await until(pilot, lambda: editor.text != LOADING)
    return editor


@pytest.mark.anyio
@SIZES
async def test_the_dialog_of_a_call_remembers_its_edited_arguments_too(bench: Bench, size) -> None:
    async with bench.app(start_place="approvals").run_test(size=size, notifications=True) as pilot:
        editor = await _edit(pilot)
        editor.text = '{"repo": "acme/web"}'
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(pilot.app.screen, AlwaysDialog))
        await pilot.press("down", "enter")
        wish = Approve(CallId(398), '{"repo": "acme/web"}', Remember.SESSION)
        await until(pilot, lambda: bench.sent(Approve) == [wish])


@pytest.mark.anyio
@SIZES
async def test_the_dialog_of_a_call_writes_a_rule_after_showing_what_it_changes(bench: Bench, size) -> None:
    async with bench.app(start_place="approvals").run_test(size=size, notifications=True) as pilot:
        await _edit(pilot)
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(pilot.app.screen, AlwaysDialog))
        await pilot.press("end", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RuleDialog))
        await until(pilot, lambda: "+   create_issue: {}" in shown(pilot))
        assert not bench.sent(SavePolicy)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditDialog))
        assert not bench.sent(Approve), "left as it was"
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(pilot.app.screen, AlwaysDialog))
        await pilot.press("end", "enter")
        await until(pilot, lambda: "+   create_issue: {}" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Place))
        assert len(bench.sent(SavePolicy)) == 1
        assert bench.sent(Approve) == [Approve(CallId(398))]


@pytest.mark.anyio
async def test_a_rule_that_ends_the_wait_is_not_followed_by_an_approval(bench: Bench) -> None:
    async with bench.app(start_place="approvals").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("A", "end", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RuleDialog))
        await until(pilot, lambda: "+   create_issue: {}" in shown(pilot))
        bench.port.push(holds=bench.port.now_views.holds[1:])
        await pilot.press("enter")
        await until(pilot, lambda: "it has ended the wait of #398" in shown(pilot))
        assert not bench.sent(Approve)
