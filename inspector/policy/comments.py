"""Comments that survive a rewriting: each goes where its neighbours went."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inspector.policy.read_yaml import read_yaml, text_spans
from inspector.policy.source import Location, Mark, Node

_BREAK = re.compile("\r\n|[\n\r]")  # where YAML 1.2 ends a line


@dataclass(frozen=True, slots=True)
class _Comment:
    line: int  # from 1
    column: int  # from 1, of the #
    text: str
    beside: bool  # something stands before it on its line


def with_comments(new: str, old: str, moved: Mapping[Location, Location]) -> str:
    """`new` with the comments of `old`, both YAML. `moved`: old place → new; what is not named goes with its parent.

    A comment above something stands above it again, one beside a value beside it. Where several would stand beside one
    line, which was several before, they stand above it. What follows the last key stands at the end.
    """
    old = old.removeprefix("\ufeff")
    before, after = read_yaml(old).root, read_yaml(new).root
    if before is None or after is None:
        return new
    places, neighbours = dict(_places(after)), _Neighbours(before, old)
    rewritten = new.split("\n")
    on_line: defaultdict[int, list[_Comment]] = defaultdict(list)
    for comment in _comments(old):
        location = neighbours.of(comment)
        place = None if location is None else places.get(_new_place(location, moved, places), Mark(1, 1))
        on_line[len(rewritten) if place is None else place.line].append(comment)
    text = "\n".join(part for line, text in enumerate(rewritten, 1) for part in _commented(text, on_line[line]))
    written = read_yaml(text).root
    # Two readers may still not agree on where a line ends; a comment is not worth that.
    return text if written is not None and written.value == after.value else new


def _commented(line: str, comments: list[_Comment]) -> Iterator[str]:
    beside = [comment for comment in comments if comment.beside]
    indent = " " * (len(line) - len(line.lstrip(" ")))
    stays = len(beside) == 1 and bool(line.strip())
    yield from (indent + comment.text for comment in comments if not (stays and comment.beside))
    yield f"{line}  {beside[0].text}" if stays else line


def _comments(text: str) -> Iterator[_Comment]:
    """Every comment of a YAML text: a # at the start of a line or behind white space, outside of texts."""
    spans = text_spans(text)
    starts = [start for start, _ in spans]
    for number, (offset, line) in enumerate(_lines(text), 1):
        for found in re.finditer("#", line):
            column = found.start()
            span = bisect_right(starts, offset + column) - 1
            inside = span >= 0 and offset + column < spans[span][1]
            if not inside and (column == 0 or line[column - 1] in " \t"):
                yield _Comment(number, column + 1, line[column:].rstrip(), bool(line[:column].strip()))
                break


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its offset."""
    start = 0
    for found in _BREAK.finditer(text):
        yield start, text[start : found.start()]
        start = found.end()
    yield start, text[start:]


class _Neighbours:
    """What a comment of the old text is about."""

    def __init__(self, root: Node, text: str) -> None:
        self._places = sorted(_places(root), key=lambda place: place[1][:2])
        self._marks = [mark[:2] for _, mark in self._places]
        self._indents = [len(line) - len(line.lstrip(" ")) for _, line in _lines(text)]

    def of(self, comment: _Comment) -> Location | None:
        """What stands last before it on its line; for one on a line of its own, what follows. None: the end.

        A comment that closes a block belongs to the block: it is further in than what follows.
        """
        last = bisect_left(self._marks, (comment.line, comment.column)) - 1
        following = bisect_left(self._marks, (comment.line + 1, 0))
        before = self._places[last][0] if last >= 0 else ()
        if comment.beside:
            return before
        ended = following == len(self._places)
        outside = 0 if ended else self._indents[self._marks[following][0] - 1]
        closes = last >= 0 and outside < comment.column - 1 <= self._indents[self._marks[last][0] - 1]
        if closes:
            return before
        return None if ended else self._places[following][0]


def _new_place(old: Location, moved: Mapping[Location, Location], places: Mapping[Location, Mark]) -> Location:
    """Where it, or else the nearest of what it stands in, is now."""
    for length in range(len(old), 0, -1):
        if old[:length] in moved:
            new = (*moved[old[:length]], *old[length:])
            while new and new not in places:
                new = new[:-1]
            return new
    return ()


def _places(root: Node, at: Location = ()) -> Iterator[tuple[Location, Mark]]:
    """Where everything below a node begins: keys of objects, elements of lists."""
    for key, child in root.children.items():
        here = (*at, key)
        yield here, root.keys[key] if isinstance(key, str) else child.mark
        yield from _places(child, here)
