"""The columns of the calls table: how they share the width, what the person chooses, and every order both ways."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import SelectionList
from ui_bench import Bench, shown, until
from ui_port import DataPort
from ui_sample import HOLD_ISSUE, KINDS, NOW, UPSTREAMS, call, sample_views

from inspector.core.call import CallId
from inspector.core.commands import HoldNext
from inspector.filters.order import Sort
from inspector.ui.board import Board
from inspector.ui.live_listing import LiveListing as Listing
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.columns import COLUMNS, USUAL, arrange, chosen, natural

WIDE, NARROW = (120, 36), (80, 24)
ROWS = [call(n, kind, NOW) for n, kind in enumerate(KINDS, 1)]
LONG = replace(KINDS[0], tool="list_flows_in_namespace")


@pytest.mark.parametrize("total", [36, 55, 79, 82, 100, 200])
def test_columns_fill_the_width_exactly_with_one_cell_of_air_each(total: int) -> None:
    columns = chosen(USUAL, one_server=False)
    laid_out = arrange(total, columns, natural(columns, ROWS, {}))
    assert sum(width + 1 for _, width in laid_out) == total
    assert "tool" in {column.key for column, _ in laid_out}


def test_a_tool_name_is_whole_where_a_rule_column_would_stand_empty() -> None:
    columns = chosen(USUAL, one_server=True)
    rows = [call(1, LONG, NOW)]
    laid_out = {column.key: width for column, width in arrange(80, columns, natural(columns, rows, {}))}
    assert laid_out["tool"] >= len("list_flows_in_namespace")
    assert laid_out["rule"] == len("RULE")


def test_with_one_server_its_name_is_left_out() -> None:
    (column,) = chosen(["tool"], one_server=True)
    assert column.read(ROWS[0], NOW) == "read_file"
    (column,) = chosen(["tool"], one_server=False)
    assert column.read(ROWS[0], NOW) == "fs › read_file"


def test_the_same_call_again_and_again_wears_its_count() -> None:
    (column,) = chosen(["tool"], one_server=True)
    assert column.read(replace(ROWS[0], repeats=2), NOW) == "read_file"
    assert column.read(replace(ROWS[0], repeats=7, legs=2), NOW) == "read_file (2 legs) ×7"


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_goes_both_ways(sort: Sort) -> None:
    board = Board()
    board.fold(replace(sample_views(40), version=2))
    listing = Listing(board)
    listing.set_sort(sort, 0.0, descending=False)
    up = [row.id for i in range(len(listing)) if (row := listing.at(i))]
    listing.set_sort(sort, 0.0, descending=True)
    down = [row.id for i in range(len(listing)) if (row := listing.at(i))]
    assert sorted(up) == sorted(down) == list(range(1, 41))
    assert up != down
    assert all(listing.index_of(call_id) == index for index, call_id in enumerate(down))


@pytest.mark.anyio
async def test_a_second_click_on_a_heading_turns_the_order_round(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.click(CallTable, offset=(2, 0))
        assert (table.listing.sort, table.listing.descending) == (Sort.TIME, True)
        assert not table.following
        await until(pilot, lambda: "by time ▼" in shown(pilot))
        await pilot.click(CallTable, offset=(2, 0))
        assert not table.listing.ordered


@pytest.mark.anyio
async def test_s_goes_round_the_columns_in_sight_and_capital_s_turns_round(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.press("s")
        assert table.listing.sort is Sort.AGENT
        before = table.listing.descending
        await pilot.press("S")
        assert table.listing.descending is not before


@pytest.mark.anyio
async def test_the_person_chooses_the_columns(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("C")
        await until(pilot, lambda: "what the tool may do" in shown(pilot))
        chooser = pilot.app.screen.query_one(SelectionList)
        chooser.deselect_all()
        for key in ("time", "risk", "outcome"):
            chooser.select(key)
        await pilot.press("enter")
        await until(pilot, lambda: "RISK" in shown(pilot))
        heading = next(line for line in shown(pilot).splitlines() if "RISK" in line)
        assert "TOOL" in heading
        assert "OUTCOME" in heading
        assert "ARGUMENTS" not in heading


@pytest.mark.anyio
async def test_one_server_is_not_named_in_every_row(bench: Bench) -> None:
    bench.port = DataPort(replace(sample_views(20), upstreams=UPSTREAMS[:1]))
    async with bench.app().run_test(size=NARROW, notifications=True) as pilot:
        await until(pilot, lambda: "TOOL" in shown(pilot))
        assert "SERVER" not in shown(pilot)


@pytest.mark.anyio
async def test_marks_are_found_again_from_anywhere(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.press("g", "down", "m")
        assert "◆" in shown(pilot)
        await pilot.press("G", "apostrophe")
        assert table.cursor == 2
        await pilot.press("m", "apostrophe")
        await until(pilot, lambda: "No call in sight is marked" in shown(pilot))


def test_a_call_that_waits_shows_for_how_long() -> None:
    ms = next(column for column in COLUMNS if column.key == "ms")
    assert ms.read(call(1, HOLD_ISSUE, NOW - 12), NOW) == "12s…"


@pytest.mark.anyio
async def test_h_holds_the_next_call_of_the_tool_under_the_cursor(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("g", "h")
        first = bench.port.rows[CallId(1)]
        await until(pilot, lambda: bench.sent(HoldNext))
        assert bench.sent(HoldNext) == [HoldNext(first.server, first.tool)]
        await until(pilot, lambda: "waits for you" in shown(pilot))
