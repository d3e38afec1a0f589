"""Bytes in, frames out: lines of stdio, events of SSE. Sans-IO: feed chunks, take what is complete."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TypeAlias

from inspector.core.fact import fact

CLIENT_LINE = 4 << 20  # 4 MiB
UPSTREAM_LINE = 16 << 20


class BrokenLine(StrEnum):
    TOO_LONG = "too long"
    BARE_CR = "a carriage return inside the line"


@fact(frozen=True, slots=True)
class Broken:
    """A line that is no frame; `raw` holds at most its first 4 KiB."""

    why: BrokenLine
    raw: bytes


Line: TypeAlias = bytes | Broken


class LineReader:
    """Splits on LF alone. One CR before the LF is allowed; any other CR breaks the line, since some servers split there
    and a second message could hide behind it. Blank lines are skipped. After TOO_LONG the reader is finished."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()  # not a list of chunks: a sender of single bytes would make it huge
        self.finished = False

    def feed(self, chunk: bytes) -> list[Line]:
        """Complete lines of `chunk` and what was kept before, without their ends."""
        lines: list[Line] = []
        if self.finished:
            return lines
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            line = bytes(self._kept + piece) if self._kept else piece
            self._kept.clear()
            if len(line) > self._limit:
                return [*lines, self._too_long(line)]
            line = line.removesuffix(b"\r")
            if b"\r" in line:
                lines.append(Broken(BrokenLine.BARE_CR, line[:4096]))
            elif line.strip(b" \t"):  # what JSON calls white space: a form feed is no blank line
                lines.append(line)
        if rest:
            self._kept += rest
            if len(self._kept) > self._limit:
                lines.append(self._too_long(bytes(self._kept[:4096])))
        return lines

    def _too_long(self, start: bytes) -> Broken:
        self.finished = True
        self._kept.clear()
        return Broken(BrokenLine.TOO_LONG, start[: min(self._limit, 4096)])


@fact(frozen=True, slots=True)
class SseEvent:
    """One event as it came. `data` None for a comment or a bare id; b"" is a priming event, no message either.
    `fields` are its other lines, verbatim."""

    data: bytes | None
    fields: tuple[bytes, ...] = ()


_BOM = b"\xef\xbb\xbf"
_SSE_LINES = re.compile(rb"\r\n|\n|\r")


class SseReader:
    """Server-sent events (HTML standard §9.2.6), fields kept so that ids and retries pass through.

    A line ends at CRLF, LF or CR, and an event goes out with its blank line: a CR at the end of a chunk ends its line
    at once, and an LF that begins the next chunk is then the rest of it.
    """

    def __init__(self, limit: int = UPSTREAM_LINE) -> None:
        self._limit = limit
        self._parts: list[bytes] = []  # of the line that is not complete yet
        self._data: list[bytes] = []
        self._fields: list[bytes] = []
        self._size = 0  # of the event that is not complete yet, line ends not counted
        self._begun = False  # the first line is behind us, and with it a byte order mark
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Complete events.

        Raises:
            ValueError: an event grew over the limit.
        """
        events: list[SseEvent] = []
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        *whole, rest = _SSE_LINES.split(chunk)
        for piece in whole:
            self._grow(piece)
            if event := self._line(b"".join(self._parts)):
                events.append(event)
            self._parts = []
        if rest:
            self._grow(rest)
        elif whole:
            self._after_cr = chunk.endswith(b"\r")
        return events

    def _grow(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise ValueError(f"an event of more than {self._limit >> 20} MiB")
        self._parts.append(piece)

    def _line(self, line: bytes) -> SseEvent | None:
        if not self._begun:
            line = line.removeprefix(_BOM)
            self._begun = True
        if line == b"data":
            self._data.append(b"")
        elif line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif line:
            self._fields.append(line)
        else:
            return self._event()
        return None

    def _event(self) -> SseEvent | None:
        data = b"\n".join(self._data) if self._data else None
        event = None if data is None and not self._fields else SseEvent(data, tuple(self._fields))
        self._data, self._fields, self._size = [], [], 0
        return event


def sse(data: bytes, fields: tuple[bytes, ...] = (b"event: message",)) -> bytes:
    """One event; `data` must be free of CR and LF."""
    return b"".join([*(field + b"\r\n" for field in fields), b"data: ", data, b"\r\n\r\n"])


def sse_event(event: SseEvent) -> bytes:
    """An event as it is sent on, its data on as many lines as it needs."""
    lines = list(event.fields)
    if event.data is not None:
        lines += [b"data: " + line for line in event.data.split(b"\n")]
    return b"\r\n".join(lines) + b"\r\n\r\n"


SSE_PING = b": ping\r\n\r\n"
