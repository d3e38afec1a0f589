"""Frames → what they mean in MCP, and the frames that we write ourselves."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from inspector.core.call import Era, Outcome
from inspector.core.fact import fact
from inspector.core.json import Json, JsonObject, Number
from inspector.wire.jsonrpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    BadFrame,
    Frame,
    FrameId,
    dump,
    has_duplicate_keys,
    is_id,
)

PROTOCOL_VERSION_META = "io.modelcontextprotocol/protocolVersion"
CLIENT_INFO_META = "io.modelcontextprotocol/clientInfo"
CLIENT_CAPABILITIES_META = "io.modelcontextprotocol/clientCapabilities"
SUBSCRIPTION_META = "io.modelcontextprotocol/subscriptionId"
WAITING_STEP = 1e-6  # of progress, for each sign of life of a held call
DECISION_META = "mcp-inspect/decision"

INITIALIZED = dump({"jsonrpc": "2.0", "method": "notifications/initialized"})

# Methods of the protocol, both eras, that a policy has nothing to say of: they bring things to read, and run nothing.
READING_METHODS = frozenset(
    {
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "prompts/list",
        "prompts/get",
        "completion/complete",
    }
)
KNOWN_METHODS = READING_METHODS | frozenset(
    {
        "initialize",
        "ping",
        "server/discover",
        "tools/list",
        "tools/call",
        "logging/setLevel",
        "subscriptions/listen",
        "tasks/get",
        "tasks/result",
        "tasks/list",
        "tasks/cancel",
        "tasks/update",
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/progress",
        "notifications/roots/list_changed",
        "notifications/message",
        "notifications/tasks/status",
    }
)
LONGEST_METHOD = 1024  # characters
_FILLERS = "\u115f\u1160\u3164\uffa0"  # letters by category, that draw nothing
_CALL_MEMBERS = frozenset({"name", "arguments", "_meta", "task", "inputResponses", "requestState"})
_CALL_FOLDED = frozenset(m.casefold() for m in _CALL_MEMBERS)


@fact(frozen=True, slots=True)
class ToolCall:
    tool: str
    arguments: JsonObject
    request_state: str | None


@fact(frozen=True, slots=True)
class ClientInfo:
    name: str
    version: str


def era_of(frame: Frame) -> Era:
    """MODERN when the request carries its protocol version itself (2026-07-28, `_meta`)."""
    meta = frame.params.get("_meta")
    return Era.MODERN if isinstance(meta, dict) and PROTOCOL_VERSION_META in meta else Era.LEGACY


def client_info(frame: Frame) -> ClientInfo | None:
    """Who the client says it is: in `initialize`, or in the `_meta` of any modern request."""
    meta = frame.params.get("_meta")
    info: Json = frame.params.get("clientInfo") if frame.method == "initialize" else None
    if info is None and isinstance(meta, dict):
        info = meta.get(CLIENT_INFO_META)
    if not isinstance(info, dict) or not isinstance(name := info.get("name"), str):
        return None
    version = info.get("version")
    return ClientInfo(name[:128], version[:64] if isinstance(version, str) else "")


def tool_call(frame: Frame) -> ToolCall | BadFrame:
    """The call in a `tools/call` request, or the -32602 that it deserves."""
    params = frame.params
    name, arguments, state = params.get("name"), params.get("arguments"), params.get("requestState")
    if not isinstance(name, str):
        return BadFrame(frame.raw, INVALID_PARAMS, "name must be a string", frame.id)
    if not (arguments is None or isinstance(arguments, dict)):
        return BadFrame(frame.raw, INVALID_PARAMS, "arguments must be an object", frame.id)
    return ToolCall(name, arguments or {}, state if isinstance(state, str) else None)


def disguised_call(method: str) -> bool:
    """Would a forgiving server take this for `tools/call`?"""
    if method == "tools/call":
        return False
    if len(method) > LONGEST_METHOD:
        return True  # there is none like it, and to look through megabytes would hold up everybody else
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", method).casefold())
    # Separators, controls, invisible characters (zero width, soft hyphen, byte order mark, variation selectors,
    # fillers) and marks on letters do not count.
    seen = "".join(c for c in folded if unicodedata.category(c)[0] not in "ZCM" and c not in _FILLERS)
    return seen.strip("/") == "tools/call"


def call_without_id(frame: Frame) -> BadFrame | None:
    """What is wrong with a notification that a server might run as a call; None when nothing is."""
    if frame.method == "tools/call" or disguised_call(frame.method):
        return BadFrame(frame.raw, INVALID_REQUEST, "tools/call without an id is never run")
    return None


def is_covered(method: str) -> bool:
    """Does the policy judge it, or is it the protocol's own housekeeping? Everything else is badged."""
    return method in KNOWN_METHODS and method not in READING_METHODS


def unknown_method(frame: Frame) -> BadFrame:
    return BadFrame(frame.raw, METHOD_NOT_FOUND, f"method not found: {frame.method[:80]}", frame.id)


def call_frame(frame: Frame, arguments: JsonObject | None) -> bytes:
    """A `tools/call` as it is sent on: written anew from what was judged, with `arguments` in place when edited.

    Members of `params` that a case-insensitive server would take for known ones are left out; the three characters
    that some line readers split at leave as escapes.
    """
    params = {k: v for k, v in frame.params.items() if k in _CALL_MEMBERS or k.casefold() not in _CALL_FOLDED}
    if arguments is not None:
        params["arguments"] = arguments
    return escape_separators(dump({**frame.body, "params": params}))


