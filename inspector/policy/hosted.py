"""What a policy uses that PolicyLayer's hosted gateway does not know: every † of `docs/policy.md`."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.core.json import Json, JsonObject
from inspector.core.problems import Problem
from inspector.policy import document as doc
from inspector.policy.document import is_ours
from inspector.policy.lint import Advice, placed
from inspector.policy.load import raw_document
from inspector.policy.model import Operator, Policy
from inspector.policy.part import Part
from inspector.policy.source import Blame, Location

_OUR_SCOPES = ("session", "client", "server", "global")
_OUR_OPERATORS = (Operator.PATH_WITHIN, Operator.HOST_IN)


def not_hosted(policy: Policy) -> tuple[Problem, ...]:
    """Every † in use as a warning with its place, in the order of the text."""
    if policy.intercept is not None:
        message = "Intercept's dialect: the gateway does not read it. Convert it with `mcp-inspect policy convert`"
        return placed(policy, [Advice((), message)])
    return placed(policy, _document(raw_document(policy)))


def _document(raw: JsonObject) -> Iterator[Advice]:
    yield from _fields(doc.Document, (), raw)
    if raw.get("default") == "approve":
        yield Advice(("default",), "default: approve is not hosted", Blame.VALUE)
    yield from _globs((), raw)
    yield from _entries((), raw)
    for name, section in _map(raw.get("servers")).items():
        at: Location = ("servers", name)
        if _map(section).get("default") == "approve":
            yield Advice((*at, "default"), "default: approve is not hosted", Blame.VALUE)
        yield from _globs(at, _map(section))
        yield from _entries(at, _map(section))


def _entries(at: Location, section: JsonObject) -> Iterator[Advice]:
    if "all_tools" in section:
        yield from _rules(doc.AllTools, (*at, "all_tools"), _map(section["all_tools"]))
    for name, rules in _map(section.get("tools")).items():
        yield from _rules(doc.Rules, (*at, "tools", name), _map(rules))


def _globs(at: Location, section: JsonObject) -> Iterator[Advice]:
    for index, name in enumerate(_list(section.get("hide"))):
        if isinstance(name, str) and "*" in name and name != "*":
            yield Advice((*at, "hide", index), f"the glob {name} in hide is not hosted")
    for name in _map(section.get("tools")):
        if "*" in name and name != "*":
            yield Advice((*at, "tools", name), f"the glob {name} is not hosted")


def _rules(part: type[Part], at: Location, raw: JsonObject) -> Iterator[Advice]:
    yield from _fields(part, at, raw)
    for field in ("require", "deny_if", "approve_if"):
        for index, predicate in enumerate(_list(raw.get(field))):
            yield from _predicate((*at, field, index), _map(predicate))
    for index, limit in enumerate(_list(raw.get("limits"))):
        where: Location = (*at, "limits", index)
        yield from _fields(doc.Limit, where, _map(limit))
        yield from _limit_values(where, _map(limit))
    yield from _limit_values((*at, "rate_limit"), _map(raw.get("rate_limit")))


def _limit_values(at: Location, raw: JsonObject) -> Iterator[Advice]:
    if raw.get("window") == "in_flight":
        yield Advice((*at, "window"), "window: in_flight is not hosted", Blame.VALUE)
    if (scope := raw.get("scope")) in _OUR_SCOPES:
        yield Advice((*at, "scope"), f"scope: {scope} is not hosted", Blame.VALUE)


def _predicate(at: Location, raw: JsonObject) -> Iterator[Advice]:
    if "conditions" not in raw:
        yield Advice(at, "a condition without the list around it is not hosted: write conditions: [{…}]")
        yield from _condition(doc.BareCondition, at, raw)
        return
    yield from _fields(doc.Predicate, at, raw)
    for index, condition in enumerate(_list(raw["conditions"])):
        yield from _condition(doc.Condition, (*at, "conditions", index), _map(condition))


def _condition(part: type[Part], at: Location, raw: JsonObject) -> Iterator[Advice]:
    yield from _fields(part, at, raw)
    if (op := raw.get("op")) in _OUR_OPERATORS:
        yield Advice((*at, "op"), f"the operator {op} is not hosted", Blame.VALUE)


def _fields(part: type[Part], at: Location, raw: JsonObject) -> Iterator[Advice]:
    for key in raw:
        if key in part.keys() and is_ours(part, key):  # noqa: SIM118 - no mapping
            yield Advice((*at, key), f'"{key}" is not hosted')


def _map(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
