"""What rows are ordered by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from inspector.core.risk import Risk
from inspector.core.views import CallView


class Sort(StrEnum):
    """`s` goes round."""

    TIME = "time"
    MS = "ms"
    TOOL = "tool"
    AGENT = "agent"
    DECISION = "decision"
    RULE = "rule"
    ARGUMENTS = "arguments"
    RISK = "risk"
    OUTCOME = "outcome"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Order:
    """Rows that are equal stay in the order of their arrival, whichever way."""

    sort: Sort = Sort.TIME
    descending: bool = False

    @classmethod
    def usual(cls, sort: Sort) -> Order:
        """As one begins: the slowest and the riskiest first."""
        return cls(sort, sort in _DESCENDING)

    @property
    def plain(self) -> bool:
        """Simply as the calls came, or the other way round."""
        return self.sort in (Sort.TIME, Sort.ID)

    def sorted(self, rows: list[CallView]) -> None:
        """In place."""
        rows.sort(key=_KEYS[self.sort], reverse=self.descending)


NO_MS: Final = -1.0  # stands for the duration of a call that has none
RISKS: Final = {risk: rank for rank, risk in enumerate(Risk)}
_DESCENDING: Final = frozenset({Sort.MS, Sort.RULE, Sort.RISK})
_KEYS: Final[dict[Sort, Callable[[CallView], Any]]] = {
    Sort.TIME: lambda row: row.id,
    Sort.MS: lambda row: NO_MS if row.ms is None else row.ms,
    Sort.TOOL: lambda row: (row.server, row.tool),
    Sort.AGENT: lambda row: row.client,
    Sort.DECISION: lambda row: row.word.value,
    Sort.RULE: lambda row: row.rule,
    Sort.ARGUMENTS: lambda row: row.arguments,
    Sort.RISK: lambda row: RISKS[row.risk],
    Sort.OUTCOME: lambda row: row.outcome.value if row.outcome else "",
    Sort.ID: lambda row: row.id,
}
