"""One client's connection: its exchange, its link, and the clock's reading for both. All work is the driver's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from inspector.core.call import Caller, Era
from inspector.proxy.exchange import Exchange
from inspector.proxy.links import ClientSide, Headers, HttpRequest, Link, Outgoing, Route
from inspector.proxy.steps import Step
from inspector.wire.capabilities import OF_SERVER, log_level
from inspector.wire.jsonrpc import Frame, Kind


class Performer(Protocol):
    """The driver, as a connection sees it."""

    def perform(self, connection: ClientConnection, steps: Iterable[Step]) -> None: ...

    def introduce(self, connection: ClientConnection, frame: Frame) -> bool:
        """An early request of the client's: True when who calls is settled by it."""
        ...

    def uses(self, connection: ClientConnection, capability: str, log_level: str = "") -> None:
        """Its client makes use of what the server offers, for the first time on this connection, or asks for another
        log level."""
        ...

    def part(self, connection: ClientConnection) -> None: ...


class ClientConnection:
    """What a front holds (`links.Connection`). Its upstream's side is `inbound`.

    There may be one for each request, so nothing of it refers back to it once it is closed: what does is only freed by
    a search through all that lives.
    """

    def __init__(
        self, performer: Performer, exchange: Exchange, clock: Callable[[], float], *, transport: str, shared: bool
    ) -> None:
        self.id = exchange.connection
        self.exchange = exchange
        self.transport = transport
        self.shared = shared
        self.link: Link | None = None
        self.side: ClientSide | None = None
        self.closed = False
        self.written: Route | None = None  # the latest: whose congestion the upstream must feel
        self._performer = performer
        self._clock = clock
        self._introduced = False
        self._used: set[str] = set()  # what the server offers
        self._log_level = ""

    @property
    def inbound(self) -> Inbound:
        return Inbound(self, self._performer, self._clock)

    @property
    def lost(self) -> str | None:
        return self.exchange.lost

    def identify(self, connection: str, caller: Caller) -> None:
        """Who this is, as far as it has said."""
        self.exchange.connection = connection
        self.exchange.caller = caller

    def receive(self, frame: Frame, route: Route, http: HttpRequest | None = None) -> None:
        if frame.kind is Kind.REQUEST and (not self._introduced or frame.method == "initialize"):
            self._introduced = self._performer.introduce(self, frame)
        used = OF_SERVER.get(frame.method)
        if used is not None and used not in self._used:
            self._used.add(used)
            self._performer.uses(self, used)
        if (level := log_level(frame)) and level != self._log_level:
            self._log_level = level
            self._performer.uses(self, "logging", level)
        self._perform(self.exchange.from_client(frame, route, http, self._clock()))

    def open_stream(self, route: Route, http: HttpRequest | None) -> None:
        self._perform(self.exchange.open_stream(route))
        self._pass_bodiless(route, http)

    def delete(self, route: Route, http: HttpRequest) -> None:
        self._pass_bodiless(route, http)

    def route_gone(self, route: Route) -> None:
        self._perform(self.exchange.route_gone(route))

    async def ready(self) -> None:
        if self.link is not None:
            await self.link.ready()

    async def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._perform(self.exchange.closed())
        self._performer.part(self)
        link, self.link, self.written = self.link, None, None
        if link is not None:
            await link.close()

    def _pass_bodiless(self, route: Route, http: HttpRequest | None) -> None:
        """A GET or DELETE, for an upstream that speaks HTTP."""
        if http is not None and self.link is not None and self.exchange.speaks_http:
            self.link.send(Outgoing(b"", None, route, http, Era.LEGACY))

    def _perform(self, steps: Iterable[Step]) -> None:
        self._performer.perform(self, steps)


class Inbound:
    """What a link feeds (`links.Receiver`)."""

    def __init__(self, connection: ClientConnection, performer: Performer, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._exchange = connection.exchange
        self._performer = performer
        self._clock = clock

    def upstream_frame(self, raw: bytes, route: Route | None, fields: tuple[bytes, ...] = ()) -> None:
        self._perform(self._exchange.from_upstream(raw, route, fields, self._clock()))

    def upstream_head(self, route: Route, status: int, headers: Headers) -> None:
        route.head(status, headers)

    def upstream_event(self, route: Route, fields: tuple[bytes, ...]) -> None:
        route.event(fields)

    def upstream_plain(self, outgoing: Outgoing, status: int, headers: Headers, body: bytes) -> None:
        self._perform(self._exchange.plain(outgoing, status, headers, body))

    def upstream_ended(self, outgoing: Outgoing, why: str | None) -> None:
        self._perform(self._exchange.ended(outgoing, why))

    def upstream_lost(self, why: str, *, for_good: bool = True) -> None:
        self._perform(self._exchange.upstream_lost(why, for_good=for_good))

    def upstream_back(self) -> None:
        self._perform(self._exchange.upstream_back())

    async def ready(self) -> None:
        if self._connection.written is not None:
            await self._connection.written.ready()

    def _perform(self, steps: Iterable[Step]) -> None:
        self._performer.perform(self._connection, steps)
