"""The answers on one HTTP client connection, parsed by httptools as they come."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol, TypeAlias, cast

import httptools

MAX_HEAD: Final = 256 << 10
READ_AHEAD: Final = 256 << 10  # of a body that is not being read
MAX_EXPANDED: Final = 16 << 20  # of what comes compressed in one piece


class DisconnectedError(OSError):
    """The connection ended where an answer should have gone on; the request may have run."""


class _Decoder(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Response:
    """Its head is complete. `headers` have lower-case names."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], flow: ClientProtocol) -> None:
        self.status = status
        self.headers = headers
        self.complete = False
        self._first = dict(reversed(headers))
        self._flow = flow
        self._chunks: list[bytes] = []
        self._size = 0
        self._broken: Exception | None = None
        self._more: asyncio.Future[None] | None = None
        encoding, media_type = self.header(b"content-encoding"), self.header(b"content-type")
        self._decoder = None if encoding is None else _decoder(encoding)
        self.media_type = (media_type or "").partition(";")[0].strip().lower()  # without its parameters

    def header(self, name: bytes) -> str | None:
        """The first of that name."""
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def whole(self) -> bytes | None:
        """The body, when all of it has come, and nobody has read of it; else None."""
        return b"".join(self._chunks) if self.complete and self._broken is None else None

    async def read(self) -> bytes:
        """What has come of the body since the last time; waits for some. b"" at its end.

        Raises:
            DisconnectedError: it broke off.
            ValueError: it is encoded in a way that was not asked for.
        """
        while not self._chunks:
            if self._broken is not None:
                raise self._broken
            if self.complete:
                return b""
            self._more = asyncio.get_running_loop().create_future()
            await self._more
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        self._flow.resume()
        return data

    # what the connection calls

    def add(self, data: bytes) -> None:
        try:
            data = self._decoded(data)
        except (zlib.error, ValueError) as error:
            self.break_off(ValueError(f"its body cannot be decoded: {error}"))
            return
        if data:
            self._chunks.append(data)
            self._size += len(data)
            if self._size > READ_AHEAD:
                self._flow.pause()
            self._wake()

    def _decoded(self, data: bytes) -> bytes:
        """Raises ValueError for a few bytes that stand for very many: they would take memory before anybody counts."""
        if self._decoder is None:
            return data
        decoded = self._decoder.decompress(data, MAX_EXPANDED)
        if self._decoder.unconsumed_tail:
            raise ValueError(f"{len(data)} bytes of it stand for more than {MAX_EXPANDED >> 20} MiB")
        return decoded

    def end(self) -> None:
        self.complete = True
        self._wake()

    def break_off(self, why: Exception) -> None:
        self._broken = why
        self._wake()

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)


def _decoder(encoding: str) -> _Decoder | None:
    """We ask for none, and some servers do not listen.

    Raises:
        ValueError: it is one that we do not know.
    """
    match encoding.strip().lower():
        case "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        case other:
            raise ValueError(f"its body is encoded ({other[:40]}), which was not asked for")


Heard: TypeAlias = Callable[[Response | Exception], None]
"""Told of an answer once its head is there, with as much of its body as came together with it; or why there is none:
a DisconnectedError, or a ValueError when its body could not be read."""


class ClientProtocol(asyncio.Protocol):
    """One connection. Between `say` and the end of the answer it belongs to one request."""

    def __init__(self) -> None:
        self.closed = False
        self._parser: Any = httptools.HttpResponseParser(self)
        self._heard: Heard | None = None  # while the head of an answer is waited for
        self._untold: Response | None = None  # its head has come with what is being parsed
        self._response: Response | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._until_close = False  # the end of the connection is the end of the body
        self._keep_alive = False
        self._paused = False

    @property
    def reusable(self) -> bool:
        """The answer is complete, and the server has not said that it was the last one."""
        return self._keep_alive and not self.closed and self._response is None

    async def ask(self, raw: bytes) -> Response:
        """Send a request; returns with the head of its answer.

        Raises:
            DisconnectedError: there was none.
            ValueError: its body could not be read.
        """
        if self.closed:
            raise DisconnectedError("the server has closed the connection")
        head: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.say(raw, partial(_settle, head))
        return await head

    def say(self, raw: bytes, heard: Heard) -> None:
        """As `ask`, for who does not wait; the connection is open."""
        self._keep_alive = False
        self.resume()
        self._heard = heard
        self._transport.write(raw)

    def forget(self) -> None:
        """Who asked does not want to hear of it any more."""
        self._heard = None

    def abort(self) -> None:
        self.closed, self._until_close = True, False
        self._transport.abort()

    def pause(self) -> None:
        if not self._paused and not self.closed:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self.closed:
                self._transport.resume_reading()

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._heard is None and self._response is None:
            self.abort()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            why = error.__context__ if isinstance(error.__context__, ValueError) else None
            self._fail(why or DisconnectedError(f"no valid HTTP: {error}"))
            self.abort()
        response, self._untold = self._untold, None
        if response is not None:
            self._tell(response)

    def eof_received(self) -> None:
        """The transport closes."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._response is not None and self._until_close and exc is None:
            self._response.end()
        else:
            self._fail(DisconnectedError(f"the server closed the connection{f': {exc}' if exc else ''}"))
        self._response = None

    def _fail(self, why: Exception) -> None:
        if self._response is not None:
            self._response.break_off(why)
        elif self._untold is None:
            self._tell(why)

    def _tell(self, answer: Response | Exception) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            heard(answer)

    # what the parser calls

    def on_message_begin(self) -> None:
        self._headers, self._head_size, self._until_close = [], 0, True

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD:
            raise ValueError("a head of more than 256 KiB")
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self._until_close = False
        self._headers.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._heard is None or self._untold is not None:
            return  # an interim answer; or one that nobody asked for
        self._response = self._untold = Response(status, self._headers, self)

    def on_body(self, body: bytes) -> None:
        if self._response is not None:
            self._response.add(body)

    def on_message_complete(self) -> None:
        if self._response is not None:
            self._keep_alive = self._parser.should_keep_alive()
            self._response.end()
            self._response = None


def _settle(head: asyncio.Future[Response], answer: Response | Exception) -> None:
    if head.done():
        return  # the request was given up
    if isinstance(answer, Exception):
        head.set_exception(answer)
    else:
        head.set_result(answer)
