"""What only the ledger on disk promises: restarts, other processes, groups, and files that are not whole."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ledgerwork import SLIDING, SLOTS, charge, fail_the_commit_of_a_reset, key, used

from inspector.core.call import CallId
from inspector.core.decision import Algorithm, CounterKey, Scope
from inspector.core.effects import Exceeded, Granted, StoreFailed
from inspector.core.errors import StoreBusyError, StoreError
from inspector.policy.ledger_sqlite import SWEEP_EVERY, SqliteLedger, spelled, unspelled


def test_a_key_survives_being_written_down() -> None:
    odd = CounterKey("pool:ü\x1f\ud800\"'", Scope.CLIENT, "a\x1fb", 7, Algorithm.SLIDING)
    assert unspelled(spelled(odd)) == odd


def test_counters_of_the_past_are_forgotten_on_disk(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "s.db", "me")
    slid = key("s", 10, Algorithm.SLIDING)
    for number in range(SWEEP_EVERY + 10):
        ledger.reserve(CallId(number), [charge(key(scope_id=str(number)), "9"), charge(slid, "1e9")], number * 10)
        ledger.settle(CallId(number), number * 10, refund_all=False, refund_errors=False)
    with sqlite3.connect(tmp_path / "s.db") as db:
        assert db.execute("SELECT count(*) FROM counters").fetchone()[0] < 30
        assert db.execute("SELECT count(*) FROM entries").fetchone()[0] <= 2
        assert db.execute("SELECT count(*) FROM slots").fetchone()[0] == 0
    ledger.close()


def test_counters_survive_a_restart_and_slots_do_not(tmp_path: Path) -> None:
    first = SqliteLedger.open(tmp_path / "s.db", "one")
    first.reserve(CallId(1), [charge(key(), "9"), charge(SLOTS, "9"), charge(SLIDING, "9")], 60)
    first.close()
    second = SqliteLedger.open(tmp_path / "s.db", "two")
    assert [used(second, counter, 60) for counter in (key(), SLOTS, SLIDING)] == [1, 0, 1]
    assert second.latest() == 60
    second.close()


def test_two_runs_share_every_counter_exactly(tmp_path: Path) -> None:
    first, second = (SqliteLedger.open(tmp_path / "s.db", run) for run in ("one", "two"))
    assert isinstance(first.reserve(CallId(1), [charge(key()), charge(SLOTS)], 60), Granted)
    assert isinstance(second.reserve(CallId(1), [charge(key())], 60), Exceeded)
    assert used(second, SLOTS, 60) == 1, "a living run keeps its slots when another one opens the store"
    first.close()
    second.close()


def test_a_reset_holds_for_every_run_that_shares_the_counter(tmp_path: Path) -> None:
    first, second = (SqliteLedger.open(tmp_path / "s.db", run) for run in ("one", "two"))
    both = [charge(key(), "2"), charge(SLOTS, "2")]
    first.reserve(CallId(1), both, 60)
    second.reserve(CallId(1), both, 60)
    assert [first.reset(counter, 61).before for counter in (key(), SLOTS)] == [2, 2]
    assert [used(second, counter, 61) for counter in (key(), SLOTS)] == [0, 0]
    second.reserve(CallId(2), both, 61)
    second.settle(CallId(1), 61, refund_all=True, refund_errors=True)
    first.close()
    third = SqliteLedger.open(tmp_path / "s.db", "three")
    assert [used(third, counter, 61) for counter in (key(), SLOTS)] == [1, 1], "nor does an end of before free a slot"
    second.close()
    third.close()


def test_a_reset_waits_its_turn_and_stands_at_once(tmp_path: Path) -> None:
    first = SqliteLedger.open(tmp_path / "s.db", "one", grouped=True)
    second = SqliteLedger.open(tmp_path / "s.db", "two")
    first.reserve(CallId(1), [charge(key())], 60)
    with pytest.raises(StoreBusyError):
        second.reset(key(), 60)
    first.reset(key(), 60)
    assert (used(first, key(), 60), used(second, key(), 60)) == (0, 0)
    assert first.commit() == ()
    first.close()
    second.close()


def test_a_reset_whose_commit_fails_is_no_reset_and_takes_the_calls_of_its_group_back(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "s.db", "one", grouped=True)
    ledger.reserve(CallId(1), [charge(key(), "9")], 60)
    ledger.commit()
    ledger.reserve(CallId(2), [charge(key(), "9")], 60)
    ledger.commit()
    fail_the_commit_of_a_reset(ledger)
    assert isinstance(ledger.reserve(CallId(3), [charge(key(), "9")], 60), Granted)
    with pytest.raises(StoreError, match="cannot be used"):
        ledger.reset(key(), 60)
    assert used(ledger, key(), 60) == 2
    assert ledger.commit() == (CallId(3),)
    ledger.close()


def test_the_slots_of_a_process_that_died_are_freed(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from decimal import Decimal
from inspector.core.decision import *
from inspector.policy.ledger_sqlite import SqliteLedger
ledger = SqliteLedger.open(Path({str(tmp_path / "s.db")!r}), "dead")
slots = CounterKey("/tools/t/limits/n", Scope.GRANT, "g", 0, Algorithm.IN_FLIGHT)
ledger.reserve(1, [Charge(slots, "r", Decimal(1), Decimal(9))], 60.0)
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 9
    ledger = SqliteLedger.open(tmp_path / "s.db", "alive")
    assert used(ledger, SLOTS, 60) == 0
    assert list(tmp_path.glob("*.run-dead")) == []
    ledger.close()
    assert list(tmp_path.glob("*.run-*")) == []


def test_two_processes_never_both_get_the_last_unit(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from decimal import Decimal
from inspector.core.decision import *
from inspector.core.effects import Granted
from inspector.policy.ledger_sqlite import SqliteLedger
ledger = SqliteLedger.open(Path(sys.argv[1]), sys.argv[2], patience=30)
counter = CounterKey("n", Scope.GLOBAL, "", 3600, Algorithm.FIXED)
results = [ledger.reserve(n, [Charge(counter, "r", Decimal(1), Decimal(150))], 60.0) for n in range(100)]
print(sum(isinstance(result, Granted) for result in results))
ledger.close()
"""
    runs = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "s.db"), name], stdout=subprocess.PIPE)
        for name in ("one", "two")
    ]
    granted = [int(run.communicate(timeout=60)[0]) for run in runs]
    assert sum(granted) == 150


