"""What every test stands on: a home of its own, and programs that are there or skip it with a reason."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

Needs = Callable[[str], str]


@pytest.fixture(scope="session")
def needs() -> Needs:
    """`needs("tmux")`: the program's path. Without it the test skips on a person's machine and fails in CI."""

    def find(program: str) -> str:
        if path := shutil.which(program):
            return path
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is not installed, and in CI it has to be")
        pytest.skip(f"{program} is not installed")

    return find


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Config, state and sockets of this test alone. Not `tmp_path`: the path of a Unix socket has to stay short."""
    folder = Path(tempfile.mkdtemp(prefix="mi-", dir="/tmp"))
    monkeypatch.setenv("MCP_INSPECT_HOME", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server_everything(needs: Needs) -> tuple[str, ...]:
    """The command of `@modelcontextprotocol/server-everything`, from tests/package-lock.json.

    Add `stdio` or `streamableHttp` (its port is `$PORT`).
    """
    modules = installed(TESTS, needs("npm"))
    return needs("node"), str(modules / "@modelcontextprotocol/server-everything/dist/index.js")


@pytest.fixture(scope="session")
def node_22(needs: Needs) -> str:
    """A Node of version 22: the machine's may be older than what the suite and the Inspector need."""
    return str(installed(TESTS / "conformance", needs("npm")) / ".bin" / "node")


@pytest.fixture(scope="session")
def conformance_suite(needs: Needs, node_22: str) -> tuple[str, ...]:
    """The command of the published MCP conformance suite, from tests/conformance/package-lock.json."""
    return node_22, str(installed(TESTS / "conformance", needs("npm")) / ".bin" / "conformance")


def installed(folder: Path, npm: str) -> Path:
    """The node_modules of a folder with a lock file, made if they are not there or older than it."""
    lock, done = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    # npm empties node_modules first: two runs must not do that to each other.
    with (folder / ".npm-ci.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
            command = [npm, "ci", "--prefix", str(folder), "--no-audit", "--no-fund"]
            made = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            assert made.returncode == 0, made.stderr
    return folder / "node_modules"
