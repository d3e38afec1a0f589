"""A client that speaks stdio before an HTTP server: the link is its HTTP client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from http_rig import BOTH, META, at, running, sdk_over_http
from http_upstream import Exchange, session
from pipe_rig import pipe, piped

from inspector.core.call import Outcome
from inspector.core.events import Finished, UpstreamChanged, UpstreamState
from inspector.core.holds import Resolution
from inspector.core.upstream import UpstreamSpec, UrlSpec
from inspector.proxy.upstream_http import HttpUpstream

pytestmark = pytest.mark.anyio
ASK = 'version: "1"\ndefault: allow\ntools:\n  pay:\n    action: approve\n'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_session_and_the_negotiated_version_go_with_every_message(tmp_path: Path) -> None:
    async with piped(tmp_path, session, ("x-own", "1")) as (client, script, _):
        await client.handshake("2025-06-18")
        client.call(1)
        await client.until(id=1)
        first, *rest = [e.headers for e in script.seen if e.method == "POST"]
        assert (first["accept"], first["content-type"], first["x-own"]) == (BOTH, "application/json", "1")
        assert not first.keys() & {"mcp-session-id", "mcp-protocol-version"}
        assert {(h["mcp-session-id"], h["mcp-protocol-version"]) for h in rest} == {("their-session", "2025-06-18")}


async def test_messages_reach_the_server_in_the_order_of_the_pipe(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "notifications/initialized":
            await anyio.sleep(0.05)
        await session(exchange)
        done.append(str(exchange.message.get("method", exchange.method)))

    done: list[str] = []
    async with piped(tmp_path, handle) as (client, _, _):
        await client.handshake()
        client.send(id=1, method="tools/list")
        await client.until(id=1)
        assert done.index("notifications/initialized") < done.index("tools/list")


async def test_the_session_is_deleted_when_the_client_goes(tmp_path: Path) -> None:
    async with piped(tmp_path, session) as (client, script, _):
        await client.handshake()
        await script.arrived("GET")
        await client.connection.close()
        assert script.of("DELETE")[0].headers["mcp-session-id"] == "their-session"


async def test_the_servers_own_messages_are_heard_and_the_stream_is_taken_up_again(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.method != "GET":
            await session(exchange)
            return
        await exchange.stream()
        number = len(script.of("GET"))
        await exchange.say({"method": f"notifications/n{number}"}, f"id: {number}", "retry: 10", last=number < 3)
        if number == 3:
            await exchange.until_left()

    async with piped(tmp_path, handle) as (client, script, _):
        await client.handshake()
        await client.until(method="notifications/n3")
        assert [e.headers.get("last-event-id") for e in script.of("GET")] == [None, "1", "2"]
        assert [f["method"] for f in client.frames if "method" in f] == [f"notifications/n{n}" for n in (1, 2, 3)]


async def test_what_the_server_asks_is_answered_by_a_post_of_its_own(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") != "tools/call":
            await session(exchange)
            return
        await exchange.stream()
        await exchange.say({"id": "s1", "method": "elicitation/create", "params": {}})
        while not any(e.message.get("id") == "s1" for e in script.seen):
            await anyio.sleep(0.005)
        await exchange.say({"id": 1, "result": {"content": []}}, last=True)

    async with piped(tmp_path, handle) as (client, script, _):
        await client.handshake()
        client.call(1)
        await client.until(id="s1")
        client.send(id="s1", result={"action": "accept"})
        await client.until(id=1)


async def test_a_stream_that_ends_before_its_response_is_read_on_from_its_last_event(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/call":
            await exchange.stream()
            await exchange.write("id: a\r\nretry: 10\r\ndata: \r\n\r\n", last=True)
        elif exchange.headers.get("last-event-id") == "a":
            await exchange.stream()
            await exchange.say({"id": 1, "result": {"content": []}}, "id: b", last=True)
        else:
            await session(exchange)

    async with piped(tmp_path, handle) as (client, _, _):
        await client.handshake()
        client.call(1)
        assert (await client.until(id=1))["result"] == {"content": []}


async def test_a_stream_that_ends_for_good_without_its_response_is_an_error(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.stream()
        await exchange.write(": nothing\r\n\r\n", last=True)

    async with piped(tmp_path, handle) as (client, _, _):
        client.call(1)
        assert (await client.until(id=1))["error"]["code"] == -32000


@pytest.mark.parametrize("body", [b"", b"not for you", json.dumps({"jsonrpc": "2.0", "id": None, "error": {}})])
async def test_an_http_error_becomes_a_json_rpc_error(tmp_path: Path, body: Any) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(403, body if isinstance(body, bytes) else body.encode())

    async with piped(tmp_path, handle) as (client, _, _):
        client.call(1)
        assert "error" in await client.until(id=1)


async def test_a_modern_request_carries_routing_headers_made_from_its_body(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string", "x-mcp-header": "City"}}}

    async def handle(exchange: Exchange) -> None:
        tools = [{"name": "süd", "inputSchema": schema}]
        await exchange.result({"tools": tools, "content": [], "resultType": "complete"})

    async with piped(tmp_path, handle) as (client, script, _):
        client.send(id=1, method="tools/list", params={"_meta": META})
        await client.until(id=1)
        client.call(2, "süd", arguments={"city": "Köln"}, _meta=META)
        await client.until(id=2)
        sent = script.of("tools/call")[0].headers
        assert (sent["mcp-protocol-version"], sent["mcp-method"]) == ("2026-07-28", "tools/call")
        assert (sent["mcp-name"], sent["mcp-param-city"]) == ("=?base64?c8O8ZA==?=", "=?base64?S8O2bG4=?=")
        assert "mcp-session-id" not in sent


async def test_edited_arguments_are_what_body_and_headers_say(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"amount": {"type": "integer", "x-mcp-header": "Amount"}}}

    async def handle(exchange: Exchange) -> None:
        await exchange.result({"tools": [{"name": "pay", "inputSchema": schema}], "content": []})

    async with piped(tmp_path, handle, policy=ASK) as (client, script, rig):
        client.send(id=1, method="tools/list", params={"_meta": META})
        await client.until(id=1)
        client.call(2, "pay", arguments={"amount": 500}, _meta=META)
        await rig.until(lambda: bool(rig.driver.gate.holds))
        rig.driver.resolve(rig.driver.gate.holds[0].call_id, Resolution(approve=True, arguments={"amount": 7}))
        await client.until(id=2)
        sent = script.of("tools/call")[0]
        assert (sent.headers["mcp-param-amount"], sent.message["params"]["arguments"]) == ("7", {"amount": 7})


async def test_a_modern_cancellation_closes_the_request_and_is_not_posted(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/call":
            await exchange.until_left()
        else:  # the calls wait until the tools are listed
            await session(exchange)

    async with piped(tmp_path, handle) as (client, script, rig):
        client.call(1, _meta=META)
        client.call("1", _meta=META)
        one, other = await script.arrived("tools/call"), await script.arrived("tools/call", 2)
        if one.message["id"] == "1":
            one, other = other, one
        client.send(method="notifications/cancelled", params={"requestId": 1})
        await rig.until(lambda: one.left)
        assert not other.left
        assert script.of("notifications/cancelled") == []
        assert [(event.call_id, event.outcome) for event in rig.seen(Finished)] == [(1, Outcome.CANCELLED)]


async def test_a_legacy_cancellation_is_posted_and_the_request_stays(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/call":
            await exchange.until_left()
        else:
            await session(exchange)

    async with piped(tmp_path, handle) as (client, script, _):
        await client.handshake()
        client.call(1)
        call = await script.arrived("tools/call")
        client.send(method="notifications/cancelled", params={"requestId": 1})
        told = await script.arrived("notifications/cancelled")
        assert told.headers["mcp-session-id"] == "their-session"
        assert not call.left


async def test_the_first_success_and_each_change_are_events(tmp_path: Path) -> None:
    async with piped(tmp_path, session) as (client, _, rig):
        await client.handshake()
        client.call(1)
        await client.until(id=1)
        assert [(e.state, e.upstream) for e in rig.seen(UpstreamChanged)] == [(UpstreamState.READY, "up")]


async def test_closing_the_upstream_ends_what_is_under_way_though_the_server_does_not(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/call" or exchange.method == "DELETE":
            await exchange.until_left()
        else:
            await session(exchange)

    async with piped(tmp_path, handle) as (client, script, rig):
        await client.handshake()
        client.call(1)
        call = await script.arrived("tools/call")
        with anyio.fail_after(10):  # its timeouts are longer
            await rig.driver.roster.close()
        await rig.until(lambda: call.left)


async def test_a_login_in_the_url_becomes_a_header_and_is_not_shown(tmp_path: Path) -> None:
    async with anyio.create_task_group() as tasks:
        target = UrlSpec("http://ada:l%40ve@127.0.0.1:1/mcp", (("x-own", "1"),))
        upstream = HttpUpstream(UpstreamSpec("up", target), target, tasks=tasks, emit=lambda _: None, now=float)
        assert upstream.url == "http://127.0.0.1:1/mcp"
        assert upstream.own_headers == (("authorization", "Basic YWRhOmxAdmU="), ("x-own", "1"))


@pytest.mark.parametrize("form", [(), ("json",)])
async def test_the_sdks_server_serves_a_stdio_client_of_each_era(tmp_path: Path, form: tuple[str, ...]) -> None:
    async with sdk_over_http(*form) as url, running(tmp_path, at(url)) as rig:
        legacy, modern = await pipe(rig), await pipe(rig)
        await legacy.handshake()
        for n in range(20):
            legacy.call(n, "echo", arguments={"text": f"l{n}"})
            modern.call(n, "echo", arguments={"text": f"m{n}"}, _meta=META)
        for n in range(20):
            assert (await legacy.until(id=n))["result"]["content"][0]["text"] == f"l{n}"
            assert (await modern.until(id=n))["result"]["content"][0]["text"] == f"m{n}"