def test_a_locked_store_fails_in_time_and_recovers(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "s.db", "me")
    ledger.reserve(CallId(7), [charge(key("other"))], 60)
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    failed = ledger.reserve(CallId(1), [charge(key())], 60)
    assert isinstance(failed, StoreFailed)
    assert failed.busy
    assert "locked" in failed.why
    assert used(ledger, key(), 60) == 0, "reading does not wait for a writer"
    with pytest.raises(StoreBusyError):
        ledger.settle(CallId(7), 60, refund_all=True, refund_errors=True)
    other.execute("ROLLBACK")
    assert ledger.settle(CallId(7), 60, refund_all=True, refund_errors=True)[0].before == 0
    assert isinstance(ledger.reserve(CallId(1), [charge(key())], 60), Granted)
    ledger.close()


@pytest.mark.parametrize("spoil", [lambda _: b"not a database, but long enough to be one" * 9, lambda b: b[:3000]])
def test_a_corrupt_file_is_kept_aside_and_reported(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "s.db"
    ledger = SqliteLedger.open(path, "one")
    ledger.reserve(CallId(1), [charge(key())], 60)
    ledger.close()
    spoilt = spoil(path.read_bytes())
    path.write_bytes(spoilt)
    ledger = SqliteLedger.open(path, "two")
    assert ledger.set_aside == tmp_path / "s.db.corrupt-1"
    assert ledger.set_aside.read_bytes() == spoilt
    assert isinstance(ledger.reserve(CallId(1), [charge(key())], 60), Granted)
    ledger.close()
    path.write_bytes(spoilt)
    assert SqliteLedger.open(path, "three").set_aside == tmp_path / "s.db.corrupt-2"


def test_a_file_of_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
        db.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version"):
        SqliteLedger.open(path, "me")
    assert path.read_bytes() == before


def test_a_store_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"s\.db"):
        SqliteLedger.open(tmp_path / "missing" / "s.db", "me")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_store_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    SqliteLedger.open(path, "me").close()
    os.chown(path, 12345, 12345)
    with pytest.raises(StoreError, match="belongs to another user"):
        SqliteLedger.open(path, "me")


