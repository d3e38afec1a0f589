"""The events of the newest calls, kept whole so that their detail needs no recording."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from inspector.core.call import CallId
from inspector.core.commands import CallDetail
from inspector.core.detail import detail_of
from inspector.core.events import Event

EVENT_BYTES: Final = 800  # what an event costs without its body, roughly


class Bodies:
    """At most `cap` bytes, by estimate; whole calls are forgotten, the oldest first."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._calls: OrderedDict[CallId, list[Event]] = OrderedDict()
        self._sizes: dict[CallId, int] = {}
        self._total = 0

    def begin(self, call_id: CallId) -> None:
        self._calls[call_id] = []
        self._sizes[call_id] = 0

    def keep(self, call_id: CallId, event: Event, size: int) -> None:
        """`size`: bytes of the event's body. Events of a call that is not kept are let go."""
        events = self._calls.get(call_id)
        if events is None:
            return
        events.append(event)
        self._sizes[call_id] += size + EVENT_BYTES
        self._total += size + EVENT_BYTES
        while self._total > self._cap:
            oldest, _ = self._calls.popitem(last=False)
            self._total -= self._sizes.pop(oldest)

    def detail(self, call_id: CallId) -> CallDetail | None:
        return detail_of(call_id, self._calls.get(call_id, ()))
