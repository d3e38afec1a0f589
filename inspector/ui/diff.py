"""What differs between two texts, as lines to show. Pure."""

from __future__ import annotations

import difflib
from typing import Final, NamedTuple

from textual.content import Content

from inspector.ui import text

COMPARED_LINES: Final = 4_000  # difflib is quadratic in the worst case
_STYLES: Final = {"+": "$decision-allow", "-": "$decision-deny", "@": "$quiet", " ": ""}


class Size(NamedTuple):
    added: int
    removed: int

    def __str__(self) -> str:
        return f"+{self.added} −{self.removed}"


def lines(old: str, new: str, context: int = 1) -> list[str]:
    """A unified diff without its two headers; hunks begin with `@`. Very long texts are compared as a whole."""
    a, b = old.split("\n"), new.split("\n")
    if max(len(a), len(b)) > COMPARED_LINES:
        return [] if old == new else ["@ too long to compare line by line"]
    return list(difflib.unified_diff(a, b, n=context, lineterm=""))[2:]


def size(old: str, new: str) -> Size:
    found = lines(old, new, context=0)
    return Size(sum(line.startswith("+") for line in found), sum(line.startswith("-") for line in found))


def view(old: str, new: str, limit: int = 200, context: int = 1) -> Content:
    """The diff in colours; each line is marked with + or −, so that colour is not needed to read it."""
    found = lines(old, new, context)
    rows = [Content.assemble((_row(line), _STYLES.get(line[:1], ""))) for line in found[:limit]]
    if len(found) > limit:
        rows.append(Content.assemble((f"… {len(found) - limit} more lines", "$quiet")))
    return Content("\n").join(rows) if rows else Content.assemble(("no difference", "$quiet"))


def _row(line: str) -> str:
    if line.startswith("@@"):
        where = line.split("+")[1].split(" ", maxsplit=1)[0].split(",", maxsplit=1)[0]
        return f"line {where}"
    if line.startswith("@"):  # no hunk: words of ours
        return line[2:]
    mark = "−" if line.startswith("-") else line[:1]
    return text.line(f"{mark} {line[1:].expandtabs(4)}", 400)
