"""The agents against real servers over HTTP: the demo's own, one that denies everything, one that goes away."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn
from mcp import Client, MCPError
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent

from inspector.demo import URL_VARIABLE, agent_command
from inspector.demo.agent import run_agent, run_agents
from inspector.demo.hands import Hands
from inspector.demo.scenes import CAST, push_the_queue, tidy_up
from inspector.demo.server import build_server

pytestmark = pytest.mark.anyio
FAST = 200.0


class Seen:
    """Counts the calls that reach a server; may answer them instead of it."""

    def __init__(self, answer: str | None = None, allowed: int = 0) -> None:
        self.tools: Counter[str] = Counter()
        self._answer = answer
        self._allowed = allowed

    async def __call__(self, ctx: Any, call_next: Any) -> Any:
        if ctx.method != "tools/call":
            return await call_next(ctx)
        tool = ctx.params["name"]
        self.tools[tool] += 1
        if self._answer is not None and self.tools[tool] > self._allowed:
            return CallToolResult(content=[TextContent(type="text", text=self._answer)], is_error=True)
        return await call_next(ctx)

    async def until(self, calls: int) -> None:
        with anyio.fail_after(20):
            while self.tools.total() < calls:
                await anyio.sleep(0.02)


@asynccontextmanager
async def served(server: MCPServer, port: int = 0):
    """`server` over Streamable HTTP on loopback; gives its URL."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        http = uvicorn.Server(
            uvicorn.Config(server.streamable_http_app(), log_level="error", timeout_graceful_shutdown=1)
        )
        async with anyio.create_task_group() as group:
            group.start_soon(http.serve, [listener])
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
            http.should_exit = True


@pytest.fixture
def server(world) -> MCPServer:
    return build_server(world)


async def test_the_cast_calls_many_tools_and_ends_when_it_is_cancelled(server: MCPServer) -> None:
    seen = Seen()
    server.middleware.append(seen)
    async with served(server) as url, anyio.create_task_group() as group:

        async def act() -> None:
            await run_agents(url, seed=1, pace=FAST)

        group.start_soon(act)
        await seen.until(120)
        group.cancel_scope.cancel()
    assert len(seen.tools) >= 10
    assert seen.tools["force_run_execution"] > 0


async def test_an_agent_reads_denials_and_goes_on(server: MCPServer) -> None:
    seen = Seen("[POLICY DENIED] not today")
    server.middleware.append(seen)
    async with served(server) as url, anyio.create_task_group() as group:
        for part in CAST:

            async def act(part=part) -> None:
                await run_agent(url, part=part, pace=FAST)

            group.start_soon(act)
        await seen.until(60)
        group.cancel_scope.cancel()


async def test_an_agent_waits_for_a_server_and_comes_back_after_it_was_gone(world) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with anyio.create_task_group() as group:

        async def act() -> None:
            await run_agents(f"http://127.0.0.1:{port}/mcp", pace=FAST)

        group.start_soon(act)
        for _ in range(2):
            seen, server = Seen(), build_server(world)
            server.middleware.append(seen)
            async with served(server, port):
                await seen.until(10)
        group.cancel_scope.cancel()


def hands_of(client: Client) -> Hands:
    return Hands(client, random.Random(0), pause=0.0)


async def test_forcing_the_queue_runs_into_a_limit_of_ten_and_stops(server: MCPServer, world) -> None:
    limit = Seen("[POLICY DENIED] 10 a minute", allowed=10)

    async def only_force(ctx: Any, call_next: Any) -> Any:
        is_force = ctx.method == "tools/call" and ctx.params["name"] == "force_run_execution"
        return await (limit(ctx, call_next) if is_force else call_next(ctx))

    server.middleware.append(only_force)
    async with Client(server) as client:
        hands = hands_of(client)
        await push_the_queue(hands)
    assert limit.tools == {"force_run_execution": 11}
    assert hands.denials == ["[POLICY DENIED] 10 a minute"]


