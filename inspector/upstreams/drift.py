"""What has changed between two listings of an upstream's tools, field by field. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from inspector.core.events import ToolChange

Definitions: TypeAlias = Mapping[str, dict[str, Any]]

SHOWN = 4_000  # characters of a value
_BEFORE = 200  # … of what stands before the difference, where a longer one has to be cut

# A hint that is left out means this (MCP specification, ToolAnnotations).
_HINTS = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}


def changes(known: Definitions, listed: Definitions) -> tuple[ToolChange, ...]:
    """Tools that were added or removed, and the fields of others that differ, by name.

    `_meta` says nothing that a model reads, so it is left out. An annotation that is left out equals its default.
    """
    found: list[ToolChange] = []
    for name in sorted(known.keys() | listed.keys()):
        if name not in listed:
            found.append(ToolChange(name, "", _text(known[name]), ""))
        elif name not in known:
            found.append(ToolChange(name, "", "", _text(listed[name])))
        else:
            before, after = _compared(known[name]), _compared(listed[name])
            found += [ToolChange(name, field, was, becomes) for field, was, becomes in _differences("", before, after)]
    return tuple(found)


def _compared(definition: dict[str, Any]) -> dict[str, Any]:
    said = definition.get("annotations")
    annotations = {**_HINTS, **said} if isinstance(said, dict) else dict(_HINTS) if said is None else said
    rest = {key: value for key, value in definition.items() if key not in ("_meta", "name")}
    return {**rest, "annotations": annotations}


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    """(path, before, after); "" for what is not there."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if _whole(before) != _whole(after):
            yield path, *_around(_whole(before), _whole(after))
        return
    for key in sorted(before.keys() | after.keys()):
        below = f"{path}.{key}" if path else key
        if key not in after:
            yield below, _text(before[key]), ""
        elif key not in before:
            yield below, "", _text(after[key])
        else:
            yield from _differences(below, before[key], after[key])


def _around(before: str, after: str) -> tuple[str, str]:
    """Both texts from shortly before the point where they part, if they are too long to be shown whole: an addition at
    the end of a long description must not hide behind its beginning. What was cut off is no JSON text any more."""
    if max(len(before), len(after)) <= SHOWN:
        return before, after
    shorter = min(len(before), len(after))
    same = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    start = max(0, same - _BEFORE)
    mark = "…" if start else ""
    return mark + before[start : start + SHOWN], mark + after[start : start + SHOWN]


def _whole(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True)


def _text(value: Any) -> str:
    return _whole(value)[:SHOWN]
