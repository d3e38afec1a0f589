"""Hostile requests of the HTTP front: headers, bodies, and bytes that are no HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.wire.jsonrpc import HEADER_MISMATCH

_TEXT = "text/plain;charset=UTF-8"
_CHUNKED = ("transfer-encoding: chunked",)
_ONE = "%X\r\n%J\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Http:
    """A modern `tools/call` of `safe`, changed. None as a header's value takes it away."""

    id: str
    status: int
    error: int | None = None
    reason: str = ""
    headers: tuple[tuple[str, str | None], ...] = ()
    twice: tuple[tuple[str, str], ...] = ()  # headers beside the usual ones
    method: str = "POST"
    path: str | None = None  # "%T" is the token, "%U" the upstream's name
    tool: str = "safe"
    received: bool = False


HTTP = [
    Http("Mcp-Method mismatch", 400, HEADER_MISMATCH, "mcp-method", (("mcp-method", "ping"),)),
    Http("Mcp-Method in capitals", 400, HEADER_MISMATCH, "mcp-method", (("mcp-method", "Tools/Call"),)),
    Http("Mcp-Method with a space inside", 400, HEADER_MISMATCH, "mcp-method", (("mcp-method", "tools/call x"),)),
    Http("Mcp-Method encoded", 400, HEADER_MISMATCH, "mcp-method", (("mcp-method", "tools%2Fcall"),)),
    Http("Mcp-Method empty", 400, HEADER_MISMATCH, "mcp-method", (("mcp-method", ""),)),
    Http("Mcp-Name padded", 200, headers=(("mcp-name", "  safe\t"),), received=True),
    Http("Mcp-Name quoted", 400, HEADER_MISMATCH, "mcp-name", (("mcp-name", '"safe"'),)),
    Http(
        "base64 of base64", 400, HEADER_MISMATCH, "mcp-name", (("mcp-name", "=?base64?PT9iYXNlNjQ/YzJGbVpRPT0/PQ==?="),)
    ),
    Http("an underscore in the method's", 400, HEADER_MISMATCH, "mcp_method", twice=(("MCP_METHOD", "ping"),)),
    Http(
        "a parameter twice", 400, HEADER_MISMATCH, "more than once", twice=(("mcp-param-a", "1"), ("Mcp-Param-A", "1"))
    ),
    Http("another method by a header", 200, twice=(("x-http-method-override", "DELETE"),), received=True),
    Http("no Mcp-Method", 400, HEADER_MISMATCH, "mcp-method", (("mcp-method", None),)),
    Http("Mcp-Method twice", 400, HEADER_MISMATCH, "more than once", twice=(("Mcp-Method", "tools/call"),)),
    Http("no Mcp-Name", 400, HEADER_MISMATCH, "mcp-name", (("mcp-name", None),)),
    Http("Mcp-Name empty", 400, HEADER_MISMATCH, "mcp-name", (("mcp-name", ""),)),
    Http("Mcp-Name in capitals", 400, HEADER_MISMATCH, "mcp-name", (("mcp-name", "SAFE"),)),
    Http("Mcp-Name a list", 400, HEADER_MISMATCH, "mcp-name", (("mcp-name", "safe, delete"),)),
    Http("Mcp-Name twice, the same", 400, HEADER_MISMATCH, "more than once", twice=(("mcp-name", "safe"),)),
    Http("base64 of another name", 400, HEADER_MISMATCH, "mcp-name", (("mcp-name", "=?base64?ZGVsZXRl?="),)),
    Http("broken base64", 400, HEADER_MISMATCH, "mcp-name", (("mcp-name", "=?base64?!!!?="),)),
    Http("base64 of the name", 200, headers=(("mcp-name", "=?base64?c2FmZQ==?="),), received=True),
    Http("version mismatch", 400, HEADER_MISMATCH, "version", (("mcp-protocol-version", "2025-11-25"),)),
    Http("version twice", 400, HEADER_MISMATCH, "more than once", twice=(("mcp-protocol-version", "2026-07-28"),)),
    Http("version unknown", 400, HEADER_MISMATCH, "version", (("mcp-protocol-version", "2099-01-01"),)),
    Http(
        "session twice",
        400,
        HEADER_MISMATCH,
        "more than once",
        twice=(("mcp-session-id", "a"), ("mcp-session-id", "b")),
    ),
    Http("an underscore for a hyphen", 400, HEADER_MISMATCH, "mcp_name", twice=(("mcp_name", "delete"),)),
    Http("Host missing", 421, reason="Host", headers=(("host", None),)),
    Http("Host empty", 421, reason="Host", headers=(("host", ""),)),
    Http("Host twice", 421, reason="Host", twice=(("host", "127.0.0.1"),)),
    Http("Host without the port", 421, reason="Host", headers=(("host", "127.0.0.1"),)),
    Http("Host with another port", 421, reason="Host", headers=(("host", "127.0.0.1:1"),)),
    Http("Host with a leading zero", 421, reason="Host", headers=(("host", "127.0.0.1:0%P"),)),
    Http("Host with a dot behind", 421, reason="Host", headers=(("host", "localhost.:%P"),)),
    Http("Host with a suffix", 421, reason="Host", headers=(("host", "127.0.0.1:%P.evil.example"),)),
    Http("Host with a user", 421, reason="Host", headers=(("host", "x@127.0.0.1:%P"),)),
    Http("Host by another name", 421, reason="Host", headers=(("host", "localhost.evil.example:%P"),)),
    Http("Host a list", 421, reason="Host", headers=(("host", "127.0.0.1:%P, evil.example"),)),
    Http("Host as decimal", 421, reason="Host", headers=(("host", "2130706433:%P"),)),
    Http("Host 0.0.0.0", 421, reason="Host", headers=(("host", "0.0.0.0:%P"),)),
    Http("Host in capitals", 200, headers=(("host", "LOCALHOST:%P"),), received=True),
    Http(
        "X-Forwarded-Host is no Host",
        421,
        reason="Host",
        headers=(("host", "evil.example"),),
        twice=(("x-forwarded-host", "127.0.0.1:%P"),),
    ),
    Http("Origin null", 403, reason="Origin", twice=(("origin", "null"),)),
    Http("Origin empty", 403, reason="Origin", twice=(("origin", ""),)),
    Http("Origin of a site", 403, reason="Origin", twice=(("origin", "https://evil.example"),)),
    Http("Origin with a suffix", 403, reason="Origin", twice=(("origin", "http://127.0.0.1:%P.evil.example"),)),
    Http("Origin with a path", 403, reason="Origin", twice=(("origin", "http://127.0.0.1:%P/"),)),
    Http("Origin of a file", 403, reason="Origin", twice=(("origin", "file://"),)),
    Http("Origin of an extension", 403, reason="Origin", twice=(("origin", "chrome-extension://abc"),)),
    Http("Origin twice", 403, reason="Origin", twice=(("origin", "http://127.0.0.1:%P"), ("origin", "null"))),
    Http("Origin of ours", 200, twice=(("origin", "http://127.0.0.1:%P"),), received=True),
    Http("no token", 401, reason="token", path="/%U/mcp"),
    Http("a wrong token", 401, reason="token", path="/wrong/%U/mcp"),
    Http("an empty token", 401, reason="token", path="//%U/mcp"),
    Http("a token too long", 401, reason="token", path="/%Tx/%U/mcp"),
    Http("a token cut", 401, reason="token", path="/%C/%U/mcp"),
    Http("the token encoded", 401, reason="token", path="/%E/%U/mcp"),
    Http("the token in capitals", 401, reason="token", path="/%B/%U/mcp"),
    Http("the token in the query", 401, reason="token", path="/%U/mcp?token=%T"),
    Http("a bearer", 200, path="/%U/mcp", twice=(("authorization", "Bearer %T"),), received=True),
    Http("a bearer in small letters", 200, path="/%U/mcp", twice=(("authorization", "bearer %T"),), received=True),
    Http("a wrong bearer", 401, reason="token", path="/%U/mcp", twice=(("authorization", "Bearer x"),)),
    Http("another scheme", 401, reason="token", path="/%U/mcp", twice=(("authorization", "Basic %T"),)),
    Http("a bare token", 401, reason="token", path="/%U/mcp", twice=(("authorization", "%T"),)),
    Http(
        "two bearers",
        401,
        reason="token",
        path="/%U/mcp",
        twice=(("authorization", "Bearer %T"), ("authorization", "Bearer x")),
    ),
    Http("a cookie for a token", 401, reason="token", path="/%U/mcp", twice=(("cookie", "token=%T"),)),
    Http("an unknown upstream", 404, reason="no upstream", path="/%T/other/mcp"),
    Http("a slash behind", 404, reason="not found", path="/%T/%U/mcp/"),
    Http("two slashes", 404, reason="not found", path="/%T//%U/mcp"),
    Http("a dot segment", 404, reason="not found", path="/%T/./%U/mcp"),
    Http("an encoded dot", 404, reason="not found", path="/%T/%2e/%U/mcp"),
    Http("a way up", 404, reason="not found", path="/%T/x/../%U/mcp"),
    Http("an encoded slash", 401, reason="token", path="/%T%2f%U/mcp"),
    Http("a NUL encoded", 404, path="/%T/%U%00/mcp"),
    Http("another end", 404, reason="not found", path="/%T/%U/messages"),
    Http("the root", 404, reason="not found", path="/"),
    Http("well-known", 404, reason="not found", path="/.well-known/oauth-protected-resource"),
    Http("GET without a token", 401, reason="token", method="GET", path="/%U/mcp"),
    Http("DELETE without a token", 401, reason="token", method="DELETE", path="/%U/mcp"),
    Http("OPTIONS without a token", 401, reason="token", method="OPTIONS", path="/%U/mcp"),
    Http("PUT without a token", 401, reason="token", method="PUT", path="/%U/mcp"),
    Http("OPTIONS", 405, reason="OPTIONS", method="OPTIONS"),
    Http("PUT", 405, reason="PUT", method="PUT"),
    Http("PATCH", 405, reason="PATCH", method="PATCH"),
    Http("TRACE", 405, reason="TRACE", method="TRACE"),
    Http("a preflight", 403, reason="Origin", method="OPTIONS", twice=(("origin", "https://evil.example"),)),
    Http("no media type", 415, reason="Content-Type", headers=(("content-type", None),)),
    Http("plain text", 415, reason="Content-Type", headers=(("content-type", _TEXT),)),
    Http("a form", 415, reason="Content-Type", headers=(("content-type", "application/x-www-form-urlencoded"),)),
    Http("several parts", 415, reason="Content-Type", headers=(("content-type", "multipart/form-data; boundary=x"),)),
    Http("json-seq", 415, reason="Content-Type", headers=(("content-type", "application/json-seq"),)),
    Http("a suffix of json", 415, reason="Content-Type", headers=(("content-type", "application/vnd.x+json"),)),
    Http("utf-16", 415, reason="Content-Type", headers=(("content-type", "application/json; charset=utf-16"),)),
    Http("latin-1", 415, reason="Content-Type", headers=(("content-type", 'application/json; charset="iso-8859-1"'),)),
    Http(
        "two charsets",
        415,
        reason="Content-Type",
        headers=(("content-type", "application/json; charset=utf-8; charset=utf-16"),),
    ),
    Http("two media types", 415, reason="Content-Type", twice=(("content-type", "text/plain"),)),
    Http(
        "a list of media types", 415, reason="Content-Type", headers=(("content-type", "application/json, text/plain"),)
    ),
    Http(
        "a charset in another's quotes",
        415,
        reason="Content-Type",
        headers=(("content-type", 'application/json; x=";charset=utf-16"'),),
    ),
    Http("a parameter beside", 200, headers=(("content-type", "application/json; x=1"),), received=True),
    Http("utf-7", 415, reason="Content-Type", headers=(("content-type", "application/json; charset=utf-7"),)),
    Http("utf-8 quoted", 200, headers=(("content-type", 'Application/JSON; charset="UTF-8"'),), received=True),
    Http("gzip", 415, reason="encoded", twice=(("content-encoding", "gzip"),)),
    Http("an identity of two", 415, reason="encoded", twice=(("content-encoding", "identity, gzip"),)),
]


