"""A document as JSON that people read: indented, every number with its own text."""

from __future__ import annotations

from inspector.core.json import Json, to_text


def write_json(document: Json) -> str:
    """The text, with a newline at its end."""
    return _block(document, "\n") + "\n"


def _block(value: Json, line: str) -> str:
    deeper = line + "  "
    match value:
        case dict() if value:
            fields = (f"{deeper}{to_text(key)}: {_block(item, deeper)}" for key, item in value.items())
            return "{" + ",".join(fields) + line + "}"
        case list() if any(isinstance(item, dict | list) for item in value):
            return "[" + ",".join(deeper + _block(item, deeper) for item in value) + line + "]"
        case list():
            return "[" + ", ".join(map(to_text, value)) + "]"
        case _:
            return to_text(value)
