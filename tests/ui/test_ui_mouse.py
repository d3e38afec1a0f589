"""The mouse reaches what the keys reach."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList
from ui_bench import Bench, shown, until

from inspector.core.commands import Approve, Deny
from inspector.ui.screens.dialog import Dialog
from inspector.ui.screens.edit import EditDialog
from inspector.ui.screens.help import HelpDialog
from inspector.ui.screens.place import Place
from inspector.ui.widgets.calls import CallTable
from inspector.ui.widgets.detail import DetailPane
from inspector.ui.widgets.keybar import KeyBar

pytestmark = pytest.mark.anyio
WIDE, NARROW = (120, 36), (80, 24)
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])


async def click_key(pilot: Pilot[None], words: str) -> None:
    """A click on the last line, in the midst of those words."""
    bar = pilot.app.screen.query_one(KeyBar)
    await until(pilot, lambda: words in bar.render().plain)
    at = bar.render().plain.index(words)
    await pilot.click(bar, offset=(at + 1 + len(words) // 2, 0))


@SIZES
async def test_rows_are_chosen_and_opened(bench: Bench, size: tuple[int, int]) -> None:
    async with bench.app(start_place="live").run_test(size=size) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.click(table, offset=(20, 3))
        row = table.cursor
        await until(pilot, lambda: f"#{row}" in shown(pilot))
        await pilot.click(table, offset=(20, 3), times=2)
        await until(pilot, lambda: not table.display or pilot.app.screen.has_class("-zoom"))


async def test_headings_sort_and_places_and_the_filter_open(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE) as pilot:
        table = pilot.app.screen.query_one(CallTable)
        await pilot.click(table, offset=(table.size.width - 2, 0))
        assert table.listing.ordered
        await pilot.click("#places", offset=(72, 0))
        assert isinstance(pilot.app.focused, Input)


@pytest.mark.parametrize(
    ("target", "place"), [("#gauges", "limits"), ("#gauge-line", "limits"), ("#banner", "approvals")]
)
async def test_what_is_short_leads_to_its_place(bench: Bench, target: str, place: str) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE if target == "#gauges" else NARROW) as pilot:
        await pilot.click(target)
        assert isinstance(pilot.app.screen, Place)
        assert place == pilot.app.screen.PLACE


@SIZES
async def test_a_held_call_is_answered_by_clicks_alone(bench: Bench, size: tuple[int, int]) -> None:
    async with bench.app(start_place="approvals").run_test(size=size) as pilot:
        bench.steady += 1
        await pilot.click("#held", offset=(5, 7))
        second = pilot.app.queue.selected  # type: ignore[attr-defined]
        assert second == pilot.app.queue.holds[1].hold.call_id  # type: ignore[attr-defined]
        await click_key(pilot, "a Approve")
        await until(pilot, lambda: [command.call_id for command in bench.sent(Approve)] == [second])
        await until(pilot, lambda: len(pilot.app.queue) == 1)  # type: ignore[attr-defined]
        await until(pilot, lambda: "Approved" in shown(pilot))
        await pilot.click(KeyBar)  # the notice gives way to the keys
        await until(pilot, lambda: "d Deny" in shown(pilot))
        await click_key(pilot, "d Deny")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        await click_key(pilot, "⏎ Deny")
        await until(pilot, lambda: len(bench.sent(Deny)) == 1)


@SIZES
async def test_every_dialog_can_be_left_by_a_click(bench: Bench, size: tuple[int, int]) -> None:
    async with bench.app(start_place="live").run_test(size=size) as pilot:
        for key, words in (
            ("e", "Keep held"), ("d", "Keep held"), ("A", "Keep held"), ("r", "Leave it"), ("C", "As before"),
            ("c", "Close"), ("question_mark", "Close"), ("q", "Stay"),
        ):  # fmt: skip
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, Dialog), key)
            await click_key(pilot, words)
            await until(pilot, lambda: isinstance(pilot.app.screen, Place), key)


async def test_the_buttons_of_a_dialog_do_what_they_say(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditDialog))
        await pilot.click("#edit-deny")
        await until(pilot, lambda: bench.sent(Deny))


async def test_a_limit_and_a_client_are_chosen_by_a_click(bench: Bench) -> None:
    async with bench.app(start_place="limits").run_test(size=WIDE) as pilot:
        await pilot.click(OptionList, offset=(10, 6))
        assert isinstance(pilot.app.screen, Place)
        await until(pilot, lambda: pilot.app.screen.PLACE == "policy")  # type: ignore[attr-defined]


@pytest.mark.parametrize("place", ["live", "approvals", "limits", "policy", "sessions"])
async def test_what_has_no_spot_of_its_own_is_in_the_palette_which_a_click_opens(bench: Bench, place: str) -> None:
    async with bench.app(start_place=place).run_test(size=NARROW) as pilot:
        await click_key(pilot, ": Palette") if place != "policy" else await pilot.press("ctrl+p")
        await until(pilot, lambda: pilot.app.screen.id == "--command-palette")


async def test_a_notice_covers_nothing_and_gives_its_room_back(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=NARROW) as pilot:
        bar, detail = pilot.app.screen.query_one(KeyBar), pilot.app.screen.query_one(DetailPane)
        pilot.app.say("A long word. " * 20, wrong=True)  # type: ignore[attr-defined]
        await until(pilot, lambda: bar.size.height > 2)
        assert all(
            not bar.region.overlaps(other.region) for other in (detail, pilot.app.screen.query_one("#gauge-line"))
        )
        assert "0:24 → deny" in shown(pilot)
        pilot.app.say("Short.")  # type: ignore[attr-defined]
        await until(pilot, lambda: bar.size.height == 1 and "Short." in shown(pilot))
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpDialog)
        assert "Short." in shown(pilot)
