"""In front of a server that speaks no HTTP: sessions, statuses and streams are ours to keep.

MCP specification, Streamable HTTP: 2025-11-25 for sessions, 2026-07-28 for the stateless era.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import anyio.lowlevel
import orjson

from inspector.proxy import sdk_rules
from inspector.proxy.http_exchange import Request, run
from inspector.proxy.http_guard import Refused, accepts
from inspector.proxy.http_listener import Limits
from inspector.proxy.http_replay import Replay
from inspector.proxy.http_route import Answer, HttpRoute
from inspector.proxy.http_sessions import Session, Sessions
from inspector.proxy.links import Hub
from inspector.wire.jsonrpc import INTERNAL_ERROR, METHOD_NOT_FOUND, Frame, Kind
from inspector.wire.mcp import KNOWN_METHODS, call_without_id

# Clients of earlier versions take an event without data for a message.
_RESUMABLE = frozenset({b"2025-11-25"})
_NOT_ACCEPTABLE = Refused(406, "the client must accept application/json and text/event-stream")


class Hosted:
    """Answers requests for upstreams with `speaks_http` False."""

    def __init__(self, hub: Hub, limits: Limits, *, new_id: Callable[[], str], now: Callable[[], float]) -> None:
        self._hub = hub
        self._limits = limits
        self._new_id = new_id
        self._now = now
        self._coming: Counter[str] = Counter()  # sessions whose connection is being made
        self.sessions = Sessions(limits.sessions, limits.idle_seconds)

    async def handle(self, request: Request) -> Refused | None:
        """The whole exchange; a `Refused` is the caller's to send.

        Raises:
            UpstreamError: the upstream cannot be started.
        """
        if request.modern:
            return await self._modern(request)
        if request.frame is not None:
            return await self._post(request, request.frame)
        return await (self._get if request.http.method == "GET" else self._delete)(request)

    async def _modern(self, request: Request) -> Refused | None:
        frame, headers = request.frame, request.http.headers
        if frame is None:
            return Refused(405, "this protocol version knows POST only", headers=((b"allow", b"POST"),))
        if frame.kind is Kind.RESPONSE:
            return Refused(400, "a client of this protocol version sends no responses")
        if frame.kind is Kind.NOTIFICATION:
            await self._modern_notification(request, frame)
            return None
        if not (accepts(headers, "application/json") and accepts(headers, "text/event-stream")):
            return _NOT_ACCEPTABLE
        if refused := sdk_rules.classify(frame, headers):
            return refused
        if frame.method == "initialize":
            # The era has no handshake, and the process that all modern clients share must not be put into another one.
            return Refused(404, "Method not found", METHOD_NOT_FOUND, data="initialize")
        entry = request.entry
        connection = await self._hub.connect(entry.upstream, transport="http", grant=entry.grant, shared=True)
        route = HttpRoute(frame.id, status_of=sdk_rules.status_of, hosted=True, pulse=self._limits.pulse)
        try:
            await run(request, connection, route, lambda: connection.receive(frame, route, request.http))
        finally:
            await connection.close()
        return None

    async def _modern_notification(self, request: Request, frame: Frame) -> None:
        """The era defines none that would be for the server: a request is cancelled by closing its stream. Those that
        somebody else has defined go on."""
        if unrun := call_without_id(frame):
            self._hub.rejected(unrun, connection="", upstream=request.entry.upstream)
        elif frame.method not in KNOWN_METHODS:
            entry, route = request.entry, HttpRoute(None)
            connection = await self._hub.connect(entry.upstream, transport="http", grant=entry.grant, shared=True)
            route.gone()  # it has no answer
            connection.receive(frame, route, request.http)
            await anyio.lowlevel.checkpoint()  # the outbox leaves at the end of this turn, and not by a closed link
            await connection.close()
        await Answer(202).send(request.send)

    async def _post(self, request: Request, frame: Frame) -> Refused | None:
        headers = request.http.headers
        if not (accepts(headers, "application/json") and accepts(headers, "text/event-stream")):
            return _NOT_ACCEPTABLE
        if frame.method == "initialize" and request.entry.session is None:
            return await self._initialize(request, frame)
        session = await self._session(request)
        if isinstance(session, Refused):
            return session
        replay = session.replays.new() if request.entry.version in _RESUMABLE else None
        route = self._route(session, frame, replay)
        if frame.kind is not Kind.REQUEST:
            await session.connection.ready()
            route.gone()  # it has no answer
            session.connection.receive(frame, route, request.http)
            await Answer(202, route.extra).send(request.send)
            return None
        await self._run(request, session, route, lambda: session.connection.receive(frame, route, request.http))
        return None

    async def _initialize(self, request: Request, frame: Frame) -> Refused | None:
        entry = request.entry
        try:
            old = self.sessions.make_room(entry.upstream, self._coming[entry.upstream])
        except LookupError as error:
            return Refused(503, str(error), INTERNAL_ERROR)
        if old is not None:
            await self._end(old)
        self._coming[entry.upstream] += 1
        try:
            connection = await self._hub.connect(entry.upstream, transport="http", grant=entry.grant)
        finally:
            self._coming[entry.upstream] -= 1
        session = Session(self._new_id(), entry.upstream, entry.grant, connection, self._now())
        self.sessions.add(session)
        route = self._route(session, frame)
        try:
            await self._run(request, session, route, lambda: connection.receive(frame, route, request.http))
        finally:
            if route.last is None or (b'"error"' in route.last and "error" in orjson.loads(route.last)):
                await self._end(session)
        return None

    async def _get(self, request: Request) -> Refused | None:
        if not accepts(request.http.headers, "text/event-stream"):
            return Refused(406, "the client must accept text/event-stream")
        session = await self._session(request)
        if isinstance(session, Refused):
            return session
        if (last := dict(request.http.headers).get(b"last-event-id")) is not None:
            return await self._resume(request, session, last.decode("latin-1"))
        if session.stream is not None:
            return Refused(409, "this session has a stream already")
        session.stream = route = self._route(session, None)
        route.open_stream()
        try:
            await self._run(request, session, route, lambda: session.connection.open_stream(route, None))
        finally:
            session.stream = None
        return None

    async def _resume(self, request: Request, session: Session, last: str) -> Refused | None:
        found = session.replays.find(last)
        if found is None:
            return Refused(400, "nothing is kept of the stream with this event id")
        replay, number = found
        route = self._route(session, None)
        route.open_stream()
        await self._run(request, session, route, lambda: replay.resume(route, number))
        return None

    async def _delete(self, request: Request) -> Refused | None:
        session = await self._session(request)
        if isinstance(session, Refused):
            return session
        await self._end(session)
        await Answer(200).send(request.send)
        return None

    async def _session(self, request: Request) -> Session | Refused:
        entry = request.entry
        if entry.session is None:
            return Refused(400, "Mcp-Session-Id is missing")
        session = self.sessions.find(entry.upstream, entry.grant, entry.session)
        if session is None:
            return Refused(404, "there is no such session; initialize a new one")
        if (why := session.connection.lost) is not None:
            await self._end(session)
            return Refused(404, f"this session is over: {why}")
        return session

    def _route(self, session: Session, frame: Frame | None, replay: Replay | None = None) -> HttpRoute:
        return HttpRoute(
            frame.id if frame is not None and frame.kind is Kind.REQUEST else None,
            extra=((b"mcp-session-id", session.id.encode()),),
            hosted=True,
            pulse=self._limits.pulse,
            replay=replay,
        )

    async def _run(self, request: Request, session: Session, route: HttpRoute, start: Callable[[], None]) -> None:
        self.sessions.enter(session)
        try:
            await run(request, session.connection, route, start)
        finally:
            self.sessions.leave(session, self._now())

    async def sweep(self) -> None:
        """End the sessions that nobody has used for long."""
        for session in self.sessions.expired(self._now()):
            await self._end(session)

    async def close(self) -> None:
        for session in self.sessions.all():
            await self._end(session)

    async def _end(self, session: Session) -> None:
        self.sessions.remove(session)
        if session.stream is not None:
            session.stream.end()
        await session.connection.close()
