"""Where a server's own messages go: to the stream that its client opened for them, or with one of its requests."""

from __future__ import annotations

from collections import deque
from typing import Final

from inspector.proxy.links import Route
from inspector.proxy.pending import PendingTable
from inspector.proxy.steps import Answer
from inspector.wire import mcp
from inspector.wire.jsonrpc import Frame, Kind

BACKLOG: Final = 1000  # a server's messages kept for a stream that its client has not opened yet


class Listening:
    """Of one connection. `pending` has its requests in flight."""

    def __init__(self) -> None:
        self._stream: Route | None = None
        self._backlog: deque[tuple[bytes, tuple[bytes, ...]]] | None = None  # few connections ever need one

    def open(self, stream: Route) -> list[Answer]:
        """The client listens on this stream from now on; what was kept for it goes first."""
        self._stream = stream
        kept, self._backlog = self._backlog, None
        return [Answer(stream, raw, False, fields) for raw, fields in kept or ()]

    def gone(self, route: Route) -> None:
        if self._stream is route:
            self._stream = None

    def keep(self, raw: bytes, fields: tuple[bytes, ...]) -> None:
        """For the stream that is opened next."""
        if self._backlog is None:
            self._backlog = deque(maxlen=BACKLOG)
        self._backlog.append((raw, fields))

    def choose(self, frame: Frame, pending: PendingTable) -> Route | None:
        """Over a pipe nothing says which request a server's own message belongs to: what it asks or logs goes with the
        latest one in flight, what it announces goes to the client's open stream."""
        announces = frame.kind is Kind.NOTIFICATION and frame.method != "notifications/message"
        return (self._stream or _latest(pending)) if announces else self.latest(pending)

    def latest(self, pending: PendingTable) -> Route | None:
        """With the latest request in flight; on the open stream while there is none."""
        return _latest(pending) or self._stream

    def list_changed(self, pending: PendingTable) -> list[Answer]:
        """Word that the list of tools is another one, to whoever listens."""
        if subscribed := [p for p in pending.all() if p.frame.method == "subscriptions/listen"]:
            return [Answer(p.route, mcp.list_changed(p.frame.id), False) for p in subscribed]
        target = self._stream or _latest(pending)
        return [Answer(target, mcp.list_changed(), False)] if target else []


def _latest(pending: PendingTable) -> Route | None:
    return latest.route if (latest := pending.latest_forwarded()) else None
