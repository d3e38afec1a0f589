"""Limits that a person raised: another `max` for one limit on one counter, for as long as the run lasts.

The policy's file is not touched. A raise ends with the run, when a person takes it back, and when the policy's own max
is edited or goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from inspector.core.commands import RaiseLimit
from inspector.core.decision import CounterKey
from inspector.core.effects import Effect, Emit
from inspector.core.errors import UsageError
from inspector.core.events import LimitRaised, RaiseEnded
from inspector.policy.assemble import every_entry
from inspector.policy.limits import RaisedMax
from inspector.policy.messages import plain
from inspector.policy.model import Limit, Policy


class Raises:
    def __init__(self) -> None:
        self._raised: dict[tuple[CounterKey, str], LimitRaised] = {}
        self._in_force: dict[tuple[CounterKey, str], Decimal] = {}

    @property
    def in_force(self) -> RaisedMax:
        return self._in_force

    def put(self, policy: Policy | None, wish: RaiseLimit, by: str, now: float) -> list[Effect]:
        """Give one limit another max on one counter; the policy's own takes that back.

        Raises UsageError: the policy in force has no such limit, or allows more by itself.
        """
        found = wish.key, wish.rule
        limit = None if policy is None else _limit(policy, *found)
        if limit is None:
            raise UsageError("the policy in force has no such limit any more")
        if not wish.max.is_finite() or wish.max < limit.max:
            own = plain(limit.max)
            raise UsageError(f"the policy allows {own} already: give more than that, or lower it in the policy")
        if wish.max == limit.max:
            return [self._end(found, limit.max, by, now)] if found in self._raised else []
        raised = LimitRaised(now, *found, wish.max, limit.max, by)
        self._raised[found] = raised
        self._in_force[found] = wish.max
        return [Emit(raised)]

    def keep(self, policy: Policy, now: float) -> list[Effect]:
        """Another policy is in force: drop those whose max it has edited."""
        ended: list[Effect] = []
        for found, raised in tuple(self._raised.items()):
            limit = _limit(policy, *found)
            if limit is None or limit.max != raised.policy_max:
                ended.append(self._end(found, None if limit is None else limit.max, "policy", now))
        return ended

    def _end(self, found: tuple[CounterKey, str], most: Decimal | None, by: str, now: float) -> Effect:
        del self._in_force[found], self._raised[found]
        return Emit(RaiseEnded(now, *found, most, by))


def _limit(policy: Policy, key: CounterKey, rule: str) -> Limit | None:
    """The limit of that name, if it still counts on counters like this one."""
    known_by = key.name, key.scope, key.window, key.algorithm
    return next(
        (
            limit
            for name, limit in _limits(policy)
            if name == rule and (limit.name, limit.scope, limit.window, limit.algorithm) == known_by
        ),
        None,
    )


def _limits(policy: Policy) -> Iterator[tuple[str, Limit]]:
    """Every limit with its rule id."""
    for section in (policy.top, *policy.servers.values()):
        for entry in every_entry(section):
            for limit in entry.limits:
                yield f"{entry.pointer}/limits/{limit.counter}", limit
    for rules in (policy.intercept or {}).values():
        for rule in rules:
            if rule.limit is not None:
                yield rule.name, rule.limit
