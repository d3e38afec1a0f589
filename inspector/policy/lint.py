"""Advice on a policy that loads: rules that can never matter, and rules that do less than they seem to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from inspector.core.decision import Algorithm, Scope
from inspector.core.pointer import segments
from inspector.core.problems import Problem, Severity
from inspector.core.risk import Risk, risk_of
from inspector.policy.assemble import RATE_LIMIT, every_entry
from inspector.policy.lint_clashes import clashes, clashes_between
from inspector.policy.load import read_source
from inspector.policy.match import HIDDEN, INVALID_NAME, match
from inspector.policy.model import Condition, Default, Entry, Limit, Operator, Policy, Predicate, Section
from inspector.policy.paths import MAX_WALKED_AFTER
from inspector.policy.source import Blame, Location, place, pointer
from inspector.policy.text_search import search_of


@dataclass(frozen=True, slots=True)
class Advice:
    """One remark on one place of the document."""

    location: Location
    message: str
    blame: Blame = Blame.KEY


def lint(policy: Policy) -> tuple[Problem, ...]:
    """Every remark as a warning with its place, in the order of the text."""
    return placed(policy, _advice(policy))


def placed(policy: Policy, remarks: Iterable[Advice]) -> tuple[Problem, ...]:
    root = read_source(policy.text, policy.path).root
    problems = set[Problem]()
    for remark in remarks:
        mark = place(root, remark.location, remark.blame)
        problem = Problem(pointer(remark.location), mark.line, mark.column, remark.message, end_column=mark.end_column)
        problems.add(replace(problem, severity=Severity.WARNING))
    return tuple(sorted(problems, key=lambda p: (p.line, p.column, p.pointer, p.message)))


def sections(policy: Policy) -> Iterator[tuple[Location, Section]]:
    """Every section with its location."""
    yield (), policy.top
    for name, section in policy.servers.items():
        yield ("servers", name), section


def location_of(entry: Entry) -> Location:
    """The way to an entry, from its pointer."""
    return segments(entry.pointer)


def limit_location(entry: Entry, index: int) -> Location:
    """The way to the limit at an index; the one of `rate_limit` stands last, outside the list."""
    shorthand = index == len(entry.limits) - 1 and entry.limits[index].counter == RATE_LIMIT
    return (*location_of(entry), "rate_limit") if shorthand else (*location_of(entry), "limits", index)


def _advice(policy: Policy) -> Iterator[Advice]:
    for at, section in sections(policy):
        yield from _unreached(policy, at, section)
        yield from _star(policy, at, section)
        for entry in every_entry(section):
            yield from _entry(entry)
            overall = section.all_tools.limits if section.all_tools not in (None, entry) else ()
            yield from _shadowed(entry, overall)
        for name, entry in section.exact.items():
            yield from _merely_limited(policy, name, entry)
    yield from _pools(policy)


def _unreached(policy: Policy, at: Location, section: Section) -> Iterator[Advice]:
    """Entries whose rules no call ever comes to."""
    for name, entry in section.exact.items():
        denial = match(policy, str(at[1]) if at else "", name).denial
        where = (*at, "tools", name)
        if denial is None or denial.rule == f"{entry.pointer}/action":
            continue
        if denial.rule == HIDDEN:
            yield Advice(where, "hide comes first: no rule of this entry is ever looked at")
        elif denial.rule == INVALID_NAME:
            yield Advice(where, "a name like this one is never valid (white space at its edge, or what cannot be seen)")
        elif not denial.rule.endswith("/tools/*/action"):  # that one is told of where it stands
            yield Advice(where, f"{denial.rule} denies this tool too: all entries that match apply")


def _star(policy: Policy, at: Location, section: Section) -> Iterator[Advice]:
    others = [*section.exact, *(glob for glob, _ in section.globs)]
    listed = [*others, *(name for _, one in sections(policy) for name in (*one.exact, *dict(one.globs)))]
    default = section.default or policy.top.default
    if section.star is not None and section.star.action != "deny" and default is Default.DENY and not listed:
        message = '"*" gives rules to tools and lists none: under default: deny none of them passes'
        yield Advice((*at, "tools", "*"), message)
    if section.star is not None and section.star.action == "deny" and others:
        message = f'every matching entry applies, so this denies {others[0]} too; use "default: deny" instead'
        yield Advice((*at, "tools", "*", "action"), message)


def _entry(entry: Entry) -> Iterator[Advice]:
    at = location_of(entry)
    lists = {"require": entry.require, "deny_if": entry.deny_if}
    lists["approve_if"] = tuple(trigger.predicate for trigger in entry.approve_if)
    if entry.action == "deny" and (any(lists.values()) or entry.limits):
        yield Advice((*at, "action"), "action: deny comes first: no other rule of this entry is ever looked at")
    for field, predicates in lists.items():
        for index, predicate in enumerate(predicates):
            yield from _predicate((*at, field, index), field, predicate)
    for first, second, argument in clashes_between(entry.require):
        message = f"no value of {argument} meets both this and require/{first}: this denies every call"
        yield Advice((*at, "require", second), message)
    for index, limit in enumerate(entry.limits):
        where = limit_location(entry, index)
        if limit.scope is Scope.CLIENT:
            yield Advice((*where, "scope"), "a client names itself: an agent can get a new counter by another name")
        if limit.scope is Scope.SESSION and where[-1] != "rate_limit":
            yield Advice((*where, "scope"), "a session ends when the client reconnects, and so does its counter")
        if limit.max == 0 and limit.amount == 1:
            yield Advice((*where, "max"), "nothing fits: this denies every call")


def _predicate(at: Location, field: str, predicate: Predicate) -> Iterator[Advice]:
    if not predicate.conditions:
        effect = {"require": "always holds and checks nothing", "deny_if": "always holds: this denies every call"}
        yield Advice((*at, "conditions"), effect.get(field, "always holds: action: approve says the same"))
    if any(c.op is Operator.IN and c.value == [] for c in predicate.conditions):
        effect = {"require": "this denies every call"}
        yield Advice(at, f"an empty list contains nothing: {effect.get(field, 'this never fires')}")
    for first, _ in clashes(predicate.conditions):
        effect = {"require": "this denies every call"}
        argument = predicate.conditions[first].path_text
        yield Advice(at, f"no value of {argument} meets both: {effect.get(field, 'only a mismatch fires')}")
    for index, one in enumerate(predicate.conditions):
        if bound := _bound(one):
            yield Advice(at if predicate.bare else (*at, "conditions", index), bound)


def _bound(one: Condition) -> str:
    """How much a condition can look at, where that is less than others can; else ""."""
    if one.longest is not None:
        return f"this pattern has too many states: where it would search more than {one.longest} bytes it is a mismatch"
    search = search_of(one.path) if one.op is Operator.EXISTS else None
    if search is not None and not search.is_certain:
        return f"{one.path_text} counts too far: among more than {MAX_WALKED_AFTER} values it may be a mismatch"
    return ""


def _shadowed(entry: Entry, overall: tuple[Limit, ...]) -> Iterator[Advice]:
    for index, limit in enumerate(entry.limits):
        for other in (*overall, *entry.limits):
            if other is not limit and _reached_first(other, limit):
                name = "that of all_tools" if other in overall else other.counter
                message = f"never reached: {name} allows {other.max} per {_span(other)}, which is used up before"
                yield Advice(limit_location(entry, index), message)
                break


def _reached_first(one: Limit, other: Limit) -> bool:
    """While `one` holds, `other` cannot be exceeded. Only for limits that count calls in calendar windows."""
    if one.scope is not other.scope or other.pool is not None or (one.asks and not other.asks):
        return False
    if {one.algorithm, other.algorithm} != {Algorithm.FIXED} or one.amount != 1 or other.amount != 1:
        return False
    if one.window >= other.window:
        inside = one.window % other.window == 0
        return inside and (one.max < other.max or (one.max == other.max and one.window > other.window))
    return other.window % one.window == 0 and one.max * (other.window // one.window) <= other.max


def _span(limit: Limit) -> str:
    words = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
    return words.get(limit.window, f"{limit.window} seconds")


def _pools(policy: Policy) -> Iterator[Advice]:
    """Limits of one pool that do not share a counter after all."""
    first: dict[str, Limit] = {}
    for _, section in sections(policy):
        for entry in every_entry(section):
            for index, limit in enumerate(entry.limits):
                if limit.pool is None:
                    continue
                seen = first.setdefault(limit.pool, limit)
                if (seen.scope, seen.window, seen.algorithm) != (limit.scope, limit.window, limit.algorithm):
                    message = f"the pool {limit.pool} has another scope, window or algorithm elsewhere: not one counter"
                    yield Advice((*limit_location(entry, index), "pool"), message)


def _merely_limited(policy: Policy, name: str, entry: Entry) -> Iterator[Advice]:
    if risk_of(name) is Risk.DESTRUCTIVE and entry.pin is None and not looks(policy, entry):
        rules = policy.intercept[name] if policy.intercept is not None else ()
        limited = entry.limits or any(rule.limit for rule in rules)
        how = "merely limited" if limited else "simply allowed"
        yield Advice(location_of(entry), f"{name} sounds destructive and is {how}: hide it, or use action: approve")


def looks(policy: Policy, entry: Entry) -> bool:
    """Does the entry deny, ask, or look at what the tool is told?"""
    if policy.intercept is not None:
        return any(rule.deny or rule.conditions for rule in policy.intercept[str(location_of(entry)[-1])])
    return entry.action != "allow" or bool(entry.require or entry.deny_if or entry.approve_if or entry.conforms)
