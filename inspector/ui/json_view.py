"""JSON laid out for reading, token by token, without ever parsing the whole: a huge text costs what is shown of it.

Works on any text: numbers keep their digits, duplicate keys stay, and what is no JSON is shown as it is. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from textual.content import Content

from inspector.ui import figures, text

LOOKED_AT: Final = 65_536  # characters of the text that are looked at for one pane
STRING_SHOWN: Final = 4_000  # characters of one
INDENT: Final = 2
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<string>"[^"\\]*(?:\\.[^"\\]*)*(?:"|$))(?P<key>\s*:)?'
    r"|(?P<open>[{\[])|(?P<close>[}\]])|(?P<comma>,)|(?P<colon>:)"
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)|(?P<other>[^\s\"{}\[\],:]+))",
    re.DOTALL,
)
_LINE_ENDS: Final = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}
_ENVELOPE: Final = re.compile(
    r'\s*\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*("[^"\\]*"|-?\d+)\s*,\s*"(result|error)"\s*:'
)
_STYLES: Final = {"string": "$secondary", "number": "$warning", "word": "$accent", "other": "$decision-error"}

Run = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """`lines` of styled runs; `cut`: there is more than is shown."""

    lines: list[list[Run]]
    cut: bool


def lay_out(source: str, width: int, max_lines: int) -> Layout:
    """At most `max_lines` lines of at most `width` cells; long strings continue on indented lines."""
    lines: list[list[Run]] = []
    for depth, runs in _logical_lines(source[:LOOKED_AT]):
        for wrapped in _wrap(runs, min(depth * INDENT, max(0, width // 2)), width):
            if len(lines) >= max_lines:
                return Layout(lines, True)
            lines.append(wrapped)
    return Layout(lines, len(source) > LOOKED_AT)


def view(source: str, width: int, max_lines: int) -> Content:
    """`lay_out` as Content, with a last line that says when something is missing."""
    if not source:
        return Content.assemble(("nothing", "$quiet"))
    layout = lay_out(source, max(8, width), max_lines)
    rows = [Content.assemble(*runs) for runs in layout.lines]
    if layout.cut:
        rows.append(Content.assemble((f"… cut: {figures.size_of(len(source))} in all · y copies it", "$quiet italic")))
    return Content("\n").join(rows)


def pieces(source: str, width: int) -> Iterator[Content]:
    """All of it, line by line, each laid out when it is asked for."""
    width = max(8, width)
    for depth, runs in _logical_lines(source):
        for wrapped in _wrap(runs, min(depth * INDENT, width // 2), width):
            yield Content.assemble(*wrapped)


def body_of(frame: str) -> str:
    """The result or error of a JSON-RPC answer, without the envelope that every answer has; else the whole text."""
    match = _ENVELOPE.match(frame)
    end = frame.rfind("}")
    return frame[match.end() : end].strip() if match and end > match.end() else frame


def pretty(source: str) -> str:
    """The same tokens, indented, for an editor: nothing is lost, and nothing but white space is new. Only characters of
    strings at which an editor would break the line become the escapes that mean them."""
    lines = (
        " " * (depth * INDENT) + "".join(run for run, _ in runs) for depth, runs in _logical_lines(source, raw=True)
    )
    return "\n".join(lines).translate(_LINE_ENDS)


def _logical_lines(source: str, raw: bool = False) -> Iterator[tuple[int, list[Run]]]:
    depth, after_open = 0, False
    runs: list[Run] = []
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup or "other"
        token = match[kind]
        if kind == "close":
            depth -= 1
            if not after_open:
                yield depth + 1, runs
                runs = []
            runs.append((token, ""))
            after_open = False
            continue
        if after_open:
            yield depth - 1, runs
            runs, after_open = [], False
        if kind == "comma":
            runs.append((",", ""))
            yield depth, runs
            runs = []
        elif kind == "open":
            runs.append((token, ""))
            depth, after_open = depth + 1, True
        elif kind == "key":
            runs += [(_shown(match["string"], raw), "$primary"), (": ", "")]
        else:
            runs.append((": ", "") if kind == "colon" else (_shown(token, raw), _STYLES[kind]))
    if runs:
        yield max(0, depth - after_open), runs


def _shown(token: str, raw: bool) -> str:
    if raw or len(token) <= STRING_SHOWN:
        return token if raw else text.line(token, STRING_SHOWN)
    return f"{text.line(token, STRING_SHOWN)} ({figures.size_of(len(token))} in all)"


def _wrap(runs: list[Run], indent: int, width: int) -> Iterator[list[Run]]:
    """One logical line as several, each indented; the second and later ones by one step more."""
    current: list[Run] = [(" " * indent, "")]
    room = width - indent
    for text_of_run, style in runs:
        shown = text_of_run
        while shown:
            head, shown = _split(shown, room, len(current) == 1, width - min(indent + INDENT, max(0, width - 4)))
            if head:
                current.append((head, style))
                room -= len(head) if head.isascii() else Content(head).cell_length
            if shown:
                yield current
                further = min(indent + INDENT, max(0, width - 4))
                current, room = [(" " * further, "")], width - further
    yield current


def _split(shown: str, room: int, fresh: bool, further: int) -> tuple[str, str]:
    """As much as fits, at a space (which the line end replaces) where there is one near.

    Nothing, when the word fits whole on a fresh line, which has `further` cells.
    """
    size = len(shown) if shown.isascii() else Content(shown).cell_length
    if size <= room:
        return shown, ""
    if room <= 0 or (not fresh and size <= max(12, further)):
        return "", shown
    end = room
    while not shown[:end].isascii() and Content(shown[:end]).cell_length > room:
        end -= 1
    end = max(1, end)
    space = shown.rfind(" ", max(1, end // 3), end + 1)
    return (shown[:space], shown[space + 1 :]) if space > 0 else (shown[:end], shown[end:])
