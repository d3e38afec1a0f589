"""A rule made of a call: chosen, seen as a diff, written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_bench import Bench, shown, until
from ui_policies import POLICY

from inspector.core.commands import Approve, MakeRule, RuleKind, RuleWish, SavePolicy
from inspector.core.views import PolicyView
from inspector.ui.screens.place import Place
from inspector.ui.screens.rule import RuleDialog

pytestmark = pytest.mark.anyio
WIDE, NARROW = (120, 36), (80, 24)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_r_proposes_a_rule_and_enter_writes_it(bench: Bench, size: tuple[int, int]) -> None:
    async with bench.app(start_place="live").run_test(size=size, notifications=True) as pilot:
        await pilot.press("up", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RuleDialog))
        await pilot.press("down")
        await until(pilot, lambda: "{action: deny}" in shown(pilot))
        await until(pilot, lambda: "What-if" in shown(pilot))
        wish = bench.sent(MakeRule)[-1]
        assert (wish.text, wish.wish) == (POLICY, RuleWish(RuleKind.DENY))
        assert not bench.sent(SavePolicy)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Place))
        assert bench.sent(SavePolicy)[0].base_hash == "h14"
        assert bench.sent(SavePolicy)[0].text.endswith("{action: deny}\n")


async def test_the_limit_has_a_number_and_a_window(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("up", "r", "down", "down", "down")
        await until(pilot, lambda: "at most 10 calls a minute" in shown(pilot))
        await pilot.press("right", "w")
        await until(pilot, lambda: "window: hour, max: 15" in shown(pilot))
        assert "at most 15 calls a hour" not in shown(pilot)
        assert "at most 15 calls an hour" in shown(pilot)
        await pilot.press("left", "left")
        await until(pilot, lambda: "window: hour, max: 5" in shown(pilot))


async def test_what_cannot_be_done_is_said_and_cannot_be_written(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("up", "r", "down", "down", "down", "down")
        await until(pilot, lambda: "stands in the way of this call" in shown(pilot))
        await pilot.press("enter")
        await pilot.pause(0.05)
        assert not bench.sent(SavePolicy)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, Place)


async def test_a_file_that_changed_meanwhile_is_not_overwritten(bench: Bench) -> None:
    bench.port.disk = ("theirs: 1\n", "h-theirs")
    async with bench.app(start_place="live").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("up", "r", "down")
        await until(pilot, lambda: "{action: deny}" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "The file says something else" in shown(pilot))
        assert bench.port.now_views.policy.text == POLICY


async def test_always_by_a_rule_writes_it_and_approves_the_call(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE, notifications=True) as pilot:
        held = bench.port.now_views.holds[0].hold.call_id
        await pilot.press("A", "end", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RuleDialog))
        await until(pilot, lambda: "create_issue: {}" in shown(pilot))
        assert not bench.sent(Approve)
        await pilot.press("enter")
        await until(pilot, lambda: bench.sent(Approve) == [Approve(held)])
        assert bench.sent(SavePolicy)[0].text.endswith("create_issue: {}\n")


async def test_leaving_the_rule_leaves_the_call_held(bench: Bench) -> None:
    async with bench.app(start_place="approvals").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("A", "end", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RuleDialog))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Place))
        assert not bench.sent(Approve)
        assert len(bench.port.now_views.holds) == 2


async def test_without_a_policy_in_force_there_is_nothing_to_add_to(bench: Bench) -> None:
    bench.port.now_views = replace(bench.port.now_views, policy=PolicyView("p.yaml", 0, "", ""))
    async with bench.app(start_place="live").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("up", "r")
        await until(pilot, lambda: "No policy is in force" in shown(pilot))
        assert isinstance(pilot.app.screen, Place)