def test_a_store_that_others_could_open_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    SqliteLedger.open(path, "me").close()
    path.chmod(0o644)
    SqliteLedger.open(path, "me").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_files_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ledger = SqliteLedger.open(tmp_path / "s.db", "me")
        ledger.reserve(CallId(1), [charge(key())], 60)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    ledger.close()


def test_a_group_of_changes_stands_at_its_commit_and_is_seen_before_by_its_own_run(tmp_path: Path) -> None:
    first = SqliteLedger.open(tmp_path / "s.db", "one", grouped=True)
    second = SqliteLedger.open(tmp_path / "s.db", "two")
    for number in (1, 2):
        assert isinstance(first.reserve(CallId(number), [charge(key(), "2")], 60), Granted)
    assert isinstance(first.reserve(CallId(3), [charge(key(), "2")], 60), Exceeded)
    assert (used(first, key(), 60), used(second, key(), 60)) == (2, 0)
    waits = second.reserve(CallId(1), [charge(key(), "9")], 60)
    assert isinstance(waits, StoreFailed)
    assert waits.busy
    assert first.commit() == ()
    assert used(second, key(), 60) == 2
    assert isinstance(second.reserve(CallId(1), [charge(key(), "9")], 60), Granted)
    first.close()
    second.close()


def test_a_group_that_cannot_be_kept_names_the_calls_that_must_not_go(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "s.db", "one", grouped=True)
    assert isinstance(ledger.reserve(CallId(1), [charge(key(), "9")], 60), Granted)
    with sqlite3.connect(tmp_path / "s.db", isolation_level=None) as other:
        assert other.execute("SELECT count(*) FROM counters").fetchone() == (0,)
    ledger._db.execute("DROP TABLE counters")
    failed = ledger.reserve(CallId(2), [charge(SLIDING)], 60)
    assert isinstance(failed, StoreFailed)
    assert ledger.commit() == (CallId(1),)
    assert ledger.commit() == ()
    assert used(ledger, key(), 60) == 0
    assert ledger.settle(CallId(1), 60, refund_all=True, refund_errors=True) == (), "nothing is given back twice"
    ledger.close()


def test_a_group_that_fails_at_its_commit_takes_all_its_calls_back(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "s.db", "one", grouped=True)
    assert isinstance(ledger.reserve(CallId(1), [charge(key(), "9")], 60), Granted)
    ledger._db.execute("DROP TABLE counters")
    assert isinstance(ledger.reserve(CallId(2), [charge(key(), "9")], 60), Granted)
    assert ledger.commit() == (CallId(1), CallId(2))
    assert used(ledger, key(), 60) == 0
    ledger.close()


def test_a_window_that_another_run_charged_in_between_is_read_again(tmp_path: Path) -> None:
    first, second = (SqliteLedger.open(tmp_path / "s.db", run, grouped=True) for run in ("one", "two"))
    for number in range(1, 7):
        ledger = first if number % 2 else second
        assert isinstance(ledger.reserve(CallId(number), [charge(key(), "6")], 60), Granted)
        assert used(ledger, key(), 60) == number
        ledger.commit()
    assert used(first, key(), 60) == used(second, key(), 60) == 6
    assert isinstance(first.reserve(CallId(7), [charge(key(), "6")], 60), Exceeded)
    first.close()
    second.close()
