"""One client's channel to an HTTP server: every message is an exchange of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import anyio

from inspector.core.call import Era
from inspector.proxy import sdk_rules
from inspector.proxy.headers import replace_params, request_headers
from inspector.proxy.http_client import Asking, Sent, UnreachableError
from inspector.proxy.http_client_role import ClientRole, Reading
from inspector.proxy.http_reading import is_stream, read_answer, read_events, tell_event, tell_whole
from inspector.proxy.http_response import Response
from inspector.proxy.http_server import Undecided
from inspector.proxy.links import Headers, HttpRequest, Link, Outgoing, Receiver, Route
from inspector.proxy.login_redirect import LoginError
from inspector.proxy.own_errors import EndingTheRun, end_the_run
from inspector.proxy.unheard import Unheard
from inspector.proxy.voice import LoggedIn, Refused, Voice
from inspector.wire.framing import SseEvent
from inspector.wire.jsonrpc import Frame, FrameId, Kind
from inspector.wire.mcp import INITIALIZED, cancelled, one_line

_BROKEN = (OSError, ValueError, LoginError)
_OLDER = "it knows only the HTTP+SSE transport of 2024-11-05"
_BACK_OFF = (1.0, 2.0, 5.0, 15.0, 30.0)  # seconds before a listening stream that broke is opened again
_OF_ONE_MESSAGE = frozenset({b"mcp-method", b"mcp-name", b"last-event-id", b"content-type"})


Exchanging: TypeAlias = asyncio.Task[None] | Sent
"""One message under way: in a task, or sent at once."""


class HttpLink:
    """A `links.Link`. `borrowed`: headers that go with what we say by ourselves."""

    def __init__(self, server: Undecided, receiver: Receiver, borrowed: Headers = ()) -> None:
        self._server = server
        self._voice = Voice(server)
        self._older: Link | None = None  # in our place, once the server has turned out to need it
        self._borrowed = borrowed
        self._receiver = receiver
        self._exchanges: dict[Exchanging, Outgoing | None] = {}
        self._role = ClientRole()  # ours, while the client itself speaks no HTTP
        self._spoken: Headers | None = None  # of an HTTP client's latest message
        self._hello: Outgoing | None = None  # a stdio client's `initialize`
        self._listens = False
        self._closed = False

    def send(self, outgoing: Outgoing) -> None:
        if self._closed:
            return
        if (why := self._server.stopped) is not None:
            # Not from inside `send`: who calls it may not have noted the request yet.
            self._server.tasks.start_soon(self._refuse, outgoing, why)
        elif self._older is not None:
            self._older.send(outgoing)
        elif outgoing.http is not None:
            self._spoken = outgoing.http.headers
            if not self._pass_at_once(outgoing, outgoing.http):
                self._start(self._pass(outgoing, outgoing.http), outgoing)
        elif outgoing.frame is None:
            self._start(self._say(outgoing.raw))
        elif not self._withdrawn(outgoing.frame):
            if outgoing.frame.method == "initialize":
                self._hello = outgoing
            before, mine = self._role.take_turn(outgoing.frame)
            task = self._start(self._speak(outgoing, outgoing.frame, before, mine), outgoing)
            if mine is not None:
                task.add_done_callback(lambda _: mine.set())

    async def _refuse(self, outgoing: Outgoing, why: str) -> None:
        self._receiver.upstream_ended(outgoing, why)

    def cancel(self, route: Route, frame_id: FrameId | None) -> None:
        """Closes a modern request, which is how that era cancels; tells a legacy server in words."""
        if self._older is not None:
            self._older.cancel(route, frame_id)
            return
        for task, outgoing in self._asking(frame_id):
            if outgoing.route is not route:
                continue
            if outgoing.era is Era.MODERN:
                task.cancel()
            elif frame_id is not None:
                self._start(self._say(cancelled(frame_id)))

    def cut(self, why: str) -> None:
        """By a person's will: what is in flight fails with `why`, streams end."""
        self._receiver.upstream_lost(why, for_good=False)
        for task, outgoing in [*self._exchanges.items()]:
            task.cancel()
            if outgoing is not None and (outgoing.frame is None or outgoing.frame.kind is not Kind.REQUEST):
                self._receiver.upstream_ended(outgoing, None if outgoing.frame is None else why)

    def renew(self) -> None:
        """A stdio client's session begins again with the same words; what it says meanwhile waits for that."""
        hello, self._listens = self._hello, False
        if hello is None or hello.frame is None or self._older is not None:
            return
        old, self._role = self._role, ClientRole()
        _, mine = self._role.take_turn(hello.frame)
        if mine is not None:
            self._start(self._greet(hello, old, mine))

    async def _greet(self, hello: Outgoing, old: ClientRole, mine: anyio.Event) -> None:
        silent, frame = Unheard(), hello.frame
        try:
            if old.session_id is not None:
                with suppress(*_BROKEN):
                    async with self._request("DELETE", self._our_headers(old.listening())):
                        pass
            if frame is not None:
                await self._post(replace(hello, route=silent), frame, None, silent)
                await self._say(INITIALIZED)
        except _BROKEN as error:
            self._server.fails(f"could not begin anew with {self._server.url}: {error}")
        finally:
            mine.set()
        if self._role.session_id is not None and not self._listens:
            self._listens = True
            self._start(self._listen())
        self._receiver.upstream_back()

    async def ready(self) -> None:
        """Each message has a connection of its own: none waits for another."""

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._server.forget(self)
        for task in [*self._exchanges]:
            task.cancel()
        if self._older is not None:
            await self._older.close()
        if self._role.session_id is not None:
            with anyio.move_on_after(1.5, shield=True), suppress(*_BROKEN):
                async with self._request("DELETE", self._our_headers(self._role.listening())):
                    pass

    def _start(self, exchange: Coroutine[Any, Any, None], outgoing: Outgoing | None = None) -> asyncio.Task[None]:
        # A task of the group, with a scope to cancel it by, costs four times as much, and there is one for each call.
        task = asyncio.get_running_loop().create_task(exchange, name="exchange")  # without one it would make one up
        self._exchanges[task] = outgoing
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._exchanges[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            end_the_run(self._server.tasks, error)

    def _request(self, method: str, headers: Headers, raw: bytes = b"") -> Asking | LoggedIn:
        return self._voice.request(method, headers, raw)

    def _failed(self, outgoing: Outgoing, error: BaseException) -> None:
        text = str(error) or type(error).__name__
        if isinstance(error, LoginError):
            why = text
        elif isinstance(error, UnreachableError):
            why = f"could not reach {self._server.url}: {text}"
            self._server.fails(why)
        else:
            why = f"no answer from {self._server.url}: {text}"
            if isinstance(error, ValueError):  # it did answer, in a way that is not passed on
                self._server.refused(text)
        self._receiver.upstream_ended(outgoing, why)

    # for a client that speaks HTTP

    def _pass_at_once(self, outgoing: Outgoing, http: HttpRequest) -> bool:
        """Without a task, as nearly every call goes: where there is nothing to wait for before it is sent, and its
        answer comes in one piece. A task and its two turns of the loop took a twentieth of the proxy's time."""
        server = self._server
        known = server.speaks_http and not server.tells(outgoing.frame)
        if not known or http.method != "POST" or outgoing.arguments is not None:
            return False
        headers = request_headers(http.headers, server.own_headers)
        try:
            heard, refused = partial(self._heard, outgoing), partial(self._refused, outgoing, http)
            sent = self._voice.post(headers, outgoing.raw, heard, refused)
        except ValueError:
            return False  # said by who tries again, once the request is noted
        if sent is None:
            return False
        self._exchanges[sent] = outgoing
        return True

    def _heard(self, outgoing: Outgoing, sent: Sent, answer: Response | Exception | None) -> None:
        del self._exchanges[sent]
        with EndingTheRun(self._server.tasks):
            self._tell(outgoing, sent, answer)

    def _tell(self, outgoing: Outgoing, sent: Sent, answer: Response | Exception | None) -> None:
        if not isinstance(answer, Response):
            sent.over()
            if answer is not None:
                self._failed(outgoing, answer)
            return
        self._server.works()
        body = None if is_stream(answer) else answer.whole
        if body is None:
            task = self._start(self._go_on(outgoing, answer), outgoing)
            task.add_done_callback(lambda _: sent.over())  # one that is cancelled at once never runs
            return
        sent.over()
        try:
            tell_whole(outgoing, answer, body, self._receiver)
        except ValueError as error:
            self._failed(outgoing, error)

    async def _go_on(self, outgoing: Outgoing, answer: Response) -> None:
        """An answer that does not come in one piece."""
        try:
            streamed = await read_answer(outgoing, answer, self._receiver)
        except _BROKEN as error:
            self._failed(outgoing, error)
            return
        if streamed:
            self._receiver.upstream_ended(outgoing, None)

    def _refused(self, outgoing: Outgoing, http: HttpRequest, sent: Sent, refused: Refused) -> None:
        del self._exchanges[sent]
        sent.over()
        self._start(self._pass(outgoing, http, refused), outgoing)

    async def _pass(self, outgoing: Outgoing, http: HttpRequest, refused: Refused | None = None) -> None:
        headers = request_headers(http.headers, self._server.own_headers)
        if outgoing.arguments is not None:
            await sdk_rules.loaded()
            definition = outgoing.definition
            params = sdk_rules.param_headers(definition, outgoing.arguments) if definition else {}
            headers = replace_params(headers, params)
        try:
            if await self._is_older(outgoing.frame):
                self._receiver.upstream_ended(outgoing, _OLDER)
                return
            async with self._voice.request(http.method, headers, outgoing.raw, refused=refused) as response:
                self._server.works()
                if await self._is_older(outgoing.frame, response.status):
                    self._receiver.upstream_ended(outgoing, _OLDER)
                    return
                streamed = await read_answer(outgoing, response, self._receiver)
        except _BROKEN as error:
            self._failed(outgoing, error)
            return
        if streamed:
            self._receiver.upstream_ended(outgoing, None)

    async def _is_older(self, frame: Frame | None, status: int | None = None) -> bool:
        if self._server.settled:
            return not self._server.speaks_http
        return await self._server.is_older(frame, status, self._ask)

    def _ask(self, method: str, headers: Mapping[str, str]) -> Asking | LoggedIn:
        theirs = tuple(pair for pair in self._spoken or () if pair[0] not in _OF_ONE_MESSAGE)
        ours = (*headers.items(), *self._server.own_headers)
        return self._request(method, request_headers((*self._borrowed, *theirs), ours))

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
            streamed = None if await self._is_older(frame) else await self._post(outgoing, frame, mine)
        except _BROKEN as error:
            self._failed(outgoing, error)
            return
        if streamed is None:
            self._older = self._older or self._server.older_link(self._receiver, self._borrowed)
            self._older.send(outgoing)
            return
        if streamed:
            self._receiver.upstream_ended(outgoing, None)
        if frame.method == "notifications/initialized" and self._role.session_id is not None and not self._listens:
            self._listens = True
            self._start(self._listen())

    async def _post(
        self, outgoing: Outgoing, frame: Frame, mine: anyio.Event | None, receiver: Receiver | None = None
    ) -> bool | None:
        """Was it answered by a stream? None: the server knows only the older transport, and did not take it."""
        reading = Reading(frame.id if frame.kind is Kind.REQUEST else None)
        begins = frame.method == "initialize"

        def seen(event: SseEvent) -> None:
            reading.note(event)
            if begins:
                self._role.learn_version(reading.response)

        headers = self._our_headers(await self._role.headers(outgoing, outgoing.era))
        async with self._request("POST", headers, outgoing.raw) as response:
            self._server.works()
            if await self._is_older(frame, response.status):
                return None
            if begins and response.status < 300:
                self._role.session_id = response.header(b"mcp-session-id")
            if mine is not None:
                mine.set()
            streamed = await read_answer(outgoing, response, receiver or self._receiver, seen)
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

    def _asking(self, frame_id: object) -> list[tuple[Exchanging, Outgoing]]:
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
