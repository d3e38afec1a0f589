"""Servers that others wrote, behind the proxy: on the TypeScript SDK (stdio and Streamable HTTP), and two in Python."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def proxied(folder: Path, *upstream: str) -> Iterator[str]:
    """The URL of a headless engine in front of one upstream."""
    policy = folder / "policy.yaml"
    policy.write_text('version: "1"\ndefault: allow\ntools:\n  get-env: {action: deny, reason: secrets stay here}\n')
    flags = ["--policy", str(policy), "--headless", "--port", "0", "--format", "jsonl", *upstream]
    with Program([sys.executable, "-m", "inspector", *flags]) as engine:
        yield engine.wait_said(r"at (http://\S+/mcp)").group(1)


def text_of(result: Any) -> str:
    return "".join(str(getattr(content, "text", "")) for content in result.content)


@pytest.fixture(params=["stdio", "streamableHttp"])
def everything(
    request: pytest.FixtureRequest, server_everything: tuple[str, ...], home: Path, unused_port: int
) -> Iterator[str]:
    if request.param == "stdio":
        with proxied(home, "--", *server_everything, "stdio") as url:
            yield url
        return
    with Program([*server_everything, "streamableHttp"], env={"PORT": str(unused_port)}) as server:
        server.wait_said(r"listening on port")
        with proxied(home, "--upstream", f"http://127.0.0.1:{unused_port}/mcp") as url:
            yield url


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_server_everything_answers_as_it_does_directly(everything: str, mode: str) -> None:
    progress: list[float] = []

    async def progressed(now: float, total: float | None, message: str | None) -> None:
        progress.append(now)

    with anyio.fail_after(40):
        async with Client(everything, mode=mode) as client:
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


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_time_server_tells_the_time(home: Path, mode: str) -> None:
    with anyio.fail_after(40), proxied(home, "--", sys.executable, "-m", "mcp_server_time") as url:
        async with Client(url, mode=mode) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {"get_current_time", "convert_time"}
            now = await client.call_tool("get_current_time", {"timezone": "Europe/Vienna"})
            assert "Europe/Vienna" in text_of(now)
            wrong = await client.call_tool("get_current_time", {"timezone": "Atlantis/Centre"})
            assert wrong.is_error


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_git_server_reads_a_repository(home: Path, tmp_path: Path, mode: str) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(tmp_path)]
    (tmp_path / "note.txt").write_text("hello\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin with a note"]):
        subprocess.run([*git, *command], check=True, timeout=20)
    server = [sys.executable, "-m", "mcp_server_git", "--repository", str(tmp_path)]
    with anyio.fail_after(40), proxied(home, "--", *server) as url:
        async with Client(url, mode=mode) as client:
            log = await client.call_tool("git_log", {"repo_path": str(tmp_path), "max_count": 1})
            assert "Begin with a note" in text_of(log)
