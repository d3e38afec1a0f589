"""What client and server offer each other, and which message makes use of it (MCP specification, Capabilities)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inspector.core.json import Json
from inspector.wire.jsonrpc import Frame
from inspector.wire.mcp import CLIENT_CAPABILITIES_META

LOG_LEVEL_META: Final = "io.modelcontextprotocol/logLevel"
LOG_LEVELS: Final = frozenset({"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"})
SERVER_INFO_META: Final = "io.modelcontextprotocol/serverInfo"
MOST: Final = 40  # names of one side that are kept
_LENGTH: Final = 64  # of a name, in characters

# A client's request → what the server must offer for it; a server's request → what its client must.
OF_SERVER: Final = {
    "tools/list": "tools",
    "tools/call": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resources",
    "resources/read": "resources",
    "resources/subscribe": "resources.subscribe",
    "resources/unsubscribe": "resources.subscribe",
    "prompts/list": "prompts",
    "prompts/get": "prompts",
    "completion/complete": "completions",
    "logging/setLevel": "logging",
    "tasks/get": "tasks",
    "tasks/result": "tasks",
    "tasks/list": "tasks.list",
    "tasks/cancel": "tasks.cancel",
    "tasks/update": "tasks",
}
OF_CLIENT: Final = {
    "sampling/createMessage": "sampling",
    "elicitation/create": "elicitation",
    "roots/list": "roots",
}


@dataclass(frozen=True, slots=True)
class Introduction:
    """A server's answer to `initialize` or `server/discover`. `protocol` "": it leaves the choice to each request."""

    protocol: str
    name: str
    version: str
    capabilities: tuple[str, ...]


def introduction(answer: Frame) -> Introduction | None:
    """None for an error, or a result of another shape."""
    result = answer.body.get("result")
    if not isinstance(result, dict) or not isinstance(offered_ := result.get("capabilities"), dict):
        return None
    meta = result.get("_meta")
    about = result.get("serverInfo") or (meta.get(SERVER_INFO_META) if isinstance(meta, dict) else None)
    named = about if isinstance(about, dict) else {}
    return Introduction(
        _text(result.get("protocolVersion")), _text(named.get("name")), _text(named.get("version")), offered(offered_)
    )


def client_capabilities(frame: Frame) -> tuple[str, ...]:
    """What a client says that it offers: in `initialize`, or in the `_meta` of any modern request."""
    meta = frame.params.get("_meta")
    said = frame.params.get("capabilities") if frame.method == "initialize" else None
    return offered(said if said is not None or not isinstance(meta, dict) else meta.get(CLIENT_CAPABILITIES_META))


def log_level(request: Frame) -> str:
    """What the server shall log: by `logging/setLevel`, or in the `_meta` of any modern request; "" when it says
    nothing of it, or what is no level."""
    meta = request.params.get("_meta")
    by_method = request.params.get("level") if request.method == "logging/setLevel" else None
    level = by_method if by_method is not None or not isinstance(meta, dict) else meta.get(LOG_LEVEL_META)
    return level if isinstance(level, str) and level in LOG_LEVELS else ""


def asked_of_client(answer: Frame) -> tuple[str, ...]:
    """What a server uses of its client by answering `input_required` (MRTR, 2026-07-28)."""
    result = answer.body.get("result")
    asks = result.get("inputRequests") if isinstance(result, dict) else None
    methods = [ask.get("method") for ask in asks.values() if isinstance(ask, dict)] if isinstance(asks, dict) else []
    return tuple(OF_CLIENT[method] for method in methods if isinstance(method, str) and method in OF_CLIENT)


def offered(capabilities: Json) -> tuple[str, ...]:
    """`{"tools": {"listChanged": true}}` → `("tools", "tools.listChanged")`; sorted, at most `MOST` names."""
    if not isinstance(capabilities, dict):
        return ()
    names: list[str] = []
    for name, about in list(capabilities.items())[:MOST]:
        if about is None or about is False:
            continue
        names.append(name[:_LENGTH])
        if isinstance(about, dict):
            names += [f"{name}.{more}"[:_LENGTH] for more, value in about.items() if value not in (None, False)]
    return tuple(sorted(names)[:MOST])


def _text(value: Json) -> str:
    return value[:_LENGTH] if isinstance(value, str) else ""
