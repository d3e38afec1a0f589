"""Sessions of an HTTP server, which are its client's."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from http_upstream import Exchange, session
from passed_rig import before

from inspector.proxy.http_listener import Limits

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# sessions


async def test_the_servers_session_is_the_clients_and_keeps_one_connection(tmp_path: Path) -> None:
    async with before(tmp_path, session) as (rig, script):
        assert await rig.initialize() == "their-session"
        for _ in range(3):
            assert (await rig.ask("tools/call", {"name": "x"}, mcp_session_id="their-session")).said == "done"
        assert {e.headers.get("mcp-session-id") for e in script.of("tools/call")} == {"their-session"}
        assert rig.driver.clients == 1
        async with rig.http.delete(rig.url, headers={"mcp-session-id": "their-session"}) as response:
            assert response.status == 200
        await rig.until(lambda: rig.driver.clients == 0)
        assert script.of("DELETE")[0].headers["mcp-session-id"] == "their-session"


async def test_a_session_that_only_the_server_knows_is_passed_on(tmp_path: Path) -> None:
    async with before(tmp_path, session) as (rig, script):
        assert (await rig.ask("tools/call", {"name": "x"}, mcp_session_id="of-yesterday")).said == "done"
        assert script.seen[0].headers["mcp-session-id"] == "of-yesterday"


async def test_a_session_that_the_server_does_not_know_is_forgotten(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(404)

    async with before(tmp_path, handle) as (rig, _):
        assert (await rig.ask("ping", mcp_session_id="gone")).status == 404
        assert rig.driver.clients == 0


async def test_a_session_that_nobody_uses_is_forgotten_and_can_come_back(tmp_path: Path) -> None:
    async with before(tmp_path, session, limits=Limits(idle_seconds=0.2)) as (rig, _):
        await rig.initialize()
        rig.clock.now += 1
        await rig.until(lambda: rig.driver.clients == 0)
        assert (await rig.ask("tools/call", {"name": "x"}, mcp_session_id="their-session")).said == "done"


async def test_a_server_without_sessions_needs_no_connection_that_stays(tmp_path: Path) -> None:
    async with before(tmp_path, session) as (rig, _):
        replies: list[str] = []

        async def one() -> None:
            replies.append((await rig.ask("tools/call", {"name": "x"}, id_=1)).said)

        async with anyio.create_task_group() as clients:
            for _ in range(10):
                clients.start_soon(one)  # the same id ten times: ten clients
        assert replies == ["done"] * 10
        assert rig.driver.clients == 0
