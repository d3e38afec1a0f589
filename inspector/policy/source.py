"""A document's text as a tree that knows where everything stands.

Both readers (`read_json`, `read_yaml`) drive one `TreeBuilder`, so JSON and YAML obey the same file rules: no duplicate
keys, text keys only, nesting of at most 32, no lone surrogates. What they refuse is collected, not raised, so that a
person sees every problem at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from inspector.core.json import Json
from inspector.core.problems import Problem

MAX_DEPTH = 32  # the root has depth 1
_SURROGATE = re.compile("[\ud800-\udfff]")

Location: TypeAlias = tuple[str | int, ...]  # the way down from the root: keys and list indexes


class Mark(NamedTuple):
    """A place in the text; both numbers count from 1, `end_column` is exclusive and on the same line."""

    line: int
    column: int
    end_column: int | None = None


START = Mark(1, 1)


class Blame(StrEnum):
    """Which part of a field is at fault, hence which line a problem names."""

    KEY = "key"  # the key itself: unknown, excluded by another
    VALUE = "value"
    MISSING = "absent"  # the field is not there: its parent's key is named


@dataclass(slots=True)
class Node:
    """One value with its place, and below it the places of its keys and its children."""

    value: Json
    mark: Mark
    keys: dict[str, Mark] = field(default_factory=dict)
    children: dict[str | int, Node] = field(default_factory=dict)


def pointer(location: Iterable[str | int]) -> str:
    """RFC 6901: `("tools", "a/b", 0)` → `/tools/a~1b/0`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def place(root: Node | None, location: Location, blame: Blame) -> Mark:
    """Where to send the reader for a problem at `location`."""
    if root is None:
        return START
    node, key_mark = root, root.mark
    for depth, part in enumerate(location):
        child = node.children.get(part)
        if child is None:
            return node.keys.get(str(part), key_mark)
        last = depth == len(location) - 1
        if last and blame is Blame.VALUE:
            return child.mark
        key_mark = node.keys.get(part, child.mark) if isinstance(part, str) else child.mark
        node = child
    return key_mark


def stands(root: Node, location: Location) -> bool:
    """Is there anything at this place of the document?"""
    node: Node | None = root
    for part in location:
        node = None if node is None else node.children.get(part)
    return node is not None


def _blamed(location: Location) -> Location:
    """The field that a problem at `location` names: a condition's `value` list is one, whichever item is wrong."""
    for depth, (name, item) in enumerate(pairwise(location), 1):
        if name == "value" and isinstance(item, int):
            return location[:depth]
    return location


@dataclass(frozen=True, slots=True)
class Source:
    """What a reader made of a text. `root` is None when nothing could be built."""

    root: Node | None
    problems: tuple[Problem, ...]


class UnreadableError(Exception):
    """The text cannot be read on from here; the builder holds the reason."""


@dataclass(slots=True)
class _Open:
    node: Node
    key: str | None = None
    key_mark: Mark = START
    repeated: bool = False  # the pending key stands there already: its value is read and dropped


class TreeBuilder:
    """Collects one document from reading events; the same checks for every format."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._stack: list[_Open] = []

    @property
    def wants_key(self) -> bool:
        """The next node is a key: we are in a map, and the last key has its value."""
        return bool(self._stack) and isinstance(self._stack[-1].node.value, dict) and self._stack[-1].key is None

    def location(self) -> Location:
        """Where the next value goes; the map itself while a key is awaited."""
        way: list[str | int] = []
        for depth, level in enumerate(self._stack, 1):
            if level.key is not None:
                way.append(level.key)
            elif isinstance(level.node.value, list):
                way.append(len(level.node.value) - (depth < len(self._stack)))
        return tuple(way)

    def refuse(self, mark: Mark, message: str, *key: str) -> None:
        """Note a problem at the current location, or at `key` of the map that awaits one."""
        where = pointer(_blamed((*self.location(), *key)))
        self.problems.append(Problem(where, mark.line, mark.column, message, end_column=mark.end_column))

    def stop(self, mark: Mark, message: str) -> UnreadableError:
        """Note the problem that ends the reading; the caller raises what it gets."""
        self.refuse(mark, message)
        return UnreadableError(message)

    def key(self, text: str, mark: Mark) -> None:
        top = self._stack[-1]
        if _SURROGATE.search(text):
            raise self.stop(mark, "a key holds half of a surrogate pair, which is no text")
        top.key, top.key_mark = text, mark
        top.repeated = text in top.node.keys
        if top.repeated:
            first = top.node.keys[text].line
            self.refuse(mark, f'the key "{text}" stands here twice (first on line {first}): keep one of them')

    def scalar(self, value: Json, mark: Mark) -> None:
        if isinstance(value, str) and _SURROGATE.search(value):
            self.refuse(mark, "the text holds half of a surrogate pair, which is no character")
            value = _SURROGATE.sub("\ufffd", value)
        if value is None and mark.end_column is None and self._stack and self._stack[-1].key is not None:
            mark = self._stack[-1].key_mark  # an empty value: YAML places it at the next token, lines below
        self._attach(Node(value, mark))

    def open(self, value: dict[str, Json] | list[Json], mark: Mark) -> None:
        if len(self._stack) == MAX_DEPTH:
            raise self.stop(mark, f"nested deeper than {MAX_DEPTH} levels")
        node = Node(value, mark)
        self._attach(node, opened=True)
        self._stack.append(_Open(node))

    def close(self) -> None:
        self._stack.pop()
        if self._stack:
            self._stack[-1].key = None

    def _attach(self, node: Node, *, opened: bool = False) -> None:
        if not self._stack:
            self.root = node
            return
        top = self._stack[-1]
        holder = top.node
        if isinstance(holder.value, list):
            holder.children[len(holder.value)] = node
            holder.value.append(node.value)
        elif isinstance(holder.value, dict) and top.key is not None:
            if not top.repeated:
                holder.keys[top.key] = top.key_mark
                holder.children[top.key] = node
                holder.value[top.key] = node.value
            if not opened:
                top.key = None
