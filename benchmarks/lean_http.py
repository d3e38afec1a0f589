"""The leanest MCP server there is over HTTP: one tool, `echo`. `python -m benchmarks.lean_http`; its port on stderr."""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvicorn

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "lean", "version": "1"},
}
DISCOVER = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "public"}
ECHO = {
    "name": "echo",
    "description": "Says it again.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}

Message = dict[str, Any]


def answer(message: Message) -> bytes | None:
    """The response to a request; None for what needs none."""
    if "id" not in message or "method" not in message:
        return None
    params = message.get("params") or {}
    modern = "io.modelcontextprotocol/protocolVersion" in (params.get("_meta") or {})
    result: Message
    match message["method"]:
        case "tools/call":
            result = {"content": [{"type": "text", "text": params["arguments"]["text"]}], "isError": False}
        case "initialize":
            result = dict(INITIALIZE)
        case "server/discover":
            result = dict(DISCOVER)
        case "tools/list":
            result = {"tools": [ECHO]} | ({"ttlMs": 0, "cacheScope": "public"} if modern else {})
        case "ping":
            result = {}
        case method:
            error = {"code": -32601, "message": f"method not found: {method}"}
            return orjson.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error})
    if modern:
        result["resultType"] = "complete"
    return orjson.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})


Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Raw ASGI: POST is answered with JSON, everything else with 405."""
    body, more = b"", scope["method"] == "POST"
    while more:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    status, out, headers = 405, b"", []
    if body:
        message = orjson.loads(body)
        said = answer(message)
        status, out = (202, b"") if said is None else (200, said)
        if said is not None:
            headers.append((b"content-type", b"application/json"))
        if message.get("method") == "initialize":
            headers.append((b"mcp-session-id", b"lean-session"))
    headers.append((b"content-length", b"%d" % len(out)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": out})


def serve() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on {listener.getsockname()[1]}", file=sys.stderr, flush=True)
    config = uvicorn.Config(app, log_level="error", access_log=False, loop="uvloop", http="httptools", lifespan="off")
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    serve()
