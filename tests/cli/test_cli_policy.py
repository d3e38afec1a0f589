from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from inspector.cli import policy
from inspector.cli.policy_check import COMMANDS
from inspector.core.errors import ConfigError, UsageError
from inspector.core.json import Json

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "data" / "policy_cases_sample.jsonl"


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    in_force: Json = {
        "version": "1",
        "default": "deny",
        "tools": {"t": {"deny_if": [{"path": "args.x", "op": "eq", "value": 1}]}},
    }
    bad: Json = {"do": "call", "at": 1, "tool": "t", "args": {"x": 1}, "expect": {"outcome": "allow", "rule": ""}}
    good: Json = {"do": "call", "at": 1, "tool": "t", "expect": {"outcome": "allow", "rule": ""}}
    path = tmp_path / "cases.jsonl"
    cases: list[Json] = [{"id": "bad\x1b[31m", "group": "g", "policy": in_force, "steps": [bad]},
                         {"id": "good", "policy": in_force, "steps": [good]}]  # fmt: skip
    path.write_text("\n".join(json.dumps(case) for case in cases))
    return path


def test_cases_that_hold_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert policy.run(["test", str(SAMPLES)]) == 0
    assert capsys.readouterr().out == "60 passed, 0 failed (199 steps)\n"


def test_the_scenarios_of_the_samples_pass_as_anybody_would_run_them(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted((ROOT / "tests" / "policy" / "scenarios").iterdir())
    assert policy.run(["test", *map(str, files)]) == 0
    assert " passed, 0 failed (" in capsys.readouterr().out


def test_a_failure_exits_1_and_shows_the_way_to_the_decision(failing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert policy.run(["test", str(failing)]) == 1
    out = capsys.readouterr().out
    assert f"({failing}:1)" in out
    assert (
        'expected {"outcome":"allow","rule":""}, observed {"outcome":"deny","rule":"/tools/t/deny_if/args.x-eq"}' in out
    )
    assert "→ /tools/t/deny_if/args.x-eq args.x eq 1, saw 1" in out
    assert "1 passed, 1 failed" in out
    assert "\x1b" not in out


def test_junit_can_be_read_by_a_ci_server(failing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert policy.run(["test", str(failing), "--format", "junit"]) == 1
    root = ElementTree.fromstring(capsys.readouterr().out)
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    bad, good = root.iter("testcase")
    assert "expected" in str(bad.find("failure").get("message"))  # type: ignore[union-attr]
    assert good.find("failure") is None


def test_json_can_be_read_by_a_program(failing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert policy.run(["test", str(failing), str(SAMPLES), "--format=json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["passed"], found["failed"]) == (61, 1)
    step = found["cases"][0]["steps"][0]
    assert step["observed"] == {"outcome": "deny", "rule": "/tools/t/deny_if/args.x-eq"}
    assert step["trace"][-1]["result"] == "fired"


def test_what_cannot_be_read_is_said_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    for argv, error in (
        (["test", str(tmp_path / "missing.jsonl")], ConfigError),
        (["test", str(SAMPLES), str(tmp_path / "empty.jsonl")], UsageError),
        (["test"], UsageError),
        (["test", str(SAMPLES), "--format", "html"], UsageError),
        (["dance"], UsageError),
    ):
        with pytest.raises(error) as caught:
            policy.run(argv)
        assert caught.value.exit_code == 2


def test_it_runs_as_a_module_too(failing: Path) -> None:
    def run(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "inspector.cli.policy", "test", str(path)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60, text=True)

    failed, missing = run(failing), run(Path("/nowhere"))
    assert (failed.returncode, "1 failed" in failed.stdout) == (1, True)
    assert missing.returncode == 2
    assert missing.stderr.startswith("mcp-inspect: the file of policy tests /nowhere cannot be read")


@pytest.mark.parametrize("word", ["test", *COMMANDS])
def test_the_help_of_every_word_says_what_each_flag_does(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        policy.run([word, "--help"])
    assert ended.value.code == 0
    lines = [*capsys.readouterr().out.partition("\n\n")[2].splitlines(), ""]
    for line, following in pairwise(lines):
        if re.match(r"  \S", line):
            assert re.search(r"\S {2,}\S", line) or following.startswith(" " * 10), line


def test_the_help_names_every_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert policy.run(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{word}  " in said for word in ["test", *COMMANDS])
