"""A Hub without a policy, on the real Exchange: every call goes. For the tests of fronts and upstreams."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.core.call import Caller, CallId
from inspector.core.json import Json, JsonObject
from inspector.proxy.connection import ClientConnection
from inspector.proxy.exchange import Exchange
from inspector.proxy.links import ClientSide, Upstream
from inspector.proxy.steps import Abandon, Answer, End, Judge, Plain, Send, Step
from inspector.wire.jsonrpc import BadFrame, Frame


class PassThrough:
    server_requests_denied = False
    unknown_methods_denied = False

    def __init__(self) -> None:
        self.upstreams: dict[str, Upstream] = {}
        self.refused: list[BadFrame] = []
        self.connections: list[ClientConnection] = []
        self.grants: list[str] = []
        self._count = 0

    def visible(self, server: str, names: Iterable[str]) -> list[str]:
        return list(names)

    # Hub

    def upstream(self, name: str) -> Upstream | None:
        return self.upstreams.get(name)

    def upstream_names(self) -> tuple[str, ...]:
        return tuple(self.upstreams)

    def definition(self, upstream: str, tool: Json) -> JsonObject | None:
        return None

    async def connect(
        self, upstream: str, *, transport: str, grant: str, shared: bool = False, client: ClientSide | None = None
    ) -> ClientConnection:
        target = self.upstreams[upstream]
        exchange = Exchange("c1", upstream, Caller(grant, "c1", ""), self, self._next, target.speaks_http)
        connection = ClientConnection(self, exchange, lambda: 0.0, transport=transport, shared=shared)
        connection.link = await target.open(connection.inbound, shared=shared, client=client)
        self.connections.append(connection)
        self.grants.append(grant)
        return connection

    def rejected(self, bad: BadFrame, *, connection: str, upstream: str, peer: str = "") -> None:
        self.refused.append(bad)

    def _next(self) -> CallId:
        self._count += 1
        return CallId(self._count)

    # Performer

    def introduce(self, connection: ClientConnection, frame: Frame) -> bool:
        return True

    def uses(self, connection: ClientConnection, capability: str, log_level: str = "") -> None: ...

    def part(self, connection: ClientConnection) -> None:
        self.connections.remove(connection)

    def perform(self, connection: ClientConnection, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Judge(call):
                    self.perform(connection, connection.exchange.forward(call.id, None, None, 0.0))
                case Send(outgoing):
                    assert connection.link is not None
                    connection.link.send(outgoing)
                case Answer(route, raw, final, fields):
                    connection.written = route
                    route.frame(raw, final=final, fields=fields)
                case Plain(route, status, headers, body):
                    route.plain(status, headers, body)
                case End(route):
                    route.end()
                case Abandon(route, frame_id):
                    assert connection.link is not None
                    connection.link.cancel(route, frame_id)
                case _:
                    pass
