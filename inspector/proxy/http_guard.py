"""Who may come in over HTTP, and with what: a ladder of checks over one request's head, without any IO.

The rungs stand in the order in which they are tried, the first that fails answers: Host (421, DNS rebinding), Origin
(403, other local web pages), path and token (404, 401), method (405), media type (415), size (413). Then, with the body
read, the routing headers, which must be there once and say what the body says (400, -32020), since anything between us
and the server may route by them (MCP specification 2026-07-28, Streamable HTTP).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from inspector.core.call import Era
from inspector.core.fact import fact
from inspector.core.json import Json
from inspector.proxy.headers import HEADS_KNOWN
from inspector.proxy.links import Headers, HttpRequest
from inspector.wire.jsonrpc import HEADER_MISMATCH, INVALID_REQUEST, Frame, Kind
from inspector.wire.mcp import PROTOCOL_VERSION_META, era_of

METHODS = ("POST", "GET", "DELETE")
ALLOW: Headers = ((b"allow", b"POST, GET, DELETE"),)
HANDSHAKE_VERSIONS = frozenset({b"2024-11-05", b"2025-03-26", b"2025-06-18", b"2025-11-25"})

_VERSION, _METHOD, _NAME = b"mcp-protocol-version", b"mcp-method", b"mcp-name"
_ONCE = frozenset({_VERSION, _METHOD, _NAME, b"mcp-session-id"})
_ENCODED = "=?"  # begins a header value that stands for another text; any other is the text itself
_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ALSO_NAMED_BY = dict.fromkeys(
    ("tasks/get", "tasks/result", "tasks/update", "tasks/cancel"), "taskId"
)  # may be left out
_MASKED = frozenset({b"authorization", b"cookie", b"proxy-authorization"})
_NOT_FORWARDED = frozenset(
    {
        b"host",
        b"content-length",
        b"connection",
        b"keep-alive",
        b"transfer-encoding",
        b"te",
        b"trailer",
        b"upgrade",
        b"http2-settings",
        b"expect",
        b"cookie",
    }
)
# `application/json`, and its parameters (RFC 9110 §5.6.6), but none that reads otherwise to who splits at semicolons.
# Possessive, so that no value takes longer than its length.
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PARAMETER = rb"[ \t]*+;[ \t]*+(?:(%b)[ \t]*+=[ \t]*+(%b|\"[^\";\\]*+\"))?+" % (_TOKEN, _TOKEN)
_PARAMETERS = re.compile(_PARAMETER)
_JSON = re.compile(rb"[ \t]*application/json((?:%b)*+)[ \t]*" % _PARAMETER, re.IGNORECASE)


@fact(frozen=True, slots=True)
class Head:
    """The first part of a request: names lower-cased, the path as it was sent, without the query."""

    method: str
    path: bytes
    headers: Headers


@fact(frozen=True, slots=True)
class Door:
    """What is let in. `hosts` and `origins` are lower-case; `tokens` maps a credential to its grant."""

    hosts: frozenset[bytes]
    origins: frozenset[bytes]
    foreign_origins: frozenset[bytes]  # other people's pages, allowed by name: their Origin goes on to the server
    tokens: Mapping[str, str]
    upstreams: Callable[[], tuple[str, ...]]
    max_body: int


@fact(frozen=True, slots=True)
class Admitted:
    grant: str
    upstream: str
    http: HttpRequest  # fit to be forwarded: without our token, cookies, proxy and hop-by-hop headers
    version: bytes | None  # MCP-Protocol-Version
    session: str | None  # Mcp-Session-Id


@fact(frozen=True, slots=True)
class Refused:
    """`code` and `data` are of the JSON-RPC error in the answer's body."""

    status: int
    reason: str
    code: int = INVALID_REQUEST
    headers: Headers = ()
    data: Json = None


def make_door(
    host: str,
    port: int,
    *,
    tokens: Mapping[str, str],
    upstreams: Callable[[], tuple[str, ...]],
    max_body: int,
    allow_hosts: tuple[str, ...] = (),
    allow_origins: tuple[str, ...] = (),
) -> Door:
    """A door for a listener at `host`:`port`. An allowed host without a port is good with ours and with none."""
    names = {"127.0.0.1", "localhost", "[::1]", *((host,) if host not in {"0.0.0.0", "::", "::1"} else ())}  # noqa: S104
    hosts = {f"{name}:{port}" for name in names} | ({*names} if port == 80 else set())
    for allowed in allow_hosts:
        with_port = re.search(r":\d+$", allowed) and not allowed.endswith("]")
        hosts |= {allowed} if with_port else {allowed, f"{allowed}:{port}"}
    lowered = frozenset(h.lower().encode("latin-1", "replace") for h in hosts)
    return Door(
        hosts=lowered,
        origins=frozenset(scheme + h for scheme in (b"http://", b"https://") for h in lowered),
        foreign_origins=frozenset(o.rstrip("/").lower().encode("latin-1", "replace") for o in allow_origins),
        tokens=tokens,
        upstreams=upstreams,
        max_body=max_body,
    )


