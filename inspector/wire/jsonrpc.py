"""One JSON-RPC message with its raw bytes: strict towards clients, lenient towards upstreams.

What is judged must be what is sent. A parser that is laxer than the server's lets a call hide, so a client's frame
is refused whole when two parsers could read it differently (MCP specification, Base Protocol; JSON-RPC 2.0 §4).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from decimal import InvalidOperation
from enum import StrEnum
from typing import Any, TypeAlias, TypeGuard

import orjson

from inspector.core.fact import fact
from inspector.core.json import Json, JsonObject, Number, parse_int

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
UPSTREAM_FAILED = -32000
HEADER_MISMATCH = -32020

MAX_DEPTH = 64
MAX_NUMBER = 64
MAX_UPSTREAM_DEPTH = 250  # what the writer can take

FrameId: TypeAlias = str | int | Number


class Kind(StrEnum):
    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"


@fact(frozen=True, slots=True)
class Frame:
    """A well-formed message. `params` is {} when absent; `id` is None for a notification."""

    raw: bytes
    kind: Kind
    id: FrameId | None
    method: str
    params: JsonObject
    body: JsonObject


@fact(frozen=True, slots=True)
class BadFrame:
    """A message that goes no further: the error to answer with, and whom to answer (None: `id: null`)."""

    raw: bytes
    code: int
    reason: str
    id: FrameId | None = None


class _RefusedError(ValueError):
    """A construct that is legal JSON for some parsers and not for ours."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RefusedError("duplicate object key")
    return members


def _float(text: str) -> Number:
    if len(text) > MAX_NUMBER:
        raise _RefusedError(f"a number of more than {MAX_NUMBER} characters")
    if not math.isfinite(float(text)):
        raise _RefusedError("a number too large for a double")
    return Number(text)


def _int(text: str) -> int | Number:
    if len(text) <= 18 and text != "-0":  # nearly all
        return int(text)
    if len(text) > MAX_NUMBER:
        raise _RefusedError(f"a number of more than {MAX_NUMBER} characters")
    return parse_int(text)


def _constant(text: str) -> Json:
    raise _RefusedError(f"{text} is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_float, parse_int=_int, parse_constant=_constant)
# NaN and the infinities, which a server may say, keep their text too.
_EXACT = json.JSONDecoder(parse_float=Number, parse_int=parse_int, parse_constant=Number)
_UNIQUE = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=Number, parse_int=parse_int)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _decoded(decoder: json.JSONDecoder, text: str) -> Any:
    """What `decode` gives, without its search for white space around a message that has none."""
    if text.startswith("{"):
        value, end = decoder.raw_decode(text)
        if end == len(text):
            return value
    return decoder.decode(text)


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(value.text.encode())
    raise TypeError(type(value).__name__)


def dump(value: Any) -> bytes:
    """Compact JSON; a `Number` keeps its text, a lone surrogate (which a server may send) its escape."""
    try:
        return orjson.dumps(value, default=_number)
    except TypeError:
        return "".join(_escaped(value)).encode()


def _escaped(value: Json) -> Iterator[str]:
    """The same as ASCII: for what UTF-8 cannot say."""
    match value:
        case dict():
            separator = "{"
            for key, child in value.items():
                yield f"{separator}{json.dumps(key)}:"
                yield from _escaped(child)
                separator = ","
            yield "}" if value else "{}"
        case list():
            separator = "["
            for child in value:
                yield separator
                yield from _escaped(child)
                separator = ","
            yield "]" if value else "[]"
        case Number():
            yield value.text
        case _:
            yield json.dumps(value)


def _has_lone_surrogate(value: Json) -> bool:
    try:
        orjson.dumps(value, default=_number)
    except TypeError:
        return True
    return False


def _too_deep(value: object, limit: int) -> bool:
    level: list[object] = [value]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def parse_json(raw: bytes) -> Json:
    """Strict JSON with exact numbers.

    Raises:
        ValueError: with the reason, for anything that two parsers could read differently.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ValueError("invalid UTF-8") from None
    if text.startswith("\ufeff"):
        raise ValueError("a byte order mark")
    try:
        value: Json = _decoded(_STRICT, text)
    except _RefusedError:
        raise
    except RecursionError:
        raise ValueError(f"nesting of more than {MAX_DEPTH} levels") from None
    except InvalidOperation:
        raise ValueError("a number that cannot be read") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg.removesuffix(' at')} at character {error.pos + 1}") from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _too_deep(value, MAX_DEPTH):
        raise ValueError(f"nesting of more than {MAX_DEPTH} levels")
    if _SURROGATE.search(raw) and _has_lone_surrogate(value):
        raise ValueError("lone surrogate")
    return value


def parse_client(raw: bytes) -> Frame | BadFrame:
    """A client's frame, strictly. Total: never raises."""
    try:
        body = parse_json(raw)
    except ValueError as error:
        return BadFrame(raw, PARSE_ERROR, str(error))
    if not isinstance(body, dict):
        what = "batches are not accepted" if isinstance(body, list) else "a message must be an object"
        return BadFrame(raw, INVALID_REQUEST, what)
    return _envelope(raw, body)


