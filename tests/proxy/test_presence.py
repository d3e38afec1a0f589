"""Who calls, as far as they say: clients that keep no connection are known by their names, and not for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from http_rig import META, Rig, running, tiny

from inspector.core.events import CallArrived, ClientConnected, ClientGone
from inspector.proxy import presence

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def call(rig: Rig, name: str) -> str:
    """As a client of that name. Returns the connection that its call counts for."""
    meta = {**META, "io.modelcontextprotocol/clientInfo": {"name": name, "version": "1"}}
    params = {"name": "echo", "arguments": {"text": "hi"}, "_meta": meta}
    headers = {"mcp_protocol_version": "2026-07-28", "mcp_method": "tools/call", "mcp_name": "echo"}
    assert (await rig.ask("tools/call", params, **headers)).status == 200
    return str(rig.seen(CallArrived)[-1].connection)


async def test_a_modern_client_is_the_same_one_with_each_request(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path)) as rig:
        assert await call(rig, "ann") == await call(rig, "ann")
        assert await call(rig, "bob") != await call(rig, "ann")
        assert [event.caller.client for event in rig.seen(ClientConnected)] == ["ann", "bob"]
        assert rig.seen(ClientGone) == []


async def test_of_clients_with_ever_new_names_the_latest_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "KEPT", 2)
    async with running(tmp_path, tiny(tmp_path)) as rig:
        ann, first = await call(rig, "ann"), await call(rig, "made up 1")
        assert await call(rig, "ann") == ann
        await call(rig, "made up 2")
        assert [event.connection for event in rig.seen(ClientGone)] == [first]
        assert await call(rig, "ann") == ann
