"""In front of a server that speaks HTTP itself: its sessions, statuses and streams pass through.

What remains ours is to know which requests belong together, so that a cancellation finds the call that it means.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeAlias

from inspector.proxy import sdk_rules
from inspector.proxy.http_exchange import Request, run
from inspector.proxy.http_guard import Refused
from inspector.proxy.http_listener import Limits
from inspector.proxy.http_route import HttpRoute
from inspector.proxy.http_sessions import Session, Sessions
from inspector.proxy.links import Connection, Headers, Hub
from inspector.wire.jsonrpc import Kind

_SESSIONS = 1024  # they cost us next to nothing; the server has limits of its own

_LooseKey: TypeAlias = tuple[str, str, str, str]


class Passed:
    """Answers requests for upstreams with `speaks_http` True."""

    def __init__(self, hub: Hub, limits: Limits, *, now: Callable[[], float]) -> None:
        self._hub = hub
        self._limits = limits
        self._now = now
        self._loose: dict[_LooseKey, Connection] = {}  # requests in flight without a session
        self.sessions = Sessions(_SESSIONS, limits.idle_seconds)

    async def handle(self, request: Request) -> Refused | None:
        """The whole exchange.

        Raises:
            UpstreamError: the upstream cannot be reached.
        """
        if request.modern or request.entry.session is None:
            await self._without_session(request)
        else:
            await self._in_session(request, request.entry.session)
        return None

    async def _without_session(self, request: Request) -> None:
        """A request of its own: modern, of a server without sessions, or the `initialize` that begins one."""
        entry, frame = request.entry, request.frame
        if frame is not None and frame.method == "notifications/cancelled":
            target = self._loose.get(_loose_key(request, frame.params.get("requestId")))
            if target is not None:
                await self._exchange(request, target, self._route(request))
                return
        connection = await self._hub.connect(entry.upstream, transport="http", grant=entry.grant, shared=request.modern)
        learned: list[Session] = []

        def learn(status: int, headers: Headers) -> None:
            session_id = dict(headers).get(b"mcp-session-id")
            if status < 300 and session_id:
                session = Session(session_id.decode("latin-1"), entry.upstream, entry.grant, connection, self._now())
                self.sessions.add(session)
                self.sessions.enter(session)
                learned.append(session)

        key = _loose_key(request, frame.id) if frame is not None and frame.kind is Kind.REQUEST else None
        if key is not None:
            self._loose[key] = connection
        try:
            begins = frame is not None and frame.method == "initialize"
            await self._exchange(request, connection, self._route(request, learn if begins else None))
        finally:
            if key is not None and self._loose.get(key) is connection:
                del self._loose[key]
            if learned:
                self.sessions.leave(learned[0], self._now())
                await self._make_room(entry.upstream)
            else:
                await connection.close()

    async def _in_session(self, request: Request, session_id: str) -> None:
        session = await self._session(request, session_id)
        route = self._route(request)
        self.sessions.enter(session)
        try:
            await self._exchange(request, session.connection, route)
        finally:
            ended = request.http.method == "DELETE" and route.status is not None and route.status < 300
            if ended or route.status == 404:
                self.sessions.remove(session)
            self.sessions.leave(session, self._now())
            if ended or not (session.open or self.sessions.holds(session)):
                await session.connection.close()

    async def _session(self, request: Request, session_id: str) -> Session:
        """The session; one that we do not know (it may be older than this run) gets a connection all the same."""
        entry = request.entry
        if session := self.sessions.find(entry.upstream, entry.grant, session_id):
            return session
        connection = await self._hub.connect(entry.upstream, transport="http", grant=entry.grant)
        if session := self.sessions.find(entry.upstream, entry.grant, session_id):  # another request was faster
            await connection.close()
            return session
        await self._make_room(entry.upstream)
        session = Session(session_id, entry.upstream, entry.grant, connection, self._now())
        self.sessions.add(session)
        return session

    async def _make_room(self, upstream: str) -> None:
        with contextlib.suppress(LookupError):
            if old := self.sessions.make_room(upstream):
                await self._end(old)

    def _route(self, request: Request, on_head: Callable[[int, Headers], None] | None = None) -> HttpRoute:
        frame = request.frame
        return HttpRoute(
            frame.id if frame is not None and frame.kind is Kind.REQUEST else None,
            on_head=on_head,
            status_of=sdk_rules.status_of if request.modern else None,
            pulse=self._limits.pulse,
        )

    async def _exchange(self, request: Request, connection: Connection, route: HttpRoute) -> None:
        def start() -> None:
            if request.frame is not None:
                connection.receive(request.frame, route, request.http)
            elif request.http.method == "GET":
                connection.open_stream(route, request.http)
            else:
                connection.delete(route, request.http)

        await run(request, connection, route, start)

    async def sweep(self) -> None:
        """Forget the sessions that nobody has used for long; should one come back, it gets a new connection."""
        for session in self.sessions.expired(self._now()):
            await self._end(session)

    async def close(self) -> None:
        for session in self.sessions.all():
            await self._end(session)

    async def _end(self, session: Session) -> None:
        self.sessions.remove(session)
        await session.connection.close()


def _loose_key(request: Request, frame_id: object) -> _LooseKey:
    # The ids 1 and "1" are two different requests.
    return request.entry.grant, request.entry.upstream, type(frame_id).__name__, str(frame_id)
