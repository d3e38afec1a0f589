"""`policy check|explain|schema|convert|init` as a person or a CI job meets them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from inspector.cli.policy import run
from inspector.core.errors import InspectError

ROOT = Path(__file__).parents[2]
KESTRA = str(ROOT / "sample_policies" / "kestra.yaml")
SEED = str(ROOT / "sample_policies" / "kestra-force-run.json")
TOOLS = str(ROOT / "tests" / "data" / "tools" / "kestra_tools.json")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.yaml"
    file.write_text('version: "1"\ndefault: dney\n')
    return file


def test_check_of_sound_files_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", KESTRA, SEED, "--tools", TOOLS]) == 0
    assert capsys.readouterr().out == f"{KESTRA}: nothing found\n{SEED}: nothing found\n"


def test_check_names_file_line_and_column_and_exits_1(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", SEED, str(broken)]) == 1
    out = capsys.readouterr().out
    assert f"{broken}:2:10: error: expected allow, deny or approve" in out
    assert f"{SEED}: nothing found" in out


def test_check_speaks_json(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--format", "json", str(broken)]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == (str(broken), 2, 10)
    assert (problem["pointer"], problem["severity"]) == ("/default", "error")


def test_check_of_a_file_that_is_not_there_checks_the_others_and_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent.yaml"
    assert run(["check", str(absent), SEED]) == 2
    out = capsys.readouterr().out
    assert f"{absent}:1:1: error: the policy {absent} cannot be read: No such file" in out
    assert f"{SEED}: nothing found" in out


@pytest.mark.parametrize("word", ["explain", "convert", "test", "--tools"])
@pytest.mark.parametrize("what", ["absent", "folder", "fifo", "bytes"])
def test_what_is_no_file_of_text_is_named_and_never_waited_for(word: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / what
    match what:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "bytes":
            path.write_bytes(b"\n\xff")
    command = {"explain": ["explain", str(path), "--tool", "t"], "--tools": ["check", SEED, "--tools", str(path)]}
    with pytest.raises(InspectError, match=f"{what}.*(cannot be read|no regular file|2.*not UTF-8)") as raised:
        run(command.get(word, [word, str(path)]))
    assert (raised.value.exit_code, "\n" in str(raised.value)) == (2, False)


def test_check_hosted_lists_what_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--hosted", SEED]) == 0
    assert run(["check", "--hosted", KESTRA]) == 1
    assert '"settings" is not hosted' in capsys.readouterr().out


def test_check_with_tools_finds_names_that_no_tool_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.yaml"
    file.write_text('version: "1"\ndefault: deny\ntools:\n  exceute_flow:\n')
    assert run(["check", str(file)]) == 0
    assert run(["check", str(file), "--tools", TOOLS]) == 1
    assert f"{file}:4:3: warning: no tool is called exceute_flow; did you mean execute_flow?" in capsys.readouterr().out


def test_a_terminal_is_not_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.yaml"
    file.write_text('version: "1"\ndefault: deny\n"\\e[2Jx": 1\n')
    assert run(["check", str(file)]) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_explain_shows_the_way_to_the_decision(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--tool", "manage_executions", "--args", '{"action": "delete"}', "--at", "2026-01-15T10:30:00Z"]
    assert run(["explain", KESTRA, *arguments]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "deny by /tools/manage_executions/require/args.action-in\n  Agents do not delete executions.\n"
    )
    assert '→ /tools/manage_executions/require/args.action-in args.action in ["get","pause"' in out


def test_explain_speaks_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", SEED, "--tool", "force_run_execution", "--at", "1768473000.5", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["outcome"], found["rule"], found["triggers"]) == ("allow", "", [])
    assert found["trace"][-1]["rule"] == "/tools/force_run_execution/limits/force_run_execution_rate"


def test_explain_guesses_which_tool_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", KESTRA, "--tool", "exceute_flow"]) == 0
    assert "  The policy lists execute_flow: did you mean that?\n" in capsys.readouterr().out


def test_explain_compares_with_what_the_server_lists_when_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    locked = ["explain", str(ROOT / "sample_policies" / "kestra-locked-down.yaml"), "--tool", "find_flow"]
    assert run(locked) == 0
    assert "add --upstream NAME or --tools FILE.json" in capsys.readouterr().out
    assert run([*locked, "--tools", TOOLS, "--args", '{"query": 5}']) == 0
    out = capsys.readouterr().out
    assert out.startswith("deny by /all_tools/validate\n")
    assert "not known" not in out
    assert run([*locked, "--tools", TOOLS, "--args", '{"query": "f"}']) == 0
    assert capsys.readouterr().out.startswith("allow\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", SEED], "--tool"),
        (["explain", SEED, "--tool", "t", "--args", "{"], "--args is not JSON"),
        (["explain", SEED, "--tool", "t", "--args", "[]"], "JSON object"),
        (["explain", SEED, "--tool", "t", "--at", "noon"], "is no time"),
        (["explain", SEED, "--tool", "t", "--at", "inf"], "is no time"),
        (["check"], "FILE"),
        (["check", SEED, "--tools", "absent.json"], "cannot be read"),
        (["check", SEED, "--tools", KESTRA], "is not JSON"),
        (["check", SEED, "--tools", SEED], "no tool list"),
        (["explain", SEED, "--tool", "t", "--args", '{"a": 1, "a": 2}'], '"a" stands twice'),
        (["convert", SEED], "native policy already"),
        (["init", "-o", ""], "names no file"),
        (["init", "-o", "/nonexistent/p.yaml"], "cannot be written: No such file"),
        (["convert", "absent.yaml"], "cannot be read"),
        (["chekc"], "no command policy 'chekc'; did you mean check?"),
    ],
)
def test_what_a_person_must_change_is_exit_code_2(arguments: list[str], message: str) -> None:
    with pytest.raises(InspectError, match=message) as raised:
        run(arguments)
    assert raised.value.exit_code == 2


def test_schema_prints_a_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")


def test_init_writes_a_policy_that_check_likes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, fitted = str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")
    assert run(["init", "-o", plain]) == 0
    assert run(["init", "--tools", TOOLS, "-o", fitted]) == 0
    assert run(["check", plain, fitted, "--tools", TOOLS]) == 0
    with pytest.raises(InspectError, match="is there already"):
        run(["init", "-o", plain])
    capsys.readouterr()
    assert run(["init"]) == 0
    assert capsys.readouterr().out == Path(plain).read_text()


def test_convert_writes_the_native_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "intercept.yaml"
    file.write_text("version: 1\ntools: {t: {rules: [{name: a, rate_limit: 5/hour}]}}\n")
    assert run(["convert", str(file)]) == 0
    assert capsys.readouterr().out == (
        'version: "1"\ndefault: allow\ntools:\n  t:\n    limits:\n'
        "      - {counter: _rate_hour, window: hour, max: 5, scope: global}\n"
    )


def test_convert_writes_json_for_the_gateway_of_any_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.yaml"
    file.write_text('version: "1"\ndefault: deny\ntools: {t: {rate_limit: {max: 1.50, window: day}}}  # a few\n')
    assert run(["convert", str(file), "--format", "json"]) == 0
    out = capsys.readouterr().out
    assert '"max": 1.50,' in out
    assert json.loads(out)["tools"] == {"t": {"rate_limit": {"max": 1.5, "window": "day"}}}
    file.write_text("version: 1\ntools: {t: {rules: [{name: a, rate_limit: 5/hour}]}}\n")
    assert run(["convert", str(file), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["tools"]["t"]["limits"][0]["counter"] == "_rate_hour"


def test_init_and_schema_speak_either_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start, schema = tmp_path / "p.json", tmp_path / "policy.schema.json"
    assert run(["init", "--tools", TOOLS, "--format", "json", "-o", str(start)]) == 0
    assert run(["schema", "-o", str(schema)]) == 0
    assert run(["schema", "--format", "text"]) == 0
    assert YAML(typ="safe").load(capsys.readouterr().out) == json.loads(schema.read_text())
    assert run(["check", str(start), "--tools", TOOLS]) == 0
    assert json.loads(start.read_text())["tools"]["force_run_execution"]["rate_limit"]["max"] == 10


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    out = capsys.readouterr().out
    assert [word for word in ("test", "check", "explain", "schema", "convert", "init") if f"policy {word}" in out] == [
        *("test", "check", "explain", "schema", "convert", "init")
    ]
