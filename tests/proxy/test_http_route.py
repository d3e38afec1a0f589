"""What the client reads of one exchange, by what the driver said to its route."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import anyio
import pytest

from inspector.proxy.http_route import CONGESTED, HttpRoute

pytestmark = pytest.mark.anyio
ONE = b'{"jsonrpc":"2.0","id":1,"result":{}}'
NOTE = b'{"jsonrpc":"2.0","method":"notifications/progress"}'
SSE = ((b"content-type", b"text/event-stream"), (b"mcp-session-id", b"s"))
JSON = ((b"content-type", b"application/json"), (b"x-theirs", b"1"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Wire:
    """The ASGI server's end."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.done = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]
            self.done = not message.get("more_body", False)

    @property
    def streamed(self) -> bool:
        return self.headers.get(b"content-type") == b"text/event-stream"


async def delivered(route: HttpRoute) -> Wire:
    wire = Wire()
    with anyio.fail_after(20):
        await route.deliver(wire.send)
    assert wire.done
    return wire


async def test_a_lone_response_is_json_with_its_length() -> None:
    route = HttpRoute(1, extra=((b"mcp-session-id", b"s"),))
    route.frame(ONE, final=True)
    wire = await delivered(route)
    assert (wire.status, wire.body) == (200, ONE)
    assert wire.headers == {
        b"content-type": b"application/json",
        b"mcp-session-id": b"s",
        b"content-length": b"%d" % len(ONE),
    }


async def test_anything_before_the_response_makes_it_a_stream() -> None:
    route = HttpRoute(1)
    route.frame(NOTE, final=False)
    route.frame(ONE, final=True)
    wire = await delivered(route)
    assert wire.streamed and b"content-length" not in wire.headers
    assert wire.body == b"event: message\r\ndata: " + NOTE + b"\r\n\r\nevent: message\r\ndata: " + ONE + b"\r\n\r\n"


async def test_a_hold_opens_the_stream_before_there_is_anything_to_say() -> None:
    route, wire = HttpRoute(1), Wire()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(route.deliver, wire.send)
        route.hold()
        with anyio.fail_after(20):
            while not wire.status:
                await anyio.sleep(0)
        assert wire.streamed and not wire.done
        route.frame(ONE, final=True)
    assert wire.done and ONE in wire.body


async def test_a_silent_stream_is_kept_alive_by_comments() -> None:
    route, wire = HttpRoute(None, pulse=0.01), Wire()
    route.open_stream()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(route.deliver, wire.send)
        with anyio.fail_after(20):
            while wire.body.count(b": ping") < 2:
                await anyio.sleep(0.005)
        route.end()
    assert wire.done


async def test_a_hosted_exchange_becomes_a_stream_when_its_server_takes_long() -> None:
    route, wire = HttpRoute(1, hosted=True, pulse=0.01), Wire()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(route.deliver, wire.send)
        with anyio.fail_after(20):
            while not wire.streamed:
                await anyio.sleep(0.005)
        route.frame(ONE, final=True)
    assert ONE in wire.body


async def test_the_servers_own_head_decides_status_headers_and_form() -> None:
    as_json, as_stream = HttpRoute(1), HttpRoute(1)
    as_json.head(201, JSON)
    as_json.frame(ONE, final=True)
    as_stream.head(200, SSE)
    as_stream.frame(ONE, final=True, fields=(b"id: 7", b"event: message"))
    wire = await delivered(as_json)
    assert (wire.status, wire.headers[b"x-theirs"], wire.body) == (201, b"1", ONE)
    wire = await delivered(as_stream)
    assert wire.headers[b"mcp-session-id"] == b"s"
    assert wire.body == b"id: 7\r\nevent: message\r\ndata: " + ONE + b"\r\n\r\n"


async def test_events_without_data_pass_with_their_fields() -> None:
    route = HttpRoute(1)
    route.head(200, SSE)
    route.event((b"id: 1", b"retry: 500", b"data: "))
    route.end()
    assert (await delivered(route)).body == b"id: 1\r\nretry: 500\r\ndata: \r\n\r\n"


async def test_a_plain_answer_passes_as_it_is() -> None:
    route = HttpRoute(1)
    route.plain(401, ((b"www-authenticate", b"Bearer x"),), b"no")
    wire = await delivered(route)
    assert (wire.status, wire.headers[b"www-authenticate"], wire.body) == (401, b"Bearer x", b"no")


async def test_an_http_error_on_an_open_stream_becomes_a_json_rpc_error_that_carries_its_status() -> None:
    route = HttpRoute(1)
    route.hold()
    route.plain(503, (), b"busy")
    wire = await delivered(route)
    assert wire.status == 200
    assert b'"id":1' in wire.body and b"HTTP 503: busy" in wire.body and b'"status":503' in wire.body


async def test_a_json_rpc_error_with_a_status_keeps_its_words_on_an_open_stream() -> None:
    said = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
    route = HttpRoute(1)
    route.hold()
    route.plain(404, JSON, said)
    assert (await delivered(route)).body.endswith(said + b"\r\n\r\n")


async def test_where_we_choose_the_status_it_follows_the_error_code() -> None:
    error = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
    route = HttpRoute(1, status_of={-32601: 404}.__getitem__)
    route.frame(error, final=True)
    assert (await delivered(route)).status == 404


async def test_a_withdrawn_request_ends_as_an_empty_stream_and_a_failed_get_as_502() -> None:
    withdrawn, failed = HttpRoute(1), HttpRoute(None)
    withdrawn.end()
    failed.end()
    wire = await delivered(withdrawn)
    assert wire.streamed and wire.body == b""
    assert (await delivered(failed)).status == 502


async def test_nothing_is_said_after_the_end_or_after_the_client_has_gone() -> None:
    ended, left = HttpRoute(1), HttpRoute(1)
    ended.frame(ONE, final=True)
    ended.frame(NOTE, final=False)
    ended.plain(500, (), b"late")
    assert (await delivered(ended)).body == ONE
    left.gone()
    left.frame(ONE, final=True)
    wire = Wire()
    await left.deliver(wire.send)
    assert wire.status == 0


async def test_ready_waits_while_much_is_queued_and_no_longer_when_the_client_has_gone() -> None:
    route = HttpRoute(None)
    route.frame(b"x" * (CONGESTED + 1), final=False)
    with anyio.move_on_after(0.02) as patience:
        await route.ready()
    assert patience.cancelled_caught
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(route.ready)
        route.gone()


async def test_ready_returns_once_the_queue_was_written() -> None:
    route, wire = HttpRoute(None), Wire()
    route.frame(b"x" * (CONGESTED + 1), final=False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(route.deliver, wire.send)
        with anyio.fail_after(20):
            await route.ready()
        route.end()
    assert len(wire.body) > CONGESTED


async def test_the_head_is_told_once_with_what_the_server_said() -> None:
    told: list[tuple[int, object]] = []
    for headers in (SSE, JSON):
        route = HttpRoute(1, on_head=lambda status, headers: told.append((status, headers)))
        route.head(200, headers)
        route.frame(ONE, final=True)
        await delivered(route)
    assert told == [(200, SSE), (200, JSON)]
