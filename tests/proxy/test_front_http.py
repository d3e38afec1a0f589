"""The HTTP front on its socket: hostile bytes, limits, and the way a run starts and ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from http_rig import BOTH, HELLO, META, TOKEN, Rig, raw, request, running, status, tiny

from inspector.core.errors import ConfigError
from inspector.core.events import ClientGone, FrameRejected, Held
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.proxy.http_listener import Limits, bind

pytestmark = pytest.mark.anyio
DATA = Path(__file__).parents[1] / "data"
POLICY = (DATA / "hostile_base_policy.json").read_text()
HOSTILE = [json.loads(line) for line in (DATA / "hostile_inputs_sample.jsonl").read_text().splitlines()]
SMALL = Limits(head_bytes=4096, head_seconds=0.3, body_bytes=2 << 20, body_seconds=0.3)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, tiny(tmp_path), limits=SMALL, grants={"agent-token": "agent"}) as made:
        yield made


def length(body: bytes) -> str:
    return f"content-length: {len(body)}"


ASK = 'version: "1"\ndefault: approve\n'
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


# hostile inputs


@pytest.mark.parametrize("sample", [s for s in HOSTILE if s["id"].startswith("http-")], ids=lambda s: str(s["id"]))
async def test_a_hostile_request_ends_as_required(sample: dict[str, Any], tmp_path: Path) -> None:
    given, required = sample["input"], sample["required"]
    pairs = given["headers"] if isinstance(given["headers"], list) else list(given["headers"].items())
    headers = [f"{name}: {value}" for name, value in pairs[1:] if name != "content-type"]
    headers = [h.replace("<proxy token>", TOKEN) for h in headers]
    body = b"{" + b" " * (5 << 20) if given["body"] == "(5 MiB)" else json.dumps(given["body"]).encode()
    if not any(h.startswith("content-length") for h in headers):
        headers.append(length(body))
    async with running(tmp_path, tiny(tmp_path), policy=POLICY) as rig:
        answer = await raw(rig.front.port, request(rig, body, *headers))
        assert status(answer) == required["http_status"], answer
        if required["upstream_receives"] == "nothing":
            assert rig.received() == []
        if "error_code" in required:
            assert rig.refusals()[0][0] == required["error_code"]


async def test_a_body_of_both_length_and_chunks_is_refused_whole(rig: Rig) -> None:
    hidden = b"0\r\n\r\n" + request(rig, PING, length(PING))
    answer = await raw(rig.front.port, request(rig, hidden, length(hidden), "transfer-encoding: chunked"))
    assert status(answer) == 400
    assert rig.refusals() == [(400, "not a valid HTTP request")]
    assert rig.received() == []


@pytest.mark.parametrize("lines", [("content-length: 40", "content-length: 41"), ("transfer-encoding: chunked, x",)])
async def test_a_body_whose_end_can_be_read_in_two_ways_is_refused(rig: Rig, lines: tuple[str, ...]) -> None:
    assert status(await raw(rig.front.port, request(rig, PING, *lines))) == 400


async def test_bytes_that_are_no_http_are_refused_and_recorded(rig: Rig) -> None:
    assert status(await raw(rig.front.port, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")) == 400
    assert rig.refusals() == [(400, "not a valid HTTP request")]


async def test_large_headers_are_refused_whether_they_come_whole_or_never_end(rig: Rig) -> None:
    assert status(await raw(rig.front.port, request(rig, PING, length(PING), "x: " + "y" * 5000))) == 431
    endless = f"POST /{TOKEN}/up/mcp HTTP/1.1\r\nhost: x\r\nx: ".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.front.port)
    writer.write(endless)
    for _ in range(8):
        await anyio.sleep(0.002)  # each in a read of its own
        writer.write(b"y" * 1024)
    with anyio.fail_after(20):
        assert status(await reader.readuntil(b"\r\n\r\n")) == 431
    writer.close()
    assert TOKEN not in str(rig.events)


async def test_many_headers_count_together(rig: Rig) -> None:
    answer = await raw(rig.front.port, request(rig, PING, length(PING), *(f"x-{n}: {n}" for n in range(500))))
    assert status(answer) == 431


async def test_headers_that_trickle_in_are_cut_off(rig: Rig) -> None:
    assert status(await raw(rig.front.port, b"POST / HTTP/1.1\r\nhost: 127")) == 408


async def test_a_connection_that_says_nothing_is_closed(rig: Rig) -> None:
    assert await raw(rig.front.port, b"") == b""


async def test_a_body_that_never_comes_is_cut_off_and_nothing_is_sent_on(rig: Rig) -> None:
    assert status(await raw(rig.front.port, request(rig, PING[:10], length(PING)))) == 408
    assert (408, "the body did not arrive within 0.3 s") in rig.refusals()
    assert rig.received() == []


async def test_a_body_that_is_larger_than_it_said_nothing_of_is_413(rig: Rig) -> None:
    chunk = b"x" * (3 << 20)
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(chunk), chunk)
    assert status(await raw(rig.front.port, request(rig, body, "transfer-encoding: chunked"))) == 413


async def test_an_upgrade_is_not_taken_and_the_request_is_answered_by_http(rig: Rig) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}).encode()
    lines = ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAM", f"accept: {BOTH}")
    assert status(await raw(rig.front.port, request(rig, body, length(body), *lines))) == 200


async def busy(rig: Rig) -> asyncio.StreamWriter:
    """A connection whose call waits for a person: an answer is owed on it."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x", "_meta": META}})
    lines = (f"accept: {BOTH}", "mcp-protocol-version: 2026-07-28", "mcp-method: tools/call", "mcp-name: x")
    held = len(rig.seen(Held))
    _, writer = await asyncio.open_connection("127.0.0.1", rig.front.port)
    writer.write(request(rig, body.encode(), length(body.encode()), *lines))
    await rig.until(lambda: len(rig.seen(Held)) > held)
    return writer


