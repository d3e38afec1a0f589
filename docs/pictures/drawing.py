"""What a terminal shows, with its colours, as an SVG: a rectangle for each ground, lines for frames, and text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.style import Style

WIDE, HIGH = 10, 20  # pixels of a cell
FONT: Final = WIDE / 0.602  # so that a character of DejaVu Sans Mono is as wide as a cell
GROUND, INK = "#10141c", "#d6dce4"
Rgb = tuple[int, int, int]

# From the middle of a cell: left, right, up, down; and round corners as arcs.
_LINES: Final = {
    "─": "LR",
    "━": "LR",
    "│": "UD",
    "┃": "UD",
    "├": "UDR",
    "┤": "UDL",
    "┬": "LRD",
    "┴": "LRU",
    "┼": "LRUD",
}
_CORNERS: Final = {"╭": "RD", "╮": "LD", "╰": "RU", "╯": "LU", "┌": "RD", "┐": "LD", "└": "RU", "┘": "LU"}
_ENDS: Final = {"L": (-WIDE / 2, 0), "R": (WIDE / 2, 0), "U": (0, -HIGH / 2), "D": (0, HIGH / 2)}


def svg(ansi: str, columns: int, rows: int) -> str:
    """`ansi`: lines with their escape sequences, as `tmux capture-pane -e -N` has them."""
    console = Console(width=columns, force_terminal=True, color_system="truecolor", legacy_windows=False)
    width, height = columns * WIDE, rows * HIGH
    parts = [
        f'<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" xml:space="preserve"'
        f' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT:.2f}">',
        f'<rect width="{width}" height="{height}" fill="{GROUND}"/>',
    ]
    for y, line in enumerate(list(AnsiDecoder().decode(ansi))[:rows]):
        x = 0
        for segment in line.render(console):
            shown = segment.text.replace("\n", "")
            parts += _segment(shown, segment.style or Style(), x, y)
            x += cell_len(shown)
    return "\n".join([*parts, "</svg>"])


def _segment(shown: str, style: Style, x: int, y: int) -> Iterator[str]:
    ink, ground = _hex(style.color, INK), _hex(style.bgcolor, GROUND)
    if style.reverse:
        ink, ground = ground, ink
    if ground != GROUND:
        yield _box(x, y, cell_len(shown), ground)
    look = f'fill="{ink}"' + (' opacity="0.66"' if style.dim else "")
    look += (' font-weight="bold"' if style.bold else "") + (' font-style="italic"' if style.italic else "")
    run = ""
    for character in shown:
        if character.isascii():  # of other characters the font may not have the same width
            run += character
            continue
        yield from _text(run, x, y, look)
        x += len(run)
        yield from _drawn(character, x, y, ink) or _text(character, x, y, look)
        x, run = x + cell_len(character), ""
    yield from _text(run, x, y, look)
    if style.underline:
        start = x + len(run) - cell_len(shown)
        yield f'<rect x="{start * WIDE}" y="{(y + 1) * HIGH - 2}" width="{cell_len(shown) * WIDE}" height="1" {look}/>'


def _text(run: str, x: int, y: int, look: str) -> Iterator[str]:
    if run.strip():
        yield f'<text x="{x * WIDE}" y="{y * HIGH + HIGH * 0.74:.1f}" {look}>{escape(run)}</text>'


def _drawn(character: str, x: int, y: int, ink: str) -> list[str]:
    """Blocks and frames fill their cell, which a font's glyphs do not: [] for what is none of them."""
    code = ord(character)
    if 0x2581 <= code <= 0x2588:
        part = (code - 0x2580) / 8
        return [_box(x, y, 1, ink, top=1 - part, high=part)]
    if 0x2589 <= code <= 0x258F:
        return [_box(x, y, (0x2590 - code) / 8, ink)]
    if character in "▐▔▕":
        left, wide, high = {"▐": (0.5, 0.5, 1.0), "▔": (0, 1, 0.125), "▕": (0.875, 0.125, 1.0)}[character]
        return [_box(x + left, y, wide, ink, high=high)]
    ends = _LINES.get(character) or _CORNERS.get(character)
    if ends is None:
        return []
    middle_x, middle_y = (x + 0.5) * WIDE, (y + 0.5) * HIGH
    points = [(middle_x + _ENDS[end][0], middle_y + _ENDS[end][1]) for end in ends]
    if character in _CORNERS:
        (a, b), (c, d) = points
        way = [f"M{a} {b}Q{middle_x} {middle_y} {c} {d}"]
    else:
        way = [f"M{middle_x} {middle_y}L{a} {b}" for a, b in points]
    return [f'<path d="{"".join(way)}" stroke="{ink}" stroke-width="1.4" fill="none"/>']


def _box(x: float, y: float, wide: float, ink: str, *, top: float = 0, high: float = 1) -> str:
    place = f'x="{x * WIDE:g}" y="{(y + top) * HIGH:g}" width="{wide * WIDE:g}" height="{high * HIGH:g}"'
    return f'<rect {place} fill="{ink}" shape-rendering="crispEdges"/>'


def _hex(color: Color | None, default: str) -> str:
    return default if color is None or color.is_default else color.get_truecolor().hex
