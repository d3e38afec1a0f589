"""Clients in, over Streamable HTTP on a loopback port: guard, read, parse, and hand to the one who answers.

The uvicorn server runs inside our task group and event loop, under a terminal app: no signals, no log, no lifespan.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, ItemsView, Iterator, Mapping, MutableMapping
from dataclasses import replace
from typing import Any, TypeAlias

import anyio
from anyio.abc import TaskStatus

from inspector.core.errors import UpstreamError
from inspector.core.json import Json
from inspector.proxy import http_cors as cors
from inspector.proxy import sdk_rules
from inspector.proxy.http_exchange import Line, Request
from inspector.proxy.http_guard import (
    Door,
    Head,
    Refused,
    ambiguous,
    doorkeeper,
    is_modern,
    make_door,
    misrouted,
    record_of,
    too_large,
)
from inspector.proxy.http_hosted import Hosted
from inspector.proxy.http_listener import GONE, Limits, Server, address, bind
from inspector.proxy.http_passed import Passed
from inspector.proxy.http_route import JSON, Answer, HttpRoute, Send
from inspector.proxy.links import Hub, Upstream
from inspector.wire.jsonrpc import (
    HEADER_MISMATCH,
    INVALID_REQUEST,
    UPSTREAM_FAILED,
    BadFrame,
    FrameId,
    Kind,
    parse_client,
)
from inspector.wire.mcp import rpc_error

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]


class HttpFront:
    """The HTTP listener.

    `token`: the user's own credential (grant "local"). `grants`: further tokens and the grants they stand for; it is
    read at every request, so that a token minted later works at once. `new_id` makes session ids, which must not be
    guessable. `now`: monotonic seconds. `preload_after`: seconds until the SDK is loaded, should no
    request need it before.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        token: str,
        new_id: Callable[[], str],
        now: Callable[[], float],
        grants: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        port: int = 7337,
        allow_hosts: tuple[str, ...] = (),
        allow_origins: tuple[str, ...] = (),
        limits: Limits | None = None,
        preload_after: float = 0.0,
    ) -> None:
        self._hub = hub
        self._preload_after = preload_after
        self._tokens = _Tokens(token, grants or {})
        self._host = host
        self._port = port
        self._allowed = (allow_hosts, allow_origins)
        self._limits = limits or Limits()
        self._hosted = Hosted(hub, self._limits, new_id=new_id, now=now)
        self._passed = Passed(hub, self._limits, now=now)
        self._socket: socket.socket | None = None
        self._door = self._make_door()
        self._admit = doorkeeper(self._door)
        self._server: Server | None = None
        self._routes: set[HttpRoute] = set()

    @property
    def port(self) -> int:
        """The port that is served; the one asked for until `bind` was called."""
        return self._port

    def bind(self) -> socket.socket:
        """Take the port, before anything else starts.

        Raises:
            ConfigError: it is used, or the host is not ours.
        """
        self._socket = bind(self._host, self._port)
        self._port = self._socket.getsockname()[1]
        self._door = self._make_door()
        self._admit = doorkeeper(self._door)
        return self._socket

    def _make_door(self) -> Door:
        allow_hosts, allow_origins = self._allowed
        return make_door(
            self._host,
            self._port,
            tokens=self._tokens,
            upstreams=self._hub.upstream_names,
            max_body=self._limits.body_bytes,
            allow_hosts=allow_hosts,
            allow_origins=allow_origins,
        )

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled or stopped; then end streams and sessions, within about a second.

        Raises:
            ConfigError: from `bind`, when that was not called before.
        """
        sockets = [self._socket or self.bind()]
        server = self._server = Server(self._app, self._limits, self._unreadable)
        server.on_started = task_status.started
        server.on_stopping = self._stopping
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._preload)
            tasks.start_soon(self._sweep)
            try:
                await server.serve(sockets)
            except anyio.get_cancelled_exc_class():
                with anyio.CancelScope(shield=True):
                    await server.shutdown(sockets)
                raise
            finally:
                with anyio.move_on_after(2, shield=True):
                    await self._hosted.close()
                    await self._passed.close()
                tasks.cancel_scope.cancel()

    def stop(self) -> None:
        """Make `serve` return."""
        if self._server is not None:
            self._server.should_exit = True

    def _stopping(self) -> None:
        """Streams that only listen end at once; answers that are on their way get a moment more."""
        for route in [*self._routes]:
            if route.frame_id is None:
                route.end()
        asyncio.get_running_loop().call_later(0.5, self._end_routes)

    def _end_routes(self) -> None:
        for route in [*self._routes]:
            route.end()

    async def _preload(self) -> None:
        """The SDK takes up to two seconds to import: no request should wait for it, nor the app's first frame."""
        await anyio.sleep(self._preload_after)
        await sdk_rules.loaded()

    async def _sweep(self) -> None:
        while True:
            await anyio.sleep(min(60.0, self._limits.idle_seconds / 4))
            await self._hosted.sweep()
            await self._passed.sweep()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        line = Line()
        scope[GONE] = line.hang_up
        head = Head(scope["method"], scope["raw_path"], tuple(scope["headers"]))
        if self._door.foreign_origins:
            if (answer := cors.preflight(head, self._door)) is not None:
                await answer.send(send)
                return
            send = cors.readable(send, head, self._door)
        entry, client = self._admit(head), scope.get("client")
        if isinstance(entry, Refused):
            await self._refuse(send, head, entry, client=client)
            return
        body = b""
        if head.method == "POST":
            read = await _body(receive, self._limits)
            if read is None:
                return
            if isinstance(read, Refused):
                await self._refuse(send, head, read, upstream=entry.upstream, client=client)
                return
            body = read
            frame = parse_client(body)
            if isinstance(frame, BadFrame):
                self._hub.rejected(frame, connection="", upstream=entry.upstream, peer=address(client))
                await _error(frame.id, frame.code, frame.reason).send(send)
                return
        else:
            frame = None
        request = Request(
            http=entry.http,
            entry=entry,
            frame=frame,
            modern=is_modern(frame, entry.version),
            line=line,
            send=send,
            routes=self._routes,
        )
        if refused := await self._answer(request):
            answers = frame.id if frame is not None and frame.kind is Kind.REQUEST else None
            await self._refuse(send, head, refused, upstream=entry.upstream, body=body, frame_id=answers, client=client)

    async def _answer(self, request: Request) -> Refused | None:
        if not sdk_rules.is_loaded() and (request.modern or b"mcp-name" in dict(request.http.headers)):
            await sdk_rules.loaded()
        if refused := self._contradiction(request):
            return refused
        upstream = self._hub.upstream(request.entry.upstream)
        if upstream is None:
            return Refused(404, "this upstream is gone")
        try:
            if not upstream.settled and _is_hello(request):
                return await self._first_contact(request, upstream)
            return await (self._passed if upstream.speaks_http else self._hosted).handle(request)
        except UpstreamError as error:
            frame = request.frame
            answers = frame.id if frame is not None and frame.kind is Kind.REQUEST else None
            await _error(answers, UPSTREAM_FAILED, str(error), status=502).send(request.send)
            return None

    async def _first_contact(self, request: Request, upstream: Upstream) -> Refused | None:
        """The answer to a client's first words is kept back: it may tell that HTTP's duties are ours here after all,
        and then the same words are said again, with us in the server's place."""
        said: list[MutableMapping[str, Any]] = []

        async def keep(message: MutableMapping[str, Any]) -> None:
            said.append(message)

        refused = await self._passed.handle(replace(request, send=keep))
        if not upstream.speaks_http:
            return await self._hosted.handle(request)
        for message in said:
            await request.send(message)
        return refused

    def _contradiction(self, request: Request) -> Refused | None:
        """Does the request's head say something else than its body?"""
        frame, headers = request.frame, request.http.headers
        if frame is None:
            why = ambiguous(headers)
            return Refused(400, why, HEADER_MISMATCH) if why else None
        if refused := misrouted(frame, headers, modern=request.modern, decode=sdk_rules.decode):
            return refused
        tool, arguments = frame.params.get("name"), frame.params.get("arguments")
        if not request.modern or frame.method != "tools/call" or not isinstance(tool, str):
            return None
        definition = self._hub.definition(request.entry.upstream, tool)
        if definition is None:
            return None
        said = arguments if isinstance(arguments, dict) else {}
        why = sdk_rules.param_mismatch(definition, said, headers)
        return Refused(400, why, HEADER_MISMATCH) if why else None

    async def _refuse(
        self,
        send: Send,
        head: Head,
        refused: Refused,
        *,
        upstream: str = "",
        body: bytes = b"",
        frame_id: FrameId | None = None,
        client: tuple[str, int] | None,
    ) -> None:
        raw = record_of(head, self._tokens) + (b"\r\n\r\n" + body[:4096] if body else b"")
        code = refused.status if refused.code == INVALID_REQUEST else refused.code
        bad = BadFrame(raw, code, refused.reason, frame_id)
        self._hub.rejected(bad, connection="", upstream=upstream, peer=address(client))
        answer = _error(frame_id, refused.code, refused.reason, refused.data, status=refused.status)
        await Answer(answer.status, JSON + refused.headers, answer.body).send(send)

    def _unreadable(self, target: bytes, status: int, reason: str, peer: str) -> None:
        """What the HTTP parser refused by itself."""
        raw = record_of(Head("", target, ()), self._tokens)
        self._hub.rejected(BadFrame(raw, status, reason), connection="", upstream="", peer=peer)


class _Tokens(Mapping[str, str]):
    """The user's own token beside those minted for clients, as they stand now."""

    def __init__(self, own: str, grants: Mapping[str, str]) -> None:
        self._own = own
        self._grants = grants

    def __getitem__(self, token: str) -> str:
        return "local" if token == self._own else self._grants[token]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((self._own, *self._grants)))

    def items(self) -> ItemsView[str, str]:
        # Asked for with every request: what Mapping makes of the methods above takes ten calls.
        return {**self._grants, self._own: "local"}.items()

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _is_hello(request: Request) -> bool:
    first = request.frame is not None and request.frame.method in ("initialize", "server/discover")
    return first and request.entry.session is None


async def _body(receive: Receive, limits: Limits) -> bytes | Refused | None:
    """The whole body; None when the client left before it was complete (the listener sends slow ones away)."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message["body"]
        size += len(part)
        if size > limits.body_bytes:
            return too_large(limits.body_bytes)
        parts.append(part)
        if not message["more_body"]:
            return b"".join(parts) if len(parts) > 1 else parts[0]


def _error(frame_id: FrameId | None, code: int, message: str, data: Json = None, *, status: int = 400) -> Answer:
    return Answer(status, JSON, rpc_error(frame_id, code, message, data))
