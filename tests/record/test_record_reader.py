from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from event_samples import arrival, decision

from inspector.core.call import Outcome
from inspector.core.decision import Verdict
from inspector.core.errors import ConfigError
from inspector.core.events import (
    Counted,
    Decided,
    Direction,
    Event,
    Finished,
    Forwarded,
    FrameSeen,
    HoldEnded,
    Progressed,
    UpstreamChanged,
    UpstreamState,
)
from inspector.core.holds import HoldEnd
from inspector.core.json import Number
from inspector.record.codec import FORMAT
from inspector.record.reader import Recording
from inspector.record.recorder import Recorder


class Folded:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def fold(self, event: Event) -> None:
        self.events.append(event)


def record(folder: Path, *events: Event) -> Path:
    recorder = Recorder.create(folder, "r", 0.0)
    for event in events:
        recorder.append(event)
    recorder.close()
    return recorder.path


def frame(call_id: int | None, raw: bytes, at: float = 1.0) -> FrameSeen:
    return FrameSeen(at, "c1", "kestra", Direction.FROM_CLIENT, call_id, raw)


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.sqlite: no such recording"):
        Recording.open(tmp_path / "gone.sqlite")


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_recording_is_a_config_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.sqlite"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"some.sqlite: not a recording"):
        Recording.open(path)
    assert path.read_bytes() == content


