"""Tools as lines of a table: what each may do, what it costs an agent's context, and how it fares. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from textual.content import Content

from inspector.core.risk import Risk
from inspector.core.views import ToolView
from inspector.ui import figures, text

BYTES_PER_TOKEN: Final = 4  # roughly, of JSON in English
NAME_WANTED: Final = 22  # cells of a name for which columns are left out
NAME_AT_LEAST: Final = 6
_HIDDEN: Final = " hidden"
_RISKS: Final = {
    Risk.DESTRUCTIVE: "$decision-deny",
    Risk.FINANCIAL: "$decision-hold",
    Risk.EXECUTE: "$decision-hold",
}

Run = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """`gives_way`: the lowest goes first where there is little room; None stays."""

    title: str
    width: int
    cell: Callable[[ToolView], Run]
    gives_way: int | None = None
    left: bool = False


def _time(title: str, of: Callable[[ToolView], float | None], gives_way: int) -> Column:
    return Column(title, 5, lambda tool: (figures.milliseconds(of(tool)), "$quiet"), gives_way)


def _size(count: int) -> Run:
    return figures.size_of(count).replace(" ", "") if count else "·", "$quiet"


def _count(count: int, style: str) -> Run:
    return (figures.number(count), style) if count else ("·", "$quiet")


COLUMNS: Final = (
    Column("RISK", 11, lambda tool: (tool.risk.value, _RISKS.get(tool.risk, "$quiet")), left=True),
    Column("CALLS", 5, lambda tool: _count(tool.calls, "bold")),
    Column("ERR", 4, lambda tool: _count(tool.errors, "$decision-error"), 5),
    Column("DEF", 5, lambda tool: _size(tool.definition_bytes), 4),
    Column("RESULT", 6, lambda tool: _size(tool.result_bytes), 3),
    _time("P50", lambda tool: tool.p50_ms, 1),
    _time("P95", lambda tool: tool.p95_ms, 2),
    _time("P99", lambda tool: tool.p99_ms, 0),
)


def heading(width: int) -> Content:
    columns = _chosen(width)
    titles = "".join(f" {c.title:<{c.width}}" if c.left else f" {c.title:>{c.width}}" for c in columns)
    return Content.assemble((text.fit("TOOL", _name_room(columns, width)) + titles, "bold $quiet"))


def line(tool: ToolView, width: int, *, several: bool = False) -> Content:
    """In exactly `width` cells; a narrow one has no room for sizes and times. `several`: with the server's name."""
    columns = _chosen(width)
    server = f"{text.line(tool.server, 40)}›" if several else ""
    end = _HIDDEN if tool.hidden else ""
    name, room = server + text.line(tool.name, 120), _name_room(columns, width)
    shown = text.fit(text.fit(name, room - len(end)).rstrip() + end, room)
    return Content.assemble(
        (shown, "$quiet" if tool.hidden or not tool.calls else ""), *(_cell(column, tool) for column in columns)
    )


def _cell(column: Column, tool: ToolView) -> Run:
    shown, style = column.cell(tool)
    return f" {shown:<{column.width}}" if column.left else f" {shown:>{column.width}}", style


def _chosen(width: int) -> tuple[Column, ...]:
    """As many as leave a name its room."""
    kept = list(COLUMNS)
    for column in sorted((c for c in COLUMNS if c.gives_way is not None), key=lambda c: c.gives_way or 0):
        if _name_room(kept, width) >= NAME_WANTED:
            break
        kept.remove(column)
    return tuple(kept)


def _name_room(columns: Iterable[Column], width: int) -> int:
    return max(NAME_AT_LEAST, width - sum(column.width + 1 for column in columns))


def context_cost(tools: Iterable[ToolView]) -> str:
    """What an agent pays before it says a word: the definitions that it sees."""
    size = sum(tool.definition_bytes for tool in tools if not tool.hidden)
    return f"definitions {figures.size_of(size)} ≈ {size // BYTES_PER_TOKEN:,} tokens for each agent"