async def test_a_denied_deletion_is_not_tried_again_at_once(server: MCPServer) -> None:
    seen = Seen("[POLICY DENIED] ask first", allowed=0)

    async def only_deletions(ctx: Any, call_next: Any) -> Any:
        deletes = ctx.method == "tools/call" and (ctx.params.get("arguments") or {}).get("action") == "delete"
        return await (seen(ctx, call_next) if deletes else call_next(ctx))

    server.middleware.append(only_deletions)
    async with Client(server) as client:
        hands = hands_of(client)
        await tidy_up(hands)
    assert seen.tools == {"manage_executions": 1}
    assert hands.denials == ["[POLICY DENIED] ask first"]


async def test_a_refused_call_is_a_reply_and_no_exception() -> None:
    server = MCPServer("refuses")

    @server.tool()
    def refuse() -> str:
        """Always."""
        raise ToolError("no")

    async with Client(server) as client:
        reply = await hands_of(client).call("refuse")
    assert (reply.ok, reply.denied, reply.data) == (False, False, {})


async def test_one_failed_request_is_a_reply_and_three_in_a_row_mean_a_new_connection() -> None:
    server = MCPServer("fails")

    @server.tool()
    def fail() -> str:
        """Not as a tool does: as a broken server."""
        raise MCPError(-32603, "the server behind it has ended")

    @server.tool()
    def work() -> str:
        """Now and then."""
        return "done"

    async with Client(server) as client:
        hands = hands_of(client)
        for _ in range(3):
            assert not (await hands.call("fail")).ok
            assert not (await hands.call("fail")).ok
            assert (await hands.call("work")).ok
        await hands.call("fail")
        await hands.call("fail")
        with pytest.raises(MCPError, match="has ended"):
            await hands.call("fail")


async def test_an_errand_that_waits_for_a_person_does_not_stop_the_others(server: MCPServer) -> None:
    seen = Seen()

    async def holds_production(ctx: Any, call_next: Any) -> Any:
        asked = ctx.method == "tools/call" and (ctx.params.get("arguments") or {}).get("namespace") == "prod.payments"
        if asked:
            seen.tools["held"] += 1
            await anyio.sleep_forever()
        return await seen(ctx, call_next)

    server.middleware.append(holds_production)
    async with served(server) as url, anyio.create_task_group() as group:

        async def act() -> None:
            await run_agent(url, part=CAST[0], pace=FAST)

        group.start_soon(act)
        await seen.until(60)
        group.cancel_scope.cancel()
    assert seen.tools["held"] == 1


async def test_as_a_process_it_works_and_ends_quietly_on_interrupt(server: MCPServer, tmp_path: Path) -> None:
    seen = Seen()
    server.middleware.append(seen)
    async with served(server) as url:
        with (tmp_path / "out").open("w+") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "inspector.demo.agent", url, "--pace", "100"], stdout=out, stderr=out
            )
            try:
                await seen.until(10)
                process.send_signal(signal.SIGINT)
                assert await anyio.to_thread.run_sync(process.wait, 10) == 0  # no scope reaches into a thread
            finally:
                process.kill()
                process.wait()
    assert (tmp_path / "out").read_text() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the agent through /proc")
async def test_as_a_process_it_ends_with_the_one_that_started_it() -> None:
    starter = (
        "import os, subprocess, sys\n"
        "from inspector.demo import agent_command\n"
        "command = agent_command('http://127.0.0.1:9/mcp', parent=os.getpid())\n"
        "child = subprocess.Popen(command.argv, env={**os.environ, **dict(command.env)})\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    agent = int(process.stdout.readline())
    assert alive(agent)
    process.kill()
    process.communicate()
    with anyio.fail_after(20):
        while alive(agent):
            await anyio.sleep(0.05)


async def test_without_an_endpoint_it_says_what_it_needs() -> None:
    done = subprocess.run([sys.executable, "-m", "inspector.demo.agent"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "MCP_INSPECT_DEMO_URL" in done.stderr


def test_the_endpoint_with_its_token_does_not_stand_on_the_command_line() -> None:
    command = agent_command("http://127.0.0.1:7337/s3cret/mcp", parent=1)
    assert not any("s3cret" in word for word in command.argv)
    assert dict(command.env) == {URL_VARIABLE: "http://127.0.0.1:7337/s3cret/mcp"}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
