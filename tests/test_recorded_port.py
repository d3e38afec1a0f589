"""A recording opens with its newest calls; the others come while one looks at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.core.call import Caller, CallId, Outcome
from inspector.core.commands import CallDetail, Inspect, Rejected, Shutdown
from inspector.core.events import CallArrived, Finished, Forwarded, RunStarted
from inspector.record.recorder import Recorder
from inspector.recorded_port import RecordedPort

pytestmark = pytest.mark.anyio
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


async def test_it_opens_with_the_newest_calls_and_says_how_many_are_older(recording: Path) -> None:
    port = opened(recording, 20)
    views = await port.views(0)
    assert [row.id for row in views.calls] == list(range(281, 301))
    assert (views.run.run, views.run.older, views.run.read_only) == ("r1", 280, True)
    port.close()


async def test_the_rest_takes_the_place_of_the_first_ones(recording: Path) -> None:
    port = opened(recording, 20)
    first = await port.views(0)
    await port.load_rest()
    views = await port.views(first.version)
    assert views.version > first.version
    assert views.epoch != first.epoch
    assert [row.id for row in views.calls] == list(range(1, 301))
    assert views.run.older == 0
    assert (await port.views(views.version)).calls == ()
    port.close()


async def test_a_small_recording_is_complete_at_once(recording: Path) -> None:
    port = opened(recording, 500)
    before = await port.views(0)
    await port.load_rest()
    assert (await port.views(0)) == before
    port.close()


async def test_details_come_from_the_file_and_nothing_can_be_changed(recording: Path) -> None:
    port = opened(recording, 20)
    detail = await port.command(Inspect(CallId(3)))
    assert isinstance(detail, CallDetail)
    assert detail.arguments == '{"n":3}'
    assert isinstance(await port.command(Shutdown()), Rejected)
    port.close()
