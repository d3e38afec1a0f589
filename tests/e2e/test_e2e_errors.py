"""What a person gets wrong at the start: one or two lines that say what to do, and exit code 2."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.processes import Program
from e2e.sdk_agent import SdkAgent, denial
from e2e.stage import INSPECT, SDK_SERVER, app, received

ROOT = Path(__file__).parents[2]
FACES = pytest.mark.parametrize("face", [[], ["--headless"]], ids=["app", "headless"])
COMMAND = ["--", *SDK_SERVER]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def error(folder: Path, *arguments: str, **changed: str) -> str:
    """What `mcp-inspect ARGUMENTS`, started in `folder`, says on stderr before it ends with exit code 2."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **changed}
    done = subprocess.run(
        [*INSPECT, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        cwd=folder,
        env=env,
    )
    assert done.returncode == 2, done
    assert "not taken" not in done.stdout, "said once, on stderr"
    assert done.stderr.startswith("mcp-inspect: ")
    assert len(done.stderr.splitlines()) <= 2, done.stderr
    return done.stderr


@FACES
def test_a_port_that_another_run_holds(folder: Path, face: list[str]) -> None:
    with Program([*INSPECT, "--headless", "--port", "0", "--default", "deny", *COMMAND], cwd=ROOT) as holder:
        port = holder.wait_said(r"at http://127\.0\.0\.1:(\d+)/").group(1)
        holder.wait_said("recording to")
        said = error(folder, *face, "--port", port, "--default", "deny", *COMMAND)
    assert f"port {port} is used by another mcp-inspect (process {holder.pid}, sdk_server, started in {ROOT})" in said
    assert "--port 0" in said


@FACES
def test_a_port_that_a_stranger_holds(folder: Path, face: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        said = error(folder, *face, "--port", str(port), "--default", "deny", *COMMAND)
    assert f"port {port} on 127.0.0.1 is in use" in said
    assert "--port 0" in said


def test_an_upstream_that_nobody_knows(folder: Path) -> None:
    said = error(folder, "--upstream", "kestar")
    assert "there is no upstream called 'kestar'; these would work: kestra, demo, or a URL" in said


def test_a_command_that_is_missing(folder: Path) -> None:
    assert "the command after -- is missing; give one, as in: mcp-inspect -- npx" in error(folder, "--")


def test_nothing_to_inspect(folder: Path) -> None:
    said = error(folder)
    assert "which server?" in said
    assert "mcp-inspect demo" in said


def test_a_policy_that_is_not_there(folder: Path) -> None:
    said = error(folder, "--policy", "gone.yaml", *COMMAND)
    assert f"cannot read the policy {folder / 'gone.yaml'}: No such file or directory" in said
    assert "--policy FILE" in said


def test_a_policy_that_is_a_folder(folder: Path) -> None:
    assert "is no regular file; choose another with --policy FILE" in error(folder, "--policy", ".", *COMMAND)


def test_two_default_policies(folder: Path) -> None:
    for suffix in ("yaml", "json"):
        (folder / f"mcp-inspect.policy.{suffix}").write_text("{}")
    said = error(folder, *COMMAND)
    assert "mcp-inspect.policy.yaml and mcp-inspect.policy.json: only one may stand there" in said
    assert "Remove one, or choose with --policy FILE" in said


def test_no_screen_and_no_policy(folder: Path) -> None:
    said = error(folder, "--headless", *COMMAND)
    assert "--headless needs a policy" in said
    assert "Give --policy FILE or --default allow|approve|deny" in said


def test_kestra_with_neither_docker_nor_a_checkout(folder: Path) -> None:
    said = error(folder, "--upstream", "kestra", PATH="/nowhere", KESTRA_MCP_DIR="")
    assert "cannot start kestra: KESTRA_MCP_DIR is not set, and docker is not on PATH" in said
    assert "Set KESTRA_MCP_DIR" in said
    assert "or start docker" in said
    assert "--upstream demo" in said


BROKEN = 'version: "1"\ndefault: maybe\n'


def test_a_policy_that_does_not_load_and_no_screen_to_mend_it_on(folder: Path) -> None:
    policy = folder / "broken.yaml"
    policy.write_text(BROKEN)
    said = error(folder, "--headless", "--port", "0", "--policy", str(policy), *COMMAND)
    assert f"the policy does not load:\n{policy}:2:10: " in said
    assert '"maybe"' in said


def test_a_policy_that_does_not_load_is_mended_in_the_app(folder: Path, needs: Callable[[str], str]) -> None:
    needs("tmux")
    with app(folder, BROKEN, shows=r"127\.0\.0\.1:\d+/") as stage, SdkAgent(stage.url) as agent:
        stage.see("No policy is in force: every call is denied.")
        stage.see(re.compile(r"2✗ +default: maybe"))
        stage.see(re.compile(r"Problems · 1(.|\n)*✗ 2:10"))
        refused = agent.ask("echo", text="one")
        assert "No valid policy has been loaded, so every call is denied" in denial(refused)
        assert (refused.meta or {})["mcp-inspect/decision"]["rule"] == "(no policy)"
        stage.send("Down", "End")
        stage.terminal.send(*["BSpace"] * len("maybe"))
        stage.type("allow")
        stage.send("C-s")
        stage.see("policy.yaml v1 ✓")
        assert not agent.ask("echo", text="two").is_error
        assert [call["arguments"]["text"] for call in received(stage.log)] == ["two"]
