"""Servers out, behind a URL: one pool of connections per upstream, one exchange per message.

An HTTP client's request goes on as it came: its headers, its session, its GET and DELETE. For a stdio client the link
(`http_link.py`) is an HTTP client of its own. Nothing is retried: a call whose connection broke may have run.

A server that turns out to know only HTTP+SSE, the transport of 2024-11-05, gets links of that kind (`sse_link.py`), and
HTTP's duties towards its clients become ours.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

import anyio
from anyio.abc import TaskGroup

from inspector.core.events import Direction, Event, FrameRejected, UpstreamChanged, UpstreamState
from inspector.core.upstream import UpstreamSpec, UrlSpec, UrlTransport
from inspector.logins import Logins
from inspector.proxy.http_client import HttpClient
from inspector.proxy.http_link import HttpLink
from inspector.proxy.http_server import Ask, Severable
from inspector.proxy.links import ClientSide, Headers, Link, Receiver
from inspector.proxy.login import UpstreamLogin
from inspector.proxy.sse_link import SseLink, begins_with_endpoint
from inspector.wire.jsonrpc import INVALID_REQUEST, Frame

# How a server of the older transport answers the first thing that a client POSTs. A legacy server of the newer one says
# 400 to `server/discover`.
_REFUSED_BY_OLDER = {"initialize": (400, 404, 405), "server/discover": (404, 405)}


@dataclass(frozen=True, slots=True)
class Access:
    """What logging in needs: where logins are kept, how a page is put before the person, and what keeps secrets out of
    the recording."""

    logins: Logins
    browser: Callable[[str], Awaitable[None]]
    hide: Callable[[tuple[str, ...]], None]


class HttpUpstream:
    """A `links.Upstream`. Its exchanges run in `tasks`; `emit` hears of the first success and of each failure.

    `now`: Unix seconds, for the events. `access`: how we may log in there by ourselves; None: we never do.
    """

    has_url = True

    def __init__(
        self,
        spec: UpstreamSpec,
        target: UrlSpec,
        *,
        tasks: TaskGroup,
        emit: Callable[[Event], None],
        now: Callable[[], float],
        access: Access | None = None,
    ) -> None:
        self.name = spec.name
        self.speaks_http = target.transport is not UrlTransport.SSE
        self.settled = target.transport is not UrlTransport.AUTO
        self.url, self.own_headers = _credentials_apart(target)
        self._looks_older = urlsplit(self.url).path.rstrip("/").endswith("/sse")
        self.tasks = tasks
        self._emit = emit
        self._now = now
        self._state: UpstreamState | None = None
        self.http = HttpClient(self.url)
        self.stopped: str | None = None
        self._links: set[Severable] = set()
        self._hide = access.hide if access is not None else _nobody_hides
        self.login: UpstreamLogin | None = None
        if access is not None and not target.has_credential:
            self.login = UpstreamLogin(
                spec.name,
                self.url,
                target.oauth_scope,
                logins=access.logins,
                tasks=tasks,
                notices=self,
                browser=access.browser,
                now=now,
            )

    async def open(self, receiver: Receiver, *, shared: bool, client: ClientSide | None) -> Link:
        borrowed = client.headers if client is not None else ()
        if not self.speaks_http:
            return self.older_link(receiver, borrowed)
        link = HttpLink(self, receiver, borrowed)
        self._links.add(link)
        return link

    def older_link(self, receiver: Receiver, borrowed: Headers) -> Link:
        link = SseLink(self, receiver, borrowed)
        self._links.add(link)
        return link

    def tells(self, frame: Frame | None) -> bool:
        return not self.settled and frame is not None and frame.method in _REFUSED_BY_OLDER

    async def is_older(self, frame: Frame | None, status: int | None, ask: Ask) -> bool:
        """Only a client's first words settle it: by a POST, and when that is refused like that of a place which knows
        no POST, by a GET (MCP 2025-03-26, Transports, Backwards Compatibility)."""
        if frame is None or not self.tells(frame):
            return not self.speaks_http
        if status is None and not self._looks_older:
            return False
        if status is not None and status not in _REFUSED_BY_OLDER[frame.method]:
            self.settled = status < 300
            return False
        if await begins_with_endpoint(ask):
            self.speaks_http, self.settled = False, True
        return not self.speaks_http

    def works(self) -> None:
        """It answered."""
        self._change(UpstreamState.READY, self.url)

    def fails(self, why: str) -> None:
        """It could not be reached."""
        self._change(UpstreamState.FAILED, why)

    def refused(self, why: str) -> None:
        """It answered what is not passed on."""
        self._emit(FrameRejected(self._now(), "", self.name, Direction.FROM_UPSTREAM, INVALID_REQUEST, why, b""))

    def login_wanted(self, where: str) -> None:
        self._change(UpstreamState.LOGIN, where)

    def hide(self, secrets: tuple[str, ...]) -> None:
        self._hide(secrets)

    def forget(self, link: Severable) -> None:
        self._links.discard(link)

    def prepare(self) -> None:
        """There is nothing to start; the first request reaches it."""

    async def stop(self, why: str) -> None:
        self.stopped = why
        self._drop(why)
        self._change(UpstreamState.STOPPED, why)

    def resume(self) -> None:
        if self.stopped is not None:
            self.stopped = None
            self._renew()

    async def restart(self, why: str) -> None:
        """Every connection anew. The sessions of HTTP clients are theirs and the server's; those that we keep for
        stdio clients begin again."""
        self.stopped = None
        self._drop(why)
        self._renew()

    def _renew(self) -> None:
        self._change(UpstreamState.IDLE, self.url)
        for link in self._links:
            link.renew()

    def _drop(self, why: str) -> None:
        for link in self._links:
            link.cut(why)
        self.http.close()
        self.http = HttpClient(self.url)

    async def close(self) -> None:
        if self.login is not None:
            self.login.close()
        async with anyio.create_task_group() as ends:
            for link in [*self._links]:
                ends.start_soon(link.close)
        self.http.close()

    def _change(self, state: UpstreamState, detail: str) -> None:
        if self._state is not state:
            self._state = state
            self._emit(UpstreamChanged(self._now(), self.name, state, detail))


def _nobody_hides(secrets: tuple[str, ...]) -> None:
    """Without a login there are no secrets of ours."""


def _credentials_apart(target: UrlSpec) -> tuple[str, tuple[tuple[str, str], ...]]:
    """`https://user:word@host` as a URL that may be shown, and the header that the rest of it stands for."""
    parts = urlsplit(target.url)
    login, at, place = parts.netloc.rpartition("@")
    if not at:
        return target.url, target.headers
    user, _, word = login.partition(":")
    encoded = base64.b64encode(f"{unquote(user)}:{unquote(word)}".encode()).decode()
    return urlunsplit(parts._replace(netloc=place)), (("authorization", f"Basic {encoded}"), *target.headers)