def parse_upstream(raw: bytes) -> Frame | BadFrame:
    """A server's frame. Lenient where nothing is judged by it: unknown members and odd params pass. Total."""
    try:
        body = _decoded(_EXACT, raw.decode())
    except (ValueError, RecursionError, InvalidOperation) as error:
        return BadFrame(raw, PARSE_ERROR, f"not JSON: {str(error)[:200]}")
    if not isinstance(body, dict):
        return BadFrame(raw, INVALID_REQUEST, "not an object")
    if raw.count(b"{") + raw.count(b"[") > MAX_UPSTREAM_DEPTH and _too_deep(body, MAX_UPSTREAM_DEPTH):
        return BadFrame(raw, INVALID_REQUEST, f"nesting of more than {MAX_UPSTREAM_DEPTH} levels")
    method, frame_id = body.get("method"), body.get("id")
    if not (frame_id is None or is_id(frame_id)):
        return BadFrame(raw, INVALID_REQUEST, "id must be a string or an integer")
    if isinstance(method, str):
        params = body.get("params")
        kind = Kind.NOTIFICATION if "id" not in body else Kind.REQUEST
        return Frame(raw, kind, frame_id, method, params if isinstance(params, dict) else {}, body)
    if "result" in body or "error" in body:
        return Frame(raw, Kind.RESPONSE, frame_id, "", {}, body)
    return BadFrame(raw, INVALID_REQUEST, "neither a request nor a response")


def parse_answer(raw: bytes) -> Frame | None:
    """A server's response as `parse_upstream` gives it, five times as fast, but for its numbers, which are not exact:
    for who passes `raw` on, and looks at nothing but texts and truths in it. None: that has to read it."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict) or "method" in body or not ("result" in body or "error" in body):
        return None
    if raw.count(b"{") + raw.count(b"[") > MAX_UPSTREAM_DEPTH and _too_deep(body, MAX_UPSTREAM_DEPTH):
        return None
    frame_id = body.get("id")
    return Frame(raw, Kind.RESPONSE, frame_id, "", {}, body) if type(frame_id) is int or type(frame_id) is str else None


def has_duplicate_keys(raw: bytes) -> bool:
    """Of a frame that was parsed before: would two readers see different things in it?"""
    try:
        _UNIQUE.decode(raw.decode())
    except _RefusedError:
        return True
    return False


_MEMBERS = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})


def is_id(value: object) -> TypeGuard[FrameId]:
    """A string or an integer literal of any size (JSON-RPC 2.0 §4, and MCP has no null ids)."""
    kind = type(value)
    return kind is int or kind is str or (isinstance(value, Number) and value.text.lstrip("-").isdigit())


def _envelope(raw: bytes, body: JsonObject) -> Frame | BadFrame:
    def bad(reason: str, code: int = INVALID_REQUEST) -> BadFrame:
        answerable = "method" in body and is_id(frame_id)
        return BadFrame(raw, code, reason, frame_id if answerable else None)  # type: ignore[arg-type]

    frame_id = body.get("id")
    if "id" in body and not is_id(frame_id):
        return bad("id must be a string or an integer")
    if body.get("jsonrpc") != "2.0":
        return bad('jsonrpc must be "2.0"')
    if unknown := body.keys() - _MEMBERS:
        return bad(f"unknown member {min(unknown)[:40]!r}")
    answers = "result" in body or "error" in body
    if "method" not in body:
        if not answers or "id" not in body or "params" in body or ("result" in body and "error" in body):
            return bad("neither a request nor a response")
        if "error" in body and not isinstance(body["error"], dict):
            return bad("error must be an object")
        return Frame(raw, Kind.RESPONSE, frame_id, "", {}, body)  # type: ignore[arg-type]
    method, params = body["method"], body.get("params")
    if answers or not isinstance(method, str):
        return bad("neither a request nor a response")
    if "params" in body and not isinstance(params, dict):
        return bad("params must be an object", INVALID_PARAMS if method == "tools/call" else INVALID_REQUEST)
    kind = Kind.REQUEST if "id" in body else Kind.NOTIFICATION
    return Frame(raw, kind, frame_id, method, params or {}, body)  # type: ignore[arg-type]
