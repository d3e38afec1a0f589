"""Before the first client: how to connect, copied whole, and the sign that we wait; gone with the first client."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_bench import Bench, shown, until
from ui_port import DataPort
from ui_sample import CLIENTS, KINDS, TOKEN, call, empty_views, sample_views

from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.connecting import Connecting
from inspector.ui.widgets.welcome import Welcome

pytestmark = pytest.mark.anyio
SIZES = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])


@SIZES
async def test_it_shows_what_each_client_is_told_and_copies_it_whole(bench: Bench, size: tuple[int, int]) -> None:
    bench.port = DataPort(empty_views())
    async with bench.app().run_test(size=size) as pilot:
        await until(pilot, lambda: "claude mcp add" in shown(pilot))
        for word in (
            "Claude Code",
            "Cursor",
            "VS Code",
            "Codex",
            "••••",
            "Waiting for a client at http://127.0.0.1:7337",
        ):
            assert word in shown(pilot)
        assert TOKEN not in shown(pilot)
        await pilot.press("y")
        assert TOKEN in pilot.app.clipboard
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: "mcpServers" in pilot.app.clipboard)


async def test_it_can_be_clicked(bench: Bench) -> None:
    bench.port = DataPort(empty_views())
    async with bench.app().run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "claude mcp add" in shown(pilot))
        options = pilot.app.screen.query_one("#connecting OptionList")
        await pilot.click(options, offset=(3, 4))
        await until(pilot, lambda: "config.toml" in shown(pilot))


async def test_it_waits_and_goes_with_the_first_client_and_then_for_the_first_call(bench: Bench) -> None:
    bench.port = DataPort(empty_views())
    async with bench.app().run_test(size=(120, 36)) as pilot:
        screen = pilot.app.screen
        await until(pilot, lambda: screen.query_one(Welcome).display)
        assert screen.query_one(Connecting) in screen.focused.ancestors
        dots = shown(pilot).count(".")
        bench.now += 1
        await until(pilot, lambda: shown(pilot).count(".") != dots)
        views = bench.port.now_views
        bench.port.now_views = replace(views, version=views.version + 1, clients=CLIENTS[:1])
        await until(pilot, lambda: "Waiting for the first call." in shown(pilot))
        assert not screen.query_one(Welcome).display
        assert f"{CLIENTS[0].name} connected" in shown(pilot)
        assert screen.focused is screen.query_one(CallTable)
        bench.port.push([call(1, KINDS[0], bench.now)])
        await until(pilot, lambda: "Waiting" not in shown(pilot))


async def test_a_client_that_has_left_is_waited_for_again(bench: Bench) -> None:
    bench.port = DataPort(replace(empty_views(), clients=(replace(CLIENTS[0], gone=True),)))
    async with bench.app().run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: f"{CLIENTS[0].name} has left. Waiting for a client" in shown(pilot))


@pytest.mark.parametrize("options", [{"awaits_clients": False}, {}], ids=["a demo", "calls"])
async def test_it_does_not_stand_before_calls_nor_in_a_demo(bench: Bench, options: dict[str, bool]) -> None:
    bench.port = DataPort(sample_views() if not options else empty_views())
    async with bench.app(**options).run_test(size=(120, 36)) as pilot:
        assert not pilot.app.screen.query_one(Welcome).display


async def test_a_recording_waits_for_nobody(bench: Bench) -> None:
    bench.port = DataPort(empty_views(read_only=True))
    async with bench.app().run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "This recording holds no call." in shown(pilot))
