"""Bytes that nobody should have sent, for a person: as text in which every odd byte is named, or as a dump. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from textual.content import Content

from inspector.ui import text

ODD: Final = "bold $decision-hold"
LINES: Final = 200
MOST: Final = 4096  # bytes of a dump
_WIDE: Final = 6 + 48 + 2 + 16  # cells of a row of sixteen
_RUNS: Final = re.compile(f"([{text.INVISIBLE}]+)")


def readable(raw: bytes) -> Content:
    """UTF-8 as it reads; what is invisible, and each byte that is no UTF-8 (`⟨ff⟩`), marked. Lines break behind LF."""
    return Content("\n").join(Content.assemble(*_marked(line)) for line in _lines(raw))


def _lines(raw: bytes) -> Iterable[bytes]:
    *whole, rest = raw.split(b"\n", LINES)
    return [*(line + b"\n" for line in whole), rest] if rest or not whole else [line + b"\n" for line in whole]


def _marked(line: bytes) -> Iterator[str | tuple[str, str]]:
    for index, run in enumerate(_RUNS.split(line.decode("utf-8", "surrogateescape"))):
        if index % 2:
            yield "".join(map(_named, run)), ODD
        else:
            yield text.line(run, len(run))


def _named(character: str) -> str:
    code = ord(character)
    return f"⟨{code - 0xDC00:02x}⟩" if 0xDC80 <= code <= 0xDCFF else text.line(character)


def dump(raw: bytes, width: int) -> Content:
    """As `hexdump -C` writes it: place, sixteen bytes (eight, where `width` cells are too few), and those of them that
    are printable ASCII."""
    row = 16 if width >= _WIDE else 8
    return Content("\n").join(_row(at, raw[at : at + row], row) for at in range(0, min(len(raw), MOST), row))


def _row(start: int, part: bytes, row: int) -> Content:
    halves = "  ".join(part[at : at + 8].hex(" ") for at in range(0, row, 8)).ljust(3 * row)
    seen = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in part)
    return Content.assemble((f"{start:04x}  ", "$quiet"), halves, (f"  {seen}", "$secondary"))
