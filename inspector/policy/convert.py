"""An Intercept policy as a native document with the same outcomes. See "Intercept" in `docs/policy.md`."""

from __future__ import annotations

from decimal import Decimal

from inspector.core.errors import ConfigError
from inspector.core.json import Json, JsonObject, Number
from inspector.policy.model import Default, InterceptRule, Limit, Policy

_WINDOWS: dict[int, Json] = {60: "minute", 3600: "hour", 86400: "day"}
_NEVER: JsonObject = {"conditions": []}  # as a `deny_if`: denies every call


def native(policy: Policy) -> JsonObject:
    """The native document. Raises ConfigError for a policy that is native already, or that no native one can say."""
    if policy.intercept is None:
        raise ConfigError(f"{policy.path or 'the policy'} is a native policy already; there is nothing to convert")
    for name in (*policy.intercept, *policy.top.hide_exact):
        if "*" in name and name != "*":
            raise ConfigError(f"{name} is an exact name in Intercept, and would be a glob here; rename it first")
    document: JsonObject = {"version": "1", "default": str(policy.top.default or Default.ALLOW)}
    if hidden := [*sorted(policy.top.hide_exact), *policy.top.hide_globs]:
        document["hide"] = list(hidden)
    document["tools"] = {name: _entry(rules) for name, rules in policy.intercept.items()}
    return document


def _entry(rules: tuple[InterceptRule, ...]) -> JsonObject:
    entry: JsonObject = {}
    denial = next((rule for rule in rules if rule.deny), None)
    if denial is not None:
        entry["action"] = "deny"
        if denial.on_deny is not None:
            entry["reason"] = denial.on_deny
    require: list[Json] = []
    deny_if: list[Json] = []
    limits: list[Json] = []
    for rule in rules:
        if rule.conditions:
            conditions: list[Json] = [{"path": c.path_text, "op": str(c.op), "value": c.value} for c in rule.conditions]
            require.append(_told({"name": rule.name, "conditions": conditions}, rule.on_deny))
        if rule.limit is not None and rule.limit.max < 0:  # `lt 0`: nothing is ever below
            deny_if.append(_told({"name": rule.name, **_NEVER}, rule.on_deny))
        elif rule.limit is not None:
            limits.append(_limit(rule.limit))
    entry.update(
        {key: found for key, found in (("require", require), ("deny_if", deny_if), ("limits", limits)) if found}
    )
    return entry


def _limit(limit: Limit) -> Json:
    found: JsonObject = {
        "counter": limit.counter,
        "window": _WINDOWS[limit.window],
        "max": _number(limit.max),
        "scope": "global",
    }
    if isinstance(limit.amount, tuple):
        found["amount"] = limit.amount_text
    elif limit.amount != 1:
        found["amount"] = _number(limit.amount)
    return _told(found, limit.on_deny)


def _told(found: JsonObject, on_deny: str | None) -> JsonObject:
    return found if on_deny is None else {**found, "on_deny": on_deny}


def _number(number: Decimal) -> Json:
    whole = number == number.to_integral_value() and number.adjusted() < 18
    return int(number) if whole else Number(str(number))
