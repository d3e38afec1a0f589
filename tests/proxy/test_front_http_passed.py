"""In front of an HTTP server: its statuses, headers, sessions and streams are the client's, and the judging is ours."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from pathlib import Path

import anyio
import pytest
from http_rig import BOTH, TOKEN, Reply, at, running
from http_upstream import Exchange, session
from passed_rig import before

from inspector.core.events import Direction, FrameRejected, UpstreamChanged, UpstreamState

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# what passes


async def test_headers_pass_but_for_what_is_ours_or_of_this_hop(tmp_path: Path) -> None:
    async with before(tmp_path, session) as (rig, script):
        sent = {"authorization": "Bearer theirs", "x_tenant": "7", "cookie": "a=b", "proxy_authorization": "no",
                "user_agent": "agent/1", "referer": f"http://x/{TOKEN}/", "accept_encoding": "gzip"}  # fmt: skip
        assert (await rig.ask("ping", **sent)).status == 200
        got = script.seen[0].headers
        assert (got["authorization"], got["x-tenant"], got["user-agent"]) == ("Bearer theirs", "7", "agent/1")
        assert (got["accept"], got["content-type"]) == (BOTH, "application/json")
        assert got["accept-encoding"] == "identity"
        assert not got.keys() & {"cookie", "proxy-authorization", "referer"}
        assert got["host"].startswith("127.0.0.1:") and str(rig.front.port) not in got["host"]


async def test_our_own_bearer_token_does_not_reach_the_server(tmp_path: Path) -> None:
    async with before(tmp_path, session) as (rig, script):
        assert (await rig.ask("ping", url=f"{rig.base}/up/mcp", authorization=f"Bearer {TOKEN}")).status == 200
        assert "authorization" not in script.seen[0].headers


async def test_configured_headers_replace_the_clients(tmp_path: Path) -> None:
    async with before(tmp_path, session, ("Authorization", "Bearer ours"), ("X-More", "1")) as (rig, script):
        await rig.ask("ping", authorization="Bearer theirs")
        pairs = script.seen[0].headers
        assert (pairs["authorization"], pairs["x-more"]) == ("Bearer ours", "1")


async def test_the_bodys_exact_text_reaches_the_server(tmp_path: Path) -> None:
    body = b'{"jsonrpc":"2.0","id":12345678901234567890,"method":"x/y","params":{"n":1.00,"e":1E2,"s":"\\u00e9"}}'
    async with before(tmp_path, session) as (rig, script):
        await rig.post(body)
        assert script.seen[0].body == body


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize(
    ("status", "headers"),
    [(401, {"www_authenticate": "Bearer x"}), (403, {"www_authenticate": 'Bearer error="insufficient_scope"'})]
    + [(status, {}) for status in (400, 404, 405, 409, 429, 500, 503)],
)
async def test_statuses_and_their_headers_pass(tmp_path: Path, status: int, headers: dict[str, str], era: str) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(status, b"why", content_type="text/plain", **headers)

    async with before(tmp_path, handle) as (rig, _):
        reply = await (rig.modern if era == "modern" else rig.ask)("tools/list")
        assert (reply.status, reply.body, reply.headers["content-type"]) == (status, b"why", "text/plain")
        assert reply.headers.get("www-authenticate") == headers.get("www_authenticate")


async def test_routing_headers_and_the_session_s_arrive_as_they_were_sent(tmp_path: Path) -> None:
    async with before(tmp_path, session) as (rig, script):
        sent = {"mcp_name": "=?base64?Z3LDvMOf?=", "mcp_param_region": "n%20", "mcp_session_id": "kept", "mcp_x": "y"}
        assert (await rig.modern("tools/call", {"name": "grüß", "arguments": {}}, **sent)).status == 200
        got = script.of("tools/call")[0].headers
        wanted = {name.replace("_", "-"): value for name, value in sent.items()}
        wanted |= {"mcp-method": "tools/call", "mcp-protocol-version": "2026-07-28"}
        assert {name: value for name, value in got.items() if name.startswith("mcp-")} == wanted


async def test_who_comes_back_for_a_stream_is_known_to_the_server_by_its_last_event(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.method != "GET":
            await session(exchange)
            return
        await exchange.stream()
        await exchange.say({"id": 9, "result": {}}, "id: e8", "retry: 7", last=True)

    async with before(tmp_path, handle) as (rig, script):
        back = {"accept": "text/event-stream", "mcp-session-id": "their-session", "last-event-id": "e7/ü"}
        async with rig.http.get(rig.url, headers=back) as response:
            text = await response.text()
        assert script.of("GET")[0].headers["last-event-id"].encode("latin-1").decode() == "e7/ü"
        assert "id: e8" in text
        assert "retry: 7" in text


async def test_a_server_without_a_get_stream_says_405_itself(tmp_path: Path) -> None:
    async with (
        before(tmp_path, session) as (rig, _),
        rig.http.get(rig.url, headers={"accept": "text/event-stream"}) as response,
    ):
        assert (response.status, response.headers["allow"]) == (405, "POST")


async def test_compressed_answers_arrive_readable(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        body = gzip.compress(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"x": 1}}).encode())
        await exchange.answer(200, body, content_encoding="gzip", set_cookie="a=b", alt_svc='h2=":1"')

    async with before(tmp_path, handle) as (rig, _):
        reply = await rig.ask("prompts/list")
        assert reply.json["result"] == {"x": 1}
        assert not reply.headers.keys() & {"content-encoding", "set-cookie", "alt-svc"}


async def test_few_bytes_that_stand_for_very_many_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(b'"' + b" " * (64 << 20) + b'"')
    assert len(bomb) < 100_000

    async def explode(exchange: Exchange) -> None:
        await exchange.answer(200, bomb, content_encoding="gzip")

    async with before(tmp_path, explode) as (rig, _):
        reply = await rig.ask("ping")
        assert "stand for more than 16 MiB" in reply.json["error"]["message"]
        (refused,) = rig.seen(FrameRejected)
        assert (refused.direction, refused.upstream) == (Direction.FROM_UPSTREAM, "up")


async def test_a_redirect_leads_nobody_around_us(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(307, location="http://127.0.0.1:1/mcp")

    async with before(tmp_path, handle) as (rig, script):
        reply = await rig.ask("tools/list")
        assert "redirects (HTTP 307) to http://127.0.0.1:1/mcp" in reply.json["error"]["message"]
        assert "location" not in reply.headers
        assert len(script.seen) == 1
        assert ["redirects" in event.reason for event in rig.seen(FrameRejected)] == [True]


async def test_json_over_several_lines_is_answered_on_one(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.answer(200, b'{"jsonrpc":"2.0",\r\n "id":1,\n "result":{}}')

    async with before(tmp_path, handle) as (rig, _):
        assert (await rig.ask("ping")).body == b'{"jsonrpc":"2.0", "id":1, "result":{}}'


# streams


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"jsonrpc":"2.0","id":99,"result":{}}',
        b'{"jsonrpc":"2.0","method":"notifications/message","params":{}}',
        b'{"jsonrpc":"2.0","id":1}',
    ],
)
async def test_an_answer_that_answers_something_else_does_not_keep_the_request_waiting(
    tmp_path: Path, body: bytes
) -> None:
    async def answers(exchange: Exchange) -> None:
        await exchange.answer(200, body)

    async with before(tmp_path, answers) as (rig, _):
        reply = await rig.ask("ping")
        message = reply.events[-1] if reply.body.startswith((b"event", b"data", b"id", b":")) else reply.json
        assert "not the answer to this request" in message["error"]["message"]


async def test_events_stream_through_unbuffered_with_their_fields(tmp_path: Path) -> None:
    go = anyio.Event()

    async def handle(exchange: Exchange) -> None:
        await exchange.stream(mcp_session_id="s", x_theirs="1")
        await exchange.write("id: 0\r\nretry: 100\r\ndata: \r\n\r\n")
        await exchange.say({"method": "notifications/message", "params": {}}, "id: 1", "event: message")
        await go.wait()
        await exchange.say({"id": 1, "result": {"ok": True}}, "id: 2", last=True)

    async with before(tmp_path, handle) as (rig, _):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        headers = {"content-type": "application/json", "accept": BOTH}
        async with rig.http.post(rig.url, data=body, headers=headers) as response:
            assert (response.headers["x-theirs"], response.headers["mcp-session-id"]) == ("1", "s")
            lines = [await response.content.readline() for _ in range(7)]
            assert lines[:4] == [b"id: 0\r\n", b"retry: 100\r\n", b"data: \r\n", b"\r\n"]
            assert lines[4:6] == [b"id: 1\r\n", b"event: message\r\n"]
            go.set()
            assert b"id: 2\r\n" in await response.read()


async def test_a_stream_that_its_server_closes_early_ends_so_that_the_client_can_come_back(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.stream()
        if exchange.method == "POST":
            await exchange.write("id: 5\r\nretry: 10\r\ndata: \r\n\r\n", last=True)
        else:
            await exchange.say({"id": 1, "result": {"content": []}}, "id: 6", last=True)

    async with before(tmp_path, handle) as (rig, script):
        reply = await rig.ask("tools/call", {"name": "x"}, mcp_session_id="s")
        assert reply.body == b"id: 5\r\nretry: 10\r\ndata: \r\n\r\n"
        headers = {"accept": "text/event-stream", "last-event-id": "5", "mcp-session-id": "s"}
        async with rig.http.get(rig.url, headers=headers) as response:
            assert (await Reply.of(response)).events == [{"jsonrpc": "2.0", "id": 1, "result": {"content": []}}]
        assert script.of("GET")[0].headers["last-event-id"] == "5"


async def test_an_answer_that_breaks_off_is_a_json_rpc_error(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.stream()
        await exchange.say({"method": "notifications/message", "params": {}})
        raise RuntimeError("the server falls over")

    async with before(tmp_path, handle) as (rig, _):
        reply = await rig.ask("tools/call", {"name": "x"})
        assert (reply.status, len(reply.events), reply.events[1]["error"]["code"]) == (200, 2, -32000)


async def test_a_server_that_is_not_there_is_a_json_rpc_error_and_an_event(tmp_path: Path) -> None:
    async with running(tmp_path, at("http://127.0.0.1:9/mcp")) as rig:
        reply = await rig.ask("tools/call", {"name": "x"}, id_="q")
        assert reply.json["id"] == "q"
        assert "could not reach http://127.0.0.1:9/mcp" in reply.json["error"]["message"]
        assert [event.state for event in rig.seen(UpstreamChanged)] == [UpstreamState.FAILED]
        async with rig.http.get(rig.url, headers={"accept": "text/event-stream"}) as response:
            assert response.status == 502


async def test_a_very_large_answer_passes(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.result({"x": "y" * (3 << 20)})

    async with before(tmp_path, handle) as (rig, _):
        assert len((await rig.ask("tools/call", {"name": "x"})).json["result"]["x"]) == 3 << 20


async def test_an_answer_without_end_is_cut_off(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.begin(200, content_type="application/json")
        with contextlib.suppress(OSError):
            for _ in range(40):
                await exchange.write("x" * (1 << 20))
        await exchange.write("", last=True)

    async with before(tmp_path, handle) as (rig, _):
        assert "more than 16 MiB" in (await rig.ask("tools/call", {"name": "x"})).json["error"]["message"]


async def test_a_modern_client_that_leaves_closes_the_request_at_the_server(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        await exchange.until_left()

    async with before(tmp_path, handle) as (rig, script):
        async with anyio.create_task_group() as client:
            client.start_soon(lambda: rig.modern("tools/call", {"name": "x"}))
            exchange = await script.arrived("tools/call")
            client.cancel_scope.cancel()
        await rig.until(lambda: exchange.left)


async def test_a_legacy_client_that_leaves_cancels_nothing_at_the_server(tmp_path: Path) -> None:
    done = anyio.Event()

    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/call":
            with anyio.move_on_after(0.3):
                await exchange.until_left()
            done.set()
        await session(exchange)

    async with before(tmp_path, handle) as (rig, script):
        await rig.initialize()
        async with anyio.create_task_group() as client:
            client.start_soon(lambda: rig.ask("tools/call", {"name": "x"}, mcp_session_id="their-session"))
            exchange = await script.arrived("tools/call")
            client.cancel_scope.cancel()
        await done.wait()
        assert not exchange.left


@pytest.mark.parametrize("named", ["delete", ""])
async def test_routing_headers_that_contradict_the_body_never_reach_the_server(tmp_path: Path, named: str) -> None:
    async with before(tmp_path, session) as (rig, script):
        reply = await rig.modern("tools/call", {"name": "safe"}, mcp_name=named)
        assert (reply.status, reply.error) == (400, -32020)
        assert script.seen == []


async def test_a_slow_reader_slows_the_server_down(tmp_path: Path) -> None:
    written = 0

    async def handle(exchange: Exchange) -> None:
        nonlocal written
        await exchange.stream()
        text = "x" * 65_000
        for _ in range(600):
            await exchange.say({"method": "notifications/message", "params": {"data": text}})
            written += 1
        await exchange.say({"id": 1, "result": {}}, last=True)

    async with before(tmp_path, handle) as (rig, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.front.port, limit=1 << 16)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}}).encode()
        head = f"POST /{TOKEN}/up/mcp HTTP/1.1\r\nhost: 127.0.0.1:{rig.front.port}\r\naccept: {BOTH}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await rig.until(lambda: written > 0)
        last = -1
        with anyio.fail_after(20):
            while written != last:  # until nothing moves for a while
                last = written
                await anyio.sleep(0.3)
        assert written < 600  # 39 MB would have been there
        with anyio.fail_after(20):
            received = await reader.read(-1)
        assert written == 600 and len(received) > 600 * 65_000
        writer.close()


async def test_unanswered_get_streams_do_not_keep_the_run_from_stopping(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.method != "GET":
            await session(exchange)
            return
        await exchange.stream()
        await exchange.until_left()

    async with before(tmp_path, handle) as (rig, script):
        await rig.initialize()
        headers = {"accept": "text/event-stream", "mcp-session-id": "their-session"}
        stream = await rig.http.get(rig.url, headers=headers)
        exchange = await script.arrived("GET")
        rig.front.stop()
        with anyio.fail_after(20):
            await stream.read()
        await rig.until(lambda: exchange.left)
