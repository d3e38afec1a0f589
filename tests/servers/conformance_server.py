"""A server for the published MCP conformance suite: what its scenarios ask for, in both eras, on the official SDK.

    python tests/servers/conformance_server.py stdio
    python tests/servers/conformance_server.py http PORT     (PORT 0: any; `listening on PORT` goes to stderr)

The names and texts are the suite's (npm `@modelcontextprotocol/conformance`, scenarios of a server).
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import anyio
from conformance_words import PIXEL, SILENCE, Events, completion, embedded, form, image, text
from mcp.server import MCPServer
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp.types import (
    AudioContent,
    Completion,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    UnsubscribeRequestParams,
)
from pydantic import Field

warnings.simplefilter("ignore", MCPDeprecationWarning)  # legacy clients still need what it warns of

MISSING_CAPABILITY = -32021
STEP = 0.05  # seconds between two messages of one call

# Of one tool's input, and of two forms: by the suite's descriptions.
SCHEMAS: dict[str, Any] = json.loads(Path(__file__).with_name("conformance_schemas.json").read_text())


def contact(name: str = "", contactMethod: str = "", phone: str = "", email: str = "") -> str:
    """A schema with the whole vocabulary of JSON Schema 2020-12."""
    return name or phone or email


async def test_simple_text() -> str:
    """The first one listed: some scenarios call that, without arguments."""
    return "This is a simple text response for testing."


schema_tool = Tool.from_function(contact, name="json_schema_2020_12_tool")
schema_tool.parameters = SCHEMAS["json_schema_2020_12"]
first_tools = [Tool.from_function(test_simple_text), schema_tool]
server = MCPServer("conformance", version="1.0", log_level="CRITICAL", tools=first_tools)


def tool(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A tool with a description, which every one must have: its docstring, or its name in words."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        description = function.__doc__ or function.__name__.replace("_", " ")
        return server.tool(description=description, **options)(function)

    return add


# ---- tools


@tool(structured_output=False)
async def test_image_content() -> list[ImageContent]:
    return [image()]


@tool(structured_output=False)
async def test_audio_content() -> list[AudioContent]:
    return [AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")]


@tool(structured_output=False)
async def test_embedded_resource() -> list[EmbeddedResource]:
    return [embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]


@tool(structured_output=False)
async def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
    data = json.dumps({"test": "data", "value": 123})
    mixed = embedded("test://mixed-content-resource", "application/json", data)
    return [text("Multiple content types test:"), image(), mixed]


@tool()
async def test_error_handling() -> str:
    raise ToolError("This tool intentionally returns an error for testing")


@tool()
async def test_tool_with_logging(ctx: Context) -> str:
    await ctx.info("Tool execution started")
    await anyio.sleep(STEP)
    await ctx.info("Tool processing data")
    await anyio.sleep(STEP)
    await ctx.info("Tool execution completed")
    return "Logged three times."


@tool()
async def test_logging_tool(ctx: Context) -> str:
    """Logs what only a request with a log level may see."""
    await ctx.info("Only for those who asked")
    return "Logged once."


@tool()
async def test_tool_with_progress(ctx: Context) -> str:
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100, f"Completed step {done} of 100")
        await anyio.sleep(STEP)
    return "Progressed three times."


@tool()
async def test_reconnection(ctx: Context) -> str:
    """Closes its own event stream; the answer waits for who comes back for it."""
    await ctx.info("Before the stream closes")
    await ctx.close_sse_stream()
    await anyio.sleep(STEP)
    return "Reconnection test completed"


@tool()
async def test_header_param(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
    return f"region {region}"


# ---- asking a legacy client


@tool()
async def test_sampling(prompt: str, ctx: Context) -> str:
    messages = [SamplingMessage(role="user", content=text(prompt))]
    result = await ctx.session.create_message(messages, max_tokens=100, related_request_id=ctx.request_id)
    return f"LLM response: {getattr(result.content, 'text', result.content)}"


async def ask(ctx: Context, message: str, properties: dict[str, Any], required: list[str]) -> str:
    schema = {"type": "object", "properties": properties, "required": required}
    result = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    return f"action={result.action}, content={json.dumps(result.content)}"


@tool()
async def test_elicitation(message: str, ctx: Context) -> str:
    wanted = {"username": {"type": "string"}, "email": {"type": "string"}}
    return f"User response: {await ask(ctx, message, wanted, [*wanted])}"


@tool()
async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
    return f"Elicitation completed: {await ask(ctx, 'Please complete it', SCHEMAS['defaults'], [])}"


@tool()
async def test_elicitation_sep1330_enums(ctx: Context) -> str:
    return f"Elicitation completed: {await ask(ctx, 'Please choose', SCHEMAS['enums'], [])}"


def answered(ctx: Context, *keys: str) -> bool:
    return all(key in (ctx.input_responses or {}) for key in keys)


@tool()
async def test_input_required_result_elicitation(ctx: Context) -> str | InputRequiredResult:
    if not answered(ctx, "user_name"):
        return InputRequiredResult(input_requests={"user_name": form("What is your name?", "name")})
    content = getattr((ctx.input_responses or {})["user_name"], "content", None) or {}
    return f"Hello, {content.get('name')}!"


@tool()
async def test_input_required_result_sampling(ctx: Context) -> str | InputRequiredResult:
    if not answered(ctx, "capital_question"):
        asked = completion("What is the capital of France?")
        return InputRequiredResult(input_requests={"capital_question": asked})
    return str((ctx.input_responses or {})["capital_question"])


@tool()
async def test_input_required_result_list_roots(ctx: Context) -> str | InputRequiredResult:
    if not answered(ctx, "client_roots"):
        return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})
    return str((ctx.input_responses or {})["client_roots"])


@tool()
async def test_input_required_result_request_state(ctx: Context) -> str | InputRequiredResult:
    if not answered(ctx, "confirm"):
        asked = {"confirm": form("Please confirm", "ok", "boolean")}
        return InputRequiredResult(input_requests=asked, request_state="asked")
    return "state-ok" if ctx.request_state == "asked" else "state-lost"


@tool()
async def test_input_required_result_tampered_state(ctx: Context) -> str | InputRequiredResult:
    """The SDK seals the state, and refuses one that it did not seal."""
    return await test_input_required_result_request_state(ctx)


@tool()
async def test_input_required_result_multiple_inputs(ctx: Context) -> str | InputRequiredResult:
    if answered(ctx, "user_name", "greeting", "client_roots"):
        return "All three came."
    asked = {
        "user_name": form("What is your name?", "name"),
        "greeting": completion("Generate a greeting"),
        "client_roots": ListRootsRequest(),
    }
    return InputRequiredResult(input_requests=asked, request_state="asked for three")


@tool()
async def test_input_required_result_multi_round(ctx: Context) -> str | InputRequiredResult:
    if answered(ctx, "step2"):
        return "Both rounds are over."
    if answered(ctx, "step1"):
        asked = {"step2": form("Step 2: What is your favorite color?", "color")}
        return InputRequiredResult(input_requests=asked, request_state="second")
    return InputRequiredResult(
        input_requests={"step1": form("Step 1: What is your name?", "name")}, request_state="first"
    )


@tool()
async def test_input_required_result_capabilities(ctx: Context) -> str | InputRequiredResult:
    """Asks only for what the client declared."""
    declared = ctx.client_capabilities
    asked: dict[str, Any] = {}
    if declared and declared.elicitation is not None:
        asked["user_name"] = form("What is your name?", "name")
    if declared and declared.sampling is not None:
        asked["greeting"] = completion("Generate a greeting")
    return "Done." if not asked or answered(ctx, *asked) else InputRequiredResult(input_requests=asked)


@tool()
async def test_streaming_elicitation(ctx: Context) -> str | InputRequiredResult:
    return await test_input_required_result_elicitation(ctx)


@tool()
async def test_missing_capability(ctx: Context) -> str:
    if ctx.client_capabilities and ctx.client_capabilities.sampling is not None:
        return "The client can sample."
    needed = {"requiredCapabilities": {"sampling": {}}}
    raise MCPError(MISSING_CAPABILITY, "the client must declare sampling", needed)


# ---- lists that change


@tool()
async def test_trigger_tool_change(ctx: Context) -> str:
    await ctx.notify_tools_changed()
    return "Told about tools."


@tool()
async def test_trigger_prompt_change(ctx: Context) -> str:
    await ctx.notify_prompts_changed()
    return "Told about prompts."


# ---- resources


@server.resource("test://static-text", description="Some text", mime_type="text/plain")
async def static_text() -> str:
    return "This is the content of the static text resource."


@server.resource("test://static-binary", description="One pixel", mime_type="image/png")
async def static_binary() -> bytes:
    return base64.b64decode(PIXEL)


@server.resource("test://watched-resource", description="To be subscribed to", mime_type="text/plain")
async def watched() -> str:
    return "Watched resource content."


@server.resource("test://template/{id}/data", description="One of many", mime_type="application/json")
async def template(id: str) -> str:
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


# ---- prompts


@server.prompt(description="Without arguments")
async def test_simple_prompt() -> str:
    return "This is a simple prompt for testing."


@server.prompt(description="With two arguments")
async def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@server.prompt(description="With a resource in it")
async def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:
    resource = embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
    return [UserMessage(resource), UserMessage("Please process the embedded resource above.")]


@server.prompt(description="With an image in it")
async def test_prompt_with_image() -> list[UserMessage]:
    return [UserMessage(image()), UserMessage("Please analyze the image above.")]


@server.prompt(description="Which asks first")
async def test_input_required_result_prompt(ctx: Context) -> str | InputRequiredResult:
    if not answered(ctx, "user_context"):
        return InputRequiredResult(
            input_requests={"user_context": form("What context should the prompt use?", "context")}
        )
    return str((ctx.input_responses or {})["user_context"])


@server.completion()
async def complete(reference: Any, argument: Any, context: Any) -> Completion:
    values = [word for word in ("paris", "park", "party", "test") if word.startswith(argument.value)]
    return Completion(values=values, total=len(values), has_more=False)


# ---- what the SDK's high-level server leaves out


def acknowledge(method: str, params: type[Any]) -> None:
    async def handle(ctx: ServerRequestContext[Any, Any], params: Any) -> EmptyResult:
        return EmptyResult()

    add: Callable[..., None] = server._lowlevel_server.add_request_handler
    add(method, params, handle)


acknowledge("logging/setLevel", SetLevelRequestParams)
acknowledge("resources/subscribe", SubscribeRequestParams)
acknowledge("resources/unsubscribe", UnsubscribeRequestParams)


def serve_http(port: int) -> None:
    import uvicorn

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    print(f"listening on {listener.getsockname()[1]}", file=sys.stderr, flush=True)  # connections queue from here on
    app = server.streamable_http_app(event_store=Events(), retry_interval=100)
    # h11 strips the white space after a header's value, as RFC 9110 asks; httptools would not.
    uvicorn.Server(uvicorn.Config(app, http="h11", log_level="error", access_log=False)).run([listener])


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stdio"]:
            server.run("stdio")
        case ["http", port]:
            serve_http(int(port))
        case _:
            sys.exit(__doc__)
