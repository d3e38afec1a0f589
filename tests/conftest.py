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
    """The command of `@modelcontextprotocol/server-everything`, installed from tests/package-lock.json when it is not.

    Add `stdio` or `streamableHttp` (its port is `$PORT`).
    """
    npm, node = needs("npm"), needs("node")
    lock, installed = TESTS / "package-lock.json", TESTS / "node_modules" / ".package-lock.json"
    # npm empties node_modules first: two runs must not do that to each other.
    with (TESTS / ".npm-ci.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            done = subprocess.run(
                [npm, "ci", "--prefix", str(TESTS), "--no-audit", "--no-fund"],
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    return node, str(TESTS / "node_modules/@modelcontextprotocol/server-everything/dist/index.js")
