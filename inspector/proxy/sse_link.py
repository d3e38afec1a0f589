"""One client's channel to a server of the HTTP+SSE transport (MCP 2024-11-05, deprecated since 2025-03-26).

    GET  the URL      ──▶  event: endpoint, data: where to POST      then every message of the server's, as an event
    POST the endpoint ──▶  202; the response comes as an event of that stream

The stream is the connection: when it ends, what waits for an answer fails, and a client begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import anyio

from inspector.proxy.headers import request_headers, response_headers
from inspector.proxy.http_client import UnreachableError, target_of
from inspector.proxy.http_client_role import ClientRole
from inspector.proxy.http_reading import is_stream, read_body, read_events
from inspector.proxy.http_response import Response
from inspector.proxy.http_server import Ask, Server
from inspector.proxy.links import Headers, Outgoing, Receiver, Route
from inspector.proxy.login_redirect import LoginError
from inspector.proxy.own_errors import end_the_run
from inspector.proxy.voice import Voice
from inspector.wire.framing import SseEvent, SseReader
from inspector.wire.jsonrpc import FrameId
from inspector.wire.mcp import cancelled, one_line

OPENING: Final = 60.0  # seconds for the stream and its endpoint, a login included
_GLANCE: Final = 15.0  # seconds to see whether a stream begins with an endpoint
_FAREWELL: Final = 0.5  # seconds
_BROKEN: Final = (OSError, ValueError, LoginError)
_LISTENING: Final = {"accept": "text/event-stream", "cache-control": "no-store"}
_POSTING: Final = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
# Of an HTTP client's headers these speak of its own exchange with us, in a transport that this server does not know.
_NOT_THEIRS: Final = frozenset({b"accept", b"content-type", b"last-event-id", b"origin", b"cache-control"})


async def begins_with_endpoint(ask: Ask) -> bool:
    """Does a GET of the URL open a stream of this transport? (MCP 2025-03-26, Transports, Backwards Compatibility)"""
    with anyio.move_on_after(_GLANCE), suppress(*_BROKEN):
        async with ask("GET", _LISTENING) as response:
            reader = SseReader()
            while is_stream(response) and (chunk := await response.read()):
                for event in reader.feed(chunk):
                    if event.data is not None:
                        return _name(event) == b"endpoint"
    return False


class SseLink:
    """A `links.Link`. The stream is opened with the first message, as its sender: its headers are the stream's."""

    def __init__(self, server: Server, receiver: Receiver, borrowed: Headers = ()) -> None:
        self._server = server
        self._receiver = receiver
        self._borrowed = borrowed
        self._voice = Voice(server)
        self._role = ClientRole()  # for whose turn it is
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_words: set[asyncio.Task[None]] = set()  # of ours, which the end of the client must not cut off
        self._begun = False
        self._closed = False
        self._lost: str | None = None
        self._endpoint: bytes | None = None
        self._settled = asyncio.Event()  # the endpoint is known, or the stream is lost

    def send(self, outgoing: Outgoing) -> None:
        if self._closed:
            return
        if (why := self._server.stopped) is not None:
            # Not from inside `send`: who calls it may not have noted the request yet.
            self._server.tasks.start_soon(self._refuse, outgoing, why)
            return
        if not self._begun:
            self._begun = True
            self._start(self._listen(outgoing))
        frame = outgoing.frame
        before, mine = self._role.take_turn(frame) if frame is not None else (None, None)
        task = self._start(self._post(outgoing, before, mine))
        if mine is not None:
            task.add_done_callback(lambda _: mine.set())

    async def _refuse(self, outgoing: Outgoing, why: str) -> None:
        self._receiver.upstream_ended(outgoing, why)

    def cut(self, why: str) -> None:
        """By a person's will: what is in flight fails with `why`, and the stream, which is the connection, is over."""
        if self._begun and self._lost is None:
            self._lost = why
            self._settled.set()
            self._receiver.upstream_lost(why)
        for task in [*self._tasks]:
            task.cancel()

    def renew(self) -> None:
        """Nothing goes on: who lost the stream begins anew."""

    def cancel(self, route: Route, frame_id: FrameId | None) -> None:
        if frame_id is not None and self._endpoint is not None:
            task = self._start(self._say(cancelled(frame_id)))
            self._last_words.add(task)
            task.add_done_callback(self._last_words.discard)

    async def ready(self) -> None:
        """Each message has a connection of its own: none waits for another."""

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._server.forget(self)
        if self._last_words:
            with anyio.move_on_after(_FAREWELL, shield=True):
                await asyncio.wait([*self._last_words])
        for task in [*self._tasks]:
            task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            end_the_run(self._server.tasks, error)

    # what the server says

    async def _listen(self, first: Outgoing) -> None:
        timer = asyncio.get_running_loop().call_later(OPENING, self._too_late, asyncio.current_task())
        try:
            async with self._voice.request("GET", self._headers(_LISTENING, first)) as response:
                why = await self._hear(response, first)
        except _BROKEN as error:
            why = self._reason(error)
        except asyncio.CancelledError:
            if self._closed or self._lost is not None:
                raise
            why = f"{self._server.url} named no endpoint within {OPENING:g} s"
        finally:
            timer.cancel()
        self._lose(why)

    async def _hear(self, response: Response, first: Outgoing) -> str:
        """Everything, to the end; why it is over."""
        if not is_stream(response):
            if not 300 <= response.status < 400:  # handed on, that would lead the client around us
                headers = response_headers(response.headers)
                self._receiver.upstream_plain(first, response.status, headers, await read_body(response))
            return f"{self._server.url} opens no event stream: HTTP status {response.status}"
        await read_events(response, self._event)
        return f"{self._server.url} has ended its event stream"

    async def _event(self, event: SseEvent) -> None:
        if event.data is None:
            return
        match _name(event):
            case b"endpoint" if self._endpoint is None:
                self._endpoint = target_of(self._same_origin(event.data.decode("utf-8", "replace").strip()))
                self._settled.set()
                self._server.works()
            case b"message" | b"" if event.data:
                self._receiver.upstream_frame(one_line(event.data), None)
                await self._receiver.ready()

    def _same_origin(self, said: str) -> str:
        """
        Raises:
            ValueError: what a client sends, its credentials included, would go to another server.
        """
        url = urljoin(self._server.url, said)
        if _origin(url) != _origin(self._server.url):
            raise ValueError(f"its endpoint is of another origin: {url[:200]}")
        return url

    def _too_late(self, task: asyncio.Task[None] | None) -> None:
        if self._endpoint is None and task is not None:
            task.cancel()

    def _lose(self, why: str) -> None:
        self._lost = why
        self._settled.set()
        self._server.fails(why)
        self._receiver.upstream_lost(why)

    # what the client says

    async def _post(self, outgoing: Outgoing, before: anyio.Event | None, mine: anyio.Event | None) -> None:
        await self._settled.wait()
        if before is not None:
            await before.wait()
        if self._lost is not None:
            self._receiver.upstream_ended(outgoing, self._lost)
            return
        try:
            async with self._voice.request(
                "POST", self._headers(_POSTING, outgoing), outgoing.raw, self._endpoint
            ) as response:
                if mine is not None:
                    mine.set()
                if 300 <= response.status < 400:
                    raise ValueError(f"it redirects (HTTP {response.status})")
                if response.status >= 400:
                    headers, body = response_headers(response.headers), await read_body(response)
                    self._receiver.upstream_plain(outgoing, response.status, headers, body)
                else:
                    await read_body(response)
        except _BROKEN as error:
            self._receiver.upstream_ended(outgoing, self._reason(error))

    async def _say(self, raw: bytes) -> None:
        with suppress(*_BROKEN):
            async with self._voice.request("POST", self._headers(_POSTING), raw, self._endpoint):
                pass

    def _headers(self, role: Mapping[str, str], outgoing: Outgoing | None = None) -> Headers:
        theirs = self._borrowed
        if outgoing is not None and outgoing.http is not None:
            kept = [pair for pair in outgoing.http.headers if pair[0] not in _NOT_THEIRS]
            theirs = (*theirs, *[pair for pair in kept if not pair[0].startswith(b"mcp-")])
        return request_headers(theirs, (*role.items(), *self._server.own_headers))

    def _reason(self, error: BaseException) -> str:
        text = str(error) or type(error).__name__
        match error:
            case LoginError():
                return text
            case UnreachableError():
                return f"could not reach {self._server.url}: {text}"
            case ValueError():  # it did answer, in a way that is not passed on
                self._server.refused(text)
        return f"the event stream of {self._server.url} broke: {text}"


def _name(event: SseEvent) -> bytes:
    """Of an event without a name: b""."""
    named = [field.partition(b":")[2].strip() for field in event.fields if field.partition(b":")[0] == b"event"]
    return named[-1] if named else b""


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
