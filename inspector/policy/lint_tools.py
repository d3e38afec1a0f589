"""Advice on a policy that is compared with what a server lists: names, argument paths, values, pins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from inspector.core.json import Json, JsonObject
from inspector.core.problems import Problem
from inspector.core.risk import Risk, powers, risk_of
from inspector.policy.assemble import every_entry
from inspector.policy.definitions import definition_pin
from inspector.policy.lint import Advice, limit_location, location_of, looks, placed, sections
from inspector.policy.lint_schema import reach
from inspector.policy.load import raw_document
from inspector.policy.match import glob_matches, match
from inspector.policy.model import Condition, Entry, Operator, Path, Policy, Section
from inspector.policy.source import Blame, Location
from inspector.policy.suggest import nearest
from inspector.policy.values import equal

_LISTS = (Operator.IN, Operator.NOT_IN)
_SINGLES = (Operator.EQ, Operator.NEQ)
_NUMBERS, _TEXTS = frozenset({"number", "integer"}), frozenset({"string"})
_JUDGED = {
    **dict.fromkeys((Operator.LT, Operator.LTE, Operator.GT, Operator.GTE), _NUMBERS),
    **dict.fromkeys((Operator.REGEX, Operator.PATH_WITHIN, Operator.HOST_IN), _TEXTS),
    Operator.CONTAINS: frozenset({"string", "array"}),
}


def lint_tools(policy: Policy, definitions: Iterable[JsonObject], server: str = "") -> tuple[Problem, ...]:
    """Every remark as a warning with its place. `definitions` is what `server` lists; without a name, any server."""
    tools = {str(definition["name"]): definition for definition in definitions if "name" in definition}
    return placed(policy, _advice(policy, tools, server))


def _advice(policy: Policy, tools: Mapping[str, JsonObject], server: str) -> Iterator[Advice]:
    raw = raw_document(policy)
    for at, section in sections(policy):
        if at and server and at[1] != server:
            continue
        yield from _names(at, section, tools, raw)
        for entry in every_entry(section):
            if entry is section.all_tools:
                continue
            key = str(location_of(entry)[-1])
            listed = [tool for name, tool in tools.items() if glob_matches(key, name)]
            if listed and key != "*":
                yield from _arguments(entry, listed, _conditions_of_rules(policy, key, raw) or _conditions(entry))
            if entry.pin is not None and key in tools and entry.pin != (now := definition_pin(tools[key])):
                yield Advice(
                    (*location_of(entry), "pin"), f"the definition is another one now: sha256:{now}", Blame.VALUE
                )
    for name, tool in tools.items():
        yield from _powers(policy, server, name, tool)


def _names(at: Location, section: Section, tools: Mapping[str, JsonObject], raw: JsonObject) -> Iterator[Advice]:
    for name in section.exact:
        if name not in tools:
            yield Advice((*at, "tools", name), f"no tool is called {name}{_did_you_mean(name, tools)}")
    for glob, _ in section.globs:
        if not any(glob_matches(glob, name) for name in tools):
            yield Advice((*at, "tools", glob), f"no tool matches {glob}")
    for index, hidden in enumerate(_list(_below_raw(raw, (*at, "hide")))):
        if isinstance(hidden, str) and not any(glob_matches(hidden, tool) for tool in tools):
            message = f"hide: no tool matches {hidden}{_did_you_mean(hidden, tools)}"
            yield Advice((*at, "hide", index), message, Blame.VALUE)


def _below_raw(raw: Json, location: Location) -> Json:
    for part in location:
        raw = raw.get(str(part)) if isinstance(raw, dict) else None
    return raw


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = nearest(word, known)
    return f"; did you mean {close}?" if close else ""


def _arguments(
    entry: Entry, listed: list[JsonObject], conditions: Iterable[tuple[Location, Condition]]
) -> Iterator[Advice]:
    """What the conditions and amounts look at, against the tools that the entry is for: one that has it is enough."""
    schemas = [tool.get("inputSchema") for tool in listed]
    for at, condition in conditions:
        missing = [_lacking(condition.path, schema) for schema in schemas]
        if None not in missing:
            yield Advice((*at, "path"), f"{condition.path_text}: {missing[0]}", Blame.VALUE)
            continue
        if (kind := _misjudged(condition, schemas)) is not None:
            message = f"{condition.path_text} is of type {kind}, which {condition.op} cannot judge: always a mismatch"
            yield Advice((*at, "op"), message, Blame.VALUE)
        for value in _impossible(condition, schemas):
            yield Advice((*at, "value"), f"{condition.path_text} is never {value}", Blame.VALUE)
    for index, limit in enumerate(entry.limits):
        if isinstance(limit.amount, tuple):
            missing = [_lacking(limit.amount, schema) for schema in schemas]
            if None not in missing:
                yield Advice((*limit_location(entry, index), "amount"), f"{limit.amount_text}: {missing[0]}")


def _conditions(entry: Entry) -> Iterator[tuple[Location, Condition]]:
    """Every condition with the location of its predicate's list form; a bare one is found one level up."""
    lists = {"require": entry.require, "deny_if": entry.deny_if}
    lists["approve_if"] = tuple(trigger.predicate for trigger in entry.approve_if)
    for field, predicates in lists.items():
        for index, predicate in enumerate(predicates):
            at: Location = (*location_of(entry), field, index)
            for number, condition in enumerate(predicate.conditions):
                yield (at if predicate.bare else (*at, "conditions", number)), condition


