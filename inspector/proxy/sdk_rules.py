"""The SDK's reading of MCP's HTTP headers. Importing it takes up to two seconds: `loaded()` does it in a thread."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import anyio.to_thread

from inspector.core.json import Json, JsonObject, Number
from inspector.proxy.http_guard import Refused
from inspector.proxy.links import Headers
from inspector.wire.jsonrpc import Frame
from inspector.wire.mcp import PROTOCOL_VERSION_META


async def loaded() -> None:
    """Returns when the functions below are cheap. Called at start, and awaited by whoever is about to need one."""
    if not is_loaded():
        await anyio.to_thread.run_sync(_load, abandon_on_cancel=True)  # who quits does not wait for it


_is_loaded = threading.Event()
is_loaded = _is_loaded.is_set


def _load() -> None:
    import mcp.shared.inbound  # noqa: F401

    _is_loaded.set()


def decode(value: str) -> str | None:
    """The text behind a header value (`=?base64?…?=` included); None when it is malformed."""
    from mcp.shared.inbound import decode_header_value

    return decode_header_value(value)


def classify(frame: Frame, headers: Headers) -> Refused | None:
    """What a modern server objects to in a request's envelope before it looks at the method; None: nothing."""
    from mcp.shared.inbound import InboundLadderRejection, classify_inbound_request

    verdict = classify_inbound_request(frame.body, headers={k.decode(): v.decode("latin-1") for k, v in headers})
    if not isinstance(verdict, InboundLadderRejection):
        return None
    return Refused(status_of(verdict.code), verdict.message, verdict.code, data=verdict.data)


def status_of(code: int) -> int:
    """The HTTP status that a modern server gives to a JSON-RPC error."""
    from mcp.shared.inbound import ERROR_CODE_HTTP_STATUS

    return ERROR_CODE_HTTP_STATUS.get(code, 200)


def modern_headers(frame: Frame) -> dict[str, str]:
    """The routing headers of a request whose sender speaks no HTTP."""
    from mcp.shared.inbound import NAME_BEARING_METHODS, encode_header_value

    meta = frame.params.get("_meta")
    version = meta.get(PROTOCOL_VERSION_META) if isinstance(meta, dict) else None
    headers = {"mcp-method": encode_header_value(frame.method)}
    if isinstance(version, str):
        headers["mcp-protocol-version"] = encode_header_value(version)
    key = NAME_BEARING_METHODS.get(frame.method) or ("taskId" if frame.method.startswith("tasks/") else None)
    name = frame.params.get(key) if key else None
    if isinstance(name, str):
        headers["mcp-name"] = encode_header_value(name)
    return headers


def param_headers(definition: JsonObject, arguments: JsonObject) -> dict[str, str]:
    """The `Mcp-Param-*` headers of a call, from the tool's own schema; none when that schema is invalid."""
    from mcp.shared.inbound import find_invalid_x_mcp_header, mcp_param_headers, x_mcp_header_map

    schema = definition.get("inputSchema")
    if find_invalid_x_mcp_header(schema) is not None:
        return {}
    return mcp_param_headers(x_mcp_header_map(schema), _plain(arguments))


def param_mismatch(definition: JsonObject, arguments: JsonObject, headers: Headers) -> str | None:
    """Why the `Mcp-Param-*` headers do not say what the arguments say (error -32020), None when they do."""
    from mcp.shared.inbound import validate_mcp_param_headers

    sent = {k.decode(): v.decode("latin-1") for k, v in headers}
    rejection = validate_mcp_param_headers(definition.get("inputSchema"), _plain(arguments), sent)
    return rejection.message if rejection else None


def _plain(arguments: JsonObject) -> Mapping[str, Any]:
    """Our exact numbers as Python's own, which is what the SDK's functions know."""

    def plain(value: Json) -> Any:
        match value:
            case Number():
                return float(value) if set(value.text) & set(".eE") else int(value.text)
            case dict():
                return {k: plain(v) for k, v in value.items()}
        return value

    return {k: plain(v) for k, v in arguments.items()}
