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
class _Counter:
    """One counter as it was last seen, its amount at the end of each step before, and who took how much.

    Mutable, because every call touches it twice and is looked at less often: `view` makes what is shown.
    """

    key: CounterKey
    rule: str
    label: str
    max: float
    used: float = 0.0
    resets_at: float | None = None
    seen: float = 0.0
    steps: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=STEPS))
    users: Counter[str] = field(default_factory=Counter)
    shown: tuple[tuple[int, bool], LimitView] | None = None  # for which step, and whether the window has passed

    def note(self, reading: Reading, at: float, used: float) -> None:
        if reading.rule:  # else a bare counter, without the limit that reads it
            self.max = float(reading.max)
            if reading.rule != self.rule:
                self.rule, self.label = reading.rule, label_of(self.key, reading.rule)
        self.used, self.resets_at, self.seen, self.shown = used, reading.resets_at, at, None
        step = _step(self.key, at)
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

    def view(self, now: float, raised: Raised | None, reset: Reset | None) -> LimitView:
        """As of `now`: a window that has passed is empty."""
        when = step, empty = _step(self.key, now), self.resets_at is not None and now >= self.resets_at
        if self.shown is None or self.shown[0] != when:
            used = 0.0 if empty else self.used
            history = (*self.history(step)[:-1], used)
            users = tuple(self.users.most_common(USERS_SHOWN))
            self.shown = (
                when,
                LimitView(
                    self.key, self.rule, self.label, used, self.max, self.resets_at, history, users, raised, reset
                ),
            )
        return self.shown[1]

    def is_stale(self, now: float) -> bool:
        """Long ago: one more window, and never less than five minutes."""
        if self.resets_at is None:
            return not self.used and now >= self.seen + LINGER
        return now >= self.resets_at + max(LINGER, self.key.window)


class Limits:
    def __init__(self) -> None:
        self._counters: OrderedDict[CounterKey, _Counter] = OrderedDict()  # the one touched last stands last
        self._raised: dict[tuple[CounterKey, str], Raised] = {}
        self._resets: dict[CounterKey, Reset] = {}

    def decided(self, decision: Decision, client: str = "") -> None:
        """A call that may go has been charged; any other has only looked."""
        charged = decision.verdict is Verdict.ALLOW
        for reading in decision.readings:
            used = reading.before + reading.amount if charged else reading.before
            counter = self._put(reading, decision.at, float(used))
            if charged and client:
                counter.took(client, float(reading.amount))

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
        raised, resets = self._raised, self._resets
        shown = [
            counter.view(now, raised.get((counter.key, counter.rule)), resets.get(counter.key))
            for counter in self._counters.values()
            if not counter.is_stale(now)
        ]
        shown.sort(key=lambda view: (view.label, view.key.name, view.key.scope_id))
        return tuple(shown)

    def _put(self, reading: Reading, at: float, used: float) -> _Counter:
        key = reading.key
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = _Counter(key, reading.rule, label_of(key, reading.rule), float(reading.max))
            if len(self._counters) > MAX_COUNTERS:
                oldest, _ = self._counters.popitem(last=False)
                self._resets.pop(oldest, None)
        else:
            self._counters.move_to_end(key)
        counter.note(reading, at, used)
        return counter

    def _set_max(self, key: CounterKey, rule: str, most: float) -> None:
        counter = self._counters.get(key)
        if counter is not None and counter.rule == rule:
            counter.max, counter.shown = most, None


def label_of(key: CounterKey, rule: str) -> str:
    """`force_run_execution · minute`: the pool's name, else the counter's; then the window."""
    name = key.name.rpartition("/")[2] if key.name.startswith("/") else key.name
    if key.name.startswith("/") and "/limits/" in rule:
        name = rule.rpartition("/limits/")[2]
    window = "in flight" if key.algorithm is Algorithm.IN_FLIGHT else _WINDOWS.get(key.window, f"{key.window} s")
    return f"{name.replace('~1', '/').replace('~0', '~')} · {window}"


def _step(key: CounterKey, at: float) -> int:
    return math.floor(at / (max(1.0, key.window / STEPS) if key.window else IN_FLIGHT_STEP))