async def silent(rig: Rig, said: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    line = await asyncio.open_connection("127.0.0.1", rig.front.port)
    line[1].write(said)
    return line


async def closed(reader: asyncio.StreamReader) -> bool:
    """Has the other end closed it, whatever it said before?"""
    with anyio.fail_after(5), contextlib.suppress(ConnectionResetError):
        await reader.read()
    return True


async def test_more_busy_connections_than_allowed_get_503(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=ASK, limits=Limits(connections=2)) as rig:
        lines = [await busy(rig) for _ in range(2)]
        assert status(await raw(rig.front.port, b"")) == 503  # said at once: who is silent takes no room either
        assert status(await raw(rig.front.port, request(rig, PING, length(PING)))) == 503
        assert {reason for _, reason in rig.refusals()} == {"2 connections are open already"}
        for writer in lines:
            writer.close()
        session = ""
        with anyio.fail_after(5):
            while not session:  # once they have left, there is room again
                with contextlib.suppress(AssertionError):
                    session = await rig.initialize()


@pytest.mark.parametrize("said", [b"", b"POST / HTTP/1.1\r\nhost: 127", b"whole head"])
async def test_who_says_nothing_whole_makes_room_for_the_agent(tmp_path: Path, said: bytes) -> None:
    async with running(tmp_path, tiny(tmp_path), limits=Limits(connections=3)) as rig:
        said = request(rig, PING[:10], length(PING)) if said == b"whole head" else said
        idle = [await silent(rig, said) for _ in range(3)]
        assert status(await raw(rig.front.port, request(rig, PING, length(PING)))) != 503
        assert await closed(idle[0][0])  # the oldest of them, and no other
        assert [reader.at_eof() for reader, _ in idle] == [True, False, False]
        reason = "gave way to a new connection: it had sent no whole request, and all 3 were taken"
        assert (408, reason) in rig.refusals()


async def test_a_client_at_rest_gives_way_only_when_nobody_is_silent(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=ASK, limits=Limits(connections=3)) as rig:
        calls = [await busy(rig)]
        rested, _writer = await silent(rig, request(rig, path="/"))  # older than the silent one, but it has asked
        assert status(await rested.readuntil(b"not found")) == 404
        quiet, _quiet_writer = await silent(rig)
        calls.append(await busy(rig))
        assert await closed(quiet)
        assert not rested.at_eof()
        calls.append(await busy(rig))
        assert await closed(rested)
        reason = "gave way to a new connection: it {}, and all 3 were taken"
        given_way = [said for code, said in rig.refusals() if code == 408]
        assert given_way == [reason.format("had sent no whole request"), reason.format("was idle")]


async def test_a_flood_of_connections_leaves_as_many_open_as_are_allowed(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), limits=Limits(connections=2)) as rig:
        lines = [await asyncio.open_connection("127.0.0.1", rig.front.port) for _ in range(20)]
        for reader, _ in lines[:-2]:
            assert await closed(reader)
        assert not any(reader.at_eof() for reader, _ in lines[-2:])
        for _, writer in lines:
            writer.close()


async def test_a_refusal_names_the_address_it_came_from(rig: Rig) -> None:
    assert status(await raw(rig.front.port, request(rig, path="/"))) == 404
    assert status(await raw(rig.front.port, b"nonsense\r\n\r\n")) == 400
    assert [event.peer.split(":")[0] for event in rig.seen(FrameRejected)] == ["127.0.0.1", "127.0.0.1"]


async def test_a_second_request_before_the_first_was_answered_ends_the_connection(tmp_path: Path) -> None:
    policy = 'version: "1"\ndefault: approve\n'
    async with running(tmp_path, tiny(tmp_path), policy=policy) as rig:
        session = await rig.initialize()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}}).encode()
        one = request(rig, body, length(body), f"accept: {BOTH}", f"mcp-session-id: {session}")
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.front.port)
        writer.write(one)
        await rig.until(lambda: bool(rig.driver.gate.holds))
        writer.write(one.replace(b'"id": 1', b'"id": 2'))
        with anyio.fail_after(20):
            await reader.read()
        writer.close()
        await rig.until(lambda: not rig.driver.gate.holds)  # the first is withdrawn with its client
        assert rig.refusals() == [(400, "a second request before the first was answered")]
        assert not any(m.get("method") == "tools/call" for m in rig.received())


