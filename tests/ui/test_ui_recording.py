"""A recording in the app: rows by query, what is looked for comes piece by piece, and nothing waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from record.event_samples import CALLER, decision
from textual.pilot import Pilot
from ui_bench import shown, until

from inspector.core.call import CallId, Outcome
from inspector.core.decision import Verdict
from inspector.core.events import CallArrived, Decided, Finished, Forwarded, RunStarted
from inspector.filters.order import Sort
from inspector.record import archive
from inspector.record.recorder import Recorder
from inspector.recorded_port import RecordedPort
from inspector.ui.app import InspectApp
from inspector.ui.archive_listing import ArchiveSource
from inspector.ui.preferences import Preferences
from inspector.ui.widgets.calls import CallTable

pytestmark = pytest.mark.anyio
CALLS = 300


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    recorder = Recorder.create(tmp_path, "r1", 0.0)
    recorder.append(RunStarted(0.5, "r1", "0.1", 1, "http://127.0.0.1:7337", ("fs",)))
    for number in range(1, CALLS + 1):
        call_id, tool = CallId(number), "write" if number % 10 == 0 else "read"
        arrived = CallArrived(number, call_id, "c1", CALLER, "kestra", tool, {"n": number}, call_id)
        for event in (
            arrived,
            Decided(number, decision(number, number, Verdict.ALLOW)),
            Forwarded(number, call_id),
            Finished(number + number % 7 / 10, call_id, Outcome.OK, b"{}"),
        ):
            recorder.append(event)
    recorder.close()
    return recorder.path


@pytest.fixture
async def pilot(recording: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pilot[None]]:
    """With parts so small that a search has several."""
    monkeypatch.setattr(archive, "FIRST_PART", 40)
    port = RecordedPort(recording)
    quiet = Preferences(bell=False, title=False)
    source = ArchiveSource(port.archive)
    app = InspectApp(port, source=source, clock=lambda: 301.0, preferences=quiet, start_place="live")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: table_of(pilot).cursor == CALLS)
        yield pilot
    port.close()


def table_of(pilot: Pilot[None]) -> CallTable:
    return pilot.app.screen.query_one(CallTable)


def ids(table: CallTable) -> list[int]:
    return [row.id for index in range(len(table.listing)) if (row := table.listing.at(index))]


async def settled(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: table_of(pilot).looked_at == 1 and not table_of(pilot).listing.unsettled)


async def test_it_opens_at_the_newest_call_with_its_detail_and_every_row_can_be_reached(pilot: Pilot[None]) -> None:
    table = table_of(pilot)
    assert len(table.listing) == CALLS
    await until(pilot, lambda: f"#{CALLS}" in shown(pilot))
    await pilot.press("g")
    await until(pilot, lambda: "kestra › read · claude · #1 " in shown(pilot))
    await pilot.press("pagedown", "G")
    assert table.cursor == CALLS


async def test_a_filter_shows_the_newest_first_and_then_all(pilot: Pilot[None]) -> None:
    table = table_of(pilot)
    await pilot.press("slash", *"tool:write", "enter")
    await settled(pilot)
    assert ids(table) == list(range(10, CALLS + 1, 10))
    assert table.cursor == CALLS
    assert f"30 of {CALLS}" in shown(pilot)
    await pilot.press("escape")
    await until(pilot, lambda: len(table.listing) == CALLS)


async def test_the_row_in_sight_stays_in_sight_while_older_ones_are_found(pilot: Pilot[None]) -> None:
    table = table_of(pilot)
    tops = []
    table.filter(None)
    await pilot.press("up")  # no longer following
    pilot.app.screen.apply_filter("tool:read")
    while table.looked_at < 1:
        if table.looked_at > 0 and (row := table.listing.at(table.scroll_offset.y)):
            tops.append(row.id)
        await asyncio.sleep(0)
    await settled(pilot)
    assert table.cursor == CALLS - 1
    assert table.listing.index_of(table.cursor) == len(table.listing) - 1
    assert set(tops) <= set(range(CALLS - 40, CALLS + 1))


async def test_orders_are_those_of_the_rows_and_the_other_way_round(pilot: Pilot[None]) -> None:
    table = table_of(pilot)
    table.sort_by(Sort.MS)
    await settled(pilot)
    slowest = [n for n in range(1, CALLS + 1) if n % 7 == 6]
    assert sorted(ids(table)[: len(slowest)]) == slowest
    assert ids(table)[-1] % 7 == 0
    table.sort_by(Sort.TIME, True)
    assert ids(table) == list(range(CALLS, 0, -1))
    table.go_to(CallId(7))
    assert table.listing.index_of(CallId(7)) == CALLS - 7
    pilot.app.screen.apply_filter("tool:write")
    await settled(pilot)
    assert ids(table) == list(range(CALLS, 0, -10))


async def test_a_new_filter_ends_the_search_before_it(pilot: Pilot[None]) -> None:
    table = table_of(pilot)
    for wanted in ("arg.n:~7", "tool:read", "id:<4"):
        pilot.app.screen.apply_filter(wanted)
    await settled(pilot)
    assert ids(table) == [1, 2, 3]


async def test_a_call_is_compared_with_the_one_of_its_tool_before_it(pilot: Pilot[None]) -> None:
    table_of(pilot).go_to(CallId(200))
    await until(pilot, lambda: "#200" in shown(pilot))
    await pilot.press("D")
    await until(pilot, lambda: "AGAINST #190" in shown(pilot))
