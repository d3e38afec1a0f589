"""Where the answers to one HTTP request go. The first answer decides its form: a lone response is sent as JSON with
its length; anything else before it, or a wait for a person, makes the answer a stream of server-sent events.

Queueing never waits: `deliver` writes what was queued, and `ready` is the back-pressure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import orjson

from inspector.core.fact import fact
from inspector.proxy.http_replay import Replay
from inspector.proxy.links import Headers
from inspector.wire.framing import SSE_PING, SseEvent, sse, sse_event
from inspector.wire.jsonrpc import UPSTREAM_FAILED, FrameId
from inspector.wire.mcp import one_line, rpc_error

Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONGESTED = 1 << 20
JSON: Headers = ((b"content-type", b"application/json"),)
EVENT_STREAM: Headers = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
)


@fact(frozen=True, slots=True)
class Answer:
    """An HTTP response that is sent in one piece."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    async def send(self, send: Send) -> None:
        headers = [*self.headers]
        if self.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body if self.status not in (204, 304) else b""})


class HttpRoute:
    """One exchange (a `links.Route`).

    `frame_id`: of the request that is answered, None for everything else. `extra`: headers of ours for the answer.
    `on_head`: told the status and headers of the answer as soon as they are known, once.
    `status_of`: the HTTP status for a JSON-RPC error code, where the server behind us does not give one itself.
    `hosted`: no HTTP server stands behind us, so that it is we who keep a silent exchange alive.
    `pulse`: seconds of silence after which a comment is sent. `replay`: keeps the stream for a client that comes back.
    """

    def __init__(
        self,
        frame_id: FrameId | None,
        *,
        extra: Headers = (),
        on_head: Callable[[int, Headers], None] | None = None,
        status_of: Callable[[int], int] | None = None,
        hosted: bool = False,
        pulse: float = 15.0,
        replay: Replay | None = None,
    ) -> None:
        self.finished = False  # nothing more can be told to the client: all is said, or nobody listens
        self.status: int | None = None
        self.last: bytes | None = None  # the response that ended it
        self.frame_id = frame_id
        self.extra = extra
        self._on_head = on_head
        self._status_of = status_of
        self._hosted = hosted
        self._pulse = pulse
        self._replay = replay
        self._head: tuple[int, Headers] | None = None
        self._answer: Answer | None = None
        self._streaming = False
        self._ended = False
        self._chunks: list[bytes] = []
        self._size = 0
        self._silent = False
        self._sleeper: asyncio.Future[None] | None = None  # who delivers, while there is nothing to write
        self._drained: asyncio.Event | None = None  # while somebody waits for it

    # what the driver calls

    def head(self, status: int, headers: Headers) -> None:
        if self._closed or self._streaming or self._head is not None:
            return
        self._head = (status, headers)
        if _is_stream(headers):
            self._stream()
        elif self._on_head is not None:
            self._on_head(status, headers)

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None:
        if not (final or self._closed or self._streaming):
            self._stream()
        if self._replay is not None and self._replay.begun:
            fields = self._replay.keep(raw, final)
        if self._closed:
            return
        if final:
            self.last = raw
        if final and not self._streaming:
            status, headers = self._head or (self._own_status(raw), JSON)
            self._finish(Answer(status, headers + self.extra, raw))
            return
        self._queue(sse(raw, fields) if fields else sse(raw))
        self._ended = final

    def event(self, fields: tuple[bytes, ...]) -> None:
        if not self._closed:
            self._queue(sse_event(SseEvent(None, fields)))

    def plain(self, status: int, headers: Headers, body: bytes) -> None:
        if self._closed:
            return
        if not self._streaming:
            if self._on_head is not None and self._head is None:
                self._on_head(status, headers)
            self._finish(Answer(status, headers + self.extra, body))
            return
        if self.frame_id is not None:
            self._queue(sse(_as_message(self.frame_id, status, body)))
        self._ended = True
        self._wake()

    def hold(self) -> None:
        if not (self._closed or self._streaming):
            self._stream()

    def end(self) -> None:
        if self._replay is not None:
            self._replay.over()
        if self._closed:
            return
        if not self._streaming:
            if self.frame_id is None:
                self._finish(Answer(502, JSON, rpc_error(None, UPSTREAM_FAILED, "the server ended without an answer")))
                return
            self._stream()
        self._ended = True
        self._wake()

    async def ready(self) -> None:
        """Returns when less than 1 MiB waits to be written, or nobody reads any more."""
        while self._size > CONGESTED and not self.finished:
            self._drained = self._drained or asyncio.Event()
            await self._drained.wait()
        if self._replay is not None:
            await self._replay.ready()

    # what the front calls

    def open_stream(self) -> None:
        """Begin the event stream now, before anything is to be said."""
        self._stream()

    def give_way(self) -> None:
        """The client has come back for this stream on another line."""
        self._ended = True
        self._wake()

    def gone(self) -> None:
        """The client has left."""
        self.finished = True
        self._chunks.clear()
        self._wake()
        self._has_drained()

    async def deliver(self, send: Send) -> None:
        """Write everything up to the end of the exchange. Returns when it is over, or the client has gone."""
        started = False
        while not self.finished:
            if self._answer is not None:
                self.status = self._answer.status
                await self._answer.send(send)
                break
            if self._streaming and not started:
                started = True
                await self._start(send)
            if started and (self._chunks or self._ended):
                ended = self._ended
                await send({"type": "http.response.body", "body": self._take(), "more_body": not ended})
                if ended:
                    break
            elif not await self._woken():
                await self._idle(send, started)
        self.gone()

    # the rest

    @property
    def _closed(self) -> bool:
        return self.finished or self._ended or self._answer is not None

    def _stream(self) -> None:
        self._streaming = True
        if self._on_head is not None:
            self._on_head(*(self._head or (200, EVENT_STREAM)))
        if self._replay is not None:
            self._chunks.append(self._replay.begin(self))
        self._wake()

    def _queue(self, chunk: bytes) -> None:
        if not self._streaming:
            self._stream()
        self._chunks.append(chunk)
        self._size += len(chunk)
        self._wake()

    def _finish(self, answer: Answer) -> None:
        self._answer = answer
        self._wake()

    def _take(self) -> bytes:
        chunk = b"".join(self._chunks)
        self._chunks.clear()
        self._has_drained()
        return chunk

    def _has_drained(self) -> None:
        self._size = 0
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    def _own_status(self, raw: bytes) -> int:
        if self._status_of is None or raw.find(b'"error"') < 0:
            return 200
        error = orjson.loads(raw).get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return self._status_of(code) if isinstance(code, int) else 200

    async def _start(self, send: Send) -> None:
        status, headers = self._head or (200, EVENT_STREAM)
        if not _is_stream(headers):
            status, headers = 200, EVENT_STREAM
        self.status = status
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *self.extra]})

    async def _woken(self) -> bool:
        """Wait for something to write; False after `pulse` seconds of silence that are ours to break."""
        # Not an Event, which makes three objects for what is waited for once: whoever wakes has left word in our state.
        loop = asyncio.get_running_loop()
        self._sleeper = sleeper = loop.create_future()
        if not (self._streaming or self._hosted):
            await sleeper
        else:
            silence = loop.call_later(self._pulse, self._fall_silent)
            try:
                await sleeper
            finally:
                silence.cancel()
        silent, self._silent = self._silent, False
        return not silent or self._closed or bool(self._chunks)  # what came in the same turn is no silence

    def _wake(self) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    def _fall_silent(self) -> None:
        self._silent = self._sleeper is not None and not self._sleeper.done()
        self._wake()

    async def _idle(self, send: Send, started: bool) -> None:
        if started:
            await send({"type": "http.response.body", "body": SSE_PING, "more_body": True})
        elif self._hosted:
            self._stream()


def _is_stream(headers: Headers) -> bool:
    return any(value.startswith(b"text/event-stream") for name, value in headers if name == b"content-type")


def _as_message(frame_id: FrameId, status: int, body: bytes) -> bytes:
    """An HTTP error that came when the stream was already open, as the JSON-RPC error that it carries or stands for."""
    try:
        message = orjson.loads(body)
    except ValueError:
        message = None
    if isinstance(message, dict) and "error" in message and message.get("id") == frame_id:
        return one_line(body)
    text = body[:200].decode("utf-8", "replace")
    return rpc_error(frame_id, UPSTREAM_FAILED, f"the server answered HTTP {status}: {text}", {"status": status})
