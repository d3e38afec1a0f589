"""Who takes part in a run: its clients, and what was not let through from either side."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import replace
from typing import Final

from inspector.core.events import (
    CallArrived,
    CapabilityUsed,
    ClientConnected,
    ClientGone,
    FrameRejected,
    UncoveredMethod,
)
from inspector.core.views import ClientView, RejectedView, UncoveredView

MAX_CLIENTS: Final = 200
MAX_REJECTED: Final = 200
MAX_UNCOVERED: Final = 100
REJECTED_RAW: Final = 4096  # bytes


class Clients:
    """Every connection; of those that are gone only the latest."""

    def __init__(self) -> None:
        self._views: OrderedDict[str, ClientView] = OrderedDict()
        self._calls: dict[str, int] = {}

    def connected(self, event: ClientConnected) -> None:
        self._views[event.connection] = ClientView(
            connection=event.connection,
            name=event.caller.client,
            version=event.version,
            grant=event.caller.grant,
            era=event.era,
            transport=event.transport,
            upstream=event.upstream,
            since=event.at,
            gone=False,
            calls=0,
            capabilities=event.capabilities,
        )
        self._calls.setdefault(event.connection, 0)
        if len(self._views) > MAX_CLIENTS:
            self._forget()

    def gone(self, event: ClientGone) -> None:
        if view := self._views.get(event.connection):
            self._views[event.connection] = replace(view, gone=True)

    def used(self, event: CapabilityUsed) -> None:
        view = self._views.get(event.connection)
        if event.of_client and view is not None and event.capability not in view.used:
            self._views[event.connection] = replace(view, used=(*view.used, event.capability))

    def called(self, event: CallArrived) -> None:
        if event.connection in self._calls:
            self._calls[event.connection] += 1

    def views(self) -> tuple[ClientView, ...]:
        return tuple([replace(view, calls=self._calls[view.connection]) for view in self._views.values()])

    def _forget(self) -> None:
        """The oldest that is gone, else the oldest."""
        name = next((name for name, view in self._views.items() if view.gone), next(iter(self._views)))
        del self._views[name]
        del self._calls[name]


class Rejections:
    """The latest frames that were not let through."""

    def __init__(self) -> None:
        self._views: deque[RejectedView] = deque(maxlen=MAX_REJECTED)

    def rejected(self, event: FrameRejected) -> None:
        raw = event.raw[:REJECTED_RAW]
        self._views.append(
            RejectedView(
                event.at, event.connection, event.upstream, event.code, event.reason, raw, event.direction, event.peer
            )
        )

    def views(self) -> tuple[RejectedView, ...]:
        """The oldest first."""
        return tuple(self._views)


class Uncovered:
    """Methods that no policy judges; a client may invent any number of names, so only the latest are kept."""

    def __init__(self) -> None:
        self._views: OrderedDict[tuple[str, str, bool], UncoveredView] = OrderedDict()

    def used(self, event: UncoveredMethod) -> None:
        key = event.upstream, event.method, event.forwarded
        times = known.times if (known := self._views.pop(key, None)) else 0
        self._views[key] = UncoveredView(*key, times + 1, event.at, event.connection)
        if len(self._views) > MAX_UNCOVERED:
            self._views.popitem(last=False)

    def views(self) -> tuple[UncoveredView, ...]:
        """The latest last."""
        return tuple(self._views.values())
