"""A call of any size: looked at, searched and compared."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from ui_bench import Bench, shown, until
from ui_sample import KINDS, NOW, call

from inspector.core.call import CallId
from inspector.core.commands import CallDetail, Rejected
from inspector.ui import json_view
from inspector.ui.widgets.column import SLICE, Column
from inspector.ui.widgets.detail import DetailPane

pytestmark = pytest.mark.anyio
WIDE = (120, 36)
HUGE = json.dumps({"rows": [{"id": n, "name": f"row {n}"} for n in range(250_000)]})


def detailed(bench: Bench, number: int, response: str, arguments: str = "{}") -> None:
    bench.port.details[CallId(number)] = CallDetail(CallId(number), arguments, None, (), response, False)


def column(pilot: Pilot[None], name: str) -> Column:
    return pilot.app.screen.query_one(f"#{name}", Column)


def test_ten_megabytes_cost_what_is_looked_at() -> None:
    lines = json_view.pieces(HUGE, 60)
    assert [next(lines).plain for _ in range(4)] == ["{", '  "rows": [', "    {", '      "id": 0,']


async def test_ten_megabytes_are_laid_out_only_where_one_looks(bench: Bench) -> None:
    assert len(HUGE) > 8_000_000
    detailed(bench, 400, HUGE)
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("down", "z")
        response = column(pilot, "response")
        await until(pilot, lambda: '"row 0"' in shown(pilot))
        assert len(response._strips) <= 3 * 36 + SLICE
        await pilot.press("pagedown", "pagedown")
        await until(pilot, lambda: '"row 1' in shown(pilot))
        assert not response.finished


async def test_a_text_is_found_wherever_it_stands_in_the_call(bench: Bench) -> None:
    answer = {"content": [{"type": "text", "text": "\n".join(f"line {n}" for n in range(900)) + "\nthe Needle here"}]}
    detailed(bench, 400, json.dumps(answer))
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("down", "z")
        await until(pilot, lambda: "line 3" in shown(pilot))
        await pilot.press("slash", *"needle", "enter")
        await until(pilot, lambda: "the Needle here" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "no further place" in shown(pilot))
        await pilot.press("escape")
        assert pilot.app.focused is pilot.app.screen.query_one("#detail")


async def test_of_a_call_that_is_no_longer_at_hand_its_own_row_stands_there_and_not_the_call_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        pane = pilot.app.screen.query_one(DetailPane)
        await pilot.press("up")
        await until(pilot, lambda: pane.detail is not None)
        before = pane.row
        monkeypatch.setattr(bench.port, "_detail", lambda _: Rejected("no longer in memory"))
        await pilot.press("up")
        await until(pilot, lambda: pane.row is not None and pane.row is not before and pane.detail is None)


async def test_a_call_is_compared_with_the_one_of_its_tool_before(bench: Bench) -> None:
    tool = replace(KINDS[0], tool="only_twice")
    bench.port.push([call(401, tool, NOW), call(402, KINDS[1], NOW), call(403, tool, NOW)])
    detailed(bench, 401, '{"content":[{"type":"text","text":"before"}]}', '{"path":"/a","limit":1}')
    detailed(bench, 403, '{"content":[{"type":"text","text":"after"}]}', '{"path":"/b","limit":1}')
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("down")
        await until(pilot, lambda: "after" in shown(pilot))
        await pilot.press("D")
        await until(pilot, lambda: "AGAINST #401" in shown(pilot))
        assert "− " in shown(pilot)
        assert '+   "path": "/b"' in shown(pilot)
        await pilot.press("D")
        await until(pilot, lambda: "DECISION TRACE" in shown(pilot))


async def test_the_first_call_of_a_tool_has_none_to_be_compared_with(bench: Bench) -> None:
    bench.port.push([call(401, replace(KINDS[0], tool="only_once"), NOW)])
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("down", "D")
        await until(pilot, lambda: "No earlier call" in shown(pilot))
