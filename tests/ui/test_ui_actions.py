"""One list of what can be done: the help shows all of it, the palette all of it that can be done now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Static
from ui_bench import Bench, until

from inspector.ui.actions import OF_INPUTS, actions_of
from inspector.ui.palette import system_commands
from inspector.ui.screens.help import HelpDialog

pytestmark = pytest.mark.anyio
PLACES = pytest.mark.parametrize("place", ["live", "approvals", "limits", "policy", "sessions"])
SIZES = pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60)], ids=["120x36", "80x24", "200x60"])


def palette(pilot: Pilot[None]) -> dict[str, str]:
    found = system_commands(pilot.app, pilot.app.screen)  # type: ignore[arg-type]
    return {command.title: command.help for command in found}


@PLACES
async def test_the_palette_holds_every_action_of_a_place_that_can_be_done(bench: Bench, place: str) -> None:
    async with bench.app(start_place=place).run_test(size=(120, 36)) as pilot:
        commands = palette(pilot)
        missing = [
            action.id
            for action in actions_of(pilot.app.screen)
            if action.words not in commands
            and action.is_possible
            and not action.is_movement
            and not action.id.startswith(("place.", "app.palette", "connect.", *OF_INPUTS))
        ]
        assert missing == []
        assert {"Go to Live", "Go to Approvals", "Go to Limits", "Go to Policy", "Go to Sessions", "Theme"} <= {
            *commands
        }


async def test_letters_are_in_the_palette_also_while_a_text_has_the_keys(bench: Bench) -> None:
    async with bench.app(start_place="policy").run_test(size=(120, 36)) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: pilot.app.screen.id == "--command-palette")
        await pilot.press("escape")
        assert {"Connect", "Help", "Quit", "Save & reload", "Next problem"} <= {*palette(pilot)}


async def test_what_cannot_be_done_now_is_not_in_the_palette(bench: Bench) -> None:
    bench.port.now_views = replace(bench.port.now_views, holds=())
    async with bench.app(start_place="live").run_test(size=(120, 36)) as pilot:
        assert not {"Approve", "Deny", "Always…"} & {*palette(pilot)}


@PLACES
@SIZES
async def test_the_help_names_every_action_whole_with_all_its_keys(
    bench: Bench, place: str, size: tuple[int, int]
) -> None:
    async with bench.app(start_place=place).run_test(size=size) as pilot:
        expected = actions_of(pilot.app.screen)
        await pilot.press("f1")
        assert isinstance(pilot.app.screen, HelpDialog)
        shown = pilot.app.screen.query_one("#help-keys", Static)
        await until(pilot, lambda: str(shown.visual) and "Everywhere" in str(shown.visual))
        said = str(shown.visual)
        assert [action.id for action in expected if action.words not in said] == []
        assert [action.id for action in expected if " ".join(action.keys) not in said] == []