def _conditions_of_rules(policy: Policy, key: str, raw: JsonObject) -> list[tuple[Location, Condition]]:
    """The same of an Intercept tool, whose rules also have conditions on counters."""
    found: list[tuple[Location, Condition]] = []
    for index, rule in enumerate((policy.intercept or {}).get(key, ())):
        rules = _list(_below_raw(raw, ("tools", key, "rules")))
        written = enumerate(_list(_below_raw(rules[index], ("conditions",))))
        places = [n for n, one in written if not str(_below_raw(one, ("path",))).startswith("state.")]
        at: Location = ("tools", key, "rules", index, "conditions")
        found += [((*at, place), condition) for place, condition in zip(places, rule.conditions, strict=True)]
    return found


def _lacking(path: Path, schema: Json) -> str | None:
    """Why no argument can be there, by the schema; None when one can, or when the schema does not say."""
    found = reach(path, schema)
    return (
        None
        if found.missing is None
        else f"the tool has no {found.missing} here{_did_you_mean(found.missing, found.known)}"
    )


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _impossible(condition: Condition, schemas: list[Json]) -> Iterator[str]:
    """Values that the argument is compared with and that its `enum` lacks."""
    if condition.op in _LISTS and isinstance(condition.value, list):
        values = condition.value
    elif condition.op in _SINGLES:
        values = [condition.value]
    else:
        return
    options: list[Json] = []
    for schema in schemas:
        found = _options(condition.path, schema)
        if found is None:
            return
        options += found
    words = [option for option in options if isinstance(option, str)]
    for value in values:
        if value is not None and not any(equal(value, option) for option in options):
            yield f'"{value}"{_did_you_mean(value, words)}' if isinstance(value, str) else str(value)


def _options(path: Path, schema: Json) -> list[Json] | None:
    """The `enum` at the end of a path; None when there is none or another branch leaves it open."""
    options: list[Json] = []
    for end in reach(path, schema).ends or [{}]:
        if end.get("type") == "null":
            continue
        enum = [end["const"]] if "const" in end else end.get("enum")
        if not isinstance(enum, list):
            return None
        options += enum
    return options or None


def _misjudged(condition: Condition, schemas: list[Json]) -> str | None:
    """The type that every tool here gives to an argument, when the operator can judge no value of it; else None."""
    wanted = _JUDGED.get(condition.op)
    if wanted is None:
        return None
    named = set[str]()
    for end in (end for schema in schemas for end in reach(condition.path, schema).ends or [{}]):
        kinds = end["type"] if isinstance(end.get("type"), list) else [end.get("type")]
        words = [kind for kind in _list(kinds) if isinstance(kind, str)]
        if not words or len(words) < len(_list(kinds)):
            return None  # it is not said, or not as a schema says it
        named.update(words)
    named.discard("null")
    return " or ".join(sorted(named)) if named and not named & wanted else None


def _powers(policy: Policy, server: str, name: str, tool: JsonObject) -> Iterator[Advice]:
    """A tool that can destroy, where no entry that applies hides it, denies it, asks, or looks at what it is told."""
    found = match(policy, server, name)
    if found.denial is not None or found.default_approves or risk_of(name, tool) is not Risk.DESTRUCTIVE:
        return
    if any(looks(policy, entry) for entry in found.entries):
        return
    where = location_of(found.entries[0]) if found.entries else ("default",)
    worst = next((f"{argument}: {value}" for argument, value, risk in powers(tool) if risk is Risk.DESTRUCTIVE), None)
    how = f"can destroy ({worst})" if worst else "can destroy"
    yield Advice(where, f"{name} {how}, and no rule looks at its arguments, hides it or asks")
