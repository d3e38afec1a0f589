"""What an HTTP server would object to, in front of one that speaks no HTTP; header values as RFC 9110 reads them."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from http_rig import META, SERVERS, Rig, raw, request, running, status

from inspector.core.upstream import CommandSpec, UpstreamSpec

pytestmark = pytest.mark.anyio

SCHEMA = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
TOOLS = {"tools": [{"name": "ship", "inputSchema": SCHEMA}], "resultType": "complete"}
SCRIPT = {
    "tools/list": [f'{{"jsonrpc":"2.0","id":$ID,"result":{json.dumps(TOOLS)}}}'],
    "call ship": ['{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"shipped"}]}}'],
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    command = (sys.executable, "-S", str(SERVERS / "raw_server.py"), str(script), "stdio")
    env = (("SERVER_LOG", str(tmp_path / "server.log")),)
    async with running(tmp_path, UpstreamSpec("up", CommandSpec(command, env))) as made:
        yield made


async def test_a_handshake_never_reaches_the_process_that_modern_clients_share(rig: Rig) -> None:
    reply = await rig.modern("initialize")
    assert (reply.status, reply.error) == (404, -32601)
    assert reply.json["id"] == 1
    assert rig.received() == []


@pytest.mark.parametrize(
    "header",
    [None, "west", "=?base64?ZWFzdA?=", "=?base64?ZW!zdA==?="],
    ids=["missing", "another", "padding", "alphabet"],
)
async def test_param_headers_say_what_the_arguments_say(rig: Rig, header: str | None) -> None:
    await rig.modern("tools/list")
    call = {"name": "ship", "arguments": {"region": "east"}}
    wrong = await rig.modern("tools/call", call, **({"mcp_param_region": header} if header else {}))
    assert (wrong.status, wrong.error) == (400, -32020)
    right = await rig.modern("tools/call", call, mcp_param_region="=?base64?ZWFzdA==?=")
    assert right.said == "shipped"
    assert [message["method"] for message in rig.received()] == ["tools/list", "tools/call"]


async def test_white_space_around_a_header_value_is_no_part_of_it(rig: Rig) -> None:
    params = {"name": "ship", "arguments": {}, "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    lines = [
        "accept: application/json, text/event-stream",
        f"content-length: {len(body)}",
        "mcp-protocol-version: 2026-07-28 ",
        "mcp-method: \t tools/call\t ",
        "mcp-name:  ship  ",
    ]
    assert status(await raw(rig.front.port, request(rig, body, *lines))) == 200
