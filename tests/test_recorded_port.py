"""A recording opens with all of its rows by query; what is counted over all calls comes while one looks at them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.core.call import Caller, CallId, Outcome
from inspector.core.commands import CallDetail, Inspect, Rejected, Shutdown, WhatIf, WhatIfResult
from inspector.core.errors import ConfigError
from inspector.core.events import CallArrived, Finished, Forwarded, RunStarted
from inspector.record.recorder import Recorder
from inspector.recorded_port import RecordedPort

pytestmark = pytest.mark.anyio
ALLOWING = 'version: "1"\ndefault: allow\n'
CALLER = Caller("local", "s", "claude-code")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    recorder = Recorder.create(tmp_path, "r1", 0.0, [])
    recorder.append(RunStarted(0.5, "r1", "0.1", 1, "http://127.0.0.1:7337", ("fs",)))
    for number in range(1, 301):
        call_id = CallId(number)
        recorder.append(CallArrived(number, call_id, "c1", CALLER, "fs", "read", {"n": number}, call_id))
        recorder.append(Forwarded(number, call_id))
        recorder.append(Finished(number + 0.5, call_id, Outcome.OK, b"{}"))
    recorder.flush()
    recorder.close()
    return recorder.path


def opened(path: Path, first_calls: int) -> RecordedPort:
    return RecordedPort(path, first_calls)


async def test_all_rows_are_there_at_once_and_the_views_are_those_of_the_newest_calls(recording: Path) -> None:
    port = opened(recording, 20)
    views = await port.views(0)
    assert views.calls == ()
    assert [port.archive.at(position).id for position in (0, 299)] == [1, 300]
    assert (views.run.run, views.run.calls, views.run.read, views.run.read_only) == ("r1", 300, 1.0, True)
    assert views.tools[0].calls == 20
    port.close()


async def test_the_rest_brings_totals_over_all_calls(recording: Path) -> None:
    port = opened(recording, 20)
    first = await port.views(0)
    await port.load_rest()
    views = await port.views(first.version)
    assert views.version > first.version
    assert (views.tools[0].calls, views.tools[0].p95_ms, views.tools[0].result_bytes) == (300, 500.0, 600)
    assert sum(count for _, count in views.run.words) == 300
    assert (await port.views(views.version)).version == views.version
    port.close()


async def test_it_is_said_when_limits_and_what_if_are_those_of_the_newest_calls_only(recording: Path) -> None:
    port = opened(recording, 20)
    (views, judged) = await port.views(0), await port.command(WhatIf(ALLOWING))
    assert (views.run.folded, isinstance(judged, WhatIfResult) and judged.newest_only) == (20, True)
    await port.load_rest()
    (views, judged) = await port.views(views.version), await port.command(WhatIf(ALLOWING))
    assert (views.run.folded, isinstance(judged, WhatIfResult) and judged.newest_only) == (0, False)
    port.close()


async def test_the_totals_of_a_small_recording_are_what_the_fold_says(recording: Path) -> None:
    port = opened(recording, 500)
    before = await port.views(0)
    await port.load_rest()
    after = await port.views(0)
    assert replace(after, version=before.version) == before
    port.close()


async def test_an_older_recording_is_read_beside_the_screen_and_grows(recording: Path) -> None:
    with closing(sqlite3.connect(recording, isolation_level=None)) as older:
        older.executescript("DROP TABLE summary; DROP TABLE names; DROP TABLE summarised; PRAGMA user_version = 1")
    before = recording.read_bytes()
    port = opened(recording, 20)
    views = await port.views(0)
    assert (views.run.calls, views.run.read) == (0, 0.0)
    await port.load_rest()
    views = await port.views(views.version)
    assert (views.run.calls, views.run.read, len(port.archive)) == (300, 1.0, 300)
    assert views.tools[0].calls == 300
    port.close()
    assert recording.read_bytes() == before


async def test_a_row_that_cannot_be_read_is_said_with_the_next_views(recording: Path) -> None:
    with closing(sqlite3.connect(recording, isolation_level=None)) as damaged:
        damaged.execute("UPDATE summary SET word = 'nonsense' WHERE number = 300")
    port = opened(recording, 20)
    assert port.archive.at(299) is None
    with pytest.raises(ConfigError, match="damaged recording"):
        await port.views(0)
    port.close()


async def test_details_come_from_the_file_and_nothing_can_be_changed(recording: Path) -> None:
    port = opened(recording, 20)
    detail = await port.command(Inspect(CallId(3)))
    assert isinstance(detail, CallDetail)
    assert detail.arguments == '{"n":3}'
    assert isinstance(await port.command(Shutdown()), Rejected)
    port.close()
