"""Changes to a policy's text that leave every other character as it is: comments, quotes, order and layout.

The document is only asked where things stand; what changes is cut out of the text or put into it. JSON is read as the
YAML that it is, and written as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from inspector.core.errors import PolicyError
from inspector.core.json import Json, to_text
from inspector.policy.source import Location
from inspector.policy.write_yaml import flow, write_yaml

INDENT = 2


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


class Splice:
    """Collects changes and makes them all at once. Changes must not touch each other, but for several that add at one
    place: those come in the order in which they were asked for.

    Every method raises PolicyError where the text leaves no safe way to do it.
    """

    def __init__(self, text: str, *, as_json: bool) -> None:
        """`text` is a document that loads."""
        self._text, self._json = text, as_json
        self._break = "\r\n" if "\r\n" in text else "\n"
        self._edits: list[_Edit] = []
        try:
            self._root = YAML(typ="safe", pure=True).compose(text.removeprefix("\ufeff"))
        except YAMLError:
            self._root = None
        self._shift = int(text.startswith("\ufeff"))
        self._keys: dict[int, tuple[Node, Node]] = {}  # by the value's identity: its key, and the object it stands in
        self._note_keys(self._root)
        if not isinstance(self._root, MappingNode):
            raise PolicyError("this text is laid out in a way that cannot be edited safely: change it by hand")

    def text(self) -> str:
        """The text with all changes made."""
        result = self._text
        ordered = sorted(enumerate(self._edits), key=lambda item: (item[1].start, item[0]))
        for _, edit in reversed(ordered):
            result = result[: edit.start] + edit.text + result[edit.end :]
        return result

    def index(self, where: Location, item: str) -> int | None:
        """Where a text stands in the list at `where`; None when it does not."""
        node = self._node(where)
        items = node.value if isinstance(node, SequenceNode) else []
        return next((i for i, one in enumerate(items) if isinstance(one, ScalarNode) and one.value == item), None)

    def merge(self, where: Location, fields: dict[str, Json]) -> None:
        """Put new fields at the end of the object at `where`, which may be missing or empty."""
        node = self._node(where)
        if node is None:
            self.merge(where[:-1], {str(where[-1]): fields})
        elif isinstance(node, MappingNode) and not _flows(node) and node.value:
            self._insert_lines(node, _lines(fields))
        elif isinstance(node, MappingNode) and node.value:
            self._insert_flow(node, [f"{self._key(name)}: {self._value(item)}" for name, item in fields.items()])
        elif _is_deep(fields) and self._may_open(node):
            self._open_block(node, _lines(fields))
        else:
            self._replace(node, fields)

    def extend(self, where: Location, items: list[Json]) -> None:
        """Put new items at the end of the list at `where`, which may be missing."""
        node = self._node(where)
        if node is None:
            self.merge(where[:-1], {str(where[-1]): items})
        elif isinstance(node, SequenceNode) and not _flows(node) and node.value:
            self._insert_lines(node, write_yaml(items).splitlines())
        elif isinstance(node, SequenceNode) and node.value:
            self._insert_flow(node, [self._value(item) for item in items])
        elif isinstance(node, SequenceNode):
            self._replace(node, items)
        else:
            raise self._refusal(where)

    def assign(self, where: Location, value: Json) -> None:
        """Give the field at `where` another value, or add it."""
        node = self._node(where)
        if node is None:
            self.merge(where[:-1], {str(where[-1]): value})
        elif isinstance(node, ScalarNode) or _flows(node):
            self._replace(node, value)
        else:
            raise self._refusal(where)

    def remove(self, where: Location) -> None:
        """Take away a field or an item. A list that becomes empty goes with it, an object stays as `{}`."""
        parent, found = self._node(where[:-1]), self._node(where)
        if parent is None or found is None:
            raise self._refusal(where)
        parts = list(_parts(parent))
        index = next(i for i, (_, value) in enumerate(parts) if value is found)
        if len(parts) == 1:
            if isinstance(parent, SequenceNode):
                self.remove(where[:-1])
            else:
                self._empty(where[:-1], parent)
        elif _flows(parent):
            self._cut_flow(parts, index)
        else:
            self._cut_lines(parts[index], where)

    # Where things stand

    def _node(self, where: Location) -> Node | None:
        node: Node | None = self._root
        for part in where:
            match node:
                case MappingNode():
                    node = next((value for key, value in node.value if key.value == part), None)
                case SequenceNode() if isinstance(part, int) and part < len(node.value):
                    node = node.value[part]
                case _:
                    return None
        return node

    def _note_keys(self, node: Node | None) -> None:
        if isinstance(node, MappingNode):
            for key, value in node.value:
                self._keys[id(value)] = key, node
                self._note_keys(value)
        elif isinstance(node, SequenceNode):
            for item in node.value:
                self._note_keys(item)

    def _colon(self, node: Node) -> int:
        """Behind the colon of its key."""
        key, _ = self._keys[id(node)]
        return self._text.index(":", int(key.end_mark.index) + self._shift) + 1

    def _start(self, node: Node) -> int:
        if _is_nothing(node) and id(node) in self._keys:
            return self._colon(node)
        return int(node.start_mark.index) + self._shift

    def _end(self, node: Node) -> int:
        """Where its text ends: a block ends with its last part, not where the next one begins."""
        if _is_nothing(node) and id(node) in self._keys:
            return self._colon(node)
        if isinstance(node, ScalarNode) or _flows(node) or not node.value:
            begin, end = self._start(node), int(node.end_mark.index) + self._shift
            return begin + len(self._text[begin:end].rstrip())
        return self._end(list(_parts(node))[-1][1])

    def _line_end(self, at: int) -> int:
        end = self._text.find("\n", at)
        end = len(self._text) if end < 0 else end
        return end - 1 if self._text[end - 1 : end] == "\r" else end

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _refusal(self, where: Location) -> PolicyError:
        name = ".".join(map(str, where))
        return PolicyError(f"{name} is laid out in a way that cannot be edited safely: change it by hand")

    # Putting in

    def _insert_lines(self, block: Node, lines: list[str]) -> None:
        pad = " " * int(block.start_mark.column)
        at = self._line_end(self._end(block))
        self._edits.append(_Edit(at, at, "".join(f"{self._break}{pad}{line}" for line in lines)))

    def _insert_flow(self, node: Node, parts: list[str]) -> None:
        last = self._end(list(_parts(node))[-1][1])
        closing = int(node.end_mark.index) + self._shift - 1
        first = next(_parts(node))[0]
        if "\n" in self._text[self._start(node) : self._start(first)] and "\n" in self._text[last:closing]:
            pad = " " * int(first.start_mark.column)
            shown = [part.replace("\n", self._break + pad) for part in parts]
            self._edits.append(_Edit(last, last, "".join(f",{self._break}{pad}{part}" for part in shown)))
        else:
            shown = [" ".join(line.strip() for line in part.splitlines()) for part in parts]
            self._edits.append(_Edit(last, last, "".join(f", {part}" for part in shown)))

    def _may_open(self, node: Node) -> bool:
        """Stands it behind a key at the beginning of a line, so that lines may stand below?"""
        key, holder = self._keys.get(id(node), (None, None))
        if self._json or key is None or holder is None or _flows(holder):
            return False
        rest = self._text[self._end(node) : self._line_end(self._end(node))].strip()
        below = "\n" not in self._text[self._start(key) : self._start(node)]
        return below and (not rest or rest.startswith("#"))

    def _open_block(self, node: Node, lines: list[str]) -> None:
        key, _ = self._keys[id(node)]
        pad = " " * (int(key.start_mark.column) + INDENT)
        colon, end = self._colon(node), self._end(node)
        self._edits.append(_Edit(colon, end, ""))
        line = self._line_end(end)
        self._edits.append(_Edit(line, line, "".join(f"{self._break}{pad}{one}" for one in lines)))

    def _replace(self, node: Node, value: Json) -> None:
        start, end = self._start(node), self._end(node)
        space = " " if self._text[start - 1 : start] == ":" else ""
        line = self._text[self._line_start(start) : start]
        pad = " " * (len(line) - len(line.lstrip()))
        self._edits.append(_Edit(start, end, space + self._value(value).replace("\n", self._break + pad)))

    def _key(self, name: str) -> str:
        return to_text(name) if self._json else flow(name)

    def _value(self, value: Json) -> str:
        if not self._json:
            return flow(value)
        return _pretty(value, 0) if self._break in self._text.strip() else to_text(value)

    # Taking away

    def _empty(self, where: Location, node: Node) -> None:
        if not _flows(node):
            self._cut_block(where, node)
        else:
            self._replace(node, {})

    def _cut_block(self, where: Location, node: Node) -> None:
        """A block with one part goes, and `{}` stands behind the key."""
        start, end = self._start(node), self._line_end(self._end(node))
        line = self._line_start(start)
        if self._text[line:start].strip() or id(node) not in self._keys or self._colon(node) > line:
            raise self._refusal(where)
        colon = self._colon(node)
        self._edits.append(_Edit(colon, colon, " {}"))
        self._edits.append(_Edit(line - len(self._break), end, ""))

    def _cut_flow(self, parts: list[tuple[Node, Node]], index: int) -> None:
        if index:
            self._edits.append(_Edit(self._end(parts[index - 1][1]), self._end(parts[index][1]), ""))
        else:
            self._edits.append(_Edit(self._start(parts[0][0]), self._start(parts[1][0]), ""))

    def _cut_lines(self, part: tuple[Node, Node], where: Location) -> None:
        key, value = part
        line, end = self._line_start(self._start(key)), self._line_end(self._end(value))
        before = self._text[line : self._start(key)]
        if before.strip() not in ("", "-") or (before.strip() == "-" and key is not value):
            raise self._refusal(where)
        self._edits.append(_Edit(max(0, line - len(self._break)), end, ""))


def _parts(node: Node) -> Iterator[tuple[Node, Node]]:
    """What it consists of, each from the node it begins with to the one it ends with."""
    if isinstance(node, MappingNode):
        yield from node.value
    elif isinstance(node, SequenceNode):
        yield from ((item, item) for item in node.value)


def _flows(node: Node) -> bool:
    """Is it written within braces or brackets?"""
    return isinstance(node, CollectionNode) and bool(node.flow_style)


def _is_nothing(node: Node) -> bool:
    """An empty value (`key:`), which stands in no place of its own."""
    return isinstance(node, ScalarNode) and node.start_mark.index == node.end_mark.index


def _is_deep(fields: dict[str, Json]) -> bool:
    """Too much for one line: objects, or lists of more than plain values."""
    return any(
        isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value))
        for value in fields.values()
    )


def _lines(fields: dict[str, Json]) -> list[str]:
    """As YAML. New tools get lines of their own, however short they are."""
    lines: list[str] = []
    for name, value in fields.items():
        if isinstance(value, dict) and any(isinstance(item, dict) for item in value.values()):
            lines += [f"{flow(name)}:", *(f"  {line}" for line in write_yaml(value).splitlines())]
        else:
            lines += write_yaml({name: value}).splitlines()
    return lines


def _pretty(value: Json, depth: int) -> str:
    """JSON over several lines, numbers with their own text."""
    pad = "\n" + " " * (INDENT * (depth + 1))
    close = "\n" + " " * (INDENT * depth)
    match value:
        case dict() if value:
            items = (f"{pad}{to_text(name)}: {_pretty(item, depth + 1)}" for name, item in value.items())
            return "{" + ",".join(items) + close + "}"
        case list() if any(isinstance(item, dict | list) for item in value):
            return "[" + ",".join(f"{pad}{_pretty(item, depth + 1)}" for item in value) + close + "]"
        case list():
            return "[" + ", ".join(map(to_text, value)) + "]"
        case _:
            return to_text(value)
