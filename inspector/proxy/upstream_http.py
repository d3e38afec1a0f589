"""Servers out, over Streamable HTTP: one pool of connections per upstream, one exchange per message.

An HTTP client's request goes on as it came: its headers, its session, its GET and DELETE. For a stdio client the link
(`http_link.py`) is an HTTP client of its own. Nothing is retried: a call whose connection broke may have run.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import unquote, urlsplit, urlunsplit

import anyio
from anyio.abc import TaskGroup

from inspector.core.events import Direction, Event, FrameRejected, UpstreamChanged, UpstreamState
from inspector.core.upstream import UpstreamSpec, UrlSpec
from inspector.proxy.http_client import HttpClient
from inspector.proxy.http_link import HttpLink
from inspector.proxy.links import ClientSide, Receiver
from inspector.wire.jsonrpc import INVALID_REQUEST


class HttpUpstream:
    """A `links.Upstream`. Its exchanges run in `tasks`; `emit` hears of the first success and of each failure.

    `now`: Unix seconds, for the events.
    """

    speaks_http = True

    def __init__(
        self,
        spec: UpstreamSpec,
        target: UrlSpec,
        *,
        tasks: TaskGroup,
        emit: Callable[[Event], None],
        now: Callable[[], float],
    ) -> None:
        self.name = spec.name
        self.url, self.own_headers = _credentials_apart(target)
        self.tasks = tasks
        self._emit = emit
        self._now = now
        self._state: UpstreamState | None = None
        self.http = HttpClient(self.url)
        self._links: set[HttpLink] = set()

    async def open(self, receiver: Receiver, *, shared: bool, client: ClientSide | None) -> HttpLink:
        link = HttpLink(self, receiver, client.headers if client is not None else ())
        self._links.add(link)
        return link

    def works(self) -> None:
        """It answered."""
        self._change(UpstreamState.READY, self.url)

    def fails(self, why: str) -> None:
        """It could not be reached."""
        self._change(UpstreamState.FAILED, why)

    def refused(self, why: str) -> None:
        """It answered what is not passed on."""
        self._emit(FrameRejected(self._now(), "", self.name, Direction.FROM_UPSTREAM, INVALID_REQUEST, why, b""))

    def forget(self, link: HttpLink) -> None:
        self._links.discard(link)

    async def close(self) -> None:
        async with anyio.create_task_group() as ends:
            for link in [*self._links]:
                ends.start_soon(link.close)
        self.http.close()

    def _change(self, state: UpstreamState, detail: str) -> None:
        if self._state is not state:
            self._state = state
            self._emit(UpstreamChanged(self._now(), self.name, state, detail))


def _credentials_apart(target: UrlSpec) -> tuple[str, tuple[tuple[str, str], ...]]:
    """`https://user:word@host` as a URL that may be shown, and the header that the rest of it stands for."""
    parts = urlsplit(target.url)
    login, at, place = parts.netloc.rpartition("@")
    if not at:
        return target.url, target.headers
    user, _, word = login.partition(":")
    encoded = base64.b64encode(f"{unquote(user)}:{unquote(word)}".encode()).decode()
    return urlunsplit(parts._replace(netloc=place)), (("authorization", f"Basic {encoded}"), *target.headers)
