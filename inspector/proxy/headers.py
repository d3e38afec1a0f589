"""HTTP headers towards an upstream and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from inspector.proxy.links import Headers

HEADS_KNOWN: Final = 64
"""Most messages of a client have the very headers of the one before them: what is made of those is kept for a while."""

_NOT_RETURNED = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"transfer-encoding",
        b"content-length",
        b"content-encoding",  # the body is decoded by then
        b"trailer",
        b"upgrade",
        b"set-cookie",  # a cookie for 127.0.0.1 would reach every port of this machine
        b"alt-svc",  # leads around us
        b"location",  # likewise
    }
)


@lru_cache(maxsize=HEADS_KNOWN)
def request_headers(client: Headers, own: tuple[tuple[str, str], ...]) -> Headers:
    """A client's headers with ours in place of theirs of the same name (of two Authorizations, one would win by luck).

    The answer must come in plain text: it is read here, and the client's compression is not ours.
    """
    ours = {name.lower().encode(): value.encode() for name, value in own}
    ours[b"accept-encoding"] = b"identity"
    return (*[pair for pair in client if pair[0] not in ours], *ours.items())


def response_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """An upstream's headers as they may be passed on; names are lower-case already."""
    return tuple([pair for pair in raw if pair[0] not in _NOT_RETURNED])


def replace_params(headers: Headers, params: Mapping[str, str]) -> Headers:
    """With `Mcp-Param-*` headers made from edited arguments in place of the client's."""
    kept = [pair for pair in headers if not pair[0].startswith(b"mcp-param-")]
    return (*kept, *[(name.lower().encode(), value.encode()) for name, value in params.items()])
