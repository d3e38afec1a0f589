"""What the places look like, at both sizes; clocks stand still and nothing blinks."""

from __future__ import annotations

import time

import pytest
from textual.pilot import Pilot
from ui_bench import Bench, until
from ui_port import BROKEN_POLICY, BY_HAND, POLICY, DataPort, empty_views

from inspector.core.commands import WhatIf
from inspector.ui.screens.server import ServerDialog
from inspector.ui.widgets.completions import CompletionList
from inspector.ui.widgets.editor import CodeEditor
from inspector.ui.widgets.servers import ServerList

SIZES = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])


@pytest.fixture(autouse=True)
def one_time_zone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def settle(pilot: Pilot[None]) -> None:
    for _ in range(6):
        await pilot.pause(0.1)
    await pilot.pause()


@SIZES
def test_live(bench: Bench, snap_compare, size) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("up", "up", "up", "up", "up", "up")
        await settle(pilot)

    assert snap_compare(bench.app(start_place="live"), terminal_size=size, run_before=before)


@SIZES
def test_live_before_the_first_call(bench: Bench, snap_compare, size) -> None:
    bench.port = DataPort(empty_views())
    assert snap_compare(bench.app(start_place="live"), terminal_size=size, run_before=settle)


@SIZES
def test_policy_with_problems(bench: Bench, snap_compare, size) -> None:
    async def before(pilot: Pilot[None]) -> None:
        pilot.app.screen.query_one(CodeEditor).text = BROKEN_POLICY
        await settle(pilot)
        await pilot.press("f8")
        await settle(pilot)

    assert snap_compare(bench.app(start_place="policy"), terminal_size=size, run_before=before)


@SIZES
def test_editing_a_held_call(bench: Bench, snap_compare, size) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("e")
        await settle(pilot)
        editor = pilot.app.screen.query_one(CodeEditor)
        editor.text = editor.text.replace("Flaky", "Steady")
        await settle(pilot)

    assert snap_compare(bench.app(start_place="live"), terminal_size=size, run_before=before)


@pytest.mark.parametrize("theme", ["inspect-light", "inspect-contrast", "inspect-colourblind", "inspect-ansi"])
def test_live_in_other_themes(bench: Bench, snap_compare, theme) -> None:
    app = bench.app(start_place="live", theme=theme)
    assert snap_compare(app, terminal_size=(120, 36), run_before=settle)


@pytest.mark.parametrize("place", ["approvals", "limits", "sessions"])
def test_the_other_places(bench: Bench, snap_compare, place) -> None:
    assert snap_compare(bench.app(start_place=place), terminal_size=(120, 36), run_before=settle)


@SIZES
@pytest.mark.parametrize("theme", ["inspect-dark", "inspect-contrast"])
def test_limits_that_a_person_changed(bench: Bench, snap_compare, size, theme) -> None:
    bench.port.push(limits=BY_HAND)
    assert snap_compare(bench.app(start_place="limits", theme=theme), terminal_size=size, run_before=settle)


@SIZES
@pytest.mark.parametrize("theme", ["inspect-dark", "inspect-light"])
def test_raising_a_limit(bench: Bench, snap_compare, size, theme) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("plus")
        await settle(pilot)

    assert snap_compare(bench.app(start_place="limits", theme=theme), terminal_size=size, run_before=before)


@SIZES
def test_resetting_a_counter(bench: Bench, snap_compare, size) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await settle(pilot)

    assert snap_compare(bench.app(start_place="limits"), terminal_size=size, run_before=before)


@SIZES
@pytest.mark.parametrize("theme", ["inspect-dark", "inspect-light"])
def test_policy_with_what_if(bench: Bench, snap_compare, size, theme) -> None:
    async def before(pilot: Pilot[None]) -> None:
        draft = POLICY.replace("max: 60}", "max: 3}").replace("action: approve", "action: allow") + "# postgres\n"
        pilot.app.screen.query_one(CodeEditor).text = draft
        await until(pilot, lambda: bench.sent(WhatIf) and bench.sent(WhatIf)[-1].text == draft)
        await settle(pilot)

    assert snap_compare(bench.app(start_place="policy", theme=theme), terminal_size=size, run_before=before)


@SIZES
@pytest.mark.parametrize("theme", ["inspect-dark", "inspect-light"])
def test_a_rule_before_it_is_written(bench: Bench, snap_compare, size, theme) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("up", "r", "down", "down", "down")
        await settle(pilot)

    assert snap_compare(bench.app(start_place="live", theme=theme), terminal_size=size, run_before=before)


@SIZES
def test_policy_with_completions(bench: Bench, snap_compare, size) -> None:
    async def before(pilot: Pilot[None]) -> None:
        editor = pilot.app.screen.query_one(CodeEditor)
        editor.go_to(24, 40)
        await pilot.press("enter", "a", "p")
        await until(pilot, lambda: pilot.app.screen.query_one(CompletionList).is_open)
        await settle(pilot)

    assert snap_compare(bench.app(start_place="policy"), terminal_size=size, run_before=before)


@SIZES
@pytest.mark.parametrize("form", ["text", "bytes"])
def test_what_was_not_let_through(bench: Bench, snap_compare, size, form) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.press("x", *(["o"] if form == "bytes" else []))
        await settle(pilot)

    assert snap_compare(bench.app(start_place="live"), terminal_size=size, run_before=before)


@pytest.mark.parametrize("place", ["approvals", "limits", "sessions"])
def test_the_other_places_in_a_small_light_terminal(bench: Bench, snap_compare, place) -> None:
    app = bench.app(start_place=place, theme="inspect-light")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settle)


@SIZES
@pytest.mark.parametrize("theme", ["inspect-dark", "inspect-light"])
def test_sessions_with_a_server_whose_tools_changed(bench: Bench, snap_compare, size, theme) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(ServerList).chosen)
        await pilot.press("down", "S", "down", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServerDialog))
        pilot.app.notices.hush()  # or it would depend on the time whether one is still there
        await settle(pilot)

    app = bench.app(start_place="sessions", theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=before)


@SIZES
def test_sessions_in_a_recording(bench: Bench, snap_compare, size) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query_one(ServerList).chosen)
        await pilot.press("o", "down", "enter")
        await until(pilot, lambda: bench.opened)
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)

    assert snap_compare(bench.app(start_place="sessions"), terminal_size=size, run_before=before)
