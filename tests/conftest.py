"""What every test stands on: a home of its own, and programs that are there or skip it with a reason."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e.npm import TESTS, installed

Needs = Callable[[str], str]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Workers for `-n auto`: none for a few chosen tests, which they would only slow down; else one more than there are
    cores, since tests wait for processes half of their time. Each takes 400 MB."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores + 1, 8)


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