def admit(head: Head, door: Door) -> Admitted | Refused:
    """The whole ladder for a request's head."""
    fields = _Fields(head.headers)
    if refused := _host(fields, door) or _origin(fields, door):
        return refused
    entry = _endpoint(head.path, fields, door)
    if isinstance(entry, Refused):
        return entry
    if head.method not in METHODS:
        return Refused(405, f"{head.method} is not served here", headers=ALLOW)
    if refused := (_media(fields) if head.method == "POST" else None) or _size(head.headers, door):
        return refused
    session = fields.first.get(b"mcp-session-id")
    return Admitted(
        grant=entry.grant,
        upstream=entry.upstream,
        http=HttpRequest(head.method, _forwarded(head.headers, fields, door)),
        version=fields.first.get(_VERSION),
        session=session.decode("latin-1") if session is not None else None,
    )


def doorkeeper(door: Door) -> Callable[[Head], Admitted | Refused]:
    """`admit` at one door, who knows the heads that came lately: those of a client differ in the length of the body,
    which alone is looked at again, until a token or an upstream comes or goes."""

    @lru_cache(maxsize=HEADS_KNOWN)
    def known(
        method: str, path: bytes, headers: Headers, tokens: tuple[tuple[str, str], ...], upstreams: tuple[str, ...]
    ) -> Admitted | Refused:
        return admit(Head(method, path, headers), replace(door, tokens=dict(tokens), upstreams=lambda: upstreams))

    def admitted(head: Head) -> Admitted | Refused:
        headers = tuple([pair for pair in head.headers if pair[0] != b"content-length"])
        found = known(head.method, head.path, headers, tuple(door.tokens.items()), door.upstreams())
        return (_size(head.headers, door) or found) if isinstance(found, Admitted) else found

    return admitted


