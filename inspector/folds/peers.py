"""Who takes part in a run: upstreams behind us, clients before us, and what was not let through between them."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import replace
from typing import Final

from inspector.core.events import (
    CallArrived,
    ClientConnected,
    ClientGone,
    FrameRejected,
    StderrLine,
    ToolsDrifted,
    ToolsListed,
    UncoveredMethod,
    UpstreamChanged,
    UpstreamState,
)
from inspector.core.views import ClientView, RejectedView, UncoveredView, UpstreamView

STDERR_LINES: Final = 200
STDERR_WIDTH: Final = 2_000  # characters of one line
MAX_DEFINITIONS: Final = 2_000  # of one upstream
MAX_CLIENTS: Final = 200
MAX_REJECTED: Final = 200
MAX_UNCOVERED: Final = 100
REJECTED_RAW: Final = 4096  # bytes


class Upstreams:
    def __init__(self) -> None:
        self._views: dict[str, UpstreamView] = {}
        self._stderr: dict[str, deque[str]] = {}
        self._definitions: dict[str, dict[str, bytes]] = {}
        self._shown: tuple[UpstreamView, ...] | None = None

    def changed(self, event: UpstreamChanged) -> None:
        view = self._view(event.upstream)
        self._set(replace(view, state=event.state, detail=event.detail, pid=event.pid))

    def listed(self, event: ToolsListed) -> None:
        known = self._definitions.setdefault(event.upstream, {})
        known.update(event.definitions)
        for name in list(known)[: max(0, len(known) - MAX_DEFINITIONS)]:
            del known[name]
        view = self._view(event.upstream)
        self._set(replace(view, tools=len(event.definitions), hidden=len(event.hidden)))

    def drifted(self, event: ToolsDrifted) -> None:
        self._set(replace(self._view(event.upstream), drift=event.changes))

    def stderr(self, event: StderrLine) -> None:
        self._set(self._view(event.upstream))
        self._stderr[event.upstream].append(event.text[:STDERR_WIDTH])

    def definitions(self) -> dict[str, dict[str, bytes]]:
        """JSON texts by upstream and tool name."""
        return {upstream: dict(known) for upstream, known in self._definitions.items()}

    def views(self) -> tuple[UpstreamView, ...]:
        if self._shown is None:
            self._shown = tuple(replace(view, stderr=tuple(self._stderr[view.name])) for view in self._views.values())
        return self._shown

    def _view(self, name: str) -> UpstreamView:
        known = self._views.get(name)
        return known or UpstreamView(name, UpstreamState.STARTING, "", None, (), None, 0)

    def _set(self, view: UpstreamView) -> None:
        self._views[view.name] = view
        self._stderr.setdefault(view.name, deque(maxlen=STDERR_LINES))
        self._shown = None


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
        )
        self._calls.setdefault(event.connection, 0)
        if len(self._views) > MAX_CLIENTS:
            self._forget()

    def gone(self, event: ClientGone) -> None:
        if view := self._views.get(event.connection):
            self._views[event.connection] = replace(view, gone=True)

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
