"""Where a rule stands in the policy's text: its JSON Pointer walked down the lines. Pure, and only for jumping there.

It reads no YAML: a draft may not load, and a line too early is better than none.
"""

from __future__ import annotations

import re


def line_of(text: str, pointer: str) -> int:
    """The line, from 0, of the deepest part of the pointer that is found; 0 when none is."""
    lines = text.split("\n")
    at, inside = 0, -1  # the line found last, and its indentation
    for part in pointer.strip("/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~").partition("#")[0]
        found = _below(lines, at, inside, name)
        if found is None:
            break
        at, inside = found, _indent(lines[found])
    return at


def _below(lines: list[str], at: int, inside: int, name: str) -> int | None:
    """The first line from `at` on, still within its block, that names it as a key or as a value."""
    quoted = re.escape(name)
    key = re.compile(rf"""^\s*(-\s+)?["']?{quoted}["']?\s*:""")
    mention = re.compile(rf"""(?<![\w.-]){quoted}(?![\w.-])""")
    second = None
    for number in range(at, len(lines)):
        line = lines[number]
        if number > at and line.strip() and _indent(line) <= inside and not line.lstrip().startswith(("#", "-")):
            break
        if key.match(line) and _indent(line) > inside:
            return number
        if second is None and mention.search(line.partition(" #")[0]):
            second = number
    return second


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
