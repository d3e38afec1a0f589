"""Conditions: three-valued, exact, and never surprised by the type of an argument.

A condition is true, false, or a *mismatch*: the value is of a type that the operator cannot judge. What a mismatch
means is for the phase to say: `require` denies it, and so does `deny_if`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import assert_never

from inspector.core.json import Json, JsonObject
from inspector.policy import places
from inspector.policy.model import Condition, Operator, Path, Predicate, Star
from inspector.policy.values import equal, is_number, kind


class Result(Enum):
    TRUE = "true"
    FALSE = "false"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one condition saw: the value that decided it, and a few words for the trace."""

    condition: Condition
    result: Result
    observed: Json
    note: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A predicate's result, and the conditions that were looked at on the way to it."""

    result: Result
    findings: tuple[Finding, ...]

    @property
    def note(self) -> str:
        """Which arguments it was about, for a sentence."""
        return ", ".join(f"{f.condition.path_text} {f.condition.op}" for f in self.findings)


def judge_predicate(predicate: Predicate, arguments: JsonObject, *, every: bool) -> Judged:
    """AND over the conditions. `every`: a fan-out must hold for every value (`require`); else for any (all others).

    Any false → false; else any mismatch → mismatch; else true, and so for no conditions at all.
    """
    findings: list[Finding] = []
    result = Result.TRUE
    for condition in predicate.conditions:
        finding = judge_condition(condition, arguments, every=every)
        findings.append(finding)
        if finding.result is Result.FALSE:
            return Judged(Result.FALSE, tuple(findings))
        if finding.result is Result.MISMATCH:
            result = Result.MISMATCH
    return Judged(result, tuple(findings))


def judge_condition(condition: Condition, arguments: JsonObject, *, every: bool) -> Finding:
    """One condition against the arguments of a call. Total: any JSON is an answer, never an error."""
    op = condition.op
    values = resolve(condition.path, arguments)
    if not _sees_null(condition):
        values = [value for value in values if value is not None]
    if op is Operator.EXISTS:
        present = bool(values)
        result = Result.TRUE if present is condition.value else Result.FALSE
        return Finding(condition, result, values[0] if present else None, "" if present else "missing")
    if not values:
        result = Result.MISMATCH if condition.missing_denies else Result.FALSE
        return Finding(condition, result, None, "missing")
    test = _TESTS[op]
    if len(values) == 1:
        result = test(values[0], condition)
        return Finding(condition, result, values[0], _why(result, condition))
    result, at = _aggregate((test(value, condition) for value in values), every=every)
    note = _why(result, condition)
    return Finding(
        condition, result, values[at], f"{note}; of {len(values)} values" if note else f"{len(values)} values"
    )


def _aggregate(results: Iterable[Result], *, every: bool) -> tuple[Result, int]:
    """Every value: false beats mismatch beats true. Any value: true beats mismatch beats false. And which decided."""
    decisive, fallback = (Result.FALSE, Result.TRUE) if every else (Result.TRUE, Result.FALSE)
    mismatch: int | None = None
    for index, result in enumerate(results):
        if result is decisive:
            return decisive, index
        if result is Result.MISMATCH and mismatch is None:
            mismatch = index
    return (fallback, 0) if mismatch is None else (Result.MISMATCH, mismatch)


def _sees_null(condition: Condition) -> bool:
    """For most conditions null is as good as missing; not for those that ask for it."""
    match condition.op:
        case Operator.EQ | Operator.NEQ:
            return condition.value is None
        case Operator.IN | Operator.NOT_IN:
            return isinstance(condition.value, list) and None in condition.value
        case _:
            return False


# Paths


def resolve(path: Path, arguments: JsonObject) -> list[Json]:
    """All values at a path, nulls included; nothing where it leads nowhere."""
    values: list[Json] = [arguments]
    for segment in path:
        if isinstance(segment, Star):
            values = [item for value in values for item in _items(value)]
        elif len(values) == 1:
            values = _step(values[0], segment)
        else:
            values = [item for value in values for item in _step(value, segment)]
        if not values:
            break
    return values


def _items(value: Json) -> Iterable[Json]:
    if isinstance(value, list):
        return value
    return value.values() if isinstance(value, dict) else ()


def _step(value: Json, segment: str) -> list[Json]:
    if isinstance(value, dict):
        return [value[segment]] if segment in value else []
    if isinstance(value, list) and is_index(segment) and int(segment) < len(value):
        return [value[int(segment)]]
    return []


