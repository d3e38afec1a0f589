"""Place 1, with its keys and its mouse."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from dataclasses import replace

import pytest
from textual import events
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Input
from ui_bench import Bench, shown, until
from ui_port import DataPort
from ui_sample import HOLD_ISSUE, KINDS, NOW, call, empty_views, hold, sample_views

import inspector.ui
from inspector.core.call import CallId
from inspector.core.commands import CallDetail, Command, CommandResult, Deny, Inspect, Shutdown
from inspector.core.views import PolicyView, Word
from inspector.filters.order import Sort
from inspector.ui.board import Board
from inspector.ui.screens.help import HelpDialog
from inspector.ui.screens.live import LivePlace
from inspector.ui.screens.place import Place
from inspector.ui.screens.quit import QuitDialog
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.detail import DetailPane
from inspector.ui.widgets.filterline import FilterLine

pytestmark = pytest.mark.anyio
WIDE, NARROW = (120, 36), (80, 24)


async def test_a_call_that_arrives_is_shown_and_followed(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        assert table.following
        bench.port.push([call(401, replace(KINDS[0], tool="brand_new_tool"), NOW)])
        await until(pilot, lambda: table.cursor == 401)
        await until(pilot, lambda: "brand_new_tool" in shown(pilot))


async def test_moving_up_stops_following_and_the_cursor_sticks_to_its_call(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.press("k", "up")
        assert (table.cursor, table.following) == (398, False)
        bench.port.push([call(n, KINDS[0], NOW) for n in range(401, 450)])
        await until(pilot, lambda: len(table.listing) == 449)
        assert table.cursor == 398
        await pilot.press("G")
        assert (table.cursor, table.following) == (449, True)
        await pilot.press("g")
        assert table.cursor == 1


async def test_when_old_rows_go_the_ones_in_sight_do_not_move(bench: Bench) -> None:
    app = bench.app()
    app.desk.board = Board(kept=400)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.press("pageup", "pageup")
        top = table.listing.at(table.scroll_offset.y)
        assert top is not None
        bench.port.push([call(n, KINDS[0], NOW) for n in range(401, 801 - 60)])
        await until(pilot, lambda: len(table.listing) == 740)
        bench.port.push([call(n, KINDS[0], NOW) for n in range(741, 801)])
        await until(pilot, lambda: app.board.base == 400)
        assert table.listing.at(table.scroll_offset.y) is not None


async def test_a_click_selects_the_row_under_the_mouse_and_the_wheel_stops_following(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.click(CallTable, offset=(5, 3))
        expected = table.listing.at(table.scroll_offset.y + 2)
        assert expected is not None
        assert table.cursor == expected.id
        assert not table.following


async def test_a_click_on_a_heading_sorts(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.click(CallTable, offset=(79, 0))
        assert table.listing.sort is Sort.MS
        assert "by ms" in shown(pilot)


async def test_the_detail_shows_request_trace_and_response_of_the_selected_call(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("up", "up", "up", "up", "up", "up")
        await until(pilot, lambda: "made here" in shown(pilot))
        screen = shown(pilot)
        for part in ("DROP TABLE", "✗ DENY", "deny_if/ddl", "DDL is not allowed", "#394"):
            assert part in screen


async def test_a_response_that_arrives_shows_in_the_detail(bench: Bench) -> None:
    running = replace(call(401, KINDS[0], NOW), outcome=None, ms=None)
    bench.port.push([running])
    bench.port.details[CallId(401)] = CallDetail(CallId(401), "{}", None, (), "", False)
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "running" in shown(pilot))
        bench.port.details[CallId(401)] = CallDetail(CallId(401), "{}", None, (), '{"late":"answer"}', False)
        bench.port.push([replace(running, rev=2, outcome=KINDS[0].outcome, ms=5.0)])
        await until(pilot, lambda: '"late": "answer"' in shown(pilot))


async def test_z_zooms_o_shows_frames_and_y_copies_the_exact_texts(bench: Bench) -> None:
    async with bench.app().run_test(size=NARROW, notifications=True) as pilot:
        await pilot.press("up", "up", "up", "up", "up", "up")
        await until(pilot, lambda: "DDL" in shown(pilot))
        await pilot.press("z")
        await until(pilot, lambda: "RESPONSE" in shown(pilot))
        await pilot.press("o")
        await until(pilot, lambda: "tools/call" in shown(pilot))
        await pilot.press("o", "y")
        assert '"sql":"DROP TABLE sessions"' in pilot.app.clipboard
        await pilot.press("escape")
        assert not pilot.app.screen.has_class("-zoom")


async def test_a_key_right_behind_an_arrow_means_the_call_that_the_arrow_led_to(bench: Bench) -> None:
    class Slow(DataPort):
        async def command(self, command: Command) -> CommandResult:
            if isinstance(command, Inspect):
                await asyncio.sleep(0.1)
            return await super().command(command)

    port = bench.port = Slow(sample_views(5))
    for number in range(1, 6):
        port.details[CallId(number)] = CallDetail(CallId(number), f'{{"of":{number}}}', None, (), "", False)
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: '"of": 5' in shown(pilot))
        for keys, number in ((("up", "y"), 4), (("up", "up", "y"), 2)):
            pilot.app.copy_to_clipboard("")
            for key in keys:
                pilot.app.post_message(events.Key(key, key if key == "y" else None))
            await until(pilot, lambda: pilot.app.clipboard)
            assert f'{{"of":{number}}}' in pilot.app.clipboard


async def test_the_filter_narrows_as_one_types_and_escape_clears_it(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.press("slash", *"decision:deny", "enter")
        await until(pilot, lambda: table.listing.filtered)
        assert {row.word for i in range(len(table.listing)) if (row := table.listing.at(i))} == {Word.DENY}
        assert "Calls · filtered" in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: len(table.listing) == 400)


async def test_while_a_filter_is_written_its_count_goes_with_the_calls_that_come(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("slash", *"tool:brand_new_tool")
        await until(pilot, lambda: "0 calls" in shown(pilot).splitlines()[1])
        bench.port.push([call(n, replace(KINDS[0], tool="brand_new_tool"), NOW) for n in (401, 402)])
        await until(pilot, lambda: "2 calls" in shown(pilot).splitlines()[1])


async def test_keys_that_come_in_one_burst_with_the_slash_are_all_the_filter_s(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.pause()
        for key in ("slash", *"tool:dead!zoSCq"):  # a paste, or a fast hand: no turn of the loop lies between them
            pilot.app.post_message(events.Key(key, None if key == "slash" else key))
        box = pilot.app.screen.query_one(FilterLine).query_one(Input)
        await until(pilot, lambda: box.value == "tool:dead!zoSCq")
        assert not bench.sent(Deny)
        assert isinstance(pilot.app.screen, LivePlace)
        await pilot.press("slash")
        assert box.value == "tool:dead!zoSCq/"  # inside the line a slash is a character


async def test_keys_that_come_in_one_burst_in_the_call_itself_are_all_the_prompt_s(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("up", "z")
        await until(pilot, lambda: pilot.app.screen.query_one(DetailPane).has_focus)
        for key in ("slash", *"jzaG/x"):
            pilot.app.post_message(events.Key(key, "/" if key == "slash" else key))
        box = pilot.app.screen.query_one(DetailPane).query_one(Input)
        await until(pilot, lambda: box.value == "jzaG/x")


async def test_tab_completes_the_filter(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("slash", *"dec", "tab", *"den", "tab", "enter")
        await until(pilot, lambda: pilot.app.screen.query_one(CallTable).listing.filtered)
        assert "decision:deny" in shown(pilot).splitlines()[1]


async def test_a_wrong_filter_says_where_and_changes_nothing(bench: Bench) -> None:
    async with bench.app().run_test(size=NARROW, notifications=True) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "colour:red"
        await until(pilot, lambda: "✗ at 1: there is no field colour:" in shown(pilot))
        assert len(table.listing) == 400
        await pilot.press("escape")
        assert not pilot.app.screen.query_one(FilterLine).has_class("-open")


async def test_paused_the_table_stands_and_counts_what_waits(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("space")
        bench.port.push([call(n, KINDS[0], NOW) for n in (401, 402)])
        await until(pilot, lambda: "paused · 2 new" in shown(pilot))
        await pilot.press("space")
        await until(pilot, lambda: "402 · following" in shown(pilot))


async def test_digits_lead_from_place_to_place_and_the_mouse_too(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        for key, place in (("2", "approvals"), ("3", "limits"), ("5", "sessions"), ("4", "policy"), ("alt+1", "live")):
            await pilot.press(key)
            assert isinstance(pilot.app.screen, Place)
            assert place == pilot.app.screen.PLACE
        await pilot.click("#places", offset=(30, 0))
        assert pilot.app.screen.PLACE == "limits"


async def test_below_a_hundred_columns_it_is_one_column_with_a_banner_and_one_gauge_line(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        assert pilot.app.screen.query_one("#right").display
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: not pilot.app.screen.query_one("#right").display)
        lines = shown(pilot).splitlines()
        assert "◐ 2 held" in lines[2]
        assert "60/60" in lines[-2]


async def test_without_a_policy_it_begins_at_the_policy(bench: Bench) -> None:
    bench.port = DataPort(empty_views(PolicyView("p.yaml", 0, "", "", "version: 2\n")))
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, Place) and pilot.app.screen.PLACE == "policy")
        assert "every call is denied" in shown(pilot)


async def test_q_asks_while_agents_are_attached_and_then_shuts_down(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("q")
        assert isinstance(pilot.app.screen, QuitDialog)
        assert "3 agents are attached" in shown(pilot)
        await pilot.press("escape")
        assert not bench.sent(Shutdown)
        await pilot.press("ctrl+q", "s")
        await until(pilot, lambda: bench.sent(Shutdown))


async def test_q_stops_at_once_when_nobody_would_notice(bench: Bench) -> None:
    bench.port = DataPort(empty_views())
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: bench.sent(Shutdown))


async def test_help_names_every_key_of_the_place(bench: Bench) -> None:
    async with bench.app().run_test(size=(120, 44), notifications=True) as pilot:
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpDialog)
        await until(pilot, lambda: "Approve" in shown(pilot))
        for word in ("Approve", "Filter", "Pause", "Zoom", "Raw frames", "Copy"):
            assert word in shown(pilot)


async def test_the_palette_holds_every_action(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        titles = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {
            "Go to Policy",
            "Approve",
            "Deny",
            "Edit",
            "Always…",
            "Filter",
            "Raw frames",
            "Connect",
            "Quit",
        } <= titles
        await pilot.press("colon")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "CommandPalette")


def bindings_of_ours() -> list[Binding]:
    """Every binding that a class of `inspector.ui` declares."""
    for module in pkgutil.walk_packages(inspector.ui.__path__, "inspector.ui."):
        importlib.import_module(module.name)
    found: list[Binding] = []
    nodes = [DOMNode]
    while nodes:
        node = nodes.pop()
        nodes += node.__subclasses__()
        if node.__module__.startswith("inspector.ui."):
            found += [b for b in node.__dict__.get("BINDINGS", ()) if isinstance(b, Binding)]
    return found


def test_every_binding_has_an_id_so_that_a_keymap_can_change_it() -> None:
    bindings = bindings_of_ours()
    assert len(bindings) > 50
    assert [b.key for b in bindings if not b.id] == []


async def test_an_engine_that_does_not_answer_is_said_and_recovers(bench: Bench) -> None:
    class Silent(DataPort):
        broken = False

        async def views(self, since: int):
            if self.broken:
                raise ConnectionResetError("the socket is gone")
            return await super().views(since)

    port = bench.port = Silent(sample_views(5))
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        port.broken = True
        await until(pilot, lambda: "NO ANSWER" in shown(pilot))
        port.broken = False
        port.push([call(6, KINDS[0], NOW)])
        await until(pilot, lambda: "◉ LIVE" in shown(pilot))


async def test_a_recording_says_that_it_is_one(bench: Bench) -> None:
    bench.port = DataPort(empty_views(read_only=True))
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        assert "◌ RECORDING" in shown(pilot)


async def test_a_held_call_never_takes_the_focus(bench: Bench) -> None:
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("slash")
        focused = pilot.app.focused
        bench.port.push([call(401, HOLD_ISSUE, NOW)], holds=(*bench.port.now_views.holds, hold(401, HOLD_ISSUE, NOW)))
        await until(pilot, lambda: len(pilot.app.queue) == 3)  # type: ignore[attr-defined]
        assert pilot.app.focused is focused
        assert pilot.app.title == "◐ 3 held · mcp-inspect"


async def test_a_megabyte_of_arguments_is_cut_and_says_so(bench: Bench) -> None:
    huge = '{"x":"' + "A" * 1_000_000 + '"}'
    bench.port.details[CallId(400)] = CallDetail(CallId(400), huge, None, (), huge, False)
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("down")
        pane = pilot.app.screen.query_one(DetailPane)
        await until(pilot, lambda: pane.detail is not None)
        await pilot.press("z", "end")
        await until(pilot, lambda: "(1.0 MB in all)" in shown(pilot))


async def test_the_table_has_the_keys_from_the_first_frame_on(bench: Bench) -> None:
    async with bench.app().run_test(size=NARROW, notifications=True) as pilot:
        assert pilot.app.focused is pilot.app.screen.query_one(CallTable)
        assert pilot.app.screen.AUTO_FOCUS == ""


async def test_with_one_server_its_name_makes_room(bench: Bench) -> None:
    bench.port.push(upstreams=bench.port.now_views.upstreams[:1])
    async with bench.app().run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "SERVER ›" not in shown(pilot))
        assert "fs › read_file" not in shown(pilot).split("REQUEST")[0].rsplit("╭", 1)[0]
