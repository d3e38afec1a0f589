"""The columns of the calls table: what each says of a row, and how wide each may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from inspector.core.views import CallView, Word
from inspector.ui import figures, text
from inspector.ui.listing import Sort
from inspector.ui.words import LOOKS, brief_arguments, short_rule


@dataclass(frozen=True, slots=True)
class Column:
    """`share` divides what the fixed widths leave; `from_width`: narrower tables do without the column."""

    key: str
    label: str
    width: int
    read: Callable[[CallView, float], str]
    share: int = 0
    from_width: int = 0
    right: bool = False
    sort: Sort | None = None


def _tool(row: CallView, _now: float) -> str:
    legs = f" ×{row.legs}" if row.legs > 1 else ""
    return text.line(f"{row.server} › {row.tool}", 200) + legs


def _decision(row: CallView, _now: float) -> str:
    look = LOOKS[row.word]
    return f"{look.glyph} {look.label}" + ("*" if row.edited else "")


def _rule(row: CallView, _now: float) -> str:
    return text.line(short_rule(row.rule, row.server, row.tool), 200)


def _arguments(row: CallView, _now: float) -> str:
    return brief_arguments(row.arguments)


def _ms(row: CallView, now: float) -> str:
    if is_running(row):
        return figures.elapsed(now - (row.forwarded_at or row.at)) + "…"
    return figures.milliseconds(row.ms)


def is_running(row: CallView) -> bool:
    """Its time still grows on the screen."""
    return row.outcome is None and row.word in (Word.PENDING, Word.HOLD, Word.ALLOW)


COLUMNS: Final = (
    Column("time", "TIME", 8, lambda row, _now: figures.clock_time(row.at), sort=Sort.TIME),
    Column("agent", "AGENT", 11, lambda row, _now: text.line(row.client, 100), 2, from_width=82, sort=Sort.AGENT),
    Column("tool", "SERVER › TOOL", 19, _tool, 6, sort=Sort.TOOL),
    Column("arguments", "ARGUMENTS", 10, _arguments, 7),
    Column("decision", "DECISION", 8, _decision, sort=Sort.DECISION),
    Column("rule", "RULE", 12, _rule, 6),
    Column("ms", "MS", 5, _ms, right=True, sort=Sort.MS),
)


def widths(total: int) -> list[tuple[Column, int]]:
    """The columns that fit `total` cells, each followed by one cell of air."""
    shown = [column for column in COLUMNS if total >= column.from_width]
    spare = max(0, total - sum(column.width + 1 for column in shown))
    shares = sum(column.share for column in shown)
    result = [(column, column.width + spare * column.share // shares) for column in shown]
    left = total - sum(width + 1 for _, width in result)
    return [(c, w + (left if c.key == "arguments" and left > 0 else 0)) for c, w in result]
