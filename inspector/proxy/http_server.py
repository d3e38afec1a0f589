"""A server behind a URL, as its links see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from anyio.abc import TaskGroup

from inspector.proxy.http_client import Asking
from inspector.proxy.links import Headers, Link, Receiver
from inspector.proxy.voice import LoggedIn, Speaker
from inspector.wire.jsonrpc import Frame

Ask: TypeAlias = Callable[[str, Mapping[str, str]], Asking | LoggedIn]
"""A request as this link makes them: `(method, headers)`."""


class Severable(Link, Protocol):
    """A link that a person may cut, and begin anew."""

    def cut(self, why: str) -> None: ...

    def renew(self) -> None: ...


class Server(Speaker, Protocol):
    """The upstream, as its links see it."""

    url: str
    own_headers: tuple[tuple[str, str], ...]
    tasks: TaskGroup
    stopped: str | None

    def works(self) -> None: ...

    def fails(self, why: str) -> None: ...

    def refused(self, why: str) -> None: ...

    def forget(self, link: Severable) -> None: ...


class Undecided(Server, Protocol):
    """One that may turn out to know only the transport that was there before."""

    settled: bool  # which of both it is, is known
    speaks_http: bool

    def tells(self, frame: Frame | None) -> bool:
        """Is this a message whose answer may settle it?"""
        ...

    async def is_older(self, frame: Frame | None, status: int | None, ask: Ask) -> bool:
        """Is this the moment to find out, and does it? `status`: how it answered `frame`; None: before it is asked."""
        ...

    def older_link(self, receiver: Receiver, borrowed: Headers) -> Link: ...
