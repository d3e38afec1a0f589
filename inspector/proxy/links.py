"""The seams of the proxy: how fronts, the driver and upstreams hold on to one another.

    front (HTTP, stdio)  ──receive──▶  Connection (driver)  ──send──▶  Link (upstream)
         Route           ◀──frame────                       ◀──frame──

All of it happens on one event loop. `receive`, `send` and the Route's methods never wait: they queue. Who feeds bytes
in awaits `ready()` afterwards, which returns at once unless the other side is congested: that is all the back-pressure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from inspector.core.call import Era
from inspector.core.fact import fact
from inspector.core.json import Json, JsonObject
from inspector.wire.jsonrpc import BadFrame, Frame, FrameId

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Lower-cased names, in order, without hop-by-hop headers, `host`, `content-length` and our own token."""


class Route(Protocol):
    """Where the answers to one client request go: one HTTP exchange, or the whole stdio connection.

    `frame` with `final` ends an HTTP exchange. Calling anything after the client has gone does nothing.
    """

    def head(self, status: int, headers: Headers) -> None:
        """An HTTP upstream began to answer with this; comes before its first frame. Meaningless on stdio."""
        ...

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None:
        """One JSON-RPC message on one line (no CR or LF in `raw`), with the SSE fields it came with (id, event)."""
        ...

    def event(self, fields: tuple[bytes, ...]) -> None:
        """An SSE event without data (a priming id, a retry hint). Ignored on stdio."""
        ...

    def plain(self, status: int, headers: Headers, body: bytes) -> None:
        """An HTTP answer that is no JSON-RPC message to look into (202, 401, 404, 405 …): passed through, and final."""
        ...

    def hold(self) -> None:
        """The request waits for a person: keep the client's line open from now on."""
        ...

    def end(self) -> None:
        """No more frames: an SSE stream ended, or the request was withdrawn."""
        ...

    async def ready(self) -> None: ...


@fact(frozen=True, slots=True)
class HttpRequest:
    """What an HTTP client sent beside the body; `path_query` is not passed on."""

    method: str  # POST, GET, DELETE
    headers: Headers


@fact(frozen=True, slots=True)
class Outgoing:
    """One thing for an upstream. `raw` is empty for an HTTP client's GET and DELETE.

    `frame` is what the client sent (its `raw` may differ from `raw`, which was rewritten); None for GET and DELETE.
    `arguments_edited`: `Mcp-Param-*` headers must be made anew from `definition`.
    """

    raw: bytes
    frame: Frame | None
    route: Route
    http: HttpRequest | None  # None when the client speaks stdio
    era: Era
    definition: JsonObject | None = None  # of the called tool, when it was listed
    arguments: JsonObject | None = None  # the edited ones


class Link(Protocol):
    """One connection's channel to its upstream."""

    def send(self, outgoing: Outgoing) -> None: ...

    def cancel(self, route: Route, frame_id: FrameId | None) -> None:
        """Nobody waits for the answer to this request any more (a closed modern stream): let the upstream know in the
        way its transport has for that (stdio: `notifications/cancelled`; HTTP: close the request)."""
        ...

    async def ready(self) -> None: ...

    async def close(self) -> None:
        """The client is gone: end a process of its own, its streams, its HTTP session. Idempotent, and where it has to
        wait for that it does so even while its caller is being cancelled."""
        ...


class Receiver(Protocol):
    """The driver's side of a Link."""

    def upstream_frame(self, raw: bytes, route: Route | None, fields: tuple[bytes, ...] = ()) -> None:
        """A message. `route` is known when it came on a request's own HTTP stream, or by an id that was remapped."""
        ...

    def upstream_head(self, route: Route, status: int, headers: Headers) -> None: ...

    def upstream_event(self, route: Route, fields: tuple[bytes, ...]) -> None: ...

    def upstream_plain(self, outgoing: Outgoing, status: int, headers: Headers, body: bytes) -> None:
        """The upstream's HTTP answer to `outgoing` carried no JSON-RPC message (or `status` ≥ 400)."""
        ...

    def upstream_ended(self, outgoing: Outgoing, why: str | None) -> None:
        """The stream that answered `outgoing` ended; `why` is set when it broke or never began."""
        ...

    def upstream_lost(self, why: str, *, for_good: bool = True) -> None:
        """The whole upstream is gone (its process died): every request in flight fails with `why`.

        Not `for_good`: a person stopped or restarted it, and the connection stays; `upstream_back` follows some time.
        """
        ...

    def upstream_back(self) -> None:
        """It is there again, greeted in the client's name: the connection goes on, if it was lost for good before."""
        ...

    async def ready(self) -> None:
        """Returns when the client's side can take more."""
        ...


