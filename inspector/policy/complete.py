"""What could be written where the cursor stands: keys and words from the document's models, tools and arguments from
what the servers list; and what the field at the cursor means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from inspector.core.commands import Completion, Completions
from inspector.core.json import Json, JsonObject, to_text
from inspector.policy import fields
from inspector.policy.cursor import Cursor, cursor_at
from inspector.policy.definitions import definition_pin
from inspector.policy.document import Document, is_ours
from inspector.policy.edit import argument_path, is_json
from inspector.policy.match import glob_matches
from inspector.policy.model import Operator
from inspector.policy.part import Part
from inspector.policy.source import Location
from inspector.policy.write_yaml import scalar

MOST: Final = 100  # completions
MAX_DEPTH: Final = 4  # of argument paths

Listed: TypeAlias = Mapping[str, Mapping[str, JsonObject]]
"""Definitions by upstream and tool."""

OPERATORS: Final = {
    Operator.EQ: "they are equal, whatever the depth",
    Operator.NEQ: "they are not equal",
    Operator.IN: "it equals an element of the list",
    Operator.NOT_IN: "it equals none of the list",
    Operator.LT: "it is smaller",
    Operator.LTE: "it is not larger",
    Operator.GT: "it is larger",
    Operator.GTE: "it is not smaller",
    Operator.REGEX: "the RE2 pattern is found in it; ^ and $ anchor",
    Operator.CONTAINS: "a text contains the text; a list contains an equal element",
    Operator.EXISTS: "it is there (true), or is not (false)",
    Operator.PATH_WITHIN: "it is one of the absolute paths, or below one",
    Operator.HOST_IN: "the URL's host is one of them; *.host means subdomains only",
}
_MORE_WORDS: Final = {
    "window": (*fields.WINDOWS, fields.IN_FLIGHT),
    "missing": ("deny", "false"),
    "on_timeout": ("deny", "allow"),
    "version": ('"1"',),
    "rate_limit": ("10/minute", "60/hour"),
}
_PATHS: Final = frozenset({"path", "amount", "increment_from"})


def complete(text: str, line: int, column: int, *, path: str = "", listed: Listed | None = None) -> Completions:
    """`line` and `column` count from 0; `path` is the file's name. The text need not load."""
    cursor = cursor_at(text, line, column)
    scene = _Scene(cursor, listed or {}, is_json(text, path) or text.lstrip()[:1] == "{")
    typed = cursor.typed.strip("\"'").lower()
    found = [one for one in scene.found() if typed in one.label.lower() and one.label.lower() != typed]
    found.sort(key=lambda one: not one.label.lower().startswith(typed))
    return Completions(cursor.start, tuple(found[:MOST]), scene.help())


