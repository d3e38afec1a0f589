"""The program as a process: how fast it starts, what it loads, how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inspector import __version__

ROOT = Path(__file__).parent.parent.parent
HEAVY = {"mcp", "textual", "rich", "pydantic", "aiohttp", "uvicorn", "orjson", "ruamel", "asyncio", "anyio"}


COMMANDS = ("demo", "open FILE", "stdio NAME", "policy …")
FLAGS = (
    "--upstream",
    "--name",
    "--header",
    "--env",
    "--trust-project",
    "--policy",
    "--default",
    "--reload",
    "--unattended",
    "--host",
    "--port",
    "--token",
    "--allow-host",
    "--allow-origin",
    "--call-timeout",
    "--headless",
    "--format",
    "--theme",
    "--version",
)


def modules_after(code: str, home: Path) -> set[str]:
    """Every module that is loaded once `code` has run, by its full name."""
    script = f"import sys\n{code}\nprint('MODULES', *sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MCP_INSPECT_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env)
    return set(done.stdout.rpartition("MODULES")[2].split())


def roots(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("line", [["--help"], ["--version"], ["demo", "--help"], ["open", "--help"]])
def test_help_and_version_load_nothing_heavy(line: list[str], home: Path) -> None:
    assert not roots(modules_after(f"from inspector.cli import main; assert main({line}) == 0", home)) & HEAVY


def test_a_whole_command_line_is_read_without_anything_heavy(home: Path) -> None:
    code = "from inspector.cli.run import settings_of; settings_of(['--upstream', 'demo'])"
    assert not roots(modules_after(code, home)) & HEAVY


def test_the_way_to_the_stdio_front_loads_next_to_nothing(home: Path) -> None:
    found = modules_after("from inspector.cli import main; from inspector.cli.stdio import run", home)
    assert {module for module in found if module.startswith("inspector")} == {
        "inspector",
        "inspector.cli",
        "inspector.cli.stdio",
    }
    assert not {"argparse", "dataclasses", "re", "json"} & (found - modules_after("pass", home))


def test_help_names_every_command_and_flag(program) -> None:
    text = program("--help").stdout
    for word in (*COMMANDS, *FLAGS):
        assert word in text, word


def test_version(program) -> None:
    done = program("--version")
    assert (done.returncode, done.stdout) == (0, f"mcp-inspect {__version__}\n")


def test_an_error_goes_to_stderr_with_exit_code_two(program) -> None:
    done = program("--upstream", "nope")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("mcp-inspect: there is no upstream called 'nope'")
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize("line", [["demo", "--port", "0"], ["open", "pyproject.toml"]], ids=["a run", "a recording"])
def test_a_theme_that_there_is_not_is_told_with_those_that_there_are(program, line: list[str]) -> None:
    Path("pyproject.toml").touch()
    done = program(*line, "--theme", "inspect-drak", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first == "mcp-inspect: --theme: there is no 'inspect-drak'."
    assert second.startswith("There are ")
    names = {name.rstrip(",.") for name in second.split()}
    assert {"auto", "inspect-dark", "inspect-light", "inspect-contrast"} <= names


def test_a_hostile_checkout_does_not_get_its_program_run(program) -> None:
    Path("mcp-inspect.toml").write_text('[upstreams.kestrel]\ncommand = ["touch", "ran"]\n')
    done = program("--upstream", "kestrel", "--default", "deny", "--headless", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "--trust-project" in done.stderr
    assert not Path("ran").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_is_said_in_one_line(program) -> None:
    with Path("/dev/full").open("w") as full:
        done = program("policy", "schema", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "mcp-inspect: what this prints cannot be written: No space left on device\n"


def test_a_reader_that_left_is_no_error_message(program) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = program("--help", capture_output=False, stdout=closed, stderr=subprocess.PIPE)
    assert done.stderr == ""
    assert done.returncode == 141
