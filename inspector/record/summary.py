"""One small row per call beside the events, so that a recording of any size opens, scrolls, filters and sorts.

The rows are made by the same law as the live table's (`folds/row.py`) and written in the transaction that commits the
events which changed them: what is in the file always fits together, also after kill -9.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from inspector.core.call import CallId, Outcome
from inspector.core.events import (
    CallArrived,
    Decided,
    Event,
    Finished,
    Forwarded,
    HoldEnded,
    Progressed,
    ToolsListed,
)
from inspector.core.views import CallView
from inspector.folds.risks import Risks
from inspector.folds.row import Repeats, Row
from inspector.record.codec import text_of
from inspector.record.schema import INSERT_NAME, INSERT_SUMMARY

MAX_OPEN: Final = 50_000  # calls that have not ended; events of older ones change nothing
MAX_ENDED: Final = 1_000  # calls that have ended, for what comes late
MAX_NAMES: Final = 20_000  # in memory: a client may make names up. One that comes again gets another number.

Text: TypeAlias = str | bytes | None
Values: TypeAlias = tuple[Text | float, ...]


class Line(Row):
    """A row with its number, and what else is summed up."""

    __slots__ = ("connection", "number", "size")

    def __init__(self, event: CallArrived, number: int, arguments: str, risks: Risks, repeats: int) -> None:
        super().__init__(event, 0, arguments, risks.of(event.server, event.tool), repeats)
        self.number = number
        self.connection = event.connection
        self.size = 0  # bytes of the answers of all its legs

    @classmethod
    def written(cls, view: CallView, number: int, connection: str, size: int) -> Line:
        """One that stands in a file."""
        line = cls.__new__(cls)
        line.take(view)
        line.number, line.connection, line.size = number, connection, size
        return line


Find: TypeAlias = Callable[[CallId], "Line | None"]


class Summary:
    """Folds events; `changed` and `names` are what is to be written, `written` says that it was.

    To go on with a summary that is written: `count` rows and `named` names are in it, and `find` makes lines of them.
    """

    def __init__(self, count: int = 0, named: int = 0, find: Find | None = None) -> None:
        self.count = count  # rows so far; they are numbered from 1, in the order of arrival
        self._find = find
        self._open: dict[CallId, Line] = {}
        self._ended: dict[CallId, Line] = {}
        self._dirty: dict[int, Line] = {}
        self._numbers: dict[str, int] = {}
        self._named = named
        self._new_names: list[tuple[int, Text]] = []
        self._risks = Risks()
        self._repeats = Repeats()
        self.folds: Final[dict[type, Callable[[Any], None]]] = {
            CallArrived: self._arrived,
            Decided: self._decided,
            HoldEnded: self._hold_ended,
            Forwarded: self._forwarded,
            Progressed: self._progressed,
            Finished: self._finished,
            ToolsListed: self._risks.listed,
        }

    def recall(self, event: CallArrived | ToolsListed) -> None:
        """It is summed up already, but what comes may repeat the call, or call the tool."""
        match event:
            case ToolsListed():
                self._risks.listed(event)
            case CallArrived() if event.root == event.call_id:
                self._repeats.of(event, text_of(event.arguments))

    def fold(self, event: Event) -> None:
        """Total: what changes no row is passed over."""
        if fold := self.folds.get(type(event)):
            fold(event)

    @property
    def pending(self) -> int:
        """Rows that have changed since the last writing."""
        return len(self._dirty)

    def changed(self) -> list[Values]:
        """Values for `schema.INSERT_SUMMARY`, the oldest call first. Numbers new names: ask for it before `names`."""
        return [self._values(self._dirty[number]) for number in sorted(self._dirty)]

    def names(self) -> list[tuple[int, Text]]:
        return self._new_names

    def written(self) -> None:
        self._dirty.clear()
        self._new_names.clear()
        if len(self._numbers) > MAX_NAMES:
            self._numbers.clear()

    def hide(self, clean: Callable[[str], str]) -> None:
        """What is not written yet, cleaned of a secret that has become known meanwhile."""
        for line in self._dirty.values():
            line.arguments, line.note = clean(line.arguments), clean(line.note)
        self._new_names[:] = [(number, storable(clean(restored(text)))) for number, text in self._new_names]

    # One kind of event each

    def _arrived(self, event: CallArrived) -> None:
        if event.root != event.call_id and (first := self._line(event.root)):
            first.again(event.leg)
            self._ended.pop(event.root, None)
            self._open[event.root] = self._open[event.call_id] = self._dirty[first.number] = first
            return
        arguments = text_of(event.arguments)
        self.count += 1
        line = Line(event, self.count, arguments, self._risks, self._repeats.of(event, arguments))
        self._open[event.call_id] = self._dirty[self.count] = line
        if len(self._open) > MAX_OPEN:
            del self._open[next(iter(self._open))]

    def _decided(self, event: Decided) -> None:
        if line := self._line(event.decision.call_id):
            line.decided(event.decision)
            self._dirty[line.number] = line

    def _forwarded(self, event: Forwarded) -> None:
        if line := self._line(event.call_id):
            line.forwarded(event.at)
            self._dirty[line.number] = line

    def _hold_ended(self, event: HoldEnded) -> None:
        if line := self._line(event.call_id):
            line.hold_ended(event)
            self._dirty[line.number] = line

    def _progressed(self, event: Progressed) -> None:
        if line := self._line(event.call_id):
            line.progressed(event.text)
            self._dirty[line.number] = line

    def _finished(self, event: Finished) -> None:
        if line := self._line(event.call_id):
            if line.finished(event) and line.ms is not None:
                line.size += len(event.response)
            self._dirty[line.number] = line
            if event.outcome is not Outcome.INPUT_REQUIRED:
                self._end(line, event.call_id)

    def _end(self, line: Line, leg: CallId) -> None:
        for call_id in (leg, line.id):
            if self._open.pop(call_id, None):
                self._ended[call_id] = line
        while len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]

    def _line(self, call_id: CallId) -> Line | None:
        line = self._open.get(call_id) or self._ended.get(call_id)
        if line is None and self._find is not None and (line := self._find(call_id)):
            line = self._open[call_id] = self._dirty.get(line.number, line)
        return line

    # As it is written

    def _values(self, line: Line) -> Values:
        known, name = self._numbers, self._name
        return (
            line.number,
            line.id,
            line.at,
            known.get(line.connection) or name(line.connection),
            known.get(line.client) or name(line.client),
            known.get(line.server) or name(line.server),
            known.get(line.tool) or name(line.tool),
            known.get(line.rule) or name(line.rule),
            line.word._value_,  # sqlite3 takes a plain str five times faster than a StrEnum, and `value` is a property
            None if line.outcome is None else line.outcome._value_,
            line.risk._value_,
            line.ms,
            line.forwarded_at,
            line.legs,
            1 if line.edited else 0,
            line.repeats,
            line.size,
            storable(line.note),
            line.arguments,
        )

    def _name(self, text: str) -> int:
        """A new one."""
        self._named += 1
        self._numbers[text] = self._named
        self._new_names.append((self._named, storable(text)))
        return self._named


def write(connection: sqlite3.Connection, summary: Summary, seq: int) -> None:
    """Within a transaction: all that has changed. `seq` is that of the last event in it."""
    rows = summary.changed()
    connection.executemany(INSERT_NAME, summary.names())
    connection.executemany(INSERT_SUMMARY, rows)
    connection.execute("UPDATE summarised SET seq = ?", (seq,))


def storable(text: str) -> str | bytes:
    """SQLite's text is UTF-8: what holds a lone surrogate is kept as its bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def restored(stored: Text) -> str:
    """What `storable` was given; "" for None."""
    return stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored or ""
