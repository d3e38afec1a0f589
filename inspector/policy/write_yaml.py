"""A document as YAML that reads back as the same one: short objects on one line, numbers with their exact text."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from inspector.core.json import Json
from inspector.policy.read_yaml import is_text

WIDTH = 100  # characters of a value that still goes on its key's line
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")


def write_yaml(document: Json) -> str:
    """The text, with a newline at its end."""
    return "\n".join(_block(document, 0)) + "\n"


def _block(value: Json, indent: int) -> list[str]:
    pad = "  " * indent
    match value:
        case dict() if value:
            return [line for key, item in value.items() for line in _item(f"{pad}{scalar(key)}:", item, indent)]
        case list() if value:
            return [line for item in value for line in _item(f"{pad}-", item, indent)]
        case _:
            return [pad + flow(value)]


def _item(head: str, value: Json, indent: int) -> list[str]:
    line = f"{head} {flow(value)}"
    if not isinstance(value, dict | list) or (len(line) <= WIDTH and not any(map(_deep, _items(value)))):
        return [line]
    if head.endswith("-"):  # the first line of what is below moves up beside the dash
        first, *rest = _block(value, indent + 1)
        return [f"{head} {first.lstrip()}", *rest]
    return [head, *_block(value, indent + 1)]


def _items(value: dict[str, Json] | list[Json]) -> list[Json]:
    return list(value.values()) if isinstance(value, dict) else value


def _deep(value: Json) -> bool:
    """Too much for a part of one line: an object, or a list that holds more than plain values."""
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def flow(value: Json) -> str:
    """A whole value on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case _:
            return scalar(value)


def scalar(value: Json) -> str:
    """One value on one line, quoted where YAML would read something else."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value if _PLAIN.fullmatch(value) and is_text(value) else _quoted(value)
        case Decimal():
            return getattr(value, "text", None) or str(value)
        case _:
            return str(value)


def _quoted(text: str) -> str:
    """JSON's quotes; what YAML takes for a line break or forbids is escaped, an emoji is not (it would be two)."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() or ord(c) > 0xFFFF else f"\\u{ord(c):04x}" for c in quoted)
