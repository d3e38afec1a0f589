"""The HTTP client on raw sockets: what a server may do with one connection."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from inspector.proxy.http_client import HttpClient, Sent, UnreachableError
from inspector.proxy.http_response import DisconnectedError, Response

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


END = b"<the connection ends>"


class Server:
    """Answers each request with the next of `answers`, verbatim, and closes the connection at END."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.heads: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0)
                writer.write(answer.removesuffix(END))
                await writer.drain()
                if answer.endswith(END):
                    break
            else:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def client_of(*answers: bytes, path: str = "/mcp") -> AsyncIterator[tuple[HttpClient, Server]]:
    server = Server([*answers])
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    client = HttpClient(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}{path}")
    try:
        async with asyncio.timeout(10):
            yield client, server
    finally:
        client.close()
        listener.close()


async def whole(response: Response) -> bytes:
    parts = []
    while part := await response.read():
        parts.append(part)
    return b"".join(parts)


async def get(client: HttpClient) -> bytes:
    async with client.request("GET", ()) as response:
        return await whole(response)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_a_connection_is_used_again_once_its_answer_was_read() -> None:
    async with client_of(OK, OK) as (client, server):
        assert [await get(client), await get(client)] == [b"ok", b"ok"]
        assert server.connections == 1


async def test_a_connection_whose_answer_was_not_read_to_its_end_is_not_used_again() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    async with client_of(cut, OK) as (client, server):
        async with client.request("GET", ()):
            pass
        assert await get(client) == b"ok"
        assert server.connections == 2


async def test_a_connection_that_the_server_ends_is_not_used_again() -> None:
    last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    async with client_of(last, OK) as (client, server):
        assert [await get(client), await get(client)] == [b"ok", b"ok"]
        assert server.connections == 2


async def test_interim_answers_are_passed_over() -> None:
    async with client_of(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK) as (client, _):
        assert await get(client) == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nok" + END,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
        + zlib.compress(b"ok", wbits=zlib.MAX_WBITS | 16),
    ],
    ids=["chunked", "until the connection ends", "compressed although not asked for"],
)
async def test_a_body_is_read_however_it_is_framed(answer: bytes) -> None:
    async with client_of(answer) as (client, _):
        assert await get(client) == b"ok"


async def test_a_body_that_breaks_off_is_an_error_and_no_end() -> None:
    async with client_of(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" + END) as (client, _):
        with pytest.raises(DisconnectedError):
            await get(client)


async def test_a_server_that_closes_without_an_answer_has_broken_off() -> None:
    async with client_of(END) as (client, _):
        with pytest.raises(DisconnectedError):
            await get(client)


async def test_an_unknown_encoding_and_a_huge_head_are_refused() -> None:
    strange = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok"
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: " + b"x" * (300 << 10) + b"\r\n\r\nok"
    async with client_of(strange, huge) as (client, _):
        with pytest.raises(ValueError, match="encoded"):
            await get(client)
        with pytest.raises((ValueError, DisconnectedError)):
            await get(client)


async def test_what_is_no_http_is_an_error() -> None:
    async with client_of(b"SSH-2.0-OpenSSH\r\n") as (client, _):
        with pytest.raises(DisconnectedError, match="no valid HTTP"):
            await get(client)


async def test_a_header_with_a_line_break_is_never_sent() -> None:
    async with client_of(OK) as (client, server):
        for value in (b"a\r\nx: y", b"a\ny", b"a\rb", b"a\0b"):
            with pytest.raises(ValueError, match="line break"):
                client.request("GET", ((b"x", value),))
        assert server.connections == 0


async def test_the_head_names_target_host_and_length() -> None:
    async with client_of(OK, path="/m%20cp/ä?q=1") as (client, server):
        async with client.request("POST", ((b"x-a", b"1"),), b"body") as response:
            await whole(response)
        first, *lines = server.heads[0].rstrip().split(b"\r\n")
        assert first == b"POST /m%20cp/%C3%A4?q=1 HTTP/1.1"
        assert lines[0].startswith(b"host: 127.0.0.1:")
        assert lines[1:] == [b"x-a: 1", b"content-length: 4"]


async def test_nobody_listening_is_told_from_a_broken_exchange() -> None:
    client = HttpClient("http://127.0.0.1:9/mcp")
    with pytest.raises(UnreachableError):
        await get(client)


async def test_a_large_body_waits_until_it_is_read() -> None:
    size = 4 << 20
    async with client_of(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size, OK) as (client, server):
        async with client.request("GET", ()) as response:
            await asyncio.sleep(0.05)
            first = await response.read()
            assert len(first) < size
            assert len(first) + len(await whole(response)) == size
        assert await get(client) == b"ok"
        assert server.connections == 1


class Hearing:
    """Who posted without waiting."""

    def __init__(self) -> None:
        self.told: list[Response | Exception | None] = []
        self._heard = asyncio.Event()

    def __call__(self, sent: Sent, answer: Response | Exception | None) -> None:
        self.told.append(answer)
        sent.over()
        self._heard.set()

    async def answer(self) -> Response | Exception | None:
        await self._heard.wait()
        (answer,) = self.told
        return answer


async def test_nothing_is_posted_at_once_without_a_connection_that_is_idle() -> None:
    async with client_of(OK) as (client, server):
        assert client.post((), b"{}", Hearing()) is None
        assert server.connections == 0


async def test_who_posts_at_once_is_told_a_short_answer_whole_and_the_connection_serves_again() -> None:
    async with client_of(OK, OK, OK) as (client, server):
        await get(client)
        hearing = Hearing()
        assert client.post(((b"x", b"1"),), b"{}", hearing) is not None
        answer = await hearing.answer()
        assert isinstance(answer, Response)
        assert (answer.status, answer.whole) == (200, b"ok")
        assert b"x: 1\r\ncontent-length: 2\r\n\r\n" in server.heads[1]
        assert await get(client) == b"ok"
        assert server.connections == 1


async def test_who_posts_at_once_is_told_of_an_answer_by_its_head_when_the_rest_is_still_to_come() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    async with client_of(OK, half) as (client, _):
        await get(client)
        hearing = Hearing()
        client.post((), b"{}", hearing)
        answer = await hearing.answer()
        assert isinstance(answer, Response)
        assert answer.whole is None


@pytest.mark.parametrize("answer", [END, b"HTTP/1.1 200 OK\r\nConten" + END, b"no HTTP" + END])
async def test_who_posts_at_once_is_told_why_there_is_no_answer(answer: bytes) -> None:
    async with client_of(OK, answer) as (client, _):
        await get(client)
        hearing = Hearing()
        client.post((), b"{}", hearing)
        assert isinstance(await hearing.answer(), DisconnectedError)


async def test_what_was_posted_at_once_and_cancelled_is_told_nothing_and_its_connection_is_closed() -> None:
    async with client_of(OK, OK, OK) as (client, server):
        await get(client)
        hearing = Hearing()
        sent = client.post((), b"{}", hearing)
        assert sent is not None
        sent.cancel()
        assert await get(client) == b"ok"
        assert (hearing.told, server.connections) == ([None], 2)