# who may come in


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PUT", "HEAD", "PATCH"])
async def test_without_our_token_nothing_is_served(rig: Rig, method: str) -> None:
    assert status(await raw(rig.front.port, request(rig, method=method, path="/nope/up/mcp"))) == 401
    assert rig.received() == []


async def test_options_with_the_token_is_405(rig: Rig) -> None:
    answer = await raw(rig.front.port, request(rig, method="OPTIONS"))
    assert status(answer) == 405
    assert b"allow: POST, GET, DELETE" in answer


async def test_well_known_is_404_and_no_invitation_to_oauth(rig: Rig) -> None:
    path = "/.well-known/oauth-protected-resource"
    assert status(await raw(rig.front.port, request(rig, method="GET", path=path))) == 404


async def test_a_refusal_is_recorded_without_the_token(rig: Rig) -> None:
    assert status(await raw(rig.front.port, request(rig, PING, length(PING), "origin: http://evil.example"))) == 403
    (event,) = rig.seen(FrameRejected)
    assert event.code == 403 and TOKEN.encode() not in event.raw and b"/<token>/up/mcp" in event.raw


async def test_the_token_may_be_in_the_path_or_be_a_bearer(rig: Rig) -> None:
    paths = [(f"/{TOKEN}/up/mcp", ()), (f"/{TOKEN}/mcp", ()), ("/up/mcp", (f"authorization: Bearer {TOKEN}",))]
    for path, headers in paths:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}).encode()
        sent = request(rig, body, length(body), f"accept: {BOTH}", *headers, path=path)
        assert status(await raw(rig.front.port, sent)) == 200


async def test_a_minted_token_is_a_grant_of_its_own(rig: Rig) -> None:
    reply = await rig.modern(
        "tools/call", {"name": "echo", "arguments": {"text": "x"}}, url=f"{rig.base}/agent-token/up/mcp"
    )
    assert reply.said == "x"
    callers = [event.caller.grant for event in rig.events if hasattr(event, "caller")]
    assert set(callers) == {"agent"}


# frames


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32700),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
        (b'"ping"', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}', -32700),
        ('{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16"), -32700),
    ],
)
async def test_a_frame_that_cannot_be_judged_is_400_and_goes_nowhere(rig: Rig, body: bytes, code: int) -> None:
    reply = await rig.post(body)
    assert (reply.status, reply.error) == (400, code)
    assert reply.json["id"] is None
    assert [refused for refused, _ in rig.refusals()] == [code]
    assert rig.received() == []


async def test_an_upstream_that_cannot_start_is_502_in_json_rpc(tmp_path: Path) -> None:
    async with running(tmp_path, UpstreamSpec("up", CommandSpec(("/nowhere/at-all",)))) as rig:
        reply = await rig.ask("initialize", HELLO, id_=9)
        assert (reply.status, reply.error, reply.json["id"]) == (502, -32000, 9)


async def test_line_breaks_between_tokens_hide_no_second_message(rig: Rig) -> None:
    session = await rig.initialize()
    smuggled = b'{"jsonrpc":"2.0","id":7,\r\n"method":"tools/call","params":{"name":"echo"}}'
    reply = await rig.post(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":\n{"x":' + b"1}}", mcp_session_id=session)
    assert reply.status == 200
    reply = await rig.post(smuggled, mcp_session_id=session)
    assert reply.said == "done"
    assert [m.get("method") for m in rig.received()[2:]] == ["ping", "tools/call"]


# the run


async def test_a_used_port_is_said_before_anything_starts() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} on 127\.0\.0\.1 is in use"):
            bind("127.0.0.1", port)


async def test_a_host_that_is_not_ours_is_said() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 203\.0\.113\.9"):
        bind("203.0.113.9", 0)


async def test_it_stops_at_once_with_a_stream_and_a_call_open(tmp_path: Path) -> None:
    async with anyio.create_task_group() as clients, running(tmp_path, tiny(tmp_path)) as rig:
        session = await rig.initialize()
        hang = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "hang"}}
        stream = await rig.http.get(rig.url, headers={"accept": "text/event-stream", "mcp-session-id": session})
        clients.start_soon(lambda: rig.post(hang, mcp_session_id=session))
        await rig.until(lambda: rig.forwarded() == 1)
        rig.front.stop()
        with anyio.fail_after(20):
            await stream.read()
        await rig.until(lambda: len(rig.seen(ClientGone)) == 1)


async def test_the_handlers_of_signals_stay_as_they_were(rig: Rig) -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert rig.front.port > 0
