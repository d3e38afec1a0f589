"""The only door through which untrusted text reaches the terminal.

Arguments, results, tool and agent names, policy reasons, file names and a server's stderr are written by others. A
terminal obeys what it is sent: such text could retitle the window, write the clipboard, clear the screen, reorder a
line or pose as markup. So every such string passes `line` or `block` here: what is invisible becomes visible, what is
endless is cut, and nothing is ever parsed as markup. `Backstop` then removes what a widget let through all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

# C0, DEL, C1, soft hyphen, joiners, bidi controls and isolates, fillers that draw nothing, separators of lines and
# paragraphs, variation selectors, surrogates, private use, non-characters, tags.
INVISIBLE: Final = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
_INVISIBLE: Final = re.compile(f"[{INVISIBLE}]")
_COMBINING_CLASS: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_TOO_MANY_MARKS: Final = re.compile(f"([{_COMBINING_CLASS}]{{3}})[{_COMBINING_CLASS}]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_RAW_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def line(text: str, limit: int = 2000) -> str:
    """One printable line of at most `limit` characters (of the original), invisible characters made visible."""
    cut = text[:limit]
    if not (cut.isascii() and cut.isprintable()):
        cut = _TOO_MANY_MARKS.sub(r"\1", _INVISIBLE.sub(_visible, cut))
        if not cut.isprintable():  # what this Python's Unicode does not know yet
            cut = "".join(c if c.isprintable() else f"⟨{ord(c):04x}⟩" for c in cut)
    return cut if len(text) <= limit else cut + "…"


def block(text: str, limit: int = 20_000, lines: int = 400) -> str:
    """Several lines: line feeds stay, tabs become spaces; at most `limit` characters and `lines` lines."""
    rows = text[:limit].split("\n")
    shown = "\n".join(line(row.removesuffix("\r").expandtabs(4)) for row in rows[:lines])
    return shown if len(text) <= limit and len(rows) <= lines else shown + "\n…"


def same_length(text: str) -> str:
    """For an editor, whose columns must not move: every invisible character becomes one visible one."""
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub(_one_cell, text)


def encodable(text: str) -> str:
    """For what must become UTF-8 (an editor's parser, a clipboard): lone surrogates as the escapes they came from."""
    return text if text.isascii() else _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def safe(text: str, limit: int = 2000) -> Content:
    """`line` as Content: never parsed as markup."""
    return Content(line(text, limit))


def fit(text: str, width: int) -> str:
    """An already safe text in exactly `width` cells, cut with an ellipsis or filled with spaces."""
    if text.isascii():
        return text.ljust(width) if len(text) <= width else text[: max(0, width - 1)] + "…"
    cells = cell_len(text)
    if cells <= width:
        return text + " " * (width - cells)
    kept, used = "", 0
    for character in text:
        size = cell_len(character)
        if used + size > width - 1:
            break
        kept, used = kept + character, used + size
    return kept + "…" + " " * (width - 1 - used)


def as_many_as_fit(facts: Iterable[str], width: int) -> str:
    """Of safe texts whole ones, with dots between; the first one is cut when even that is too long."""
    shown = ""
    for fact in facts:
        longer = f"{shown} · {fact}" if shown else fact
        if cell_len(longer) <= width:
            shown = longer
        elif not shown:
            shown = fit(fact, width)
    return shown


def masked(text: str, token: str) -> str:
    """The same text without the endpoint's token: the given one, and whatever stands where tokens stand."""
    if token:
        text = text.replace(token, MASK)
    text = re.sub(r"(https?://[^/\s\"']+/)[^/\s\"']+(?=/[a-z0-9_-]{1,32}/mcp)", rf"\g<1>{MASK}", text)
    return re.sub(r"(Bearer\s+)[^\s\"']+", rf"\g<1>{MASK}", text)


MASK: Final = "••••"


class Backstop(LineFilter):
    """No control character reaches the terminal, whichever widget drew it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isprintable() else Segment(_RAW_CONTROL.sub("\ufffd", segment.text), segment.style)
            for segment in segments
        ]


class AsciiOnly(LineFilter):
    """For a terminal that is not UTF-8: every glyph becomes one that it has, in as many cells."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def to_ascii(text: str) -> str:
    """Glyph by glyph, keeping every width. The decision words read `+ x ? % !`."""
    translated = text.translate(_ASCII)
    if translated.isascii():
        return translated
    return "".join(c if c.isascii() else "?" * cell_len(c) for c in translated)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else f"⟨{code:04x}⟩"


def _one_cell(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] == "\t":
        return "\t"
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"


_ASCII: Final = str.maketrans(
    {
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
        **dict.fromkeys("─━▔▁▂▃", "-"),
        **dict.fromkeys("│┃▏▎▍", "|"),
        **dict.fromkeys("▄▅▆▇█▌▋▊▉▐", "#"),
        **dict.fromkeys("·…•", "."),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("‘’", "'"),
        **{"✓": "+", "✗": "x", "◐": "?", "⊘": "%", "◉": "*", "◌": "o", "●": "*", "▲": "^", "▼": "v"},
        **{
            "›": ">",
            "→": ">",
            "←": "<",
            "↑": "^",
            "↓": "v",
            "⏎": "<",
            "−": "-",
            "–": "-",
            "×": "x",
            "≠": "!",
            "∞": "&",
        },
    }
)