def test_another_database_is_no_recording(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE events (seq)")
    with pytest.raises(ConfigError, match="not a recording"):
        Recording.open(tmp_path / "other.sqlite")


def test_a_newer_format_names_both_versions(tmp_path: Path) -> None:
    path = record(tmp_path)
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(ConfigError, match=rf"newer mcp-inspect \(format {FORMAT + 1}; .* up to {FORMAT}\)"):
        Recording.open(path)


def test_a_damaged_row_is_a_config_error(tmp_path: Path) -> None:
    path = record(tmp_path, arrival(1, 0.0))
    with sqlite3.connect(path) as damaged:
        damaged.execute("UPDATE events SET payload = '{}'")
    with (
        Recording.open(path) as recording,
        pytest.raises(ConfigError, match="damaged recording: a damaged CallArrived"),
    ):
        list(recording.events())


def test_a_damaged_page_is_a_config_error(tmp_path: Path) -> None:
    path = record(tmp_path, *[frame(None, b"x" * 3000) for _ in range(100)])
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xee" * (len(content) - len(content) // 2)
    path.write_bytes(content)
    with Recording.open(path) as recording, pytest.raises(ConfigError, match="damaged recording"):
        list(recording.events())


def test_a_copy_opens_in_a_folder_that_nobody_can_write(tmp_path: Path) -> None:
    path = record(tmp_path / "a", arrival(1, 0.0))
    shipped = tmp_path / "b" / "odd name?#%.sqlite"
    shipped.parent.mkdir()
    shutil.copy(path, shipped)
    shipped.chmod(0o400)
    shipped.parent.chmod(0o500)
    with Recording.open(shipped) as recording:
        assert list(recording.events()) == [arrival(1, 0.0)]
    assert [file.name for file in shipped.parent.iterdir()] == [shipped.name]
    shipped.parent.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_nothing_can_be_written_a_wal_is_never_silently_left_out(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run", "r", 0.0)
    recorder.append(arrival(1, 0.0))
    recorder.flush()
    for name in ("alone", "both"):
        (tmp_path / name).mkdir()
        shutil.copy(recorder.path, tmp_path / name / "copy.sqlite")
    shutil.copy(f"{recorder.path}-wal", tmp_path / "both" / "copy.sqlite-wal")
    recorder.close()
    for name in ("alone", "both"):
        (tmp_path / name).chmod(0o500)
    with Recording.open(tmp_path / "alone" / "copy.sqlite") as recording:
        assert list(recording.events()) == []
    with pytest.raises(ConfigError, match="WAL cannot be read here; copy both to a folder that can be written"):
        Recording.open(tmp_path / "both" / "copy.sqlite")
    for name in ("alone", "both"):
        (tmp_path / name).chmod(0o700)


def test_a_copy_of_a_running_recording_without_its_wal_opens(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "r", 0.0)
    recorder.append(arrival(1, 0.0))
    recorder.flush()
    alone = Path(shutil.copy(recorder.path, tmp_path / "alone.sqlite"))
    with Recording.open(alone) as recording:
        assert list(recording.events()) == []
    recorder.close()


def test_opening_never_changes_the_file(tmp_path: Path) -> None:
    path = record(tmp_path, arrival(1, 0.0))
    before = path.read_bytes(), path.stat().st_mtime_ns
    with Recording.open(path) as recording:
        list(recording.events())
        recording.detail(1)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            recording._connection.execute("DELETE FROM events")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_call_is_fetched_whole_with_its_frames_and_legs(tmp_path: Path) -> None:
    allow, ask = decision(2, 1.0, Verdict.ALLOW), decision(2, 1.0, Verdict.PENDING, "/tools/run")
    path = record(
        tmp_path,
        arrival(1, 0.0, other=True),
        arrival(2, 1.0, n=Number("1.00")),
        Decided(1.0, ask),
        HoldEnded(2.0, 2, HoldEnd.APPROVED, "you", "", {"n": Number("2.00")}),
        Decided(2.0, allow),
        frame(2, b'{"\xff"}', 2.0),
        Forwarded(2.0, 2),
        Progressed(2.5, 2, "1/2"),
        Finished(3.0, 2, Outcome.INPUT_REQUIRED, b"more?"),
        arrival(3, 4.0, root=2, leg=2),
        Decided(4.0, decision(3, 4.0, Verdict.ALLOW)),
        Forwarded(4.0, 3),
        Finished(5.0, 3, Outcome.OK, b"done", relayed=True),
        Finished(6.0, 1, Outcome.NOT_SENT, b"no"),
    )
    with Recording.open(path) as recording:
        detail = recording.detail(2)
        assert recording.detail(3) == detail
        assert recording.detail(9) is None
    assert detail is not None
    assert (detail.arguments, detail.sent_arguments) == ('{"n":1.00}', '{"n":2.00}')
    assert detail.decisions == (ask, allow, decision(3, 4.0, Verdict.ALLOW))
    assert (detail.response, detail.response_by_us, detail.progress) == ("done", False, ("1/2",))
    assert [(line.at, line.direction, line.raw) for line in detail.frames] == [
        (2.0, "c→", b'{"\xff"}'),
        (5.0, "u→", b"done"),
    ]


def test_only_the_newest_calls_are_loaded_with_everything_about_servers(tmp_path: Path) -> None:
    ready = UpstreamChanged(0.0, "kestra", UpstreamState.READY, "uvx kestra")
    counted = Counted(1.5, decision(1, 1.0, Verdict.ALLOW).readings)
    calls = [[arrival(number, float(number)), counted, frame(number, b"{}")] for number in range(1, 6)]
    path = record(tmp_path, ready, *[event for call in calls for event in call], Finished(9.0, 1, Outcome.OK, b""))
    folded = Folded()
    with Recording.open(path) as recording:
        assert recording.load_into(folded, calls=2) == 9.0
    arrived = [event.call_id for event in folded.events if not isinstance(event, Counted | UpstreamChanged | Finished)]
    assert folded.events[0] == ready
    assert arrived == [4, 5]
    assert folded.events.count(counted) == 2


def test_an_empty_recording_loads_nothing(tmp_path: Path) -> None:
    folded = Folded()
    with Recording.open(record(tmp_path)) as recording:
        assert recording.load_into(folded, calls=2) == 0.0
    assert folded.events == []


def test_what_people_answered_is_loaded_of_all_calls_with_who_asked(tmp_path: Path) -> None:
    answer = HoldEnded(1.5, 1, HoldEnd.DENIED, "you", "no")
    calls = [
        [arrival(number, float(number)), Finished(number + 0.5, number, Outcome.OK, b"")] for number in range(2, 9)
    ]
    path = record(tmp_path, arrival(1, 1.0), answer, *[event for call in calls for event in call])
    folded, hasty = Folded(), Folded()
    with Recording.open(path) as recording:
        recording.load_into(folded, calls=2)
        recording.load_into(hasty, calls=2, in_haste=True)
    assert folded.events == [arrival(1, 1.0), answer, *calls[-2], *calls[-1]]
    assert hasty.events == [*calls[-2], *calls[-1]]
