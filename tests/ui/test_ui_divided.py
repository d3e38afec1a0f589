"""The edge between the table and the call below it can be moved."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from ui_bench import Bench, until

from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.detail import DetailPane

pytestmark = pytest.mark.anyio


def heights(pilot: Pilot[None]) -> tuple[int, int]:
    screen = pilot.app.screen_stack[0]
    return screen.query_one(CallTable).size.height, screen.query_one(DetailPane).outer_size.height


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])
async def test_keys_give_the_call_more_lines_and_fewer(bench: Bench, size: tuple[int, int]) -> None:
    async with bench.app(start_place="live").run_test(size=size) as pilot:
        await pilot.pause()
        table, detail = heights(pilot)
        await pilot.press("]", "]")
        await until(pilot, lambda: heights(pilot) == (table - 4, detail + 4))
        await pilot.press("[", "[", "[")
        await until(pilot, lambda: heights(pilot) == (table + 2, detail - 2))


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])
async def test_the_edge_is_drawn_with_the_mouse(bench: Bench, size: tuple[int, int]) -> None:
    async with bench.app(start_place="live").run_test(size=size) as pilot:
        await pilot.pause()
        table, detail = heights(pilot)
        edge = pilot.app.screen.query_one(DetailPane).region.y
        await pilot.mouse_down(offset=(40, edge))
        await pilot.hover(offset=(40, edge - 3))
        await until(pilot, lambda: heights(pilot) == (table - 3, detail + 3))
        await pilot.mouse_up(offset=(40, edge - 3))
        await pilot.hover(offset=(40, edge + 5))
        await pilot.pause()
        assert heights(pilot) == (table - 3, detail + 3)


async def test_both_keep_a_few_lines_however_far_the_edge_is_moved(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*["["] * 9)
        await until(pilot, lambda: heights(pilot)[1] == 4)
        await pilot.press(*["]"] * 12)
        await until(pilot, lambda: heights(pilot)[0] == 5)


async def test_what_was_chosen_stays_in_other_places_zoomed_and_in_a_smaller_terminal(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press(*["]"] * 4)
        await until(pilot, lambda: heights(pilot)[1] == 21)
        await pilot.press("z")
        await until(pilot, lambda: heights(pilot)[1] > 30)
        await pilot.press("z", "3", "1")
        await until(pilot, lambda: heights(pilot)[1] == 21)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: heights(pilot)[0] == 5)
