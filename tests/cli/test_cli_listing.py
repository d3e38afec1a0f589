"""`policy check` and `policy init` on what a real server lists."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from inspector.cli.policy import run
from inspector.core.errors import ConfigError, UpstreamError, UsageError
from inspector.policy.load import load_text

ROOT = Path(__file__).parents[2]
KESTRA = str(ROOT / "sample_policies" / "kestra.yaml")
TOOLS = str(Path(__file__).parents[1] / "data" / "tools" / "kestra_tools.json")
NOBODY = (sys.executable, "-c", "")


def test_check_compares_with_what_the_upstream_lists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the demo is a module of ours, and these tests run elsewhere
    file = tmp_path / "p.yaml"
    file.write_text('version: "1"\ndefault: deny\nservers: {demo: {tools: {exceute_flow: {}}}, fs: {tools: {x: {}}}}\n')
    assert run(["check", KESTRA, str(file), "--upstream", "demo"]) == 1
    out = capsys.readouterr().out
    assert f"{KESTRA}: nothing found" in out
    assert "no tool is called exceute_flow; did you mean execute_flow?" in out
    assert "/servers/fs" not in out, "another server's section is not its business"


def test_init_writes_a_policy_with_a_rule_for_every_tool(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--", sys.executable, "-m", "mcp_server_time"]) == 0
    policy = load_text(capsys.readouterr().out)
    assert sorted(policy.top.exact) == ["convert_time", "get_current_time"]


def test_a_file_that_is_there_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is there already"):
        run(["init", "-o", str(tmp_path), "--", *NOBODY])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--tools", TOOLS, "--upstream", "demo"], "one list of tools is enough"),
        (["--upstream", "demo", "--", *NOBODY], "one upstream is compared at a time"),
        (["--upstream", "dmo"], "there is no upstream called 'dmo'"),
        (["--name", "x"], "which server"),
    ],
)
def test_what_cannot_be_meant_is_said(more: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        run(["check", KESTRA, *more])


def test_a_server_that_cannot_be_asked_ends_the_check() -> None:
    with pytest.raises(UpstreamError, match="cannot be asked for its tools"):
        run(["check", KESTRA, "--", *NOBODY])
