from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def benchmark(*argv: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *argv]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("argv", [[], ["nothing"], ["../store"]])
def test_an_unknown_benchmark_lists_those_that_exist(argv: list[str]) -> None:
    done = benchmark(*argv)
    assert done.returncode == 2
    assert "record" in done.stderr
    assert "store" in done.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [("store", "µs/event"), ("record", "µs/call in all"), ("decide", "arrive to finish"), ("ui", "key to frame")],
)
def test_a_benchmark_of_the_engine_the_store_and_the_recording_runs_small(name: str, says: str) -> None:
    done = benchmark(name, "50")
    assert (done.returncode, says in done.stdout) == (0, True)


def test_the_benchmark_of_opening_makes_a_recording_and_shows_filters_and_sorts_it() -> None:
    done = benchmark("opening", "3000")
    assert done.returncode == 0, done.stderr
    assert "rows of 3,000 calls in sight" in done.stdout
    assert re.search(r"filter größer +first rows +\d+ ms, all +7 after", done.stdout)
    assert "all     3,000 after" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="counts processes and descriptors by /proc")
def test_twenty_seconds_of_random_faults_lose_mix_up_and_leak_nothing() -> None:
    done = benchmark("soak", "--seconds", "20", "--clients", "6", "--seed", "3")
    assert (done.returncode, "WRONG" in done.stdout) == (0, False), done.stdout + done.stderr
    assert "calls," in done.stdout
