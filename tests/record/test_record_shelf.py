"""The list of recordings: what each holds, which run goes on, and files that are none."""

from __future__ import annotations

from pathlib import Path

from event_samples import CALLER

from inspector.core.call import CallId
from inspector.core.decision import Decision, Verdict
from inspector.core.events import CallArrived, Decided, RunStarted
from inspector.record.recorder import Recorder
from inspector.record.shelf import PATIENCE, Shelf


def recorded(folder: Path, run: str, at: float, verdicts: list[Verdict]) -> Recorder:
    recorder = Recorder.create(folder, run, at)
    recorder.append(RunStarted(at, run, "0.1.0", 1, "http://127.0.0.1:7337", ("kestra", "fs")))
    for number, verdict in enumerate(verdicts, 1):
        call = CallId(number)
        recorder.append(CallArrived(at, call, "c1", CALLER, "kestra", "run", {}, call))
        recorder.append(Decided(at, Decision(call, at, "kestra", "run", verdict, "", "", (), (), (), (), "h")))
    recorder.flush()
    return recorder


def test_the_newest_recording_comes_first_with_its_calls_its_denials_and_its_servers(tmp_path: Path) -> None:
    recorded(tmp_path, "older", 1000.0, [Verdict.ALLOW, Verdict.DENY, Verdict.DENY]).close()
    open_one = recorded(tmp_path, "newer", 2000.0, [Verdict.ALLOW])
    newer, older = Shelf(tmp_path, lambda: 0.0).entries(alive={"newer"}).entries
    open_one.close()
    assert (newer.run, newer.started, newer.calls, newer.denied, newer.alive) == ("newer", 2000.0, 1, 0, True)
    assert (older.run, older.upstreams, older.calls, older.denied, older.alive) == (
        "older",
        ("kestra", "fs"),
        3,
        2,
        False,
    )
    assert older.size == Path(older.path).stat().st_size


def test_a_call_that_was_held_and_then_denied_counts_once(tmp_path: Path) -> None:
    recorder = recorded(tmp_path, "r", 1000.0, [Verdict.PENDING])
    recorder.append(
        Decided(1001.0, Decision(CallId(1), 1001.0, "kestra", "run", Verdict.DENY, "", "", (), (), (), (), "h"))
    )
    recorder.close()
    (entry,) = Shelf(tmp_path, lambda: 0.0).entries().entries
    assert (entry.calls, entry.denied) == (1, 1)


def test_counting_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    recorded(tmp_path, "r", 1000.0, [Verdict.DENY] * 3000).close()
    ticks = iter(range(1_000_000))
    (entry,) = Shelf(tmp_path, lambda: next(ticks) * PATIENCE).entries().entries
    assert (entry.calls, entry.denied) == (3000, None)


def test_a_file_that_is_no_recording_says_so_and_hides_no_other(tmp_path: Path) -> None:
    recorded(tmp_path, "r", 1000.0, []).close()
    (tmp_path / "2027-01-01T00-00-00-x.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    bad, good = Shelf(tmp_path, lambda: 0.0).entries().entries
    assert bad.trouble
    assert (good.run, good.trouble) == ("r", "")


def test_an_empty_folder_and_none_at_all_have_nothing(tmp_path: Path) -> None:
    assert Shelf(tmp_path / "none", lambda: 0.0).entries().entries == ()
