from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from event_samples import arrival, decision

from inspector.core.call import Outcome
from inspector.core.decision import Verdict
from inspector.core.errors import StoreError
from inspector.core.events import (
    Decided,
    Direction,
    Dropped,
    Event,
    Finished,
    FrameSeen,
    PolicyLoaded,
    StderrLine,
)
from inspector.record import recorder as module
from inspector.record.reader import Recording
from inspector.record.recorder import Recorder

AT = 1_795_341_845.0  # 2026-11-22 10:04:05 UTC


def recorder_in(folder: Path) -> Recorder:
    return Recorder.create(folder / "recordings", "k3x9", AT)


def decided(call_id: int) -> Decided:
    return Decided(AT, decision(call_id, AT, Verdict.ALLOW))


def frame(raw: bytes = b"{}") -> FrameSeen:
    return FrameSeen(AT, "c1", "kestra", Direction.FROM_CLIENT, None, raw)


def events_of(path: Path) -> list[Event]:
    with Recording.open(path) as recording:
        return list(recording.events())


def test_the_file_is_named_after_the_start_and_is_its_owners_only(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    recorder.append(decided(1))
    recorder.flush()
    assert recorder.path.name == "2026-11-22T10-04-05-k3x9.sqlite"
    assert stat.S_IMODE(recorder.path.parent.stat().st_mode) == 0o700
    files = list(recorder.path.parent.iterdir())
    assert {file.name.rpartition("sqlite")[2] for file in files} == {"", "-wal", "-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    recorder.close()


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Recorder.create(tmp_path, "r", AT).close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_second_recording_never_writes_over_the_first(tmp_path: Path) -> None:
    recorder_in(tmp_path).close()
    with pytest.raises(StoreError, match="exists"):
        recorder_in(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("a file")
    with pytest.raises(StoreError, match=r"cannot record to .*recordings"):
        recorder_in(tmp_path)


def test_events_come_back_in_their_order(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    events = [arrival(1, AT), decided(1), frame(b"\xff"), Finished(AT, 1, Outcome.OK, b"{}")]
    for event in events[:2]:
        recorder.append(event)
    recorder.flush()
    for event in events[2:]:
        recorder.append(event)
    recorder.close()
    assert events_of(recorder.path) == events


def test_what_is_flushed_is_seen_by_another_process_at_once(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    recorder.append(decided(1))
    assert events_of(recorder.path) == []
    recorder.flush()
    assert events_of(recorder.path) == [decided(1)]
    recorder.close()


def test_a_policy_text_is_written_once_per_hash(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    loads = [PolicyLoaded(AT, "p.yaml", text * 32, version, text, "start") for version, text in enumerate("aba", 1)]
    for event in loads:
        recorder.append(event)
    recorder.close()
    assert events_of(recorder.path) == loads
    with sqlite3.connect(recorder.path) as plain:
        assert plain.execute("SELECT text FROM policies ORDER BY 1").fetchall() == [("a",), ("b",)]
        assert plain.execute("SELECT count(*) FROM events WHERE blob IS NOT NULL").fetchone() == (0,)


def test_a_closed_recording_is_one_plain_file(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    recorder.append(decided(1))
    recorder.close()
    assert list(recorder.path.parent.iterdir()) == [recorder.path]


def test_a_full_disk_is_a_store_error_and_nothing_of_the_batch_is_written(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    connection = recorder._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    recorder.append(decided(1))
    recorder.append(Finished(AT, 1, Outcome.OK, b"x" * 100_000))
    with pytest.raises(StoreError, match=r"k3x9.sqlite cannot be written: .*full"):
        recorder.flush()
    assert events_of(recorder.path) == []

    connection.execute("PRAGMA max_page_count = 1000000")
    recorder.flush()
    recorder.close()
    assert len(events_of(recorder.path)) == 2


def test_closing_on_a_full_disk_tells_and_still_closes(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    pages = recorder._connection.execute("PRAGMA page_count").fetchone()[0]
    recorder._connection.execute(f"PRAGMA max_page_count = {pages}")
    recorder.append(Finished(AT, 1, Outcome.OK, b"x" * 100_000))
    with pytest.raises(StoreError):
        recorder.close()
    assert events_of(recorder.path) == []


def test_a_foreign_lock_holds_a_flush_up_for_a_bounded_time(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    recorder.append(decided(1))
    other = sqlite3.connect(recorder.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        recorder.flush()
    other.execute("ROLLBACK")
    other.close()
    recorder.flush()
    recorder.close()
    assert events_of(recorder.path) == [decided(1)]


def test_observed_events_beyond_the_bound_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LOSSY_ROWS", 3)
    recorder = recorder_in(tmp_path)
    for _ in range(5):
        recorder.append(frame())
    recorder.append(decided(1))
    recorder.append(StderrLine(AT + 1, "kestra", "late"))
    dropped = recorder.flush()
    assert dropped == Dropped(AT + 1, 3, "observed frames and lines")
    assert recorder.flush() is None
    recorder.close()
    assert events_of(recorder.path) == [frame(), frame(), frame(), decided(1), dropped]


def test_observed_bytes_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LOSSY_BYTES", 1000)
    recorder = recorder_in(tmp_path)
    for _ in range(4):
        recorder.append(frame(b"x" * 600))
    dropped = recorder.flush()
    assert dropped is not None
    assert dropped.count == 2
    recorder.close()


def test_a_decision_is_never_dropped_but_refused_when_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    recorder = recorder_in(tmp_path)
    recorder.append(decided(1))
    recorder.append(decided(2))
    with pytest.raises(StoreError, match="buffer is full"):
        recorder.append(decided(3))
    recorder.close()
    assert events_of(recorder.path) == [decided(1), decided(2)]


def test_the_wal_is_checkpointed_beside_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_BYTES", 100_000)
    monkeypatch.setattr(module, "LOOK_EVERY", 8)
    recorder = recorder_in(tmp_path)
    recorder._until_look = 8
    threads = set()
    wal = Path(f"{recorder.path}-wal")
    biggest = 0
    for number in range(400):
        recorder.append(Finished(AT, number, Outcome.OK, b"x" * 2000))
        recorder.flush()
        if recorder._checkpoint:
            threads.add(recorder._checkpoint.ident)
            recorder._checkpoint.join(10)
        biggest = max(biggest, wal.stat().st_size)
    assert threading.get_ident() not in threads
    assert len(threads) > 0
    assert biggest < 1_000_000 < recorder.path.stat().st_size + biggest
    recorder.close()
    assert len(events_of(recorder.path)) == 400


WRITER = """
import os, sys
from pathlib import Path
sys.path[:0] = [{here!r}, {root!r}]
from event_samples import arrival, decision
from inspector.core.decision import Verdict
from inspector.core.events import Decided
from inspector.record.recorder import Recorder

recorder = Recorder.create(Path({folder!r}), "victim", 0.0)
print(recorder.path, flush=True)
for number in range(1, 10_000_000):
    recorder.append(arrival(number, 1.0, text="x" * (number % 3000)))
    recorder.append(Decided(1.0, decision(number, 1.0, Verdict.ALLOW)))
    recorder.flush()
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("after", [1, 50, 700])
def test_every_flushed_decision_survives_kill_9(tmp_path: Path, after: int) -> None:
    here = Path(__file__).parent
    script = WRITER.format(here=str(here), root=str(here.parents[1]), folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as victim:
        assert victim.stdout
        path = Path(victim.stdout.readline().decode().strip())
        for line in victim.stdout:
            if int(line) >= after:
                break
        victim.kill()
        lines = [line for line in victim.stdout.read().split(b"\n")[:-1] if line]
    last = int(lines[-1]) if lines else after
    kept = [event.decision.call_id for event in events_of(path) if isinstance(event, Decided)]
    assert kept[:last] == list(range(1, last + 1))
    assert len(kept) <= last + 1
