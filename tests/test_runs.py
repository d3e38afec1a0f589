from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from inspector import runs

HOLDER = """
import sys
from pathlib import Path
from inspector import runs
with runs.register("other", 7401, ("kestra", "demo"), "/tmp/s.sock", folder=Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another process of ours that is registered in tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_a_run_is_listed_while_it_lives_and_gone_afterwards(tmp_path: Path) -> None:
    with runs.register("a1", 7337, ("demo",), "/run/x.sock", folder=tmp_path) as run:
        assert runs.live(tmp_path) == (run,)
        assert run == runs.LiveRun("a1", os.getpid(), 7337, ("demo",), "/run/x.sock", str(Path.cwd()))
        (file,) = tmp_path.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert runs.live(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_another_process_is_found_by_its_port(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    found = runs.find(7401, tmp_path)
    assert found is not None
    assert (found.pid, found.upstreams, found.socket) == (other.pid, ("kestra", "demo"), "/tmp/s.sock")
    assert runs.find(7402, tmp_path) is None


def test_an_end_in_good_order_takes_the_file_along(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.communicate("")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_ignored_and_removed(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert len(list(tmp_path.iterdir())) == 1
    assert runs.live(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_does_not_count_although_its_pid_is_in_use_again(tmp_path: Path) -> None:
    with runs.register("a1", 7337, (), folder=tmp_path):
        (file,) = tmp_path.iterdir()
        text = file.read_text()
    file.write_text(text)  # our own pid, which is alive; but nobody holds the file
    assert runs.live(tmp_path) == ()


def test_the_newest_run_comes_first(tmp_path: Path) -> None:
    with runs.register("old", 1, (), folder=tmp_path), runs.register("new", 2, (), folder=tmp_path):
        (old,) = tmp_path.glob("*old*")
        os.utime(old, (1, 1))
        assert [run.run for run in runs.live(tmp_path)] == ["new", "old"]


def test_a_file_that_is_not_ours_to_read_lists_nothing(tmp_path: Path) -> None:
    with runs.register("a1", 1, (), folder=tmp_path):
        (file,) = tmp_path.iterdir()
        file.write_text('{"something": "else"}')
        assert runs.live(tmp_path) == ()
    (tmp_path / "x.run.json").symlink_to("/etc/passwd")
    assert runs.live(tmp_path) == ()


def test_no_folder_means_no_runs(tmp_path: Path) -> None:
    assert runs.live(tmp_path / "missing") == ()


def test_it_imports_nothing_but_the_standard_library() -> None:
    code = "import sys, inspector.runs; print(*(m.partition('.')[0] for m in sys.modules))"
    found = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert set(found.stdout.split()) <= set(sys.stdlib_module_names) | {"inspector", "__main__"}
