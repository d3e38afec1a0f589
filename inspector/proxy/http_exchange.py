"""One admitted HTTP request, and how it is run against a connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inspector.core.fact import fact
from inspector.proxy.http_guard import Admitted
from inspector.proxy.http_route import HttpRoute, Send
from inspector.proxy.links import Connection, HttpRequest
from inspector.wire.jsonrpc import Frame


@dataclass(slots=True)
class Line:
    """The client's end of a request: whether it still listens, and who wants to know when it stops."""

    gone: bool = False
    on_gone: Callable[[], None] | None = None

    def hang_up(self) -> None:
        self.gone = True
        if self.on_gone is not None:
            self.on_gone()


@fact(frozen=True, slots=True)
class Request:
    """`frame` is None for GET and DELETE. `modern`: of the stateless era, by its header or its body."""

    http: HttpRequest
    entry: Admitted
    frame: Frame | None
    modern: bool
    line: Line
    send: Send
    routes: set[HttpRoute]  # all that are open


async def run(request: Request, connection: Connection, route: HttpRoute, start: Callable[[], None]) -> None:
    """`start` the request on its connection as soon as the upstream can take it, then deliver what comes back.

    Nothing starts for a client that has gone by then: a ghost's call must never run.
    """
    # Waiting later, with the answer undelivered, could wait for an upstream that waits for this very client.
    await connection.ready()
    if request.line.gone:
        return

    def gone() -> None:
        if not route.finished:
            route.gone()
            connection.route_gone(route)

    request.line.on_gone = gone
    request.routes.add(route)
    try:
        start()
        await route.deliver(request.send)
    finally:
        request.routes.discard(route)
