"""What a tool's `inputSchema` says of an argument path: whether anything can be there, and what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from inspector.core.json import Json, JsonObject
from inspector.core.pointer import referred
from inspector.policy.model import Path, Star

_MOST = 100  # references on the way through one schema
_PLAIN = ("string", "number", "integer", "boolean", "null")


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a path leads. `missing`: the segment that no argument has, beside the names that there are."""

    ends: list[JsonObject] | None  # one schema for each branch; None: the schema leaves it open
    missing: str | None = None
    known: set[str] = field(default_factory=set)


def reach(path: Path, schema: Json) -> Reach:
    """Follow a path through properties, items, branches and references within the schema."""
    places: list[Json] = [schema]
    for segment in path:
        known: set[str] = set()
        found: list[Json] = []
        for place in _branches(places, schema, set()):
            below = _below(place, segment, known) if place is not None else None
            if below is None:
                return Reach(None)
            found += below
        if not found:
            return Reach([], "*" if isinstance(segment, Star) else segment, known)
        places = found
    ends = list(_branches(places, schema, set()))
    return Reach(None) if None in ends else Reach([end for end in ends if end is not None])


def _branches(places: list[Json], root: Json, seen: set[str]) -> Iterator[JsonObject | None]:
    """Each schema, or its branches, with local references followed, each of them once. None: anything."""
    for place in places:
        if not isinstance(place, dict):
            yield None
        elif isinstance(reference := place.get("$ref"), str):
            again = reference in seen or len(seen) == _MOST
            seen.add(reference)
            yield from _branches([None if again else referred(reference, root)], root, seen)
        elif branches := [branch for key in ("anyOf", "oneOf", "allOf") for branch in _list(place.get(key))]:
            yield from _branches(branches, root, seen)
        else:
            yield place


def _below(schema: JsonObject, segment: str | Star, known: set[str]) -> list[Json] | None:
    """The schemas of what a segment leads to; None when the schema leaves it open."""
    properties, items, more = schema.get("properties"), schema.get("items"), schema.get("additionalProperties")
    if properties is None and items is None and not isinstance(more, dict):
        return [] if schema.get("type") in _PLAIN else None
    named = properties if isinstance(properties, dict) else {}
    known.update(named)
    of_any = [schema["items"]] if items is not None else []
    if isinstance(segment, Star):
        return [*of_any, *named.values(), *([more] if isinstance(more, dict) else [])]
    if segment in named:
        return [named[segment]]
    if more is True or "patternProperties" in schema:
        return None
    if isinstance(more, dict):
        return [more]
    return of_any if segment.isdecimal() else []


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
