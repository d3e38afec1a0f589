"""What an answer looks like on the line, and in how many pieces it is written."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from inspector.proxy.http_cycle import Cycle

pytestmark = pytest.mark.anyio
JSON = (b"content-type", b"application/json")
CLOSING = b"connection: close\r\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Line:
    """The transport."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def cycle_on(line: Line, method: str = "POST", *, keep_alive: bool = True) -> Cycle:
    transport, log = cast(asyncio.Transport, line), logging.getLogger("none")
    scope: Any = {"method": method}
    event = asyncio.Event()
    return Cycle(scope, transport, FlowControl(transport), log, log, False, [], event, False, keep_alive, lambda: None)


async def answer(cycle: Cycle, status: int, *headers: tuple[bytes, bytes], body: bytes) -> None:
    await cycle.send({"type": "http.response.start", "status": status, "headers": [*headers]})
    await cycle.send({"type": "http.response.body", "body": body})


async def test_a_lone_answer_is_one_write_of_head_and_body() -> None:
    line = Line()
    cycle = cycle_on(line)
    await answer(cycle, 200, JSON, (b"content-length", b"2"), body=b"{}")
    assert line.written == [b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"]
    assert (cycle.response_complete, line.closed) == (True, False)


async def test_the_head_of_a_stream_does_not_wait_for_its_first_chunk() -> None:
    line = Line()
    cycle = cycle_on(line)
    await cycle.send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(0)
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert line.written == [head]
    await cycle.send({"type": "http.response.body", "body": b"ten bytes!", "more_body": True})
    await cycle.send({"type": "http.response.body", "body": b""})
    assert line.written == [head, b"a\r\nten bytes!\r\n", b"0\r\n\r\n"]


async def test_a_stream_that_has_something_to_say_at_once_says_it_with_its_head() -> None:
    line = Line()
    cycle = cycle_on(line)
    await cycle.send({"type": "http.response.start", "status": 200, "headers": []})
    await cycle.send({"type": "http.response.body", "body": b"x", "more_body": True})
    await asyncio.sleep(0)
    assert line.written == [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n"]


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_has_no_length(status: int) -> None:
    line = Line()
    await answer(cycle_on(line), status, body=b"")
    assert [one.split(b"\r\n")[1:] for one in line.written] == [[b"", b""]]


async def test_a_head_that_was_asked_for_alone_comes_alone() -> None:
    line = Line()
    await answer(cycle_on(line, "HEAD"), 405, (b"content-length", b"2"), body=b"{}")
    assert line.written == [b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 2\r\n\r\n"]


async def test_the_last_answer_on_a_connection_says_so_once_and_closes_it() -> None:
    line = Line()
    await answer(cycle_on(line, keep_alive=False), 200, (b"content-length", b"0"), body=b"")
    said = Line()
    await answer(cycle_on(said), 500, (b"content-length", b"0"), (b"connection", b"close"), body=b"")
    assert [b"".join(one.written).count(CLOSING) for one in (line, said)] == [1, 1]
    assert (line.closed, said.closed) == (True, True)


@pytest.mark.parametrize(
    "header", [(b"x", b"1\r\nset-cookie: a"), (b"x\r\ny", b"1"), (b"x", b"1\n"), (b"x", b"\0"), (b"x", b"\r")]
)
async def test_a_header_that_could_end_the_head_early_is_never_written(header: tuple[bytes, bytes]) -> None:
    line = Line()
    with pytest.raises(RuntimeError):
        await answer(cycle_on(line), 200, header, (b"content-length", b"0"), body=b"")
    assert line.written == []


@pytest.mark.parametrize("body", [b"{}}", b"{"])
async def test_a_body_of_another_length_than_was_said_is_never_written(body: bytes) -> None:
    line = Line()
    with pytest.raises(RuntimeError):
        await answer(cycle_on(line), 200, (b"content-length", b"2"), body=body)
    assert line.written == []


async def test_nothing_is_said_after_the_end_of_an_answer() -> None:
    cycle = cycle_on(Line())
    await answer(cycle, 200, (b"content-length", b"0"), body=b"")
    with pytest.raises(RuntimeError):
        await cycle.send({"type": "http.response.body", "body": b"more"})


async def test_nothing_is_written_to_who_has_left() -> None:
    line = Line()
    cycle = cycle_on(line)
    cycle.disconnected = True
    await answer(cycle, 200, (b"content-length", b"2"), body=b"{}")
    assert line.written == []
