"""Servers that others wrote, behind the proxy: on the TypeScript SDK (all three transports), and two in Python."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from e2e.processes import Program
from mcp import Client

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "note.txt").write_text("hello\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin with a note"]):
        subprocess.run([*git, *command], check=True, timeout=20)
    return folder


@pytest.fixture(scope="module")
def urls(server_everything: tuple[str, ...], repository: Path) -> Iterator[dict[str, str]]:
    """The endpoint of each server behind one headless engine."""
    home = Path(tempfile.mkdtemp(prefix="mi-", dir="/tmp"))
    policy, config = home / "policy.yaml", home / "config" / "mcp-inspect.toml"
    port, older_port = unused_port(), unused_port()
    policy.write_text('version: "1"\ndefault: allow\ntools:\n  get-env: {action: deny, reason: secrets stay here}\n')
    commands = {
        "everything": [*server_everything, "stdio"],
        "time": [sys.executable, "-m", "mcp_server_time"],
        "git": [sys.executable, "-m", "mcp_server_git", "--repository", str(repository)],
    }
    config.parent.mkdir()
    config.write_text(
        "".join(f"[upstreams.{name}]\ncommand = {json.dumps(argv)}\n" for name, argv in commands.items())
        + f'[upstreams.everything-http]\nurl = "http://127.0.0.1:{port}/mcp"\n'
        + f'[upstreams.everything-sse]\nurl = "http://127.0.0.1:{older_port}/sse"\n'
    )
    names = [*commands, "everything-http", "everything-sse"]
    flags = [word for name in names for word in ("--upstream", name)]
    flags += ["--policy", str(policy), "--headless", "--port", "0"]
    with (
        Program([*server_everything, "streamableHttp"], env={"PORT": str(port)}) as server,
        Program([*server_everything, "sse"], env={"PORT": str(older_port)}) as older,
        Program([sys.executable, "-m", "inspector", *flags], env={"MCP_INSPECT_HOME": str(home)}) as engine,
    ):
        server.wait_said(r"listening on port")
        older.wait_said(r"is running on port")
        yield {name: engine.wait_said(rf" {name} at (http://\S+/mcp)").group(1) for name in names}
    shutil.rmtree(home, ignore_errors=True)


def unused_port() -> int:
    """For a program that cannot take 0."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def text_of(result: Any) -> str:
    return "".join(str(getattr(content, "text", "")) for content in result.content)


MODES = ("legacy", "auto")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["everything", "everything-http", "everything-sse"])
async def test_server_everything_answers_as_it_does_directly(urls: dict[str, str], name: str, mode: str) -> None:
    progress: list[float] = []

    async def progressed(now: float, total: float | None, message: str | None) -> None:
        progress.append(now)

    with anyio.fail_after(40):
        async with Client(urls[name], mode=mode) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert {"echo", "get-sum", "trigger-long-running-operation", "get-env"} <= names
            assert text_of(await client.call_tool("echo", {"message": "grüß dich"})) == "Echo: grüß dich"
            assert "5" in text_of(await client.call_tool("get-sum", {"a": 2, "b": 3}))
            arguments = {"duration": 0.4, "steps": 4}
            await client.call_tool("trigger-long-running-operation", arguments, progress_callback=progressed)
            denied = await client.call_tool("get-env", {})
            assert denied.is_error
            assert "secrets stay here" in text_of(denied)
            assert (await client.list_resources()).resources
            assert (await client.get_prompt("simple-prompt")).messages
    assert progress == sorted(progress)
    assert len(progress) >= 4


@pytest.mark.parametrize("mode", MODES)
async def test_the_time_server_tells_the_time(urls: dict[str, str], mode: str) -> None:
    with anyio.fail_after(40):
        async with Client(urls["time"], mode=mode) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {"get_current_time", "convert_time"}
            now = await client.call_tool("get_current_time", {"timezone": "Europe/Vienna"})
            assert "Europe/Vienna" in text_of(now)
            wrong = await client.call_tool("get_current_time", {"timezone": "Atlantis/Centre"})
            assert wrong.is_error


@pytest.mark.parametrize("mode", MODES)
async def test_the_git_server_reads_a_repository(urls: dict[str, str], repository: Path, mode: str) -> None:
    with anyio.fail_after(40):
        async with Client(urls["git"], mode=mode) as client:
            log = await client.call_tool("git_log", {"repo_path": str(repository), "max_count": 1})
            assert "Begin with a note" in text_of(log)
