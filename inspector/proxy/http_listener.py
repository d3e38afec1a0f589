"""The listening socket and the HTTP parser's own limits: what must hold before there is a request to look at.

uvicorn with httptools reads headers without a bound (a header of 30 MB was accepted), waits for them for ever, and
takes over signals; under a terminal app none of that may be.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import anyio
import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inspector.core.errors import ConfigError
from inspector.proxy.http_cycle import Cycle

CLOSING = 1.0  # seconds that answers under way get when the run ends

GONE = "mcp_inspect.gone"
"""Key of a request's scope: the application puts a callable there that is called when the client leaves."""


_FRAMED = 8  # bytes on the line for one of a body: chunks of one byte take six, and a trailer could go on for ever
_ABSOLUTE = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)  # a request target with a host in it
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one listener; sizes in bytes, times in seconds."""

    head_bytes: int = 64 << 10
    head_seconds: float = 10
    body_bytes: int = 4 << 20
    body_seconds: float = 30
    connections: int = 512
    sessions: int = 32  # per upstream that we host
    idle_seconds: float = 30 * 60  # of a session without an open exchange
    pulse: float = 15  # between two comments on a silent stream


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to `host`:`port`; port 0 takes a free one.

    Raises:
        ConfigError: the port is used, or the address is not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}: {error.strerror}") from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # Without this a second program could bind the same port until uvicorn begins to listen.
        sock.listen(512)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} on {host} is in use; --port 0 takes a free one, --port N another one"
            ) from None
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return sock


def address(peer: tuple[str, int] | None) -> str:
    """Who is at the other end, for a person; "" when the socket does not say."""
    return f"{peer[0]}:{peer[1]}" if peer else ""


class _Protocol(HttpToolsProtocol):
    """One client connection: bounded heads, and word to the application when the client leaves."""

    limits: Limits
    refused: Callable[[bytes, int, str, str], None]  # target, status, reason, peer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._in_body = False
        self._head_size = 0  # of complete headers
        self._fed = 0  # while a head was incomplete, then while a body was
        self._overgrown = False
        self._lingering = False
        self._timer: asyncio.TimerHandle | None = None
        self._has_answered = False
        self._since = 0.0  # the loop's clock: connected, or the latest answer was out

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        # Not uvicorn's own limit, which counts only once a request is there: silent connections would be free.
        excess = len(self.connections) - self.limits.connections
        if excess > self.limits.connections:
            transport.abort()  # those that were told so have not left yet
            return
        if excess > 0 and not self._make_room():
            self._close_with(503, f"{self.limits.connections} connections are open already")
            return
        self._timer = self.loop.call_later(self.limits.head_seconds, self._late)

    def _make_room(self) -> bool:
        """Close the oldest connection that has sent no whole request, else the one that has been idle for longest: a
        program that opens connections and says nothing must not lock the person's agent out."""
        others = [one for one in self.connections if isinstance(one, _Protocol) and one is not self and one.is_spare]
        if not others:
            return False
        oldest = min(others, key=lambda one: (one.has_asked, one._since))
        said = "had sent no whole request" if not oldest.has_asked else "was idle"
        oldest._stop_timer()
        oldest.transport.abort()
        peer = address(oldest.client)
        self.refused(
            b"", 408, f"gave way to a new connection: it {said}, and all {self.limits.connections} were taken", peer
        )
        return True

    @property
    def has_asked(self) -> bool:
        """Has a whole request come on it?"""
        return self.cycle is not None and not (self._in_body and not self._has_answered)

    @property
    def is_spare(self) -> bool:
        """Is no answer owed on it, and is it not closing already?"""
        return not self.transport.is_closing() and (self._in_head or self._in_body or not self._answering)

    def on_response_complete(self) -> None:
        self._since, self._has_answered = self.loop.time(), True
        if not self.transport.is_closing():
            self.flow.resume_reading()
            if self.timeout_keep_alive_task is None:
                self._wait_idle(self.timeout_keep_alive)

    def _wait_idle(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """One timer runs on while requests come and go: uvicorn's own would be made anew for each of them."""
        self.timeout_keep_alive_task = None
        if self.is_spare and not (self._in_head or self._in_body):
            idle = self.loop.time() - self._since
            if idle >= self.timeout_keep_alive:
                self.transport.close()
            else:
                self._wait_idle(self.timeout_keep_alive - idle)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        if self.cycle is not None and callable(gone := self.cycle.scope.get(GONE)):
            gone()

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        if self._in_head or self._in_body:
            self._fed += len(data)
        elif not self._in_body and data.find(b"pgrade:") >= 0:
            data = _without_upgrade(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("")
        except httptools.HttpParserUpgrade:
            pass  # to what we do not speak: it was no request
        if self.transport.is_closing() or self._lingering or not (self._in_head or self._in_body):
            return
        if self._in_head and self._fed > self.limits.head_bytes:
            self._overgrown = True
            self.send_400_response("")
        elif self._in_body and self._fed > self.limits.head_bytes + _FRAMED * self.limits.body_bytes:
            self._close_with(413, "a body that is nearly all framing")
        elif self._timer is None:
            # A request that comes whole, as nearly all do, costs no timer.
            seconds = self.limits.head_seconds if self._in_head else self.limits.body_seconds
            self._timer = self.loop.call_later(seconds, self._late)

    def on_message_begin(self) -> None:
        if self._answering:
            raise ValueError("pipelined")
        super().on_message_begin()
        self._in_head, self._head_size, self._fed = True, 0, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._head_size += len(url)
        if self._head_size > self.limits.head_bytes:
            self._outgrown()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value) + 4
        if self._head_size > self.limits.head_bytes:
            self._outgrown()
        if not self._in_head:
            return  # a trailer is no header: uvicorn would add it to those that were judged
        name = name.lower()
        value = value.strip(b" \t")  # not part of the value (RFC 9110 §5.5), and httptools keeps it
        if name == b"transfer-encoding" and value.lower() != b"chunked":
            raise ValueError("a coding that nobody would undo")
        if name == b"expect":
            super().on_header(name, value)
        else:  # all that uvicorn does with any other, and there are several in every request
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body, self._fed = False, True, 0
        self._stop_timer()
        if absolute := _ABSOLUTE.match(self.url):
            # Whom the target names counts, not whom Host names (RFC 9112 §3.2.2).
            self.headers[:] = [(name, value) for name, value in self.headers if name != b"host"]
            self.headers.append((b"host", absolute[1]))
        path = httptools.parse_url(self.url).path
        if path is None:
            raise ValueError("a target without a path")
        version, self.scope["raw_path"] = self.parser.get_http_version(), path
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.cycle = Cycle(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            [],
            asyncio.Event(),
            self.expect_100_continue,
            version != "1.0" and self.parser.should_keep_alive(),
            self.on_response_complete,
        )
        task = self.loop.create_task(self.cycle.run_asgi(self.app), name="request")  # without one it would make one up
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._stop_timer()
        super().on_message_complete()
        # After a large body uvicorn stops reading until the answer is out, and a client that leaves goes unnoticed.
        self.flow.resume_reading()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def send_400_response(self, msg: str) -> None:
        """The parser gave up: a head too large, or bytes that are no HTTP (request smuggling included).

        Pipelining is refused too: who leaves after a second request would go unnoticed, and the first, if it is held,
        would wait on for nobody. No MCP client does that.
        """
        if self._answering and not self._in_body:
            self.transport.close()
            peer = address(self.client)
            self.refused(bytes(self.url[:4096]), 400, "a second request before the first was answered", peer)
        elif self._overgrown:
            self._close_with(431, f"headers of more than {self.limits.head_bytes} bytes")
        else:
            self._close_with(400, "not a valid HTTP request")

    def _outgrown(self) -> NoReturn:
        self._overgrown = True
        raise ValueError("headers too large")  # the parser stops, and `send_400_response` answers

    def _late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._in_head:
            self._close_with(408, f"the headers did not arrive within {self.limits.head_seconds:g} s")
        elif self._in_body and not self.cycle.response_started:
            self._close_with(408, f"the body did not arrive within {self.limits.body_seconds:g} s")
        else:
            self.transport.close()  # it connected and said nothing

    def _close_with(self, status: int, reason: str) -> None:
        self._stop_timer()
        headers = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(reason)}\r\nconnection: close"
        self.transport.write(f"HTTP/1.1 {status} \r\n{headers}\r\n\r\n{reason}".encode("ascii"))
        # To close while bytes are unread resets the connection, and the client might never see why.
        self._lingering = True
        self.transport.write_eof()
        self._timer = self.loop.call_later(1.0, self.transport.close)
        target = bytes(self.url[:4096]) if self.scope is not None else b""
        self.refused(target, status, reason, address(self.client))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _without_upgrade(data: bytes) -> bytes:
    """A request whose head is complete, without its offer to speak something else. We never take it up, but the parser
    would drop the body that comes with it, and some clients (Java's) offer h2c with every request."""
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"", head) + end + rest if end else data


class Server(uvicorn.Server):
    """uvicorn without its hands on the signals, that says when it has begun."""

    def __init__(self, app: Any, limits: Limits, refused: Callable[[bytes, int, str, str], None]) -> None:
        attributes = {"limits": limits, "refused": staticmethod(refused)}
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                http=cast("type[asyncio.Protocol]", type("_BoundProtocol", (_Protocol,), attributes)),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                # Longer than common clients keep idle connections: a close that crosses a POST looks like a failure.
                timeout_keep_alive=90,
            )
        )
        self.on_started: Callable[[], None] = lambda: None
        self.on_stopping: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """In place of uvicorn's own, which waits where there is nothing to wait for, and logs what it cuts off."""
        self.on_stopping()
        for listener in [*self.servers, *(sockets or ())]:
            listener.close()
        state = self.server_state
        for connection in [*state.connections]:
            connection.shutdown()
        with anyio.move_on_after(CLOSING):
            while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn's sets, which nobody announces
                await anyio.sleep(0.01)
        for task in [*state.tasks]:
            task.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
