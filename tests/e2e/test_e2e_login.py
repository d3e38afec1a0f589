"""A login from beginning to end, every part a process: engine, server, authorization server, browser, client."""

from __future__ import annotations

import json
import shlex
import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from e2e.npm import TESTS
from e2e.processes import Program
from mcp import Client

pytestmark = pytest.mark.anyio
SERVER = [sys.executable, str(TESTS / "servers" / "oauth_server.py")]
BROWSER = shlex.join([sys.executable, str(TESTS / "servers" / "browser.py")]) + " %s"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def engine(home: Path, url: str, browser: str, *flags: str) -> Program:
    command = [sys.executable, "-m", "inspector", "--upstream", url, "--name", "web", *flags]
    quiet = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    return Program(
        [*command, "--default", "allow", "--headless", "--port", "0"],
        env={"MCP_INSPECT_HOME": str(home), "BROWSER": browser, **quiet},
    )


async def called(run: Program, tool: str, **arguments: Any) -> str:
    url = run.wait_said(r"web at (http://\S+)").group(1)
    with anyio.fail_after(60):
        async with Client(url, mode="legacy") as client:
            result = await client.call_tool(tool, arguments)
    return str(result.content[0].text)


def recorded(home: Path) -> bytes:
    """All that lies in the recordings, pages that SQLite no longer uses included."""
    files = [*(home / "state" / "recordings").iterdir()]
    for path in files:
        if path.suffix == ".sqlite":
            with sqlite3.connect(path) as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return b"".join(path.read_bytes() for path in files if path.exists())


async def test_the_browser_opens_once_and_the_token_stays_with_us(tmp_path: Path) -> None:
    with Program(SERVER) as server:
        port = server.wait_said(r"listening on (\d+)").group(1)
        url = f"http://127.0.0.1:{port}/mcp"
        with engine(tmp_path, url, BROWSER, "--oauth-scope", "mcp extra") as run:
            assert (await called(run, "credential")).startswith("Bearer ")
            run.wait_said(r"mcp-inspect: web: log in at http://127\.0\.0\.1:\d+/\S+$")
        with engine(tmp_path, url, "") as run:  # without a browser
            told = await called(run, "credential")
            assert not [line for line in run.stderr if "log in at" in line]
    (path,) = (tmp_path / "state" / "logins").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    tokens = json.loads(path.read_text())["tokens"]
    assert tokens["scope"] == "mcp extra"
    assert told == f"Bearer {tokens['access_token']}"  # the server gave it away itself …
    assert tokens["access_token"].encode() not in recorded(tmp_path)  # … and still it is not in the recording
    assert b"credential" in recorded(tmp_path)
