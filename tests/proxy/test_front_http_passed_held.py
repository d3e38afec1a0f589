"""Held calls in front of an HTTP server."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from http_rig import Reply
from http_upstream import Exchange, session
from passed_rig import before

from inspector.core.events import HoldEnded
from inspector.core.holds import Resolution

pytestmark = pytest.mark.anyio


ASK = 'version: "1"\ndefault: allow\ntools:\n  pay:\n    action: approve\n'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_cancellation_without_a_session_finds_the_held_call(tmp_path: Path) -> None:
    async with before(tmp_path, session, policy=ASK) as (rig, script), anyio.create_task_group() as clients:
        clients.start_soon(lambda: rig.ask("tools/call", {"name": "pay"}, id_=5))
        await rig.until(lambda: bool(rig.driver.gate.holds))
        other = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "5"}}
        assert (await rig.post(other)).status == 202
        assert rig.driver.gate.holds  # "5" is another request than 5
        assert (await rig.post({**other, "params": {"requestId": 5}})).status == 202
        await rig.until(lambda: bool(rig.seen(HoldEnded)))
        assert script.of("tools/call") == []


async def test_an_approved_call_goes_on_with_its_edit_and_headers_made_anew(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"amount": {"type": "integer", "x-mcp-header": "Amount"}}}

    async def handle(exchange: Exchange) -> None:
        if exchange.message["method"] == "tools/list":
            await exchange.result({"tools": [{"name": "pay", "inputSchema": schema}], "resultType": "complete"})
        else:
            await exchange.result({"content": [{"type": "text", "text": "paid"}], "resultType": "complete"})

    async with before(tmp_path, handle, policy=ASK) as (rig, script), anyio.create_task_group() as clients:
        await rig.modern("tools/list")
        replies: list[Reply] = []

        async def pay() -> None:
            params = {"name": "pay", "arguments": {"amount": 500}}
            replies.append(await rig.modern("tools/call", params, mcp_param_amount="500"))

        clients.start_soon(pay)
        await rig.until(lambda: bool(rig.driver.gate.holds))
        rig.driver.resolve(rig.driver.gate.holds[0].call_id, Resolution(approve=True, arguments={"amount": 7}))
        sent = await script.arrived("tools/call")
        await rig.until(lambda: bool(replies))
        assert sent.message["params"]["arguments"] == {"amount": 7}
        assert sent.headers["mcp-param-amount"] == "7"
        assert replies[0].headers["content-type"] == "text/event-stream"
        assert replies[0].said == "paid"


async def test_an_http_error_after_a_hold_is_a_json_rpc_error_with_its_status(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(503, b"busy")

    async with before(tmp_path, handle, policy=ASK) as (rig, _), anyio.create_task_group() as clients:
        replies: list[Reply] = []

        async def pay() -> None:
            replies.append(await rig.ask("tools/call", {"name": "pay"}))

        clients.start_soon(pay)
        await rig.until(lambda: bool(rig.driver.gate.holds))
        rig.driver.resolve(rig.driver.gate.holds[0].call_id, Resolution(approve=True))
        await rig.until(lambda: bool(replies))
        assert "503" in replies[0].events[-1]["error"]["message"]
