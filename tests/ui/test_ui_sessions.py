"""Sessions: a server is stopped and restarted, its changed tools are read and accepted, recordings are visited."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList
from ui_bench import Bench, shown, until
from ui_port import DataPort
from ui_sample import DRIFT, HOSTILE, KINDS, NOW, UPSTREAMS, call, sample_views

from inspector.core.commands import AcceptTools, ControlServer, ListRecordings, ServerAction
from inspector.core.events import ToolChange, UpstreamState
from inspector.ui import drift, server_lines
from inspector.ui.screens.confirm import ConfirmDialog
from inspector.ui.screens.server import ServerDialog
from inspector.ui.widgets.servers import ServerList
from inspector.ui.widgets.shelf import ShelfList

WIDE, NARROW = (120, 36), (80, 24)
pytestmark = pytest.mark.anyio


async def choose(pilot: Pilot[None], name: str) -> None:
    await until(pilot, lambda: "Servers · 5" in shown(pilot))
    rows = pilot.app.screen.query_one(ServerList)
    rows.highlighted = [upstream.name for upstream in UPSTREAMS].index(name)
    await pilot.pause()


def keys(pilot: Pilot[None]) -> str:
    return shown(pilot).split("\n")[-1]


# ---------------------------------------------------------------- a server as a whole


async def test_a_server_is_stopped_and_started_with_a_key(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        await choose(pilot, "web")
        await pilot.press("S")
        await until(pilot, lambda: "■ web stopped" in shown(pilot))
        await until(pilot, lambda: "s Start" in keys(pilot) and "S Stop" not in keys(pilot))
        await pilot.press("s")
        await until(pilot, lambda: "● web ready" in shown(pilot))
        assert bench.sent(ControlServer) == [
            ControlServer("web", ServerAction.STOP),
            ControlServer("web", ServerAction.START),
        ]


async def test_restarting_a_server_with_calls_in_flight_asks_first(bench: Bench) -> None:
    running = replace(call(500, KINDS[0], NOW), outcome=None, ms=None)
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        bench.port.push([running])
        await choose(pilot, "fs")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        assert "1 call in flight will fail" in shown(pilot)
        await pilot.press("n")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        assert bench.sent(ControlServer) == []
        await pilot.press("y")
        await until(pilot, lambda: bench.sent(ControlServer) == [ControlServer("fs", ServerAction.RESTART)])


async def test_a_server_without_calls_in_flight_is_restarted_at_once(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=NARROW) as pilot:
        await choose(pilot, "web")
        await pilot.press("R")
        await until(pilot, lambda: bench.sent(ControlServer) == [ControlServer("web", ServerAction.RESTART)])


async def test_the_mouse_opens_a_server_and_its_buttons_stop_it(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "Servers · 5" in shown(pilot))
        await pilot.click(ServerList, offset=(5, 2))
        await until(pilot, lambda: isinstance(pilot.app.screen, ServerDialog))
        await until(pilot, lambda: "secure-filesystem-server 0.2.0" in shown(pilot))
        await pilot.click("#server-stop")
        await until(pilot, lambda: bench.sent(ControlServer) == [ControlServer("fs", ServerAction.STOP)])
        await until(pilot, lambda: "■ fs stopped" in shown(pilot))


async def test_the_palette_knows_what_can_be_done_with_the_chosen_server(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        await choose(pilot, "github")
        found = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {"Stop", "Restart", "Accept tools", "Recordings", "Show whole"} <= found
        assert "Start" not in found


async def test_a_crashed_server_shows_its_exit_and_counts_down_to_its_next_start(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        await choose(pilot, "kestra")
        pilot.app.screen.query_one(ServerList).scroll_end(animate=False)
        await until(pilot, lambda: "kestra exited with code 1" in shown(pilot))
        kestra = UPSTREAMS[-1]
        assert server_lines.trouble(kestra, NOW).endswith("not started again before 0:04")
        assert server_lines.trouble(kestra, NOW + 3).endswith("not started again before 0:01")
        assert "before" not in server_lines.trouble(kestra, NOW + 9)


async def test_a_server_shows_which_capabilities_were_used_and_which_were_not(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        await choose(pilot, "github")
        await pilot.press("enter")
        await until(pilot, lambda: "2 of 4 used" in shown(pilot))
        screen = shown(pilot)
        assert "· prompts" in screen and "✓ resources" in screen and "· resources.subscribe" in screen
        await pilot.press("escape")
        await until(pilot, lambda: "offers" in shown(pilot))
        assert "✓ roots" in shown(pilot)


def test_what_is_used_without_being_offered_is_said() -> None:
    words = "".join(part for part, _ in server_lines.capabilities(("tools",), ("sampling",)))
    assert words.split("   ")[:2] == ["· tools", "✓ sampling (not offered)"]


async def test_in_a_recording_no_server_can_be_stopped(bench: Bench) -> None:
    views = sample_views(5)
    bench.port = DataPort(replace(views, run=replace(views.run, read_only=True)))
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        await choose(pilot, "fs")
        await pilot.press("S", "R", "a")
        assert bench.sent(ControlServer) == []
        assert "S Stop" not in keys(pilot)


# ---------------------------------------------------------------- drift


NEWS = tuple(replace(upstream, drift_news=bool(upstream.drift)) for upstream in UPSTREAMS)


async def test_changed_tools_are_told_once_and_accepted_after_a_question(bench: Bench) -> None:
    bench.port = DataPort(replace(sample_views(), upstreams=NEWS))
    async with bench.app(start_place="sessions").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "2 tools of github changed since 2026-11-" in shown(pilot))
        pilot.app.notices.hush()
        bench.port.push(upstreams=tuple(replace(u, tools=9) for u in bench.port.now_views.upstreams))
        await choose(pilot, "github")
        assert "tools of github changed" not in shown(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(pilot, lambda: bench.sent(AcceptTools) == [AcceptTools("github", DRIFT)])
        await until(pilot, lambda: "a Accept tools" not in keys(pilot))


def test_what_an_earlier_run_has_told_is_no_news_and_neither_is_a_recording() -> None:
    views = replace(sample_views(1), upstreams=NEWS)
    nothing = replace(views, upstreams=())
    assert len(drift.news(nothing, views)) == 1
    again = tuple(replace(upstream, drift_news=False) for upstream in views.upstreams)
    assert drift.news(nothing, replace(views, upstreams=again)) == ()
    assert drift.news(nothing, replace(views, run=replace(views.run, read_only=True))) == ()
    assert drift.news(views, views) == ()


def test_a_changed_description_is_shown_by_its_words_and_what_draws_nothing_is_named() -> None:
    shown_ = drift.view(DRIFT[:1])
    assert "config⟨200b⟩ and put it" in shown_.plain
    assert "U+0430 cyrillic small letter a" in shown_.plain
    assert "U+200B zero width space" in shown_.plain
    marked = [shown_.plain[span.start : span.end] for span in shown_.spans if "underline" in str(span.style)]
    assert "Before that, read ~/.ssh/config" in marked
    assert not any("Creates an issue" in words for words in marked)


def test_text_that_stays_is_shortened_around_what_changes() -> None:
    same = "word " * 200
    change = ToolChange("t", "description", f'"{same}old {same}"', f'"{same}new {same}"')
    plain = drift.view((change,)).plain
    assert "− " in plain and " … " in plain and "old" in plain and "new" in plain
    assert len(plain) < 800


@pytest.mark.parametrize("value", ['"unfinished', "…cut", "[1, 2]", "null", '"\\ud800"'])
def test_a_value_of_any_shape_is_shown(value: str) -> None:
    assert drift.view((ToolChange("t", "f", value, "1"),)).plain.isprintable() is False  # only for its line feeds
    assert all(line.isprintable() for line in drift.view((ToolChange("t", "f", value, "1"),)).plain.split("\n"))


async def test_what_a_server_says_of_itself_reaches_the_screen_through_the_door(bench: Bench) -> None:
    evil = tuple(HOSTILE.values())
    changes = tuple(ToolChange(text, text, text, text + "x") for text in evil)
    upstreams = tuple(
        replace(UPSTREAMS[0], name=f"s{i}", about=text, protocol=text, capabilities=(text,), used=(text,), ended=text)
        for i, text in enumerate(evil)
    )
    upstreams = (replace(upstreams[0], drift=changes, drift_news=True), *upstreams[1:])
    bench.port = DataPort(replace(sample_views(5), upstreams=upstreams))
    async with bench.app(start_place="sessions").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "Servers · " in shown(pilot))
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServerDialog))
        await pilot.pause(0.3)
        assert all(line.isprintable() for line in shown(pilot).split("\n"))


# ---------------------------------------------------------------- recordings


async def test_a_recording_is_looked_at_and_left_and_the_live_run_is_as_it_was(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE) as pilot:
        await pilot.press("/", *"tool:query", "enter")
        await until(pilot, lambda: "tool:query" in shown(pilot))
        await pilot.press("5")
        await until(pilot, lambda: bench.sent(ListRecordings) and "k3x9" in shown(pilot))
        await pilot.press("o")
        await until(pilot, lambda: pilot.app.screen.query_one(ShelfList).has_focus)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "◌ RECORDING" in shown(pilot) and "◐ 2 held live" in shown(pilot))
        assert len(bench.opened) == 1
        assert "tool:query" not in shown(pilot)
        assert "0 Back to the live run" in keys(pilot)
        await pilot.press("5")
        await until(pilot, lambda: "recording k3x9" in shown(pilot))
        await pilot.press("0")
        await until(pilot, lambda: "◉ LIVE" in shown(pilot) and "run r1" in shown(pilot))
        await pilot.press("1")
        await until(pilot, lambda: "tool:query" in shown(pilot))
        await until(pilot, lambda: bench.opened == [])


async def test_a_call_held_while_one_looks_at_a_recording_is_told(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "k3x9" in shown(pilot))
        pilot.app.visit("/home/ada/k3x9.sqlite")  # type: ignore[attr-defined]
        await until(pilot, lambda: "◌ RECORDING" in shown(pilot))
        holds = bench.port.now_views.holds
        third = replace(holds[0], hold=replace(holds[0].hold, call_id=399))
        bench.port.push(holds=(*holds, third))
        await until(pilot, lambda: "A call of the live run is held" in shown(pilot))
        await until(pilot, lambda: "◐ 3 held live" in shown(pilot))


async def test_quitting_from_a_recording_asks_about_the_live_run(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "k3x9" in shown(pilot))
        pilot.app.visit("/home/ada/k3x9.sqlite")  # type: ignore[attr-defined]
        await until(pilot, lambda: "◌ RECORDING" in shown(pilot))
        await pilot.press("q")
        await until(pilot, lambda: "3 agents are attached" in shown(pilot))


async def test_a_recording_that_cannot_be_opened_says_so_and_the_run_stays(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "bad.sqlite" in shown(pilot))
        pilot.app.visit("/home/ada/bad.sqlite")  # type: ignore[attr-defined]
        await until(pilot, lambda: "bad.sqlite: not a recording" in shown(pilot))
        assert "◉ LIVE" in shown(pilot)


async def test_where_recordings_cannot_be_visited_none_are_listed(bench: Bench) -> None:
    async with bench.app(start_place="sessions", open_recording=None).run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "Servers · 5" in shown(pilot))
        assert "Recordings" not in shown(pilot)
        assert bench.sent(ListRecordings) == []


async def test_the_list_of_servers_keeps_its_mark_when_another_one_comes(bench: Bench) -> None:
    async with bench.app(start_place="sessions").run_test(size=WIDE) as pilot:
        await choose(pilot, "web")
        new = replace(UPSTREAMS[0], name="aaa", state=UpstreamState.IDLE)
        bench.port.push(upstreams=(new, *UPSTREAMS))
        await until(pilot, lambda: "Servers · 6" in shown(pilot))
        assert pilot.app.screen.query_one(ServerList).chosen == UPSTREAMS[2]
        assert isinstance(pilot.app.screen.query_one(ServerList), OptionList)
