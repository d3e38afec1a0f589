"""What a person does to a counter: reset, which asks first, and raise, for this run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from textual.widgets import Input
from ui_bench import Bench, shown, until
from ui_sample import BY_HAND, LIMITS

from inspector.core.commands import RaiseLimit, ResetCounter
from inspector.ui.palette import system_commands
from inspector.ui.screens.counter import RaiseDialog, ResetDialog
from inspector.ui.screens.place import Place

pytestmark = pytest.mark.anyio
WIDE, NARROW = (120, 36), (80, 24)
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])


@SIZES
async def test_a_reset_asks_first(bench: Bench, size) -> None:
    async with bench.app(start_place="limits").run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "pages · minute" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResetDialog))
        await pilot.press("x", "enter", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Place))
        assert not bench.sent(ResetCounter), "neither the key again nor Enter does it"
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResetDialog))
        await pilot.press("y")
        await until(pilot, lambda: bench.sent(ResetCounter) == [ResetCounter(LIMITS[0].key)])
        await until(pilot, lambda: "↓ reset by you 10:04:07, it stood at 60" in shown(pilot))
        assert "0 of 60" in shown(pilot)


@SIZES
async def test_a_raise_asks_for_the_new_max_and_shows_on_the_gauge(bench: Bench, size) -> None:
    async with bench.app(start_place="limits").run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "pages · minute" in shown(pilot))
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(pilot.app.screen, RaiseDialog))
        assert pilot.app.screen.query_one(Input).value == "120"
        await until(pilot, lambda: "60 left now" in shown(pilot))
        await pilot.press(*"75", "enter")
        wish = RaiseLimit(LIMITS[0].key, LIMITS[0].rule, Decimal(75))
        await until(pilot, lambda: bench.sent(RaiseLimit) == [wish])
        await until(
            pilot, lambda: "↑ raised to 75 for this session by you 10:04:07 · the policy says 60" in shown(pilot)
        )


@pytest.mark.parametrize(("key", "dialog"), [("x", ResetDialog), ("plus", RaiseDialog)])
async def test_the_question_follows_what_is_counted_meanwhile(bench: Bench, key: str, dialog: type) -> None:
    async with bench.app(start_place="limits").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "pages · minute" in shown(pilot))
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, dialog))
        bench.port.push(limits=(replace(LIMITS[0], used=7.0), *LIMITS[1:]))
        await until(pilot, lambda: "7 of 60 used" in shown(pilot))
        assert ("113 left now" in shown(pilot)) is (dialog is RaiseDialog)


@pytest.mark.parametrize("typed", ["59", "", "many", "1e9", "-5", "Infinity", "٧٥", "60,5"])
async def test_what_is_no_raise_cannot_be_sent(bench: Bench, typed: str) -> None:
    async with bench.app(start_place="limits").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "pages · minute" in shown(pilot))
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(pilot.app.screen, RaiseDialog))
        pilot.app.screen.query_one(Input).value = typed
        await until(pilot, lambda: "✗ a number, 60 or more" in shown(pilot))
        await pilot.press("enter")
        assert not bench.sent(RaiseLimit)
        assert isinstance(pilot.app.screen, RaiseDialog)


async def test_a_raised_limit_is_taken_back_by_the_policys_own_max(bench: Bench) -> None:
    bench.port.push(limits=BY_HAND[1:2])
    async with bench.app(start_place="limits").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "raised to 60" in shown(pilot))
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(pilot.app.screen, RaiseDialog))
        pilot.app.screen.query_one(Input).value = "40"
        await until(pilot, lambda: "the policy's own 40 holds again" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: [wish.max for wish in bench.sent(RaiseLimit)] == [Decimal(40)])  # type: ignore[attr-defined]


async def test_what_the_engine_refuses_is_said(bench: Bench) -> None:
    bench.port.rejects = "[/foo] the counters' file is locked"
    async with bench.app(start_place="limits").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "pages · minute" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResetDialog))
        await pilot.press("y")
        await until(pilot, lambda: "[/foo] the counters' file is locked" in shown(pilot))


async def test_reset_and_raise_are_in_the_palette_and_not_in_a_recording(bench: Bench) -> None:
    async with bench.app(start_place="limits").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "pages · minute" in shown(pilot))
        titles = [command.title for command in system_commands(pilot.app, pilot.app.screen)]  # type: ignore[arg-type]
        assert {"Reset…", "Raise…", "Sort"} <= set(titles)
        bench.port.push(run=replace(bench.port.now_views.run, read_only=True), limits=LIMITS[:2])
        await until(pilot, lambda: "rows · minute" not in shown(pilot))
        await pilot.press("x", "plus")
        assert isinstance(pilot.app.screen, Place)


async def test_the_small_gauges_mark_a_raised_limit(bench: Bench) -> None:
    bench.port.push(limits=BY_HAND)
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "47/60↑" in shown(pilot))
