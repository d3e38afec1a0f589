"""Streams that a client may come back to: what was said on them, by event id (MCP 2025-11-25, Resumability).

A line may break while a tool runs; the client then asks for the rest with `Last-Event-ID`. An HTTP server remembers its
streams itself; in front of any other it is our duty. An answer in one piece of JSON never was a stream, and needs none
of this.
"""

from __future__ import annotations

from typing import Protocol

KEPT = 4 << 20  # bytes of messages, by session
STREAMS = 256  # by session
RETRY = 1000  # milliseconds until a client should come back


class Listening(Protocol):
    """An HTTP exchange that carries a stream."""

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None: ...

    def end(self) -> None: ...

    def give_way(self) -> None:
        """The client has come back elsewhere: write no more here."""
        ...

    async def ready(self) -> None: ...


class Replay:
    """The stream that answers one request. The exchange that it began on has it keep what is said."""

    def __init__(self, streams: Replays, name: str) -> None:
        self._streams = streams
        self._name = name
        self._said: list[bytes] = []
        self._over = False
        self._forgotten = False
        self._first: Listening | None = None
        self._later: Listening | None = None

    @property
    def begun(self) -> bool:
        return self._first is not None

    def begin(self, first: Listening) -> bytes:
        """The event that opens the stream: no message, but an id to come back with."""
        self._first = first
        self._streams.add(self._name, self)
        return b"id: %b\r\nretry: %d\r\ndata: \r\n\r\n" % (self._id(0), RETRY)

    def keep(self, raw: bytes, final: bool) -> tuple[bytes, ...]:
        """Remember a message, and say it to who came back; its SSE fields."""
        self._over = self._over or final
        self._said.append(b"" if self._forgotten else raw)
        fields = self._fields(len(self._said))
        if self._later is not None:
            self._later.frame(raw, final=final, fields=fields)
        if not self._forgotten:
            self._streams.grew(len(raw))
        return fields

    def over(self) -> None:
        """Nothing more is said: the request was withdrawn."""
        self._over = True
        if self._later is not None:
            self._later.end()

    def resume(self, listener: Listening, after: int) -> None:
        """Say what came after that event, and from now on what comes; only to the latest who came."""
        earlier, self._later = self._later or self._first, listener
        if earlier is not None:
            earlier.give_way()
        for number, raw in enumerate(self._said[after:], after + 1):
            final = self._over and number == len(self._said)
            listener.frame(raw, final=final, fields=self._fields(number))
        if self._over:
            listener.end()

    def forget(self) -> int:
        """Whoever comes back is not served any more; the bytes that this frees."""
        size = sum(map(len, self._said))
        self._said = [b""] * len(self._said)
        self._forgotten = True
        return size

    async def ready(self) -> None:
        if self._later is not None:
            await self._later.ready()

    def _id(self, number: int) -> bytes:
        return b"%b-%d" % (self._name.encode(), number)

    def _fields(self, number: int) -> tuple[bytes, ...]:
        return (b"event: message", b"id: " + self._id(number))


class Replays:
    """Of one session; the oldest streams are forgotten first."""

    def __init__(self) -> None:
        self._streams: dict[str, Replay] = {}
        self._size = 0
        self._count = 0

    def new(self) -> Replay:
        """For an answer that may become a stream."""
        self._count += 1
        return Replay(self, str(self._count))

    def add(self, name: str, replay: Replay) -> None:
        self._streams[name] = replay
        self.grew(0)

    def grew(self, size: int) -> None:
        self._size += size
        while self._size > KEPT or len(self._streams) > STREAMS:
            oldest = next(iter(self._streams))
            self._size -= self._streams.pop(oldest).forget()

    def find(self, event_id: str) -> tuple[Replay, int] | None:
        """The stream of an event, and its number there; None when it is none of ours, or forgotten."""
        name, _, number = event_id.partition("-")
        replay = self._streams.get(name)
        if replay is None or not (number.isascii() and number.isdigit() and len(number) < 10):
            return None
        return replay, int(number)
