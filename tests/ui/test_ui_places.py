"""Limits and Sessions: numbers one can trust, and the way from a limit to its rule."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_bench import Bench, shown, until
from ui_policies import BROKEN_POLICY, POLICY
from ui_port import DataPort
from ui_sample import HOSTILE, TOOLS, limit, sample_views

from inspector.ui import tool_table
from inspector.ui.pointers import line_of
from inspector.ui.screens.place import Place
from inspector.ui.widgets.editor import CodeEditor

WIDE, NARROW = (120, 36), (80, 24)


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("/tools/fetch/limits/pages", "  fetch:"),
        ("/tools/query/deny_if/ddl", "        name: ddl"),
        ("/tools/create_issue/action", "    action: approve"),
        ("/tools/force_run_execution/limits/force_run_execution_rate", "      - counter: force_run_execution_rate"),
        ("/tools/read_file/require/args.path-path_within", "    require:"),
        ("/tools/list_*", '  "list_*": {}'),
        ("/nowhere", "# What the agents may do here"),
    ],
)
def test_a_rule_is_found_in_the_text(pointer: str, line: str) -> None:
    found = POLICY.split("\n")[line_of(POLICY, pointer)]
    assert found == line or found.startswith(f"{line} ") or "counter: pages" in found


def test_a_text_that_does_not_load_is_walked_all_the_same() -> None:
    assert "aprove" in BROKEN_POLICY.split("\n")[line_of(BROKEN_POLICY, "/tools/create_issue/action")]


@pytest.mark.anyio
async def test_enter_on_a_limit_goes_to_its_rule(bench: Bench) -> None:
    async with bench.app(start_place="limits").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "pages · minute" in shown(pilot))
        await pilot.press("home", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Place) and pilot.app.screen.PLACE == "policy")
        editor = pilot.app.screen.query_one(CodeEditor)
        await until(pilot, lambda: "counter: pages" in editor.document.get_line(editor.cursor_location[0]))


@pytest.mark.anyio
@pytest.mark.parametrize(("place", "words"), [("limits", "of the newest 5,000 calls"), ("live", "newest 5,000")])
async def test_limits_say_when_they_are_those_of_the_newest_calls_only(bench: Bench, place: str, words: str) -> None:
    bench.port.push(run=replace(bench.port.now_views.run, folded=5000))
    async with bench.app(start_place=place).run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: f"Limits · 5 · {words}" in shown(pilot))


@pytest.mark.anyio
async def test_a_limit_says_who_used_it_and_how_it_went(bench: Bench) -> None:
    async with bench.app(start_place="limits").run_test(size=NARROW, notifications=True) as pilot:
        await until(pilot, lambda: "mostly claude-code 60 % · batch-07 40 %" in shown(pilot))
        assert "▅" in shown(pilot)


@pytest.mark.anyio
async def test_the_marked_limit_stays_marked_when_another_becomes_tighter(bench: Bench) -> None:
    async with bench.app(start_place="limits").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "pages · minute" in shown(pilot))
        await pilot.press("home", "down")
        rows = pilot.app.screen.query_one("#limits-list")
        bench.port.push(limits=(*bench.port.now_views.limits, limit("t", "aaa_new", 9, 9, 30)))
        await until(pilot, lambda: "aaa_new" in shown(pilot))
        assert rows.highlighted == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [30, 56, 80])
def test_a_tool_takes_exactly_the_room_it_is_given(width: int) -> None:
    for tool in TOOLS:
        assert tool_table.line(tool, width).cell_length == width
    assert tool_table.heading(width).cell_length == width


def test_where_there_is_little_room_times_go_before_sizes_and_sizes_before_errors() -> None:
    titles = {width: tool_table.heading(width).plain.split()[1:] for width in (80, 72, 60, 54, 40)}
    assert titles == {
        80: ["RISK", "CALLS", "ERR", "DEF", "RESULT", "P50", "P95", "P99"],
        72: ["RISK", "CALLS", "ERR", "DEF", "RESULT", "P50", "P95"],
        60: ["RISK", "CALLS", "ERR", "DEF", "RESULT"],
        54: ["RISK", "CALLS", "ERR", "DEF"],
        40: ["RISK", "CALLS"],
    }


def test_a_long_name_is_cut_and_not_the_word_that_the_tool_is_hidden() -> None:
    tool = replace(TOOLS[0], name="delete_everything_that_there_is", hidden=True)
    assert tool_table.line(tool, 40).plain.startswith("delete_everyth… hidden ")


def test_hidden_tools_cost_no_context() -> None:
    assert tool_table.context_cost(TOOLS[-1:]).startswith("definitions 0 B")


@pytest.mark.anyio
async def test_sessions_shows_what_tools_may_do_and_what_they_cost(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "Tools · 9" in shown(pilot))
        screen = shown(pilot)
        assert "execute" in screen
        assert "tokens for each agent" in screen


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["limits", "sessions", "live"])
async def test_names_that_others_chose_reach_no_place_raw(bench: Bench, place: str) -> None:
    tools = tuple(replace(TOOLS[0], name=name, server=name) for name in HOSTILE.values())
    bad = tuple(
        replace(limit("t", f"c{i}", 1, 2, 30), label=name, rule=name, users=((name, 1.0), ("other", 1.0)))
        for i, name in enumerate(HOSTILE.values())
    )
    bench.port = DataPort(replace(sample_views(5), tools=tools, limits=bad))
    async with bench.app(start_place=place).run_test(size=WIDE, notifications=True) as pilot:
        await pilot.pause(0.3)
        assert all(line.isprintable() for line in shown(pilot).split("\n"))


@pytest.mark.anyio
async def test_edited_arguments_are_checked_against_the_schema_as_one_types(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: "acme/api" in shown(pilot))
        bench.port.nonconforming = "args.title: 5 is not of type \x1b[31mstring"
        await pilot.press("end", "space")
        await until(pilot, lambda: "▲ args.title: 5 is not of type ␛[31mstring" in shown(pilot))
        bench.port.nonconforming = ""
        await pilot.press("backspace")
        await until(pilot, lambda: "▲ args" not in shown(pilot))


@pytest.mark.anyio
async def test_approvals_shows_what_the_asking_agent_did_before(bench: Bench) -> None:
    async with bench.app(start_place="approvals").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "BEFORE THAT" in shown(pilot))