def is_index(segment: str) -> bool:
    """Decimal digits without a leading zero, and few enough to be the index of anything."""
    return (
        len(segment) <= 18
        and segment.isascii()
        and segment.isdecimal()
        and (segment == "0" or not segment.startswith("0"))
    )


# Operators: each judges one value that is there


def _truth(holds: bool) -> Result:
    return Result.TRUE if holds else Result.FALSE


def _eq(value: Json, condition: Condition) -> Result:
    expected = condition.value
    if expected is None:
        return _truth(value is None)
    if kind(value) is not kind(expected):
        return Result.MISMATCH
    return _truth(equal(value, expected))


def _neq(value: Json, condition: Condition) -> Result:
    return _negated(_eq(value, condition))


def _in(value: Json, condition: Condition) -> Result:
    options = condition.value if isinstance(condition.value, list) else []
    if any(equal(value, option) for option in options):
        return Result.TRUE
    observed = kind(value)
    if options and all(kind(option) is not observed for option in options):
        return Result.MISMATCH
    return Result.FALSE


def _not_in(value: Json, condition: Condition) -> Result:
    return _negated(_in(value, condition))


def _negated(result: Result) -> Result:
    match result:
        case Result.TRUE:
            return Result.FALSE
        case Result.FALSE:
            return Result.TRUE
        case Result.MISMATCH:
            return Result.MISMATCH
        case _:
            assert_never(result)


def _number(compare: Callable[[int | Decimal, int | Decimal], bool]) -> Callable[[Json, Condition], Result]:
    def test(value: Json, condition: Condition) -> Result:
        if not is_number(value) or not is_number(condition.value):
            return Result.MISMATCH
        return _truth(compare(value, condition.value))

    return test


def _regex(value: Json, condition: Condition) -> Result:
    if not isinstance(value, str) or condition.search is None:
        return Result.MISMATCH
    try:
        return _truth(condition.search(value))
    except UnicodeError:  # half a surrogate pair has no UTF-8, and RE2 reads nothing else
        return Result.MISMATCH


def _contains(value: Json, condition: Condition) -> Result:
    wanted = condition.value
    if isinstance(value, str):
        return _truth(wanted in value) if isinstance(wanted, str) else Result.MISMATCH
    if isinstance(value, list):
        # Python's own search runs in C and errs only towards "equal".
        return _truth(wanted in value and any(equal(item, wanted) for item in value))
    return Result.MISMATCH


def _path_within(value: Json, condition: Condition) -> Result:
    path = places.normalised(value) if isinstance(value, str) else None
    return Result.MISMATCH if path is None else _truth(places.is_within(path, _texts(condition.value)))


def _host_in(value: Json, condition: Condition) -> Result:
    host = places.url_host(value) if isinstance(value, str) else None
    return Result.MISMATCH if host is None else _truth(places.host_matches(host, _texts(condition.value)))


def _texts(value: Json) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


_TESTS: dict[Operator, Callable[[Json, Condition], Result]] = {
    Operator.EQ: _eq,
    Operator.NEQ: _neq,
    Operator.IN: _in,
    Operator.NOT_IN: _not_in,
    Operator.LT: _number(lambda a, b: a < b),
    Operator.LTE: _number(lambda a, b: a <= b),
    Operator.GT: _number(lambda a, b: a > b),
    Operator.GTE: _number(lambda a, b: a >= b),
    Operator.REGEX: _regex,
    Operator.CONTAINS: _contains,
    Operator.PATH_WITHIN: _path_within,
    Operator.HOST_IN: _host_in,
}


# Words for the trace

_CANNOT_JUDGE: dict[Operator, str] = {
    Operator.EQ: "another JSON type",
    Operator.NEQ: "another JSON type",
    Operator.IN: "of no type in the list",
    Operator.NOT_IN: "of no type in the list",
    Operator.LT: "not a number",
    Operator.LTE: "not a number",
    Operator.GT: "not a number",
    Operator.GTE: "not a number",
    Operator.REGEX: "not a string",
    Operator.CONTAINS: "nothing that could contain it",
    Operator.PATH_WITHIN: "not an absolute path that reads one way only",
    Operator.HOST_IN: "not an http(s) URL that reads one way only",
}


def _why(result: Result, condition: Condition) -> str:
    if result is not Result.MISMATCH:
        return ""
    return f"mismatch: {_CANNOT_JUDGE[condition.op]}"
