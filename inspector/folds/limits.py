"""Counters as they were last seen, and what time has made of them since."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from inspector.core.decision import Algorithm, CounterKey, Decision, Reading, Verdict
from inspector.core.events import CounterReset, LimitRaised, RaiseEnded
from inspector.core.views import LimitView, Raised, Reset

LINGER: Final = 300.0  # seconds that an empty counter stays at least
MAX_COUNTERS: Final = 500  # shown; policies with a scope per session make many
STEPS: Final = 24  # of one window, in a counter's history
IN_FLIGHT_STEP: Final = 2.0  # seconds
USERS_KEPT: Final = 50  # of one counter
USERS_SHOWN: Final = 5
_WINDOWS: Final = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


@dataclass(slots=True)
class _Past:
    """What became of one counter: its amount at the end of each step, and who took how much."""

    steps: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=STEPS))
    users: Counter[str] = field(default_factory=Counter)
    shown: tuple[tuple[int, bool], LimitView] | None = None  # for which step, and whether the window has passed

    def note(self, step: int, used: float) -> None:
        self.shown = None
        if self.steps and self.steps[-1][0] >= step:
            step, highest = self.steps.pop()
            used = max(used, highest)
        self.steps.append((step, used))

    def took(self, client: str, amount: float) -> None:
        if client in self.users or len(self.users) < USERS_KEPT:
            self.shown = None
            self.users[client] += amount  # type: ignore[assignment]  # amounts may be fractions

    def history(self, last: int) -> tuple[float, ...]:
        """Of the steps that end with `last`; between two notes the amount stayed."""
        known, shown, used = dict(self.steps), [], 0.0
        for step in range(last - STEPS + 1, last + 1):
            used = known.get(step, used)
            shown.append(used)
        return tuple(shown)


class Limits:
    def __init__(self) -> None:
        self._counters: OrderedDict[CounterKey, tuple[LimitView, float]] = OrderedDict()  # with the time it was seen
        self._past: dict[CounterKey, _Past] = {}
        self._raised: dict[tuple[CounterKey, str], Raised] = {}
        self._resets: dict[CounterKey, Reset] = {}

    def decided(self, decision: Decision, client: str = "") -> None:
        """A call that may go has been charged; any other has only looked."""
        charged = decision.verdict is Verdict.ALLOW
        for reading in decision.readings:
            self._put(reading, decision.at, float(reading.before + reading.amount if charged else reading.before))
            if charged and client:
                self._past[reading.key].took(client, float(reading.amount))

    def counted(self, readings: tuple[Reading, ...], at: float) -> None:
        for reading in readings:
            self._put(reading, at, float(reading.before))

    def reset(self, event: CounterReset) -> None:
        reading = event.reading
        self._resets[reading.key] = Reset(event.at, event.by, float(reading.before))
        self.counted((replace(reading, before=Decimal(0)),), event.at)

    def raised(self, event: LimitRaised) -> None:
        self._raised[event.key, event.rule] = Raised(float(event.policy_max), event.at, event.by)
        self._set_max(event.key, event.rule, float(event.max))

    def raise_ended(self, event: RaiseEnded) -> None:
        raised = self._raised.pop((event.key, event.rule), None)
        if raised is not None:
            self._set_max(event.key, event.rule, raised.policy_max if event.max is None else float(event.max))

    def views(self, now: float) -> tuple[LimitView, ...]:
        """By label. A window that has passed is empty; one that passed long ago is not shown."""
        shown = [self._as_of(view, now) for view, seen in self._counters.values() if not _is_stale(view, seen, now)]
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
        self._past.setdefault(key, _Past()).note(_step(key, at), used)
        if len(self._counters) > MAX_COUNTERS:
            oldest, _ = self._counters.popitem(last=False)
            del self._past[oldest]
            self._resets.pop(oldest, None)

    def _set_max(self, key: CounterKey, rule: str, most: float) -> None:
        known = self._counters.get(key)
        if known is not None and known[0].rule == rule:
            self._counters[key] = replace(known[0], max=most), known[1]
            self._past[key].shown = None

    def _as_of(self, view: LimitView, now: float) -> LimitView:
        past = self._past[view.key]
        when = _step(view.key, now), view.resets_at is not None and now >= view.resets_at
        if past.shown is None or past.shown[0] != when:
            step, empty = when
            used = 0.0 if empty else view.used
            history = (*past.history(step)[:-1], used)
            users = tuple(past.users.most_common(USERS_SHOWN))
            past.shown = (
                when,
                replace(
                    view,
                    used=used,
                    history=history,
                    users=users,
                    raised=self._raised.get((view.key, view.rule)),
                    reset=self._resets.get(view.key),
                ),
            )
        return past.shown[1]


def label_of(key: CounterKey, rule: str) -> str:
    """`force_run_execution · minute`: the pool's name, else the counter's; then the window."""
    name = key.name.rpartition("/")[2] if key.name.startswith("/") else key.name
    if key.name.startswith("/") and "/limits/" in rule:
        name = rule.rpartition("/limits/")[2]
    window = "in flight" if key.algorithm is Algorithm.IN_FLIGHT else _WINDOWS.get(key.window, f"{key.window} s")
    return f"{name.replace('~1', '/').replace('~0', '~')} · {window}"


def _step(key: CounterKey, at: float) -> int:
    return math.floor(at / (max(1.0, key.window / STEPS) if key.window else IN_FLIGHT_STEP))


def _is_stale(view: LimitView, seen: float, now: float) -> bool:
    """Long ago: one more window, and never less than five minutes."""
    if view.resets_at is None:
        return not view.used and now >= seen + LINGER
    return now >= view.resets_at + max(LINGER, view.key.window)
