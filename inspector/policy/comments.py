"""Comments that survive a rewriting: each goes where its neighbours went."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict

from inspector.policy.read_yaml import read_yaml
from inspector.policy.source import Location, Mark, Node

_BESIDE = re.compile(r"( *)([^ #].*?)[ \t]+(#.*)")


def with_comments(new: str, old: str) -> str:
    """`new` with the comments of `old`; both are YAML of one shape down to the tools.

    A comment above a key that both have stands above it again, as does one beside its value; one further down in a
    tool stands above the tool, and what follows the last key stands at the end.
    """
    lines = _lifted(old.split("\n"))
    comments = [number for number, line in enumerate(lines, 1) if line.lstrip().startswith("#")]
    before, after = read_yaml("\n".join(lines)).root, read_yaml(new).root
    without = ["" if number in comments else line for number, line in enumerate(lines, 1)]
    if before is None or after is None or not _say_the_same(lines, without):
        return new  # what looks like a comment is a part of some text
    places = _keys(after)
    above: defaultdict[int, list[str]] = defaultdict(list)
    rewritten = new.split("\n")
    for number in comments:
        location = _neighbour(number, lines, before)
        mark = Mark(len(rewritten), 1) if location is None else places.get(location, Mark(1, 1))
        above[mark.line].append(" " * (mark.column - 1) + lines[number - 1].strip())
    return "\n".join(line for number, text in enumerate(rewritten, 1) for line in (*above[number], text))


def _lifted(lines: list[str]) -> list[str]:
    """The lines, each comment beside a value on a line of its own above it."""
    beside = [number for number, line in enumerate(lines) if _BESIDE.match(line)]
    lifted = _lift(lines, beside)
    if not _say_the_same(lines, lifted):  # some only look like comments: then each is tried by itself
        lifted = _lift(lines, [number for number in beside if _say_the_same(lines, _lift(lines, [number]))])
    return lifted


def _lift(lines: list[str], numbers: list[int]) -> list[str]:
    lifted = [*lines]
    for number in numbers:
        if found := _BESIDE.match(lines[number]):
            indent, value, comment = found.groups()
            lifted[number] = f"{indent}{comment}\n{indent}{value}"
    return "\n".join(lifted).split("\n")


def _say_the_same(one: list[str], other: list[str]) -> bool:
    left, right = (read_yaml("\n".join(lines)).root for lines in (one, other))
    return left is not None and right is not None and left.value == right.value


def _neighbour(number: int, lines: list[str], root: Node) -> Location | None:
    """The key that a comment belongs to: the next one if nothing else stands between, else the one it is below."""
    keys = sorted((mark.line, location) for location, mark in _keys(root).items())
    starts = [line for line, _ in keys]
    following = bisect_right(starts, number)
    if following < len(keys) and all(_is_empty(line) for line in lines[number : starts[following] - 1]):
        return keys[following][1]
    if following == len(keys) and not lines[number - 1].startswith(" "):
        return None
    return keys[max(0, bisect_left(starts, number) - 1)][1]


def _is_empty(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _keys(root: Node) -> dict[Location, Mark]:
    """Where the document's own fields stand, and the tools."""
    found: dict[Location, Mark] = {(key,): mark for key, mark in root.keys.items()}
    tools = root.children.get("tools")
    return found | {("tools", key): mark for key, mark in (tools.keys.items() if tools else ())}
