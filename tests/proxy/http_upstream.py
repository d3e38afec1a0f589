"""A scripted HTTP server: a test says what it answers, and reads what it was sent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio

Scope: TypeAlias = MutableMapping[str, Any]
Handler: TypeAlias = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request and the means to answer it."""

    method: str
    headers: dict[str, str]
    body: bytes
    receive: Any
    send: Any
    left: bool = False  # the client closed it before it was answered

    @property
    def message(self) -> dict[str, Any]:
        return dict(json.loads(self.body)) if self.body else {}

    async def answer(self, status: int, body: Any = b"", **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"content-type": "application/json", "content-length": str(len(raw)), **headers}
        await self.begin(status, **named)
        await self.send({"type": "http.response.body", "body": raw})

    async def result(self, result: Any = None, **headers: str) -> None:
        await self.answer(200, {"jsonrpc": "2.0", "id": self.message["id"], "result": result or {}}, **headers)

    async def begin(self, status: int = 200, **headers: str) -> None:
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": pairs})

    async def stream(self, **headers: str) -> None:
        await self.begin(200, content_type="text/event-stream", **headers)

    async def write(self, text: str, *, last: bool = False) -> None:
        await self.send({"type": "http.response.body", "body": text.encode(), "more_body": not last})

    async def say(self, message: Any, *fields: str, last: bool = False) -> None:
        lines = [*fields, f"data: {json.dumps({'jsonrpc': '2.0', **message})}"]
        await self.write("\r\n".join(lines) + "\r\n\r\n", last=last)

    async def until_left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.left = True


@dataclass
class Script:
    """The ASGI application: `handle` answers, `seen` remembers."""

    handle: Handler
    seen: list[Exchange] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        exchange = Exchange(scope["method"], headers, body, receive, send)
        self.seen.append(exchange)
        await self.handle(exchange)

    def of(self, method: str) -> list[Exchange]:
        """Those of an HTTP method, or of a JSON-RPC one."""
        return [e for e in self.seen if method in (e.method, e.message.get("method"))]

    async def arrived(self, method: str, count: int = 1) -> Exchange:
        with anyio.fail_after(20):
            while len(self.of(method)) < count:
                await anyio.sleep(0.005)
        return self.of(method)[count - 1]


async def session(exchange: Exchange) -> None:
    """A legacy server with sessions, without a GET stream: enough for a handshake."""
    match exchange.method, exchange.message.get("method"):
        case "POST", "initialize":
            version = exchange.message["params"]["protocolVersion"]
            await exchange.result({"protocolVersion": version, "capabilities": {}}, mcp_session_id="their-session")
        case "POST", _ if "id" in exchange.message and "method" in exchange.message:
            await exchange.result({"content": [{"type": "text", "text": "done"}]})
        case "POST", _:
            await exchange.answer(202)
        case "DELETE", _:
            await exchange.answer(200)
        case _:
            await exchange.answer(405, allow="POST")
