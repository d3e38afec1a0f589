"""What an agent got, as a person reads it: the blocks of a result, or the error, without its JSON-RPC. Pure.

Everything here was written by a server. Texts pass `text.block`, JSON passes the viewer, bytes are shown as hex.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, Final

from textual.content import Content

from inspector.ui import figures, json_view, text

UNWRAPPED_AT_MOST: Final = 1_000_000  # characters: a larger response is shown as the JSON that it is
BLOCKS_SHOWN: Final = 40
HEX_SHOWN: Final = 256  # bytes
LINE_SHOWN: Final = 8_000  # characters of one line of a text


def pieces(response: str, width: int, *, ours: bool = False) -> Iterator[Content]:
    """The response of a call, a JSON-RPC frame or its bare result, in pieces to stand one below the other. `ours`: it
    was made here, and no tool has said anything."""
    body = _body(response)
    if body is not None:
        kind, value = body
        yield from _error(value, width) if kind == "error" else _result(value, width, ours)
    elif response.lstrip()[:1] in ("{", "["):
        yield from json_view.pieces(json_view.body_of(response), width)
    else:
        yield from _lines(response)


def _body(response: str) -> tuple[str, dict[str, Any]] | None:
    if len(response) > UNWRAPPED_AT_MOST:
        return None
    try:
        frame = json.loads(response)
    except (ValueError, RecursionError):
        return None
    if not isinstance(frame, dict):
        return None
    result = frame.get("result") if "jsonrpc" in frame else frame
    if isinstance(result, dict) and isinstance(result.get("taskId"), str) and "content" not in result:
        frame, result = result, result.get("result")  # a task has what its call came to within
    if isinstance(frame.get("error"), dict):
        return "error", frame["error"]
    if not isinstance(result, dict) or not isinstance(result.get("content"), list):
        return None
    return "result", result


def _error(error: dict[str, Any], width: int) -> Iterator[Content]:
    yield Content.assemble(
        ("! error ", "bold $decision-error"), (text.line(str(error.get("code", "")), 40), "bold"),
    )  # fmt: skip
    yield from _lines(str(error.get("message", "")))
    if "data" in error:
        yield Content.assemble(("data", "bold $quiet"))
        yield from json_view.pieces(_dumped(error["data"]), width)


def _result(result: dict[str, Any], width: int, ours: bool) -> Iterator[Content]:
    if result.get("isError") is True:
        failed = "! an error for the agent" if ours else "! the tool says that it failed"
        yield Content.assemble((failed, "bold $decision-error"))
    blocks, structured = result["content"], result.get("structuredContent")
    for block in blocks[:BLOCKS_SHOWN]:
        if structured is not None and _says_the_same(block, structured):
            continue
        yield from _block(block, width)
    if len(blocks) > BLOCKS_SHOWN:
        yield Content.assemble((f"… {len(blocks) - BLOCKS_SHOWN} more blocks", "$quiet italic"))
    if structured is not None:
        yield Content.assemble(("structured", "bold $quiet"))
        yield from json_view.pieces(_dumped(structured), width)
    elif not blocks:
        yield Content.assemble(("an empty result", "$quiet"))


def _says_the_same(block: Any, structured: Any) -> bool:
    """Servers send structured content a second time as text, for clients that know no better."""
    if not isinstance(block, dict) or not isinstance(block.get("text"), str):
        return False
    try:
        return bool(json.loads(block["text"]) == structured)
    except (ValueError, RecursionError):
        return False


def _block(block: Any, width: int) -> Iterator[Content]:
    match block:
        case {"type": "text", "text": str(said)}:
            yield from _text(said, width)
        case {"type": "image" | "audio" as kind, "data": str(data), **rest}:
            yield _binary(kind, str(rest.get("mimeType", "")), data)
        case {"type": "resource", "resource": {"text": str(said), **rest}}:
            yield _head("resource", str(rest.get("uri", "")))
            yield from _text(said, width)
        case {"type": "resource", "resource": {"blob": str(data), **rest}}:
            yield _head("resource", str(rest.get("uri", "")))
            yield _binary("bytes", str(rest.get("mimeType", "")), data)
        case {"type": "resource_link", "uri": str(uri), **rest}:
            yield _head("link", f"{uri}  {rest.get('name', '')}")
        case _:
            yield from json_view.pieces(_dumped(block), width)


def _text(said: str, width: int) -> Iterator[Content]:
    """JSON in a text is laid out as JSON: most servers answer so."""
    return json_view.pieces(said, width) if said[:1] in ("{", "[") and _is_json(said) else _lines(said)


def _lines(said: str) -> Iterator[Content]:
    for row in said.split("\n"):
        cut = f" ({figures.size_of(len(row))} in all)" if len(row) > LINE_SHOWN else ""
        yield Content.assemble(text.line(row.removesuffix("\r").expandtabs(4), LINE_SHOWN), (cut, "$quiet italic"))


def _is_json(said: str) -> bool:
    try:
        json.loads(said)
    except (ValueError, RecursionError):
        return False
    return True


def _head(kind: str, what: str) -> Content:
    return Content.assemble((f"{kind} ", "bold $quiet"), (text.line(what, 300), "$primary"))


def _binary(kind: str, mime: str, data: str) -> Content:
    """Its type, size and first bytes; of a picture also its measures."""
    start = _decoded(data[: HEX_SHOWN * 2])
    if start is None:
        return Content.assemble((f"{kind} ", "bold $quiet"), ("is no base64", "$decision-error"))
    size = len(data) * 3 // 4 - data[-2:].count("=")
    facts = " · ".join(fact for fact in (text.line(mime, 60), figures.size_of(size), measures(start)) if fact)
    rows = [Content.assemble((f"{kind} ", "bold $quiet"), facts)]
    rows += [Content.assemble((line, "$quiet")) for line in hex_lines(start[:64])]
    return Content("\n").join(rows)


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode(data[: len(data) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return None


def measures(start: bytes) -> str:
    """`640×480` of a PNG or GIF, "" of anything else."""
    if start[:8] == b"\x89PNG\r\n\x1a\n" and len(start) >= 24:
        return f"{int.from_bytes(start[16:20])}×{int.from_bytes(start[20:24])}"
    if start[:4] == b"GIF8" and len(start) >= 10:
        return f"{int.from_bytes(start[6:8], 'little')}×{int.from_bytes(start[8:10], 'little')}"
    return ""


def hex_lines(data: bytes, per_line: int = 8) -> Iterator[str]:
    """`0000  89 50 4e 47 0d 0a 1a 0a  .PNG....`"""
    for at in range(0, len(data), per_line):
        row = data[at : at + per_line]
        seen = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{at:04x}  {row.hex(' '):<{per_line * 3}} {seen}"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
