from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from event_samples import arrival, runs
from hypothesis import example, given, settings

from inspector.core.call import CallId
from inspector.core.commands import Approve, CheckPolicy, Done, Inspect, PolicyCheck, Rejected, SavePolicy, Shutdown
from inspector.core.errors import ConfigError
from inspector.core.events import Event, HoldExtended, RunStarted
from inspector.core.views import Views
from inspector.record.recorder import Recorder
from inspector.recorded_port import RecordedPort
from inspector.store import Store


def record(folder: Path, events: list[Event]) -> Path:
    recorder = Recorder.create(folder, "r", 0.0)
    for event in events:
        recorder.append(event)
        recorder.flush()
    recorder.close()
    return recorder.path


def without_origin(views: Views) -> Views:
    """Rows are the archive's: `test_record_summary` compares them."""
    return replace(views, calls=(), run=replace(views.run, recording="", read_only=False))


@settings(max_examples=40, deadline=None)
@given(runs())
@example([HoldExtended(0.0, CallId(6_000), 1.0)])  # of a call that never came: there are no older ones to leave out
def test_a_recording_shows_what_the_live_store_showed(events: list[Event]) -> None:
    live = Store()
    for event in events:
        live.fold(event)
    with tempfile.TemporaryDirectory() as folder:
        port = RecordedPort(record(Path(folder), events), first_calls=1 << 62)
        views = asyncio.run(port.views(0))
        rows = live.views(0, 0.0).calls
        details = [asyncio.run(port.command(Inspect(row.id))) for row in rows]
        port.close()
    end = max((event.at for event in events), default=0.0)
    assert without_origin(views) == without_origin(live.views(0, end))
    assert details == [live.detail(row.id) for row in rows]


def test_a_recording_says_what_it_is(tmp_path: Path) -> None:
    started = RunStarted(5.0, "k3x9", "0.1.0", 7, "http://127.0.0.1:7337", ("kestra",))
    path = record(tmp_path, [started])
    port = RecordedPort(path)
    run = asyncio.run(port.views(0)).run
    port.close()
    assert (run.read_only, run.recording, run.run, run.started_at) == (True, str(path), "k3x9", 5.0)


def test_nothing_can_be_changed_through_a_recording(tmp_path: Path) -> None:
    port = RecordedPort(record(tmp_path, [arrival(1, 0.0)]))
    for command in (Approve(1), SavePolicy("", ""), Shutdown()):
        assert asyncio.run(port.command(command)) == Rejected("this is a recording")
    assert asyncio.run(port.command(CheckPolicy('version: "1"\ndefault: deny\n'))) == PolicyCheck((), loads=True)
    assert asyncio.run(port.command(Inspect(2))) == Rejected("the recording has no call #2")
    assert not isinstance(asyncio.run(port.command(Inspect(1))), Rejected | Done)
    port.close()


def test_a_file_that_is_no_recording_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        RecordedPort(tmp_path / "none.sqlite")