def escape_separators(raw: bytes) -> bytes:
    """JSON without the three characters that some line readers split at: they only stand in strings."""
    if not raw.isascii():
        for character in ("\u2028", "\u2029", "\u0085"):
            raw = raw.replace(character.encode(), f"\\u{ord(character):04x}".encode())
    return raw


def one_line(raw: bytes) -> bytes:
    """The same tokens on one line. Inside a JSON text CR and LF can only stand between tokens."""
    # Not by `in`, which first takes what is looked for to be a number, and makes an exception of it: twice as slow.
    return raw if raw.find(b"\n") < 0 and raw.find(b"\r") < 0 else raw.translate(None, b"\r\n")


def progress_token(frame: Frame) -> FrameId | None:
    """The token a request asks progress under (`params._meta.progressToken`)."""
    meta = frame.params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return token if is_id(token) else None


def progress_text(frame: Frame) -> str:
    """`3/10 loading` of a progress notification."""
    progress, total, message = (frame.params.get(k) for k in ("progress", "total", "message"))
    parts = [dump(n).decode() for n in (progress, total) if isinstance(n, int | Number)]
    head = "/".join(parts)
    return (f"{head} {message}" if isinstance(message, str) else head)[:400]


def rpc_error(frame_id: FrameId | None, code: int, message: str, data: Json = None) -> bytes:
    error: JsonObject = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return dump({"jsonrpc": "2.0", "id": frame_id, "error": error})


def denial(frame_id: FrameId | None, era: Era, message: str, decision_id: str, rule: str) -> bytes:
    """A refused call as the agent sees it: a normal tool result that says so."""
    result: JsonObject = {
        "content": [{"type": "text", "text": f"[POLICY DENIED] {message}"}],
        "isError": True,
        "_meta": {DECISION_META: {"id": decision_id, "rule": rule}},
    }
    if era is Era.MODERN:
        result["resultType"] = "complete"
    return dump({"jsonrpc": "2.0", "id": frame_id, "result": result})


def cancelled(frame_id: FrameId) -> bytes:
    """`notifications/cancelled` in our words, for a client that simply went away."""
    params: JsonObject = {"requestId": frame_id, "reason": "the client closed the request"}
    return dump({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})


def progress_above(frame: Frame, floor: float) -> bool:
    progress = frame.params.get("progress")
    return isinstance(progress, int | Number) and not isinstance(progress, bool) and progress > floor


def waiting(token: FrameId, step: int) -> bytes:
    """Progress while a person is asked: it grows by so little that the server's own progress is never overtaken."""
    params: dict[str, Any] = {
        "progressToken": token,
        "progress": step * WAITING_STEP,
        "message": "waiting for a person's approval in mcp-inspect",
    }
    return dump({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})


def list_changed(subscription: FrameId | None = None) -> bytes:
    """`notifications/tools/list_changed`; in the modern era it names the `subscriptions/listen` request it answers."""
    body: JsonObject = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    if subscription is not None:
        body["params"] = {"_meta": {SUBSCRIPTION_META: subscription}}
    return dump(body)


def call_outcome(frame: Frame) -> tuple[Outcome, str | None]:
    """How a response ends its call, and the `requestState` of an `input_required` one."""
    if "error" in frame.body:
        return Outcome.RPC_ERROR, None
    result = frame.body.get("result")
    if not isinstance(result, dict):
        return Outcome.OK, None
    if result.get("resultType") == "input_required":
        state = result.get("requestState")
        return Outcome.INPUT_REQUIRED, state if isinstance(state, str) else None
    return (Outcome.TOOL_ERROR if result.get("isError") is True else Outcome.OK), None


@fact(frozen=True, slots=True)
class ToolList:
    """A page of `tools/list`: definitions by name, in order; `duplicated` names stand more than once."""

    definitions: dict[str, JsonObject]
    duplicated: frozenset[str]


def tool_list(frame: Frame) -> ToolList | None:
    """The page in a `tools/list` response; None when it is malformed and must not pass unfiltered."""
    result = frame.body.get("result")
    tools = result.get("tools") if isinstance(result, dict) else None
    if not isinstance(tools, list) or has_duplicate_keys(frame.raw):
        return None
    definitions: dict[str, JsonObject] = {}
    duplicated: set[str] = set()
    for tool in tools:
        if not isinstance(tool, dict) or not isinstance(name := tool.get("name"), str):
            return None
        if name in definitions:
            duplicated.add(name)
        definitions[name] = tool
    return ToolList(definitions, frozenset(duplicated))


def merged(pages: Sequence[ToolList]) -> ToolList:
    """Pages of one listing as one; a name that stands on two of them is duplicated, too."""
    definitions: dict[str, JsonObject] = {}
    duplicated: set[str] = set()
    for page in pages:
        duplicated |= page.duplicated | (definitions.keys() & page.definitions.keys())
        definitions |= page.definitions
    return ToolList(definitions, frozenset(duplicated))


def filtered_list(frame: Frame, page: ToolList, visible: Sequence[str], era: Era) -> bytes:
    """The same `tools/list` response with only the visible tools; a filtered modern list is not for others' caches."""
    result = frame.body["result"]
    changed: JsonObject = {
        **(result if isinstance(result, dict) else {}),
        "tools": [page.definitions[n] for n in visible],
    }
    if era is Era.MODERN:
        changed |= {"ttlMs": 0, "cacheScope": "private"}
    return dump({**frame.body, "result": changed})