class _Scene:
    """The cursor among the models."""

    def __init__(self, cursor: Cursor, listed: Listed, as_json: bool) -> None:
        self._cursor, self._listed, self._json = cursor, listed, as_json
        self._at = _descend(Document, cursor.where)

    def found(self) -> Iterator[Completion]:
        cursor, name = self._cursor, _last_key(self._cursor.where)
        parts = list(_parts(self._at))
        if parts and (not cursor.in_value or isinstance(cursor.where[-1], int)):
            yield from self._keys(parts)
        elif not cursor.in_value and name in ("tools", "servers"):
            yield from self._names(name)
        elif name == "hide":
            yield from (self._word(tool, "tool") for tool in self._tools())
        elif cursor.in_value:
            yield from self._values(name)

    def help(self) -> str:
        """Of the field at the cursor, or of the one that it stands in."""
        where, typed = self._cursor.where, self._cursor.typed.strip("\"' ")
        inside = () if self._cursor.in_value and not isinstance(where[-1:][0] if where else "", int) else (typed,)
        for way in ((*where, *inside), where):
            for depth in range(len(way), 0, -1):
                name = way[depth - 1]
                for part in _parts(_descend(Document, way[: depth - 1])):
                    if isinstance(name, str) and (info := _field(part, name)) is not None:
                        return f"{name}: {info.description or ''}"
        return ""

    # Keys

    def _keys(self, parts: list[type[Part]]) -> Iterator[Completion]:
        seen: set[str] = set(self._cursor.siblings)
        for part in parts:
            for key in part.keys():  # noqa: SIM118 - no mapping
                info = _field(part, key)
                if key in seen or info is None:
                    continue
                seen.add(key)
                marks = "required" if info.is_required() else "†" if is_ours(part, key) else ""
                yield Completion(self._written(key) + ": ", key, marks, info.description or "")

    def _names(self, kind: str) -> Iterator[Completion]:
        names = self._listed if kind == "servers" else self._tools()
        detail = "upstream" if kind == "servers" else "tool"
        for name in names:
            yield Completion(self._written(name) + ":", name, detail, self._description(name))

    # Values

    def _values(self, name: str) -> Iterator[Completion]:
        if name == "op":
            for op, help_ in OPERATORS.items():
                yield self._word(op.value, "", help_)
        elif name in _PATHS:
            yield from self._paths()
        elif name == "value":
            yield from self._accepted()
        elif name == "pin":
            for definition in self._definitions():
                yield self._word(f"sha256:{definition_pin(definition)}", "as it is listed now")
        else:
            field = self._leaf(name)
            words = [*_words(field), *(word for word in _MORE_WORDS.get(name, ()) if word not in _words(field))]
            for word in words:
                yield Completion(word if word[:1] == '"' else self._written(word), word, "")

    def _leaf(self, name: str) -> FieldInfo | None:
        holders = _parts(_descend(Document, self._cursor.where[:-1]))
        return next((info for part in holders if (info := _field(part, name)) is not None), None)

    def _paths(self) -> Iterator[Completion]:
        seen: set[str] = set()
        for definition in self._definitions():
            for path, schema in _argument_paths(definition.get("inputSchema")):
                if path not in seen:
                    seen.add(path)
                    yield self._word(path, _type(schema), str(schema.get("description") or ""))

    def _accepted(self) -> Iterator[Completion]:
        """The values that the schema of the condition's own argument names."""
        wanted = self._cursor.siblings.get("path", "")
        for definition in self._definitions():
            for path, schema in _argument_paths(definition.get("inputSchema")):
                options = schema.get("enum") if path == wanted else None
                for option in options if isinstance(options, list) else ():
                    label = option if isinstance(option, str) else to_text(option)
                    yield Completion(to_text(option) if self._json else scalar(option), label, "of its schema")

    # What the servers list

    def _definitions(self) -> Iterator[JsonObject]:
        """Of the tools that the cursor's entry is about: the exact name, a glob, or all of them."""
        where = self._cursor.where
        key = next((where[i + 1] for i, part in enumerate(where[:-1]) if part == "tools"), "*")
        for known in self._sections():
            for tool, definition in known.items():
                if glob_matches(str(key), tool):
                    yield definition

    def _sections(self) -> Iterable[Mapping[str, JsonObject]]:
        where = self._cursor.where
        if where[:1] == ("servers",) and len(where) > 1:
            return [self._listed.get(str(where[1]), {})]
        return self._listed.values()

    def _tools(self) -> list[str]:
        return sorted({tool for known in self._sections() for tool in known})

    def _description(self, tool: str) -> str:
        found = next((known[tool] for known in self._sections() if tool in known), {})
        return str(found.get("description") or "").strip().split("\n")[0]

    def _word(self, word: str, detail: str, help_: str = "") -> Completion:
        return Completion(self._written(word), word, detail, help_)

    def _written(self, word: str) -> str:
        return to_text(word) if self._json else scalar(word)


# The models as a tree


def _descend(root: Any, where: Location) -> Any:
    """The annotation of what stands at `where`; None where nothing may stand."""
    found: Any = root
    for part in where:
        found = _step(found, part)
    return found


def _step(found: Any, part: str | int) -> Any:
    origin = get_origin(found)
    if origin is dict:
        return get_args(found)[1]
    if origin is list:
        return get_args(found)[0] if isinstance(part, int) else None
    for one in _parts(found):
        if isinstance(part, str) and (info := _field(one, part)) is not None:
            return _plain(info.annotation)
    inner = _plain(found)
    return _step(inner, part) if inner is not found and inner is not None else None


def _plain(annotation: Any) -> Any:
    """Without metadata and without None. A predicate in either form is the one that has all fields."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, UnionType):
        kept = [one for one in get_args(annotation) if one is not type(None)]
        return _plain(kept[0]) if len(kept) == 1 else annotation
    return annotation


def _parts(annotation: Any) -> Iterator[type[Part]]:
    plain = _plain(annotation)
    if isinstance(plain, type) and issubclass(plain, Part):
        yield plain
    elif get_origin(plain) in (Union, UnionType):
        for one in get_args(plain):
            yield from _parts(one)


def _field(part: type[Part], key: str) -> FieldInfo | None:
    return next((info for name, info in part.model_fields.items() if key == (info.alias or name)), None)


def _words(info: FieldInfo | None) -> list[str]:
    if info is None:
        return []
    plain = _plain(info.annotation)
    return [str(word) for word in get_args(plain)] if get_origin(plain) is Literal else []


def _last_key(where: Location) -> str:
    return next((part for part in reversed(where) if isinstance(part, str)), "")


# Schemas


def _argument_paths(schema: Json, path: str = "", depth: int = 0) -> Iterator[tuple[str, JsonObject]]:
    """Every argument that a schema names, with its own schema."""
    if not isinstance(schema, dict) or depth == MAX_DEPTH:
        return
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        if name and isinstance(inner, dict):
            own = argument_path(name)
            here = f"{path}.{own.removeprefix('args.')}" if path else own
            yield here, inner
            yield from _argument_paths(inner, here, depth + 1)
    items = schema.get("items")
    if path and isinstance(items, dict):
        yield f"{path}.*", items
        yield from _argument_paths(items, f"{path}.*", depth + 1)


def _type(schema: JsonObject) -> str:
    found = schema.get("type")
    return found if isinstance(found, str) else " | ".join(map(str, found)) if isinstance(found, list) else ""
