"""What is wrong with a document, and where."""

from __future__ import annotations

from enum import StrEnum

from inspector.core.fact import fact


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@fact(frozen=True, slots=True)
class Problem:
    """One finding in a policy text. `line` and `column` count from 1; `end_column` is exclusive."""

    pointer: str
    line: int
    column: int
    message: str
    severity: Severity = Severity.ERROR
    end_column: int | None = None

    def __str__(self) -> str:
        where = f" ({self.pointer})" if self.pointer else ""
        return f"{self.line}:{self.column}: {self.severity}: {self.message}{where}"
