"""Web pages that `--allow-origin` admits by name: what their browsers must be told before they may call us and read us.

A page of another origin may send JSON only after a preflight, and read an answer only when it names the page's origin
(Fetch standard §3.2). Everybody else gets none of it: the preflight of a foreign page is 403 like its call. Cookies are
never asked for, so that a page has to bring its token itself.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, Final

from inspector.proxy.http_guard import METHODS, Door, Head, is_named_here
from inspector.proxy.http_route import Answer, Send
from inspector.proxy.links import Headers

# What MCP's clients send. Others (a page's own) stay out: nothing behind us is there to read them.
_REQUEST_HEADERS: Final = frozenset(
    {
        b"accept",
        b"authorization",
        b"content-type",
        b"last-event-id",
        b"mcp-method",
        b"mcp-name",
        b"mcp-protocol-version",
        b"mcp-session-id",
    }
)
_PARAMETER: Final = re.compile(rb"mcp-param-[a-z0-9-]+")
_READABLE: Final = b"Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate"
_SECONDS: Final = b"600"  # for which a browser may remember the answer


def _origin(head: Head, door: Door) -> bytes | None:
    """The one Origin of the request, when it is another's page that was allowed by name, and Host is ours."""
    origins = [value for name, value in head.headers if name == b"origin"]
    admitted = len(origins) == 1 and origins[0].lower() in door.foreign_origins and is_named_here(head, door)
    return origins[0] if admitted else None


def preflight(head: Head, door: Door) -> Answer | None:
    """The answer to a browser's question whether its page may call; None when this is no such question.

    It comes without credentials by definition, so that it says nothing of tokens or upstreams.
    """
    if head.method != "OPTIONS":
        return None
    asked, origin = dict(head.headers), _origin(head, door)
    wanted = asked.get(b"access-control-request-method")
    if wanted is None or origin is None or not head.path.endswith(b"/mcp"):
        return None
    headers = [*_shared_with(origin), (b"access-control-max-age", _SECONDS)]
    if wanted.decode("latin-1") in METHODS:
        headers.append((b"access-control-allow-methods", ", ".join(METHODS).encode()))
    names = {name.strip().lower() for name in asked.get(b"access-control-request-headers", b"").split(b",")}
    if granted := sorted(name for name in names if name in _REQUEST_HEADERS or _PARAMETER.fullmatch(name)):
        headers.append((b"access-control-allow-headers", b", ".join(granted)))
    if asked.get(b"access-control-request-private-network") == b"true":
        headers.append((b"access-control-allow-private-network", b"true"))
    return Answer(204, tuple(headers))


def readable(send: Send, head: Head, door: Door) -> Send:
    """`send`, whose answers an admitted page of another origin may read. A server behind us does not decide that: what
    it says of it is left out."""
    origin = _origin(head, door)
    if origin is None:
        return send
    ours: Headers = (*_shared_with(origin), (b"access-control-expose-headers", _READABLE))

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [pair for pair in message["headers"] if not pair[0].startswith(b"access-control-")]
            message = {**message, "headers": [*own, *ours]}
        await send(message)

    return sending


def _shared_with(origin: bytes) -> Headers:
    return (b"access-control-allow-origin", origin), (b"vary", b"Origin")
