"""Comments that survive a rewriting: each goes where its neighbours went."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict

from inspector.policy.read_yaml import read_yaml
from inspector.policy.source import Location, Mark, Node


def with_comments(new: str, old: str) -> str:
    """`new` with the comment lines of `old`; both are YAML of one shape down to the tools.

    A comment above a key that both have stands above it again, one further down in a tool stands above the tool, and
    what follows the last key stands at the end. Comments beside a value are not taken over.
    """
    lines = old.split("\n")
    comments = [number for number, line in enumerate(lines, 1) if line.lstrip().startswith("#")]
    before, after = read_yaml(old).root, read_yaml(new).root
    without = read_yaml("\n".join("" if number in comments else line for number, line in enumerate(lines, 1))).root
    if before is None or after is None or without is None or without.value != before.value:
        return new  # what looks like a comment is a part of some text
    places = _keys(after)
    above: defaultdict[int, list[str]] = defaultdict(list)
    rewritten = new.split("\n")
    for number in comments:
        location = _neighbour(number, lines, before)
        mark = Mark(len(rewritten), 1) if location is None else places.get(location, Mark(1, 1))
        above[mark.line].append(" " * (mark.column - 1) + lines[number - 1].strip())
    return "\n".join(line for number, text in enumerate(rewritten, 1) for line in (*above[number], text))


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
