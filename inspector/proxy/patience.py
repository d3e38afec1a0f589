"""Calls that a server has not answered yet, as far as there is a time-out for them. Pure."""

from __future__ import annotations

from inspector.core.call import CallId


class Patience:
    """`seconds` None: without end, and nothing is kept."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._sent: dict[CallId, float] = {}  # oldest first

    def begin(self, call_id: CallId, now: float) -> None:
        if self.seconds is not None:
            self._sent[call_id] = now

    def end(self, call_id: CallId) -> None:
        self._sent.pop(call_id, None)

    def exhausted(self, now: float) -> list[tuple[CallId, float]]:
        """The calls that have waited for too long, and how long is too long."""
        seconds = self.seconds
        if seconds is None:
            return []
        return [(call_id, seconds) for call_id, sent in self._sent.items() if now - sent >= seconds]