@dataclass(frozen=True)
class Wire:
    """The same call as bytes of HTTP: its request line, header lines and body. `%H` is our host, `%L` the length."""

    id: str
    status: int  # 0: closed without an answer
    line: str = "POST %A HTTP/1.1"  # %A: our path
    lines: tuple[str, ...] = ("content-length: %L",)
    without: str = ""  # the name of a header that is left out
    body: str = "%J"  # %J: the message; %X: its length in hexadecimal
    end: str = "\r\n"
    received: bool = False


def _codings(*values: str) -> tuple[str, ...]:
    return tuple(f"transfer-encoding: {value}" for value in values)


WIRE = [
    Wire("as it should be", 200, received=True),
    Wire("in chunks", 200, lines=_CHUNKED, body=_ONE, received=True),
    Wire("chunks with an extension", 200, lines=_CHUNKED, body="%X;a=b\r\n%J\r\n0\r\n\r\n", received=True),
    Wire("our own absolute target", 200, "POST http://%H%A HTTP/1.1", received=True),
    Wire("a foreign absolute target", 421, "POST http://evil.example%A HTTP/1.1"),
    Wire("a foreign absolute target by TLS", 421, "POST https://evil.example:443%A HTTP/1.1"),
    Wire("an absolute target with a user", 421, "POST http://x@%H%A HTTP/1.1"),
    Wire("a target that is an authority", 400, "CONNECT evil.example:443 HTTP/1.1", body=""),
    Wire("a target that is a star", 404, "OPTIONS * HTTP/1.1", lines=(), body=""),
    Wire("HTTP/0.9", 400, "POST %A", lines=(), body=""),
    Wire("HTTP/1.2", 400, "POST %A HTTP/1.2"),
    Wire("HTTP/2 with prior knowledge", 400, "PRI * HTTP/2.0", lines=(), body="SM\r\n\r\n"),
    Wire("a length twice", 400, lines=("content-length: %L", "content-length: %L")),
    Wire("two lengths", 400, lines=("content-length: %L", "content-length: 0")),
    Wire("a list of lengths", 400, lines=("content-length: %L, %L",)),
    Wire("a length with a plus", 400, lines=("content-length: +%L",)),
    Wire("a negative length", 400, lines=("content-length: -1",)),
    Wire("a hexadecimal length", 400, lines=("content-length: 0x10",)),
    Wire("an empty length", 400, lines=("content-length: ",)),
    Wire("a length of 23 digits", 400, lines=("content-length: 99999999999999999999999",)),
    Wire("a length too short", 0, lines=("content-length: 5",)),
    Wire("no length", 0, lines=()),
    Wire("a space before the colon", 400, lines=("content-length : %L",)),
    Wire("length and chunks", 400, lines=("content-length: %L", *_CHUNKED), body=_ONE),
    Wire("chunks and length", 400, lines=(*_CHUNKED, "content-length: %L"), body=_ONE),
    Wire("chunked twice", 400, lines=_codings("chunked", "chunked"), body=_ONE),
    Wire("an unknown coding", 400, lines=_codings("xchunked")),
    Wire("compressed chunks", 400, lines=_codings("gzip, chunked"), body=_ONE),
    Wire("chunked, then another", 400, lines=_codings("chunked, identity"), body=_ONE),
    Wire("another, then chunked", 400, lines=_codings("identity", "chunked"), body=_ONE),
    Wire("identity", 400, lines=_codings("identity")),
    Wire("a chunk of 0x", 400, lines=_CHUNKED, body="0x%X\r\n%J\r\n0\r\n\r\n"),
    Wire("a negative chunk", 400, lines=_CHUNKED, body="-1\r\n%J\r\n0\r\n\r\n"),
    Wire("a chunk without end", 400, lines=_CHUNKED, body="fffffffffffffffff\r\n%J\r\n0\r\n\r\n"),
    Wire("a chunk's length in small digits", 400, lines=_CHUNKED, body="%X \t\x01\r\n%J\r\n0\r\n\r\n"),
    Wire("a chunk too short", 400, lines=_CHUNKED, body="1\r\n%J\r\n0\r\n\r\n"),
    Wire("a trailer that does not end", 413, lines=_CHUNKED, body="%X\r\n%J\r\n0\r\nx-a: " + "a" * (34 << 20)),
    Wire("trailers without number", 431, lines=_CHUNKED, body="%X\r\n%J\r\n0\r\n" + "x-a: b\r\n" * 9_000),
    Wire("an extension that does not end", 413, lines=_CHUNKED, body="%X;a=" + "a" * (34 << 20)),
    Wire("chunks by LF", 400, lines=_CHUNKED, body="%X\n%J\n0\n\n"),
    Wire(
        "the name in a trailer", 400, lines=_CHUNKED, without="mcp-name", body="%X\r\n%J\r\n0\r\nmcp-name: safe\r\n\r\n"
    ),
    Wire("the host in a trailer", 421, lines=_CHUNKED, without="host", body="%X\r\n%J\r\n0\r\nhost: %H\r\n\r\n"),
    Wire(
        "another name in a trailer",
        200,
        lines=_CHUNKED,
        body="%X\r\n%J\r\n0\r\nmcp-name: delete\r\n\r\n",
        received=True,
    ),
    Wire("a credential in a trailer", 200, lines=_CHUNKED, body="%X\r\n%J\r\n0\r\nx-trailer: 1\r\n\r\n", received=True),
    Wire("a folded header", 400, lines=("content-length: %L", "x-a: 1\r\n mcp-name: delete")),
    Wire("a CR in a header", 400, lines=("content-length: %L", "x-a: 1\rmcp-name: delete")),
    Wire("a LF in a header", 400, lines=("content-length: %L", "x-a: 1\nmcp-name: delete")),
    Wire("a NUL in a header", 400, lines=("content-length: %L", "x-a: 1\0")),
    Wire("a header without a name", 400, lines=("content-length: %L", ": 1")),
    Wire("a header without a colon", 400, lines=("content-length: %L", "x-a")),
    Wire("a space in a name", 400, lines=("content-length: %L", "mcp name: delete")),
    Wire("lines by LF", 400, end="\n"),
    Wire("a method in small letters", 400, "post %A HTTP/1.1"),
    Wire("an unknown method", 400, "TOOLS %A HTTP/1.1"),
    Wire("tabs in the request line", 400, "POST\t%A\tHTTP/1.1"),
    Wire("a backslash for a target", 400, "POST \\\\evil%A HTTP/1.1"),
    Wire("bytes beyond ASCII in the target", 400, "POST %A\xe4 HTTP/1.1"),
    Wire("a query", 200, "POST %A?name=delete HTTP/1.1", received=True),
    Wire("100-continue", 200, lines=("content-length: %L", "expect: 100-continue"), received=True),
    Wire(
        "an offer of WebSocket",
        200,
        lines=("content-length: %L", "connection: upgrade", "upgrade: websocket"),
        received=True,
    ),
    Wire("a routing header hidden by Connection", 400, lines=("content-length: %L", "connection: mcp-name")),
    Wire("a header of 70 kB", 431, lines=("content-length: %L", "x-a: " + "a" * 70_000)),
    Wire("9000 headers", 431, lines=("content-length: %L", *["x-a: b"] * 9_000)),
    Wire("a target of 70 kB", 431, "POST %A?" + "a" * 70_000 + " HTTP/1.1"),
]
