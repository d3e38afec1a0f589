"""One client's channel to an HTTP server: every message is an exchange of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup

from inspector.core.call import Era
from inspector.proxy import sdk_rules
from inspector.proxy.headers import replace_params, request_headers
from inspector.proxy.http_client import Asking, HttpClient, UnreachableError
from inspector.proxy.http_client_role import ClientRole, Reading
from inspector.proxy.http_reading import is_stream, read_answer, read_events, tell_event
from inspector.proxy.links import Headers, HttpRequest, Outgoing, Receiver, Route
from inspector.wire.framing import SseEvent
from inspector.wire.jsonrpc import Frame, FrameId, Kind
from inspector.wire.mcp import cancelled, one_line

_BROKEN = (OSError, ValueError)
_BACK_OFF = (1.0, 2.0, 5.0, 15.0, 30.0)  # seconds before a listening stream that broke is opened again
_OF_ONE_MESSAGE = frozenset({b"mcp-method", b"mcp-name", b"last-event-id", b"content-type"})


class Server(Protocol):
    """The upstream, as its links see it."""

    url: str
    own_headers: tuple[tuple[str, str], ...]
    tasks: TaskGroup
    http: HttpClient

    def works(self) -> None: ...

    def fails(self, why: str) -> None: ...

    def refused(self, why: str) -> None: ...

    def forget(self, link: HttpLink) -> None: ...


class HttpLink:
    """A `links.Link`. `borrowed`: headers that go with what we say by ourselves."""

    def __init__(self, server: Server, receiver: Receiver, borrowed: Headers = ()) -> None:
        self._server = server
        self._borrowed = borrowed
        self._receiver = receiver
        self._exchanges: dict[asyncio.Task[None], Outgoing | None] = {}
        self._role = ClientRole()  # ours, while the client itself speaks no HTTP
        self._spoken: Headers | None = None  # of an HTTP client's latest message
        self._listens = False
        self._closed = False

    def send(self, outgoing: Outgoing) -> None:
        if self._closed:
            return
        if outgoing.http is not None:
            self._spoken = outgoing.http.headers
            self._start(self._pass(outgoing, outgoing.http), outgoing)
        elif outgoing.frame is None:
            self._start(self._say(outgoing.raw))
        elif not self._withdrawn(outgoing.frame):
            before, mine = self._role.take_turn(outgoing.frame)
            task = self._start(self._speak(outgoing, outgoing.frame, before, mine), outgoing)
            if mine is not None:
                task.add_done_callback(lambda _: mine.set())

    def cancel(self, route: Route, frame_id: FrameId | None) -> None:
        """Closes a modern request, which is how that era cancels; tells a legacy server in words."""
        for task, outgoing in self._asking(frame_id):
            if outgoing.route is not route:
                continue
            if outgoing.era is Era.MODERN:
                task.cancel()
            elif frame_id is not None:
                self._start(self._say(cancelled(frame_id)))

    async def ready(self) -> None:
        """Each message has a connection of its own: none waits for another."""

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._server.forget(self)
        for task in [*self._exchanges]:
            task.cancel()
        if self._role.session_id is not None:
            with anyio.move_on_after(1.5, shield=True), suppress(*_BROKEN):
                async with self._request("DELETE", self._our_headers(self._role.listening())):
                    pass

    def _start(self, exchange: Coroutine[Any, Any, None], outgoing: Outgoing | None = None) -> asyncio.Task[None]:
        # A task of the group, with a scope to cancel it by, costs four times as much, and there is one for each call.
        task = asyncio.get_running_loop().create_task(exchange)
        self._exchanges[task] = outgoing
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._exchanges[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._server.tasks.start_soon(_raise, error)  # ours, not the server's: it ends the run

    def _request(self, method: str, headers: Headers, raw: bytes = b"") -> Asking:
        return self._server.http.request(method, headers, raw)

    def _failed(self, outgoing: Outgoing, error: BaseException) -> None:
        text = str(error) or type(error).__name__
        if isinstance(error, UnreachableError):
            why = f"could not reach {self._server.url}: {text}"
            self._server.fails(why)
        else:
            why = f"no answer from {self._server.url}: {text}"
            if isinstance(error, ValueError):  # it did answer, in a way that is not passed on
                self._server.refused(text)
        self._receiver.upstream_ended(outgoing, why)

    # for a client that speaks HTTP

    async def _pass(self, outgoing: Outgoing, http: HttpRequest) -> None:
        headers = request_headers(http.headers, self._server.own_headers)
        if outgoing.arguments is not None:
            await sdk_rules.loaded()
            definition = outgoing.definition
            params = sdk_rules.param_headers(definition, outgoing.arguments) if definition else {}
            headers = replace_params(headers, params)
        try:
            async with self._request(http.method, headers, outgoing.raw) as response:
                self._server.works()
                streamed = await read_answer(outgoing, response, self._receiver)
        except _BROKEN as error:
            self._failed(outgoing, error)
            return
        if streamed:
            self._receiver.upstream_ended(outgoing, None)

    async def _say(self, raw: bytes) -> None:
        """Something of our own in the client's name, whose answer interests nobody."""
        headers = self._our_headers(await self._role.headers(None, Era.LEGACY))
        if self._spoken is not None:
            spoken = tuple((name, value) for name, value in self._spoken if name not in _OF_ONE_MESSAGE)
            headers = request_headers(spoken, (("content-type", "application/json"), *self._server.own_headers))
        with suppress(*_BROKEN):
            async with self._request("POST", headers, raw):
                pass

    # for a client that speaks stdio

    async def _speak(
        self, outgoing: Outgoing, frame: Frame, before: anyio.Event | None, mine: anyio.Event | None
    ) -> None:
        if before is not None:
            await before.wait()
        try:
            streamed = await self._post(outgoing, frame, mine)
        except _BROKEN as error:
            self._failed(outgoing, error)
            return
        if streamed:
            self._receiver.upstream_ended(outgoing, None)
        if frame.method == "notifications/initialized" and self._role.session_id is not None and not self._listens:
            self._listens = True
            self._start(self._listen())

    async def _post(self, outgoing: Outgoing, frame: Frame, mine: anyio.Event | None) -> bool:
        reading = Reading(frame.id if frame.kind is Kind.REQUEST else None)
        begins = frame.method == "initialize"

        def seen(event: SseEvent) -> None:
            reading.note(event)
            if begins:
                self._role.learn_version(reading.response)

        headers = self._our_headers(await self._role.headers(outgoing, outgoing.era))
        async with self._request("POST", headers, outgoing.raw) as response:
            self._server.works()
            if begins and response.status < 300:
                self._role.session_id = response.header(b"mcp-session-id")
            if mine is not None:
                mine.set()
            streamed = await read_answer(outgoing, response, self._receiver, seen)
        if streamed and frame.kind is Kind.REQUEST:
            await self._resume(outgoing, reading)
        return streamed

    async def _resume(self, outgoing: Outgoing, reading: Reading) -> None:
        """A server may close a stream before it has answered; the rest is read from the last event on."""
        while reading.response is None and reading.last_id is not None:
            await anyio.sleep(reading.retry)
            async with self._request("GET", self._our_headers(self._role.listening(reading.last_id))) as response:
                if not is_stream(response):
                    return
                await read_events(response, partial(tell_event, self._receiver, outgoing.route, seen=reading.note))

    async def _listen(self) -> None:
        """The stream for what the server says on its own; a server without one answers 405."""
        reading, failures = Reading(None), 0
        while True:
            pause = _BACK_OFF[min(failures, len(_BACK_OFF) - 1)]
            try:
                async with self._request("GET", self._our_headers(self._role.listening(reading.last_id))) as response:
                    if 300 <= response.status < 500:
                        return
                    failures += 1
                    if is_stream(response):
                        failures = 0
                        await read_events(response, partial(self._overheard, reading))
                        pause = reading.retry
            except _BROKEN:
                failures += 1
            await anyio.sleep(pause)

    async def _overheard(self, reading: Reading, event: SseEvent) -> None:
        reading.note(event)
        if event.data:
            self._receiver.upstream_frame(one_line(event.data), None, event.fields)
            await self._receiver.ready()

    def _our_headers(self, role: Mapping[str, str]) -> Headers:
        return request_headers(self._borrowed, (*role.items(), *self._server.own_headers))

    def _withdrawn(self, frame: Frame) -> bool:
        """Was that a modern client's cancellation? Closing the request says it; there is nothing to send."""
        if frame.method != "notifications/cancelled":
            return False
        modern = [task for task, asked in self._asking(frame.params.get("requestId")) if asked.era is Era.MODERN]
        for task in modern:
            task.cancel()
        return bool(modern)

    def _asking(self, frame_id: object) -> list[tuple[asyncio.Task[None], Outgoing]]:
        """The exchanges whose request has this id; `1` and `"1"` are two ids."""
        return [
            (task, outgoing)
            for task, outgoing in self._exchanges.items()
            if outgoing is not None
            and outgoing.frame is not None
            and outgoing.frame.kind is Kind.REQUEST
            and outgoing.frame.id == frame_id
            and type(outgoing.frame.id) is type(frame_id)
        ]


async def _raise(error: BaseException) -> None:
    raise error
