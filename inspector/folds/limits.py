"""Counters as they were last seen, and what time has made of them since."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Final

from inspector.core.decision import Algorithm, CounterKey, Decision, Reading, Verdict
from inspector.core.views import LimitView

LINGER: Final = 300.0  # seconds that an empty counter stays at least
MAX_COUNTERS: Final = 500  # shown; policies with a scope per session make many
_WINDOWS: Final = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


class Limits:
    def __init__(self) -> None:
        self._counters: OrderedDict[CounterKey, tuple[LimitView, float]] = OrderedDict()  # with the time it was seen

    def decided(self, decision: Decision) -> None:
        """A call that may go has been charged; any other has only looked."""
        charged = decision.verdict is Verdict.ALLOW
        for reading in decision.readings:
            self._put(reading, decision.at, float(reading.before + reading.amount if charged else reading.before))

    def counted(self, readings: tuple[Reading, ...], at: float) -> None:
        for reading in readings:
            self._put(reading, at, float(reading.before))

    def views(self, now: float) -> tuple[LimitView, ...]:
        """By label. A window that has passed is empty; one that passed long ago is not shown."""
        shown = [_as_of(view, now) for view, seen in self._counters.values() if not _is_stale(view, seen, now)]
        shown.sort(key=lambda view: (view.label, view.key.name, view.key.scope_id))
        return tuple(shown)

    def _put(self, reading: Reading, at: float, used: float) -> None:
        key = reading.key
        known = self._counters.get(key)
        rule, maximum = reading.rule, float(reading.max)
        if not rule and known:  # a bare counter, without the limit that reads it
            rule, maximum = known[0].rule, known[0].max
        label = known[0].label if known and known[0].rule == rule else label_of(key, rule)
        self._counters[key] = LimitView(key, rule, label, used, maximum, reading.resets_at), at
        self._counters.move_to_end(key)
        if len(self._counters) > MAX_COUNTERS:
            self._counters.popitem(last=False)


def label_of(key: CounterKey, rule: str) -> str:
    """`force_run_execution · minute`: the pool's name, else the counter's; then the window."""
    name = key.name.rpartition("/")[2] if key.name.startswith("/") else key.name
    if key.name.startswith("/") and "/limits/" in rule:
        name = rule.rpartition("/limits/")[2]
    window = "in flight" if key.algorithm is Algorithm.IN_FLIGHT else _WINDOWS.get(key.window, f"{key.window} s")
    return f"{name.replace('~1', '/').replace('~0', '~')} · {window}"


def _as_of(view: LimitView, now: float) -> LimitView:
    if view.resets_at is None or now < view.resets_at or not view.used:
        return view
    return replace(view, used=0.0)


def _is_stale(view: LimitView, seen: float, now: float) -> bool:
    """Long ago: one more window, and never less than five minutes."""
    if view.resets_at is None:
        return not view.used and now >= seen + LINGER
    return now >= view.resets_at + max(LINGER, view.key.window)
