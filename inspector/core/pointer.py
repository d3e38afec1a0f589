"""JSON Pointers (RFC 6901), taken apart."""

from __future__ import annotations

from inspector.core.json import Json


def segments(pointer: str) -> tuple[str, ...]:
    """`/a~1b/0` → `a/b`, `0`; nothing for the whole document."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def referred(reference: str, root: Json) -> Json:
    """What a local reference of a JSON Schema (`#/$defs/x`) names within objects; None when it names nothing here."""
    found: Json = root if reference.startswith("#") else None
    for name in segments(reference):
        found = found.get(name) if isinstance(found, dict) else None
    return found
