"""What a recording's calls come to, all of them: counted by SQLite over the summary."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from inspector.core.risk import Risk
from inspector.core.views import Word
from inspector.folds.risks import MAX_TOOLS
from inspector.folds.tools import TIMES_KEPT
from inspector.record.summary import restored

_WORDS: Final = "SELECT word, count(*) FROM summary GROUP BY word"
_CLIENTS: Final = """SELECT text, calls FROM (SELECT connection, sum(legs) AS calls FROM summary GROUP BY connection)
  JOIN names ON number = connection"""
_TOOLS: Final = """SELECT found.server, found.tool, server.text, tool.text, risk, calls, refused, errors, size FROM (
    SELECT server, tool, max(number), risk, sum(legs) AS calls, sum(word = 'error') AS errors, sum(size) AS size,
      sum(word IN ('deny', 'limit', 'cancelled') AND ifnull(outcome = 'not_sent', 0)) AS refused
    FROM summary GROUP BY server, tool ORDER BY calls DESC LIMIT ?) AS found
  JOIN names AS server ON server.number = found.server JOIN names AS tool ON tool.number = found.tool"""
_TIMES: Final = """SELECT server, tool, ms FROM (
    SELECT server, tool, ms, row_number() OVER (PARTITION BY server, tool ORDER BY number DESC) AS place
    FROM summary WHERE ms IS NOT NULL) WHERE place <= ?"""


@dataclass(frozen=True, slots=True)
class ToolTotals:
    server: str
    tool: str
    risk: Risk
    calls: int
    refused: int
    errors: int
    result_bytes: int
    times: tuple[float, ...]  # milliseconds of its newest calls


@dataclass(frozen=True, slots=True)
class Totals:
    words: tuple[tuple[Word, int], ...]
    clients: dict[str, int]  # calls by connection
    tools: tuple[ToolTotals, ...]

    @property
    def calls(self) -> int:
        return sum(count for _, count in self.words)


def totals(connection: sqlite3.Connection) -> Totals:
    """Seconds for a million calls: for a thread. Raises sqlite3.Error."""
    words = sorted((Word(word), count) for word, count in connection.execute(_WORDS))
    clients: dict[str, int] = {}
    for text, calls in connection.execute(_CLIENTS):
        clients[restored(text)] = clients.get(restored(text), 0) + calls
    times: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for server, tool, ms in connection.execute(_TIMES, (TIMES_KEPT,)):
        times[server, tool].append(ms)
    tools = []
    for server, tool, *named, risk, calls, refused, errors, size in connection.execute(_TOOLS, (MAX_TOOLS,)):
        names = [restored(text) for text in named]
        newest = tuple(times[server, tool])
        tools.append(ToolTotals(names[0], names[1], Risk(risk), calls, refused, errors, size, newest))
    return Totals(tuple(words), clients, tuple(tools))
