"""Every tool of a run: its definition, its risk, and what its calls took."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from inspector.core.call import Outcome
from inspector.core.events import ToolsListed
from inspector.core.risk import Risk
from inspector.core.views import ToolView, Word
from inspector.folds.risks import MAX_TOOLS, Risks
from inspector.folds.row import Row

TIMES_KEPT: Final = 200
_REFUSED: Final = frozenset({Word.DENY, Word.LIMIT, Word.CANCELLED})


@dataclass(slots=True)
class _Tool:
    definition: bytes = b""
    hidden: bool = False
    calls: int = 0
    refused: int = 0
    errors: int = 0
    result_bytes: int = 0
    times: deque[float] = field(default_factory=lambda: deque(maxlen=TIMES_KEPT))
    view: ToolView | None = None  # None: has changed since


class Tools:
    """By server and name. The listed ones stay; of those that were only called, the latest."""

    def __init__(self) -> None:
        self._tools: OrderedDict[tuple[str, str], _Tool] = OrderedDict()
        self._risks = Risks()
        self._shown: tuple[ToolView, ...] | None = None

    def listed(self, event: ToolsListed) -> None:
        self._risks.listed(event)
        hidden = frozenset(event.hidden)
        for name, definition in event.definitions:
            tool = self._tool(event.upstream, name)
            tool.definition, tool.hidden = definition, name in hidden

    def arrived(self, server: str, name: str) -> Risk:
        """One more call of it; answers how much the tool may do."""
        tool = self._tool(server, name)
        tool.calls += 1
        return self._risks.of(server, name)

    def ended(self, row: Row, response_bytes: int) -> None:
        tool = self._tool(row.server, row.tool)
        if row.ms is not None:
            tool.times.append(row.ms)
            tool.result_bytes += response_bytes
        tool.errors += row.word is Word.ERROR
        tool.refused += row.word in _REFUSED and row.outcome is Outcome.NOT_SENT

    def definition(self, server: str, name: str) -> str:
        """Its definition as JSON text; "" when it was never listed."""
        tool = self._tools.get((server, name))
        return "" if tool is None else tool.definition.decode(errors="replace")

    def views(self) -> tuple[ToolView, ...]:
        """The busiest first, then by name."""
        if self._shown is None:
            risk = self._risks.of
            self._shown = busiest_first(_view(*key, tool, risk(*key)) for key, tool in self._tools.items())
        return self._shown

    def _tool(self, server: str, name: str) -> _Tool:
        key = server, name
        tool = self._tools.get(key)
        if tool is None:
            tool = self._tools[key] = _Tool()
            if len(self._tools) > MAX_TOOLS:
                self._forget()
        tool.view = self._shown = None
        return tool

    def _forget(self) -> None:
        oldest = next((key for key, tool in self._tools.items() if not tool.definition), next(iter(self._tools)))
        del self._tools[oldest]


def busiest_first(views: Iterable[ToolView]) -> tuple[ToolView, ...]:
    return tuple(sorted(views, key=lambda view: (-view.calls, view.server, view.name)))


def _view(server: str, name: str, tool: _Tool, risk: Risk) -> ToolView:
    if tool.view is None:
        times = sorted(tool.times)
        tool.view = ToolView(
            server=server,
            name=name,
            risk=risk,
            listed=bool(tool.definition),
            hidden=tool.hidden,
            definition_bytes=len(tool.definition),
            result_bytes=tool.result_bytes,
            calls=tool.calls,
            refused=tool.refused,
            errors=tool.errors,
            p50_ms=rank(times, 0.5),
            p95_ms=rank(times, 0.95),
            p99_ms=rank(times, 0.99),
        )
    return tool.view


def rank(times: list[float], share: float) -> float | None:
    """By nearest rank, of sorted times."""
    return times[math.ceil(share * len(times)) - 1] if times else None
