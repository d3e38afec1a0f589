"""Numbers as a person reads them, and bars made of characters. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
COLUMNS: Final = " ▁▂▃▄▅▆▇█"


def clock_time(at: float) -> str:
    """Local time of day, `10:04:06`."""
    t = time.localtime(at)
    return f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"


def milliseconds(ms: float | None) -> str:
    """At most five cells: `0.4`, `42`, `1234`, `30.0s`, `12m`."""
    if ms is None:
        return "·"
    if ms < 1:
        return f"{ms:.1f}"
    if ms < 10_000:
        return f"{ms:.0f}"
    return f"{ms / 1000:.1f}s" if ms < 100_000 else f"{ms / 1000:.0f}s" if ms < 1_000_000 else f"{ms / 60_000:.0f}m"


def duration(ms: float) -> str:
    """With its unit: `42 ms`, `30.0s`."""
    shown = milliseconds(ms)
    return shown if shown.endswith(("s", "m")) else f"{shown} ms"


def elapsed(seconds: float) -> str:
    """At most five cells: `3s`, `59s`, `12m`, `5h`."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.0f}s" if seconds < 59.5 else "1m"
    return f"{seconds / 60:.0f}m" if seconds < 3600 else f"{seconds / 3600:.0f}h"


def countdown(seconds: float) -> str:
    """`0:24`; over an hour `1:02:03`."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: float) -> str:
    """At most five cells: `60`, `0.50`, `9999`, `88k`, `4.5M`."""
    if abs(value) < 10_000:
        return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2f}"
    for unit in "kMGTP":
        value /= 1000
        if abs(value) < 999.5:
            return f"{value:.3g}{unit}"
    return "huge"


def exact(value: float) -> str:
    """Whole, with its thousands marked: `1,000,000`, `0.50`."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def size_of(count: int) -> str:
    """Bytes or characters: `812 B`, `14 kB`, `1.0 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def bar(fraction: float, width: int) -> tuple[str, str]:
    """A horizontal bar in eighths of a cell: what is filled, and the rest as spaces."""
    eighths = round(max(0.0, min(1.0, fraction)) * width * 8)
    full, part = divmod(eighths, 8)
    filled = "█" * full + (EIGHTHS[part] if part else "")
    return filled, " " * (width - len(filled))


def buckets(values: Sequence[int], width: int) -> list[float]:
    """`values` as at most `width` means of equal share, oldest first."""
    if width <= 0 or not values:
        return []
    if len(values) <= width:
        return [float(v) for v in values]
    edges = [round(i * len(values) / width) for i in range(width + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]


def columns(values: Sequence[float], height: int) -> list[str]:
    """A column chart, top line first; the tallest value fills the height."""
    top = max(values, default=0) or 1
    return [
        "".join(COLUMNS[max(0, min(8, round(v / top * height * 8) - (row - 1) * 8))] for v in values)
        for row in range(height, 0, -1)
    ]
