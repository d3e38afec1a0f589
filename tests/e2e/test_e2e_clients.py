"""Clients that others wrote, over HTTP and over stdio, before both kinds of upstream: they list the tools and call."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from e2e.foreign import environment
from e2e.npm import TESTS, installed
from e2e.processes import Program
from mcp import Client, StdioServerParameters

SERVER = TESTS / "servers" / "sdk_server.py"
HELLO = "grüß dich"
WAYS = ("http-http", "http-stdio", "stdio-http", "stdio-stdio")


@dataclass(frozen=True)
class Ground:
    """A headless engine before the same server over HTTP (`web`) and over a pipe (`pipe`)."""

    home: Path
    engine: Program

    def target(self, way: str) -> list[str]:
        """A URL, or what a client spawns."""
        client, upstream = way.split("-")
        name = {"http": "web", "stdio": "pipe"}[upstream]
        if client == "http":
            return [self.engine.wait_said(rf"{name} at (http://\S+)").group(1)]
        return [sys.executable, "-m", "inspector", "stdio", name]

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "MCP_INSPECT_HOME": str(self.home)}

    def run(self, command: Sequence[str]) -> Any:
        """The JSON that a client printed."""
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    home = Path(tempfile.mkdtemp(prefix="mi-", dir="/tmp"))
    policy, config = home / "policy.yaml", home / "config" / "mcp-inspect.toml"
    policy.write_text('version: "1"\ndefault: allow\nhide: [die]\n')
    config.parent.mkdir()
    with Program([sys.executable, str(SERVER), "http", "0"]) as server:
        port = server.wait_said(r"listening on (\d+)").group(1)
        config.write_text(
            f'[upstreams.web]\nurl = "http://127.0.0.1:{port}/mcp"\n'
            f'[upstreams.pipe]\ncommand = ["{sys.executable}", "{SERVER}", "stdio"]\n'
        )
        flags = ["--upstream", "web", "--upstream", "pipe", "--policy", str(policy), "--headless", "--port", "0"]
        with Program([sys.executable, "-m", "inspector", *flags], env={"MCP_INSPECT_HOME": str(home)}) as engine:
            engine.wait_said("recording to")
            yield Ground(home, engine)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def check(came: dict[str, Any]) -> None:
    assert {"echo", "add", "slow"} <= {*came["tools"]}
    assert "die" not in came["tools"]
    assert came["said"] == HELLO
    assert came["progress"] == [1, 2]


# The other two do more than this in test_four_ways.
@pytest.mark.parametrize("mode", ["auto", *(pytest.param(m, marks=pytest.mark.slow) for m in ("legacy", "2026-07-28"))])
def test_the_python_sdks_client(ground: Ground, way: str, mode: str) -> None:
    progress: list[float] = []

    async def progressed(done: float, total: float | None, message: str | None) -> None:
        progress.append(done)

    async def use() -> dict[str, Any]:
        command, *arguments = ground.target(way)
        spawned = StdioServerParameters(command=command, args=arguments, env={"MCP_INSPECT_HOME": str(ground.home)})
        with anyio.fail_after(40):
            async with Client(spawned if arguments else command, mode=mode) as client:
                tools = [tool.name for tool in (await client.list_tools()).tools]
                await client.call_tool("slow", {"seconds": 0.1, "steps": 2}, progress_callback=progressed)
                (content,) = (await client.call_tool("echo", {"text": HELLO})).content
        return {"tools": tools, "said": getattr(content, "text", None), "progress": progress}

    check(anyio.run(use))


def test_the_typescript_sdks_client(ground: Ground, way: str, node_22: str) -> None:
    came = ground.run([node_22, str(TESTS / "conformance" / "client.mjs"), *ground.target(way)])
    if way.startswith("stdio"):
        # It forgets who wants progress as soon as it has parsed a response, so of what came in one piece with that the
        # last step is lost: no matter who wrote it.
        assert came["progress"] in ([1], [1, 2])
        came["progress"] = [1, 2]
    check(came)
    assert came["server"] == "sdk-server"


@pytest.mark.slow
def test_fastmcps_client(ground: Ground, way: str) -> None:
    python = environment("fastmcp", "fastmcp==4.1.2")
    check(ground.run([python, str(TESTS / "clients" / "fastmcp_client.py"), *ground.target(way)]))


@pytest.fixture(scope="module")
def inspector_cli(node_22: str, needs: Callable[[str], str]) -> list[str]:
    """The command of the MCP Inspector's CLI, from tests/clients/package-lock.json."""
    return [node_22, str(installed(TESTS / "clients", needs("npm")) / ".bin" / "mcp-inspector"), "--cli"]


@pytest.mark.slow
def test_the_inspectors_cli(ground: Ground, way: str, inspector_cli: list[str]) -> None:
    target = ground.target(way)
    reached = [*target, "--transport", "http"] if len(target) == 1 else target
    home = ["-e", f"MCP_INSPECT_HOME={ground.home}"]
    listed = ground.run([*inspector_cli, *reached, *home, "--method", "tools/list"])
    called = ["--method", "tools/call", "--tool-name", "echo", "--tool-arg", f"text={HELLO}"]
    said = ground.run([*inspector_cli, *reached, *home, *called])
    assert "die" not in [tool["name"] for tool in listed["tools"]]
    assert said["content"][0]["text"] == HELLO
