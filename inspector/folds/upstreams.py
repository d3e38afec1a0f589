"""The servers behind a run: their processes, what they say and list, and what clients make use of."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from inspector.core.events import (
    CapabilityUsed,
    ServerIntroduced,
    StderrLine,
    ToolsDrifted,
    ToolsListed,
    ToolsSettled,
    UpstreamChanged,
    UpstreamState,
)
from inspector.core.views import UpstreamView
from inspector.folds.tools import TIMES_KEPT, rank

STDERR_LINES: Final = 200
STDERR_WIDTH: Final = 2_000  # characters of one line
MAX_DEFINITIONS: Final = 2_000  # of one upstream
_NEW: Final = UpstreamView("", UpstreamState.STARTING, "", None, (), None, 0)


class Upstreams:
    """One upstream may have several processes: its state is that of the one that fares best."""

    def __init__(self) -> None:
        self._views: dict[str, UpstreamView] = {}
        self._running: dict[str, list[int]] = {}  # process ids, the latest last
        self._stderr: dict[str, deque[str]] = {}
        self._definitions: dict[str, dict[str, bytes]] = {}
        self._times: dict[str, deque[float]] = {}  # milliseconds
        self._shown: tuple[UpstreamView, ...] | None = None

    def configured(self, names: Iterable[str]) -> None:
        """They are shown even when nothing has happened to them yet."""
        for name in names:
            if name not in self._views:
                self._set(replace(self._view(name), state=UpstreamState.IDLE))

    def changed(self, event: UpstreamChanged) -> None:
        view, running = self._view(event.upstream), self._running.setdefault(event.upstream, [])
        if event.pid is not None and event.pid in running:
            running.remove(event.pid)
        if event.pid is not None and event.state in (UpstreamState.STARTING, UpstreamState.READY):
            running.append(event.pid)
        view = replace(view, pid=running[-1] if running else None, processes=len(running))
        match event.state:
            case UpstreamState.EXITED if event.asked:
                view = _settled(view, UpstreamState.IDLE)
            case UpstreamState.EXITED:
                view = replace(view, ended=event.detail, exit_code=event.exit_code, retry_at=event.retry_at)
                view = _settled(view, UpstreamState.EXITED)
            case UpstreamState.IDLE:
                state = UpstreamState.READY if running else UpstreamState.IDLE
                view = replace(view, state=state, ended="", exit_code=None, retry_at=None)
            case UpstreamState.STARTING:
                view = _settled(replace(view, detail=event.detail, retry_at=None), UpstreamState.STARTING, others=1)
            case UpstreamState.READY:
                view = replace(view, detail=event.detail or view.detail, retry_at=None, ended="", exit_code=None)
                view = view if view.state is UpstreamState.STOPPED else replace(view, state=UpstreamState.READY)
            case UpstreamState.FAILED:
                view = replace(view, state=UpstreamState.FAILED, ended=event.detail, detail=view.detail or event.detail)
            case UpstreamState.STOPPED:
                view = replace(view, state=UpstreamState.STOPPED, ended="", exit_code=None, retry_at=None)
        self._set(view)

    def introduced(self, event: ServerIntroduced) -> None:
        about = f"{event.name} {event.version}".strip()
        view = replace(self._view(event.upstream), about=about, era=event.era, protocol=event.protocol)
        self._set(replace(view, capabilities=event.capabilities))

    def used(self, event: CapabilityUsed) -> None:
        view = self._view(event.upstream)
        if event.log_level and event.log_level != view.log_level:
            view = replace(view, log_level=event.log_level)
            self._set(view)
        if not event.of_client and event.capability not in view.used:
            self._set(replace(view, used=(*view.used, event.capability)))

    def took(self, upstream: str, ms: float) -> None:
        """A forwarded call of its has ended."""
        self._times.setdefault(upstream, deque(maxlen=TIMES_KEPT)).append(ms)
        self._shown = None

    def listed(self, event: ToolsListed) -> None:
        known = self._definitions.setdefault(event.upstream, {})
        known.update(event.definitions)
        for name in list(known)[: max(0, len(known) - MAX_DEFINITIONS)]:
            del known[name]
        view = self._view(event.upstream)
        self._set(replace(view, tools=len(event.definitions), hidden=len(event.hidden)))

    def drifted(self, event: ToolsDrifted) -> None:
        view = self._view(event.upstream)
        self._set(replace(view, drift=event.changes, drift_since=event.since, drift_news=not event.again))

    def settled(self, event: ToolsSettled) -> None:
        self._set(replace(self._view(event.upstream), drift=(), drift_news=False))

    def stderr(self, event: StderrLine) -> None:
        self._set(self._view(event.upstream))
        self._stderr[event.upstream].append(event.text[:STDERR_WIDTH])

    def definitions(self) -> dict[str, dict[str, bytes]]:
        """JSON texts by upstream and tool name."""
        return {upstream: dict(known) for upstream, known in self._definitions.items()}

    def views(self) -> tuple[UpstreamView, ...]:
        if self._shown is None:
            self._shown = tuple(self._whole(view) for view in self._views.values())
        return self._shown

    def _whole(self, view: UpstreamView) -> UpstreamView:
        times = sorted(self._times.get(view.name, ()))
        half, most, nearly_all = (rank(times, share) for share in (0.5, 0.95, 0.99))
        said = tuple(self._stderr[view.name])
        return replace(view, stderr=said, p50_ms=half, p95_ms=most, p99_ms=nearly_all)

    def _view(self, name: str) -> UpstreamView:
        return self._views.get(name) or replace(_NEW, name=name)

    def _set(self, view: UpstreamView) -> None:
        self._views[view.name] = view
        self._stderr.setdefault(view.name, deque(maxlen=STDERR_LINES))
        self._shown = None


def _settled(view: UpstreamView, state: UpstreamState, others: int = 0) -> UpstreamView:
    """`state`, unless more than `others` processes go on, or a person has stopped it."""
    if view.state is UpstreamState.STOPPED or (view.processes > others and view.state is UpstreamState.READY):
        return view
    return replace(view, state=state)
