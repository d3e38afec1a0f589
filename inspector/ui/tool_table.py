"""Tools as lines of a table: what each may do, what it costs an agent's context, and how it fares. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual.content import Content

from inspector.core.risk import Risk
from inspector.core.views import ToolView
from inspector.ui import figures, text

BYTES_PER_TOKEN: Final = 4  # roughly, of JSON in English
_RISKS: Final = {
    Risk.DESTRUCTIVE: "$decision-deny",
    Risk.FINANCIAL: "$decision-hold",
    Risk.EXECUTE: "$decision-hold",
}
_NUMBERS: Final = 44  # cells to the right of the name
_ROOMY: Final = 70  # from here on there is a column more
_SHORT: Final = 20


def heading(width: int) -> Content:
    if width < _NUMBERS + 12:
        return Content.assemble((f"{'TOOL':<{max(6, width - _SHORT)}} {'RISK':<11} {'CALLS':>6}", "bold $quiet"))
    median = f" {'P50':>5}" if width >= _ROOMY else ""
    name = "TOOL".ljust(width - _NUMBERS - len(median))
    sizes = f"{'CALLS':>5} {'DEF':>6} {'RESULT':>7}"
    return Content.assemble((f"{name} {'RISK':<11} {sizes}{median} {'P95':>6} !", "bold $quiet"))


def line(tool: ToolView, width: int, *, several: bool = False) -> Content:
    """In exactly `width` cells; a narrow one has no room for sizes and times. `several`: with the server's name."""
    style = _RISKS.get(tool.risk, "$quiet")
    calls = figures.number(tool.calls) if tool.calls else "·"
    told = "$quiet" if tool.hidden or not tool.calls else ""
    server = f"{text.line(tool.server, 40)}›" if several else ""
    shown = server + text.line(tool.name, 120) + (" hidden" if tool.hidden else "")
    if width < _NUMBERS + 12:
        name = text.fit(shown, max(6, width - _SHORT))
        return Content.assemble((name, told), (f" {tool.risk.value:<11}", style), f" {calls:>6}")
    definition = figures.size_of(tool.definition_bytes).replace(" ", "") if tool.listed else "·"
    result = figures.size_of(tool.result_bytes).replace(" ", "") if tool.result_bytes else "·"
    median = f" {figures.milliseconds(tool.p50_ms):>5}" if width >= _ROOMY else ""
    return Content.assemble(
        (text.fit(shown, width - _NUMBERS - len(median)), told),
        (f" {tool.risk.value:<11}", style),
        (f" {calls:>5}", "bold" if tool.calls else "$quiet"),
        (f" {definition:>6} {result:>7}{median} {figures.milliseconds(tool.p95_ms):>6} ", "$quiet"),
        (figures.number(tool.errors) if tool.errors else "", "$decision-error"),
    )


def context_cost(tools: Iterable[ToolView]) -> str:
    """What an agent pays before it says a word: the definitions that it sees."""
    size = sum(tool.definition_bytes for tool in tools if not tool.hidden)
    return f"definitions {figures.size_of(size)} ≈ {figures.number(size // BYTES_PER_TOKEN)} tokens for each agent"
