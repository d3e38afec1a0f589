"""A real MCP server on the official SDK, for tests of every way through.

    python tests/servers/sdk_server.py stdio
    python tests/servers/sdk_server.py http PORT [json]     (PORT 0: any; `listening on PORT` goes to stderr)
    python tests/servers/sdk_server.py sse PORT             HTTP+SSE of 2024-11-05, at /sse

`$SERVER_LOG`: each `tools/call` that reaches it is appended there as one JSON line `{"name": …, "arguments": …}`
before the tool runs; a call that was cancelled while it ran adds `{"cancelled": name}`.
What needs the client (ask, sample, roots) is pushed to a legacy client; a modern one gets an `input_required` result.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)
from mcp.types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel

warnings.simplefilter("ignore", MCPDeprecationWarning)  # legacy clients still need what it warns of

CALLS: list[dict[str, Any]] = []


def record(line: dict[str, Any]) -> None:
    CALLS.append(line)
    if path := os.environ.get("SERVER_LOG"):
        with Path(path).open("a") as log:
            log.write(json.dumps(line) + "\n")


async def recording(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    if ctx.method != "tools/call":
        return await call_next(ctx)
    params: dict[str, Any] = dict(ctx.params or {})
    record({"name": params.get("name"), "arguments": params.get("arguments")})
    try:
        return await call_next(ctx)
    except anyio.get_cancelled_exc_class():
        record({"cancelled": params.get("name")})
        raise


server = MCPServer(
    "sdk-server", instructions="Tools to test a proxy with.", version="1.0", log_level="ERROR", middleware=[recording]
)


def modern(ctx: Context) -> bool:
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS


class Answer(BaseModel):
    ok: bool


@server.tool()
async def echo(text: str) -> str:
    return text


@server.tool()
async def add(a: int, b: int) -> int:
    return a + b


@server.tool()
async def slow(ctx: Context, seconds: float = 0.2, steps: int = 4) -> str:
    for step in range(steps):
        await anyio.sleep(seconds / steps)
        await ctx.report_progress(step + 1, steps, f"step {step + 1}")
    return "slow done"


@server.tool()
async def ask(ctx: Context, question: str = "sure?") -> str | InputRequiredResult:
    """The person's answer, as `accept {"ok": true}`."""
    if not modern(ctx):
        pushed = await ctx.elicit(question, Answer)
        return f"{pushed.action} {getattr(pushed, 'data', None)}"
    if ctx.input_responses:
        return f"{ctx.input_responses['answer'].action} state={ctx.request_state}"
    params = ElicitRequestFormParams(message=question, requested_schema=Answer.model_json_schema())
    return InputRequiredResult(input_requests={"answer": ElicitRequest(params=params)}, request_state="asked")


@server.tool()
async def sample(ctx: Context, prompt: str = "hello") -> str | InputRequiredResult:
    """What the client's model says."""
    messages = [SamplingMessage(role="user", content=TextContent(type="text", text=prompt))]
    if not modern(ctx):
        result = await ctx.session.create_message(messages, max_tokens=16, related_request_id=ctx.request_id)
        return str(getattr(result.content, "text", result.content))
    if ctx.input_responses:
        content: Any = getattr(ctx.input_responses["said"], "content", None)
        return str(getattr(content, "text", content))
    request = CreateMessageRequest(params=CreateMessageRequestParams(messages=messages, max_tokens=16))
    return InputRequiredResult(input_requests={"said": request}, request_state="sampled")


@server.tool()
async def roots(ctx: Context) -> list[str] | InputRequiredResult:
    """The client's roots, as URIs."""
    if not modern(ctx):
        return [str(root.uri) for root in (await ctx.session.list_roots()).roots]
    if ctx.input_responses:
        return [str(root.uri) for root in getattr(ctx.input_responses["roots"], "roots", [])]
    return InputRequiredResult(input_requests={"roots": ListRootsRequest()}, request_state="rooted")


@server.tool()
async def fail(message: str = "it failed") -> str:
    raise ToolError(message)


@server.tool()
async def big(size: int) -> str:
    return "x" * size


@server.tool()
async def complain(text: str) -> str:
    """Writes one line on stderr."""
    print(text, file=sys.stderr, flush=True)
    return "said"


@server.tool()
async def die(code: int = 3) -> str:
    os._exit(code)


@server.tool()
async def calls() -> list[dict[str, Any]]:
    """What this process received so far, oldest first, this call included."""
    return list(CALLS)


@server.tool()
async def pid() -> int:
    return os.getpid()


async def extra() -> str:
    """There only while toggled on."""
    return "extra"


@server.tool()
async def toggle_tool(ctx: Context) -> str:
    """Adds or removes the tool `extra`, and says so to whom it concerns."""
    if any(tool.name == "extra" for tool in await server.list_tools()):
        server.remove_tool("extra")
        done = "removed"
    else:
        server.add_tool(extra)
        done = "added"
    await ctx.notify_tools_changed()
    if not modern(ctx):
        await ctx.session.send_tool_list_changed()
    return done


@server.resource("note://{name}")
def note(name: str) -> str:
    return f"note {name}"


@server.prompt()
def greet(name: str) -> str:
    return f"Greet {name}"


def serve_http(port: int, app: Any) -> None:
    import uvicorn

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    print(f"listening on {listener.getsockname()[1]}", file=sys.stderr, flush=True)  # connections queue from here on
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run([listener])


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stdio"]:
            server.run("stdio")
        case ["http", port, *rest]:
            serve_http(int(port), server.streamable_http_app(json_response=rest == ["json"]))
        case ["sse", port]:
            serve_http(int(port), server.sse_app())
        case _:
            sys.exit(__doc__)
