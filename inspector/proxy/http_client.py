"""HTTP/1.1 towards one server: connections that are kept, one request on each at a time.

A general client spends a tenth of a millisecond on what is never asked for here (cookies, redirects, proxies, forms,
retries); this one builds a head, and has httptools read the answer. Nothing is sent twice.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import lru_cache, partial
from types import TracebackType
from typing import Final, TypeAlias
from urllib.parse import quote, urlsplit

from inspector.proxy.headers import HEADS_KNOWN
from inspector.proxy.http_response import ClientProtocol, Response
from inspector.proxy.links import Headers

CONNECT_SECONDS: Final = 10.0  # for each of the server's addresses
# Idle connections are given up before common servers close them (5 s): a close that crosses a request cannot be told
# from a call that ran.
IDLE_SECONDS: Final = 4.0


class UnreachableError(OSError):
    """No connection could be made: nothing was sent."""


class HttpClient:
    """Of one URL, http or https, without credentials in it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "https"
        host = parts.hostname or ""
        self._host = host if host.isascii() else host.encode("idna").decode()
        usual = 443 if self._tls else 80
        self._port = parts.port or usual
        self._target = target_of(url)
        name = f"[{self._host}]" if ":" in self._host else self._host
        self._named = (name if self._port == usual else f"{name}:{self._port}").encode()
        self._context: ssl.SSLContext | None = None
        self._idle: list[tuple[float, ClientProtocol]] = []  # the longest idle first
        self._busy: set[ClientProtocol] = set()
        self._sweep: asyncio.TimerHandle | None = None

    def request(self, method: str, headers: Headers, body: bytes = b"", target: bytes | None = None) -> Asking:
        """`async with client.request(…) as response`: leaving the block early closes the connection.

        `headers`: without `host`, `content-length` and what belongs to the connection. `target`: another place of the
        same server's (`target_of`).

        Raises:
            ValueError: a header has a line break in it.
            UnreachableError: no connection could be made.
            DisconnectedError: it broke before the head of the answer was there.
        """
        return Asking(self, self._written(method, headers, body, target))

    def post(self, headers: Headers, body: bytes, heard: Told) -> Sent | None:
        """A POST over a connection that is idle, for who does not wait; None: there is none, and nothing was sent.
        `heard` is never called before this returns. Raises ValueError: see `request`."""
        raw = self._written("POST", headers, body, None)
        protocol = self._idle_one()
        return None if protocol is None else Sent(self, protocol, raw, heard)

    def _written(self, method: str, headers: Headers, body: bytes, target: bytes | None) -> bytes:
        head = _head(method, target or self._target, self._named, headers)
        if body or method == "POST":
            return b"%b\r\ncontent-length: %d\r\n\r\n%b" % (head, len(body), body)
        return head + b"\r\n\r\n"

    def close(self) -> None:
        """Every connection, at once."""
        if self._sweep is not None:
            self._sweep.cancel()
        for _, protocol in self._idle:
            protocol.abort()
        for protocol in [*self._busy]:
            protocol.abort()
        self._idle.clear()

    async def take(self) -> ClientProtocol:
        """A connection that nobody else uses."""
        protocol = self._idle_one()
        if protocol is None:
            protocol = await self._connect()
            self._busy.add(protocol)
        return protocol

    def _idle_one(self) -> ClientProtocol | None:
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            since, protocol = self._idle.pop()
            if since > oldest and not protocol.closed:
                self._busy.add(protocol)
                return protocol
            protocol.abort()
        return None

    def give_back(self, protocol: ClientProtocol) -> None:
        self._busy.discard(protocol)
        if not protocol.reusable:
            protocol.abort()
            return
        loop = asyncio.get_running_loop()
        self._idle.append((loop.time(), protocol))
        if self._sweep is None:
            self._sweep = loop.call_later(IDLE_SECONDS, self._sweep_idle)

    def _sweep_idle(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._idle and (now - self._idle[0][0] >= IDLE_SECONDS or self._idle[0][1].closed):
            self._idle.pop(0)[1].abort()
        if self._idle:
            self._sweep = loop.call_at(self._idle[0][0] + IDLE_SECONDS, self._sweep_idle)

    async def _connect(self) -> ClientProtocol:
        loop = asyncio.get_running_loop()
        if self._tls and self._context is None:
            self._context = ssl.create_default_context()
        try:
            addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UnreachableError(f"{self._host}: {error.strerror or error}") from None
        why = "it has no address"
        for *_, address in addresses:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    _, protocol = await loop.create_connection(
                        ClientProtocol,
                        str(address[0]),
                        self._port,
                        ssl=self._context,
                        server_hostname=self._host if self._tls else None,
                    )
            except TimeoutError:
                why = f"no answer from {address[0]} within {CONNECT_SECONDS:g} s"
            except OSError as error:
                why = str(error)
            else:
                return protocol
        raise UnreachableError(why)


def target_of(url: str) -> bytes:
    """What an HTTP request names of a URL: its path and its query."""
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._") if parts.query else ""
    return (path + query).encode()


@lru_cache(maxsize=HEADS_KNOWN)
def _head(method: str, target: bytes, host: bytes, headers: Headers) -> bytes:
    """But for the length of the body, and without its end. Raises ValueError: see `HttpClient.request`."""
    lines = [b"%b %b HTTP/1.1" % (method.encode(), target), b"host: " + host, *[b"%b: %b" % pair for pair in headers]]
    head = b"\r\n".join(lines)
    if not head.count(b"\n") == head.count(b"\r") == len(lines) - 1 or b"\0" in head:
        raise ValueError("a header with a line break in it")
    return head


class Asking:
    """One request; its context is the time in which the answer can be read."""

    def __init__(self, client: HttpClient, raw: bytes) -> None:
        self._client = client
        self._raw = raw
        self._protocol: ClientProtocol | None = None

    async def __aenter__(self) -> Response:
        self._protocol = protocol = await self._client.take()
        try:
            return await protocol.ask(self._raw)
        except BaseException:  # a cancellation too: the answer would come on a connection that is used again
            self._client.give_back(protocol)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._protocol is not None:
            self._client.give_back(self._protocol)


class Sent:
    """A request under way whose answer nobody waits for: `heard` is told of it, and calls `over` when it has been read,
    which gives the connection back."""

    def __init__(self, client: HttpClient, protocol: ClientProtocol, raw: bytes, heard: Told) -> None:
        self._client = client
        self._protocol = protocol
        self._heard = heard
        protocol.say(raw, partial(heard, self))

    def cancel(self) -> None:
        """Before `heard` was told: it is told now, of nothing."""
        self._protocol.forget()
        self._heard(self, None)

    def over(self) -> None:
        self._client.give_back(self._protocol)


Told: TypeAlias = Callable[[Sent, Response | Exception | None], None]
"""See `http_response.Heard`; None: it was cancelled."""
