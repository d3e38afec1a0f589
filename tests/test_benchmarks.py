from __future__ import annotations

import re
import shutil
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
    [("store", "µs/event"), ("record", "µs/call in all"), ("rows", "sort 50 rows")],
)
def test_a_benchmark_of_the_engine_the_store_and_the_recording_runs_small(name: str, says: str) -> None:
    done = benchmark(name, "50")
    assert (done.returncode, says in done.stdout) == (0, True)


def test_a_decision_among_a_thousand_rules_is_held_against_its_floors() -> None:
    done = benchmark("decide", "50")
    assert re.findall(r"^ *(\d+) rules   decide +[\d.]+ µs", done.stdout, re.MULTILINE) == ["1", "10", "1000"], (
        done.stderr
    )
    assert len(re.findall(r"^(?:pass|FAIL)  .* floor [\d,]+$", done.stdout, re.MULTILINE)) == 3
    assert done.returncode == ("FAIL" in done.stdout)


def test_the_dearest_argument_of_each_operator_is_named_and_held_against_its_floor() -> None:
    done = benchmark("conditions", "--bytes", "2000", "--rounds", "1")
    assert len(re.findall(r"(?:pass|FAIL)  \w+ +[\d.]+ ms, floor 50  \S+", done.stdout)) == 12, done.stderr
    assert done.returncode == ("FAIL" in done.stdout)


def test_keys_are_pressed_while_calls_are_folded_and_each_of_them_gets_its_frame() -> None:
    done = benchmark("ui", "--seconds", "0.1", "--per-second", "200")
    assert re.search(r"\d+ keys, key to frame: p50 [\d.]+ ms", done.stdout), done.stderr
    assert re.search(r"(pass|FAIL)  key to frame p95, ms", done.stdout)
    assert done.returncode == ("FAIL" in done.stdout)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_paced_calls_go_through_the_app_in_a_terminal_and_through_the_engine_alone() -> None:
    done = benchmark("watched", "--rounds", "1", "--seconds", "0.2", "--per-second", "50", "--warm-up", "0.2")
    assert re.search(r"direct +\d+ calls/s", done.stdout), done.stderr
    assert re.search(r"(pass|FAIL)  added to the p99 by the app, ms", done.stdout)
    assert done.returncode == ("FAIL" in done.stdout)


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
