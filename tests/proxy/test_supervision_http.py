"""A person stops, starts and restarts a server behind a URL: what is dropped is connections, not the server."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from http_rig import Reply
from http_upstream import Exchange, session
from pipe_rig import piped

from inspector.core.commands import ServerAction
from inspector.core.events import Decided, UpstreamChanged, UpstreamState

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def hanging(exchange: Exchange) -> None:
    if exchange.message.get("params", {}).get("name") == "hang":
        await exchange.until_left()
    else:
        await session(exchange)


async def test_a_stopped_url_is_sent_nothing_until_it_is_started_again(tmp_path: Path) -> None:
    async with piped(tmp_path, hanging) as (client, script, rig):
        await client.handshake()
        await script.arrived("GET")  # it listens to what the server says on its own
        client.call(1, "hang")
        call = await script.arrived("tools/call")
        await rig.driver.roster.control("up", ServerAction.STOP)
        assert "was stopped in mcp-inspect" in (await client.until(id=1))["error"]["message"]
        await rig.until(lambda: call.left)
        before = len(script.seen)
        client.call(2)
        client.send(id=3, method="ping")
        assert (await client.until(id=2))["result"]["isError"]
        assert "was stopped" in (await client.until(id=3))["error"]["message"]
        assert rig.seen(Decided)[-1].decision.rule == "(server stopped)"
        assert len(script.seen) == before
        await rig.driver.roster.control("up", ServerAction.START)
        client.call(4)
        assert "result" in await client.until(id=4)
        states = [event.state for event in rig.seen(UpstreamChanged)]
        assert states == [UpstreamState.READY, UpstreamState.STOPPED, UpstreamState.IDLE, UpstreamState.READY]


async def test_restarting_a_url_begins_a_stdio_clients_session_anew(tmp_path: Path) -> None:
    async with piped(tmp_path, hanging) as (client, script, rig):
        await client.handshake()
        client.call(1, "hang")
        await script.arrived("tools/call")
        await rig.driver.roster.control("up", ServerAction.RESTART)
        client.call(2)
        assert "error" in await client.until(id=1)
        assert "result" in await client.until(id=2)
        await client.until(method="notifications/tools/list_changed")
        posts = [e.message.get("method", e.method) for e in script.seen if e.method != "GET"]
        assert posts == [
            *("initialize", "notifications/initialized", "tools/call"),
            *("DELETE", "initialize", "notifications/initialized", "tools/call"),
        ]
        assert [frame["id"] for frame in client.frames if "id" in frame] == ["i", 1, 2]


async def test_an_http_client_of_a_stopped_url_gets_errors_and_its_stream_ends(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.method == "GET":
            await exchange.stream()
            await exchange.write(": here\n\n")
            await exchange.until_left()
        else:
            await session(exchange)

    async with piped(tmp_path, handle) as (_, script, rig), anyio.create_task_group() as tasks:
        session_id = await rig.initialize()
        streams: list[Reply] = []

        async def listen() -> None:
            named = {"accept": "text/event-stream", "mcp-session-id": session_id}
            async with rig.http.get(rig.url, headers=named) as response:
                streams.append(await Reply.of(response))

        tasks.start_soon(listen)
        await script.arrived("GET")
        await rig.driver.roster.control("up", ServerAction.STOP)
        await rig.until(lambda: bool(streams))
        refused = await rig.ask("tools/list", mcp_session_id=session_id)
        assert "was stopped in mcp-inspect" in refused.json["error"]["message"]
        denied = await rig.ask("tools/call", {"name": "x", "arguments": {}}, mcp_session_id=session_id)
        assert denied.json["result"]["isError"]
        await rig.driver.roster.control("up", ServerAction.START)
        assert (await rig.ask("tools/call", {"name": "x", "arguments": {}}, mcp_session_id=session_id)).said == "done"