@fact(frozen=True, slots=True)
class ClientSide:
    """The environment of a stdio client: its server must get this one, not ours. `headers`: an HTTP client's own
    credentials, where they have to be borrowed."""

    cwd: str
    env: Mapping[str, str]
    headers: Headers = ()


class Upstream(Protocol):
    """A configured server; opens Links."""

    name: str
    speaks_http: bool  # sessions, statuses and streams are the server's own; else they are our front's duty
    has_url: bool  # the credentials that an HTTP client shows may be meant for it
    settled: bool  # `speaks_http` is known for sure; else the first request of a client finds it out

    async def open(self, receiver: Receiver, *, shared: bool, client: ClientSide | None) -> Link:
        """A link for one connection. `shared`: the client is modern HTTP, which has no connection of its own, so one
        process serves all such links, with ids remapped. HTTP upstreams ignore `shared` and `client`.

        Raises:
            UpstreamError: the server cannot be started.
        """
        ...

    def prepare(self) -> None:
        """Start what can be started before the first client comes."""
        ...

    async def stop(self, why: str) -> None:
        """End everything of it within 2 s, and send it nothing until `resume`: what is in flight, and what comes, fails
        with `why`. Its links stay."""
        ...

    def resume(self) -> None:
        """Serve again; connections that were cut off or lost are given a server anew. Forgets failures."""
        ...

    async def restart(self, why: str) -> None:
        """`stop` and `resume`, but what comes meanwhile waits for the new server."""
        ...

    async def close(self) -> None:
        """Ends everything of it within 2 s: streams closed, processes terminated as groups, then killed."""
        ...


class Connection(Protocol):
    """The driver's side of one client: what a front holds. Modern HTTP has one per request."""

    id: str

    @property
    def lost(self) -> str | None:
        """Why its server is gone for good; None while it is there."""
        ...

    def receive(self, frame: Frame, route: Route, http: HttpRequest | None = None) -> None:
        """A well-formed message from the client. It is judged, and answered through `route` sooner or later."""
        ...

    def open_stream(self, route: Route, http: HttpRequest | None) -> None:
        """Where the server's own messages go: a GET stream (passed on to an HTTP upstream), or the stdio client."""
        ...

    def delete(self, route: Route, http: HttpRequest) -> None:
        """A DELETE of the session, passed on to an HTTP upstream."""
        ...

    def route_gone(self, route: Route) -> None:
        """The client closed this exchange: its held call is withdrawn; a modern one in flight is cancelled."""
        ...

    async def ready(self) -> None:
        """Returns when the upstream can take more."""
        ...

    async def close(self) -> None:
        """The client is gone: held calls are withdrawn, the link is closed. Idempotent."""
        ...


class Rules(Protocol):
    """What an exchange asks of the policy in force beside single calls."""

    @property
    def server_requests_denied(self) -> bool: ...

    @property
    def unknown_methods_denied(self) -> bool: ...

    def visible(self, server: str, names: Sequence[str]) -> list[str]: ...


class Hub(Protocol):
    """The driver, as the fronts see it."""

    def upstream(self, name: str) -> Upstream | None: ...

    def upstream_names(self) -> tuple[str, ...]: ...

    def definition(self, upstream: str, tool: Json) -> JsonObject | None:
        """A tool as it was listed last; None when it never was."""
        ...

    async def connect(
        self, upstream: str, *, transport: str, grant: str, shared: bool = False, client: ClientSide | None = None
    ) -> Connection:
        """A new client of `upstream` ("http" or "stdio" by `transport`).

        Raises:
            UpstreamError: the upstream cannot be started.
        """
        ...

    def rejected(self, bad: BadFrame, *, connection: str, upstream: str, peer: str = "") -> None:
        """Record something that a front refused by itself; `bad.code` is the JSON-RPC code or the HTTP status."""
        ...