class _Fields:
    """A request's headers by name."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self.first = dict(reversed(headers))
        self._is_single = len(self.first) == len(headers)  # none of them stands twice, as it is with nearly all

    def all(self, name: bytes) -> list[bytes]:
        if self._is_single:
            value = self.first.get(name)
            return [] if value is None else [value]
        return [value for other, value in self._headers if other == name]


def is_named_here(head: Head, door: Door) -> bool:
    """Does exactly one Host say one of our names?"""
    hosts = [value for name, value in head.headers if name == b"host"]
    return len(hosts) == 1 and hosts[0].lower() in door.hosts


def _host(fields: _Fields, door: Door) -> Refused | None:
    match fields.all(b"host"):
        case [host] if host.lower() in door.hosts:
            return None
        case [host]:
            return Refused(421, f"Host {host[:80].decode('latin-1')!r} is not served here; --allow-host admits it")
    return Refused(421, "exactly one Host header is needed")


def _origin(fields: _Fields, door: Door) -> Refused | None:
    if b"origin" not in fields.first:
        return None
    match fields.all(b"origin"):
        case [origin] if origin.lower() in door.origins or origin.lower() in door.foreign_origins:
            return None
        case [origin, *_]:
            return Refused(403, f"Origin {origin[:80].decode('latin-1')!r} is not admitted; --allow-origin admits it")
    return None


@fact(frozen=True, slots=True)
class _Entry:
    grant: str
    upstream: str


def _endpoint(path: bytes, fields: _Fields, door: Door) -> _Entry | Refused:
    """`/<token>/<upstream>/mcp`, `/<token>/mcp` while there is one upstream, or `/<upstream>/mcp` with a bearer token.

    Everything else is 404, `/.well-known` included: with a 401 there, clients would begin an OAuth flow.
    """
    upstreams = door.upstreams()
    match path.split(b"/"):
        case [b"", b".well-known", *_]:
            return Refused(404, "not found")
        case [b"", token, upstream, b"mcp"]:
            grant = _grant(token, door)
        case [b"", first, b"mcp"]:
            grant = _grant(first, door)
            upstream = upstreams[0].encode() if len(upstreams) == 1 else b""
            if grant is None:
                grant, upstream = _grant(_bearer(fields), door), first
        case _:
            return Refused(404, "not found")
    if grant is None:
        return Refused(401, "the token is missing or wrong", headers=((b"www-authenticate", b"Bearer"),))
    name = upstream.decode("latin-1")
    if name not in upstreams:
        return Refused(404, f"no upstream {name[:40]!r} here; there is {', '.join(upstreams) or 'none'}")
    return _Entry(grant, name)


def _bearer(fields: _Fields) -> bytes:
    match fields.all(b"authorization"):
        case [value] if value[:7].lower() == b"bearer ":
            return value[7:].strip()
    return b""


def _grant(presented: bytes, door: Door) -> str | None:
    """The grant of a credential; every token is compared, each in constant time, so that timing tells nothing."""
    found: str | None = None
    for token in door.tokens:
        if hmac.compare_digest(token.encode(), presented):
            found = token
    return door.tokens[found] if presented and found is not None else None


def _media(fields: _Fields) -> Refused | None:
    match fields.all(b"content-type"):
        case [value] if value == b"application/json" or _is_json(value):
            encoded = [v for v in fields.all(b"content-encoding") if v.lower() != b"identity"]
            return Refused(415, "an encoded body is not accepted") if encoded else None
    return Refused(415, "Content-Type must be application/json, in UTF-8")


def _is_json(value: bytes) -> bool:
    """`application/json` with no charset but UTF-8."""
    found = _JSON.fullmatch(value)
    if found is None:
        return False
    parameters = _PARAMETERS.findall(found[1])
    charsets = [value.strip(b'"').lower() for name, value in parameters if name.lower() == b"charset"]
    return charsets in ([], [b"utf-8"], [b"utf8"])


def _size(headers: Headers, door: Door) -> Refused | None:
    match [value for name, value in headers if name == b"content-length"]:
        case [length] if length.isdigit() and int(length) > door.max_body:
            return too_large(door.max_body)
    return None


def too_large(limit: int) -> Refused:
    return Refused(413, f"a body of more than {limit} bytes")


def _forwarded(headers: Headers, fields: _Fields, door: Door) -> Headers:
    """What may leave: an Authorization header goes on unless it was ours; our own Origin would mean nothing there."""
    said = b"\n".join([value for _, value in headers])
    tokens = [token for text in door.tokens if (token := text.encode()) in said]
    named = {part.strip().lower() for value in fields.all(b"connection") for part in value.split(b",")}
    return tuple(
        [
            (name, value)
            for name, value in headers
            if name not in _NOT_FORWARDED
            and name not in named
            and not name.startswith(b"proxy-")
            and not (tokens and any(token in value for token in tokens))
            and not (name == b"origin" and value.lower() in door.origins)
        ]
    )


@lru_cache(maxsize=HEADS_KNOWN)
def ambiguous(headers: Headers) -> str | None:
    """What two readers of these headers could disagree about: one of two copies, or a name with an underscore, which
    some servers (CGI, WSGI) take for the one with a hyphen. None: nothing."""
    seen: set[bytes] = set()
    for name, _ in headers:
        if name in _ONCE or name.startswith(b"mcp-param-"):
            if name in seen:
                return f"{name.decode('latin-1')} stands more than once"
            seen.add(name)
        elif name.find(b"_") >= 0 and name.replace(b"_", b"-").startswith(b"mcp-"):
            return f"{name[:80].decode('latin-1')} looks like another header to some servers"
    return None


def is_modern(frame: Frame | None, version: bytes | None) -> bool:
    """Of the stateless era by its header or its body. An unknown version counts as modern, whose rules refuse it."""
    by_header = version is not None and version not in HANDSHAKE_VERSIONS
    return by_header or (frame is not None and era_of(frame) is Era.MODERN)


def misrouted(frame: Frame, headers: Headers, *, modern: bool, decode: Callable[[str], str | None]) -> Refused | None:
    """Do the routing headers say what the body says? In the modern era a request must have them.

    `decode` turns a header value into the text that it stands for (base64 form included), None when it is malformed.
    """
    if why := ambiguous(headers):
        return Refused(400, why, HEADER_MISMATCH)
    values = dict(headers)
    required = modern and frame.kind is Kind.REQUEST
    meta = frame.params.get("_meta")
    key = _NAMED_BY.get(frame.method) or (_ALSO_NAMED_BY.get(frame.method) if _NAME in values else None)
    stated: tuple[tuple[bytes, object], ...] = (
        (_VERSION, meta.get(PROTOCOL_VERSION_META) if isinstance(meta, dict) and modern else None),
        (_METHOD, frame.method or None),
        (_NAME, frame.params.get(key) if key else None),
    )
    for name_, said in stated:
        value = values.get(name_)
        if said is None or (value is None and not required):
            continue
        text = value.decode("latin-1") if value is not None else None
        if text is None or (decode(text) if name_ == _NAME and text.startswith(_ENCODED) else text) != said:
            return Refused(400, f"{name_.decode()} does not say what the body says", HEADER_MISMATCH)
    return None


def accepts(headers: Headers, media: str) -> bool:
    """Would the client take this media type? No Accept header means that it takes anything."""
    stated = [value.decode("latin-1") for name, value in headers if name == b"accept"]
    if not stated:
        return True
    ranges = {part.split(";")[0].strip().lower() for value in stated for part in value.split(",")}
    return bool(ranges & {media, media.split("/", maxsplit=1)[0] + "/*", "*/*"})


def record_of(head: Head, tokens: Mapping[str, str], limit: int = 4096) -> bytes:
    """A refused request as it may be kept: our tokens and everybody's credentials masked."""
    lines = [head.method.encode() + b" " + head.path]
    lines += [name + b": " + (b"***" if name in _MASKED else value) for name, value in head.headers]
    text = b"\r\n".join(lines)[: limit * 4]
    for token in tokens:
        text = text.replace(token.encode(), b"<token>")
    return text[:limit]
