"""The columns of the calls table: what each says of a row, and how they share the width by what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rich.cells import cell_len

from inspector.core.views import CallView, Word
from inspector.filters.order import Sort
from inspector.ui import figures, text
from inspector.ui.words import LOOKS, brief_arguments, short_rule

LOOPS_FROM: Final = 3  # the same call so often among the last ones is worth a badge
SLOW_AFTER: Final = 10.0  # seconds that a running call takes until its row turns


@dataclass(frozen=True, slots=True)
class Column:
    """`least` cells always; with a `weight` it grows to what stands in it, up to `most`."""

    key: str
    label: str
    least: int
    read: Callable[[CallView, float], str]
    weight: int = 0
    most: int = 40
    right: bool = False
    sort: Sort | None = None


def _bare_tool(row: CallView, _now: float) -> str:
    legs = f" ({row.legs} legs)" if row.legs > 1 else ""
    return text.line(row.tool, 200) + legs + _loop(row)


def _tool(row: CallView, now: float) -> str:
    return f"{text.line(row.server, 60)} › {_bare_tool(row, now)}"


def _loop(row: CallView) -> str:
    return f" ×{row.repeats}" if is_loop(row) else ""


def _decision(row: CallView, _now: float) -> str:
    look = LOOKS[row.word]
    return f"{look.glyph} {look.label}" + ("*" if row.edited else "")


def _rule(row: CallView, _now: float) -> str:
    return text.line(short_rule(row.rule, row.server, row.tool), 200)


def _arguments(row: CallView, _now: float) -> str:
    return brief_arguments(row.arguments)


def _outcome(row: CallView, _now: float) -> str:
    return row.outcome.value.replace("_", " ") if row.outcome else "running" if is_running(row) else "·"


def _ms(row: CallView, now: float) -> str:
    if is_running(row):
        return figures.elapsed(now - (row.forwarded_at or row.at)) + "…"
    return figures.milliseconds(row.ms)


def is_running(row: CallView) -> bool:
    """Its time still grows on the screen."""
    return row.outcome is None and row.word in (Word.PENDING, Word.HOLD, Word.ALLOW)


def is_slow(row: CallView, now: float) -> bool:
    """With its server for longer than a person expects."""
    return is_running(row) and row.forwarded_at is not None and now - row.forwarded_at >= SLOW_AFTER


def is_loop(row: CallView) -> bool:
    return row.repeats >= LOOPS_FROM


COLUMNS: Final = (
    Column("id", "#", 5, lambda row, _now: f"#{row.id}", right=True, sort=Sort.ID),
    Column("time", "TIME", 8, lambda row, _now: figures.clock_time(row.at), sort=Sort.TIME),
    Column("agent", "AGENT", 6, lambda row, _now: text.line(row.client, 100), 4, 24, sort=Sort.AGENT),
    Column("tool", "SERVER › TOOL", 13, _tool, 7, 60, sort=Sort.TOOL),
    Column("risk", "RISK", 5, lambda row, _now: row.risk.value, 1, 11, sort=Sort.RISK),
    Column("arguments", "ARGUMENTS", 10, _arguments, 3, 400, sort=Sort.ARGUMENTS),
    Column("decision", "DECISION", 8, _decision, sort=Sort.DECISION),
    Column("rule", "RULE", 4, _rule, 3, sort=Sort.RULE),
    Column("outcome", "OUTCOME", 7, _outcome, 2, 14, sort=Sort.OUTCOME),
    Column("ms", "MS", 5, _ms, right=True, sort=Sort.MS),
)
USUAL: Final = ("time", "agent", "tool", "arguments", "decision", "rule", "ms")
_FIRST_TO_GO: Final = ("id", "outcome", "risk", "agent", "rule", "time", "ms")


def chosen(keys: Iterable[str], one_server: bool) -> tuple[Column, ...]:
    """Those columns, in their order. With one server its name says nothing, and is left out."""
    wanted = frozenset(keys)
    columns = (column for column in COLUMNS if column.key in wanted)
    if not one_server:
        return tuple(columns)
    return tuple(
        replace(column, label="TOOL", least=10, read=_bare_tool) if column.key == "tool" else column
        for column in columns
    )


def natural(columns: Iterable[Column], rows: Iterable[CallView], known: Mapping[str, int]) -> dict[str, int]:
    """How wide each growing column would like to be: the widest of `rows`, never less than what is `known`."""
    rows = tuple(rows)
    return {
        column.key: max(
            [known.get(column.key, 0), cell_len(column.label), *(cell_len(column.read(row, 0.0)) for row in rows)]
        )
        for column in columns
        if column.weight
    }


def arrange(total: int, columns: Iterable[Column], wanted: Mapping[str, int]) -> list[tuple[Column, int]]:
    """Columns and widths for `total` cells, each followed by one cell of air.

    The growing ones rise side by side, by weight, each until its content fits; what is left goes to the arguments.
    """
    shown = list(columns)
    for key in _FIRST_TO_GO:
        if sum(column.least + 1 for column in shown) + _comfort(shown) <= total:
            break
        shown = [column for column in shown if column.key != key]
    wide = {column.key: column.least for column in shown}
    room = total - sum(wide.values()) - len(wide)
    growing = [column for column in shown if column.weight]
    while room > 0 and growing:
        column = min(growing, key=lambda c: wide[c.key] / c.weight)
        if wide[column.key] >= min(column.most, wanted.get(column.key, column.least)):
            growing.remove(column)
            continue
        wide[column.key] += 1
        room -= 1
    if room > 0 and shown:
        wide["arguments" if "arguments" in wide else shown[-1].key] += room
    return [(column, wide[column.key]) for column in shown]


def _comfort(shown: Iterable[Column]) -> int:
    """Cells without which the tool's name would be unreadable: better a column less than every name cut."""
    return sum(14 for column in shown if column.key == "tool")
