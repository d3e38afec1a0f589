"""HTTP headers towards an upstream and back."""

from __future__ import annotations

from collections.abc import Iterable

from multidict import CIMultiDict

from inspector.proxy.links import Headers

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


def request_headers(client: Headers, own: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    """A client's headers with ours in place of theirs of the same name (of two Authorizations, one would win by luck).

    The answer must come in plain text: it is read here, and the client's compression is not ours.
    """
    headers: CIMultiDict[str] = CIMultiDict((_text(name), _text(value)) for name, value in client)
    for name, value in own:
        headers[name] = value
    headers["accept-encoding"] = "identity"
    return headers


def response_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """An upstream's headers as they may be passed on."""
    return tuple((lower, value) for name, value in raw if (lower := name.lower()) not in _NOT_RETURNED)


def replace_params(headers: CIMultiDict[str], params: dict[str, str]) -> None:
    """Put `Mcp-Param-*` headers made from edited arguments in place of the client's."""
    for name in [name for name in headers if name.lower().startswith("mcp-param-")]:
        headers.popall(name, None)
    headers.update(params)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
