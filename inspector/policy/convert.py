"""An Intercept policy as a native document with the same outcomes. See "Intercept" in `docs/policy.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from inspector.core.errors import ConfigError
from inspector.core.json import Json, JsonObject, Number
from inspector.policy.load import read_source
from inspector.policy.model import Default, InterceptRule, Limit, Policy
from inspector.policy.source import Blame, Location, Node, place, pointer

_WINDOWS: dict[int, Json] = {60: "minute", 3600: "hour", 86400: "day"}
_NEVER: JsonObject = {"conditions": []}  # as a `deny_if`: denies every call


@dataclass(frozen=True, slots=True)
class Conversion:
    """The native document, and where what stood in the old one has gone: of a place that is not named, its parent."""

    document: JsonObject
    moved: dict[Location, Location]


def convert(policy: Policy) -> Conversion:
    """Raises ConfigError for a policy that is native already, or that no native one can say."""
    root = read_source(policy.text, policy.path).root
    if policy.intercept is None or root is None or not isinstance(root.value, dict):
        raise ConfigError(
            f"{policy.path or 'the policy'} is a native policy already; there is nothing to convert\n"
            "As JSON: mcp-inspect policy convert --format json"
        )
    raw = root.value
    _refuse_stars(policy, root)
    document: JsonObject = {"version": "1"}
    moved: dict[Location, Location] = {(key,): (key,) for key in raw}
    if "default" not in raw:
        document["default"] = str(Default.ALLOW)
    for key, value in raw.items():
        if key not in ("version", "tools"):
            document[key] = value
    document["tools"] = tools = dict[str, Json]()
    for name, rules in policy.intercept.items():
        tool = _Tool(("tools", name), moved)
        tool.read(rules, _rules(raw, name))
        tools[name] = tool.entry()
    return Conversion(document, moved)


def _refuse_stars(policy: Policy, root: Node) -> None:
    """A name is exact in Intercept, and a glob in a native policy: nothing there says "only the tool called a*"."""
    hide = root.value.get("hide") if isinstance(root.value, dict) else None
    places: list[tuple[str, Location]] = [(name, ("tools", name)) for name in policy.intercept or ()]
    places += [(str(name), ("hide", index)) for index, name in enumerate(hide if isinstance(hide, list) else ())]
    for name, location in places:
        if "*" in name and name != "*":
            mark = place(root, location, Blame.KEY if location[0] == "tools" else Blame.VALUE)
            raise ConfigError(
                f"{policy.path or 'policy'}:{mark.line}:{mark.column}: {name} is an exact name in Intercept; "
                f"in a native policy it would be a glob and match others ({pointer(location)})\n"
                "Remove it if no tool is called that, or write out the names that it was meant for."
            )


def _rules(raw: JsonObject, name: str) -> list[JsonObject]:
    tools = raw.get("tools")
    tool = tools.get(name) if isinstance(tools, dict) else None
    rules = tool.get("rules") if isinstance(tool, dict) else None
    return [rule if isinstance(rule, dict) else {} for rule in rules] if isinstance(rules, list) else []


@dataclass(slots=True)
class _Tool:
    """The entry of one tool while its rules are read, and what has moved where."""

    at: Location
    moved: dict[Location, Location]
    denial: JsonObject = field(default_factory=dict)
    require: list[Json] = field(default_factory=list)
    deny_if: list[Json] = field(default_factory=list)
    limits: list[Json] = field(default_factory=list)

    def entry(self) -> JsonObject:
        lists: JsonObject = {"require": self.require, "deny_if": self.deny_if, "limits": self.limits}
        return {**self.denial, **{key: found for key, found in lists.items() if found}}

    def read(self, rules: Sequence[InterceptRule], written: list[JsonObject]) -> None:
        self.moved[self.at] = self.at
        for index, (rule, raw) in enumerate(zip(rules, written, strict=True)):
            old: Location = (*self.at, "rules", index)
            if rule.deny and not self.denial:
                self._denies(old, rule)
            if rule.limit is not None:
                self._limits(old, rule, rule.limit)
            if rule.conditions:
                self._requires(old, rule)
            self._conditions(old, raw)

    def _denies(self, old: Location, rule: InterceptRule) -> None:
        self.denial["action"] = "deny"
        if rule.on_deny is not None:
            self.denial["reason"] = rule.on_deny
        self.moved[old] = (*self.at, "action")
        self.moved[*old, "on_deny"] = (*self.at, "reason")

    def _requires(self, old: Location, rule: InterceptRule) -> None:
        self.moved[old] = (*self.at, "require", len(self.require))
        conditions: list[Json] = [{"path": c.path_text, "op": str(c.op), "value": c.value} for c in rule.conditions]
        self.require.append(_told({"name": rule.name, "conditions": conditions}, rule.on_deny))

    def _limits(self, old: Location, rule: InterceptRule, limit: Limit) -> None:
        if limit.max < 0:  # `lt 0`: nothing is ever below
            new: Location = (*self.at, "deny_if", len(self.deny_if))
            self.deny_if.append(_told({"name": rule.name, **_NEVER}, rule.on_deny))
        else:
            new = (*self.at, "limits", len(self.limits))
            self.limits.append(_limit(limit))
        self.moved[old] = self.moved[*old, "state"] = self.moved[*old, "rate_limit"] = new
        for key in ("increment", "increment_from"):
            self.moved[*old, "state", key] = (*new, "amount")

    def _conditions(self, old: Location, raw: JsonObject) -> None:
        """Those of arguments keep their order; one of a counter is a limit's `max` now."""
        conditions, kept = raw.get("conditions"), 0
        limit = self.moved.get((*old, "state"), old)
        for index, condition in enumerate(conditions if isinstance(conditions, list) else ()):
            path = condition.get("path") if isinstance(condition, dict) else None
            if isinstance(path, str) and path.startswith("state."):
                self.moved[*old, "conditions", index] = (*limit, "max")
            else:
                self.moved[*old, "conditions", index] = (*self.moved[old], "conditions", kept)
                kept += 1


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
