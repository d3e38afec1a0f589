"""Conditions: three-valued, exact, and never surprised by the type of an argument.

A condition is true, false, or a *mismatch*: the value is of a type that the operator cannot judge. What a mismatch
means is for the phase to say: `require` denies it, and so does `deny_if`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain, islice
from operator import is_not
from typing import cast

from inspector.core.fact import fact
from inspector.core.json import Json, JsonObject
from inspector.policy.model import Condition, Operator, Path, Predicate, Star
from inspector.policy.operators import DEAR, Result, cannot_judge, test_of

MAX_VALUES = 100_000  # of a fan-out: more cannot be judged without holding up every other call
MAX_DEAR_VALUES = 10_000  # for the operators that read a whole text


@fact(frozen=True, slots=True)
class Finding:
    """What one condition saw: the value that decided it, and a few words for the trace."""

    condition: Condition
    result: Result
    observed: Json
    note: str


@fact(frozen=True, slots=True)
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
    if condition.op is Operator.EXISTS:
        return _presence(condition, _anything(condition.path, arguments))
    most = MAX_DEAR_VALUES if condition.op in DEAR else MAX_VALUES
    values = resolve(condition.path, arguments, most)
    if len(values) > most:
        return Finding(condition, Result.MISMATCH, None, f"mismatch: more than {most} values")
    if not _sees_null(condition):
        values = [value for value in values if value is not None]
    if not values:
        result = Result.MISMATCH if condition.missing_denies else Result.FALSE
        return Finding(condition, result, None, "missing")
    test = test_of(condition)
    if len(values) == 1:
        result = test(values[0])
        return Finding(condition, result, values[0], _why(result, condition))
    result, at = _aggregate(map(test, values), every=every)
    note = _why(result, condition)
    of = f"of {len(values)} values"
    return Finding(condition, result, values[at], f"{note}; {of}" if note else of)


def _presence(condition: Condition, values: Iterable[Json]) -> Finding:
    found = next(filter(_IS_THERE, values), None)
    present = found is not None
    result = Result.TRUE if present is condition.value else Result.FALSE
    return Finding(condition, result, found, "" if present else "missing")


def _why(result: Result, condition: Condition) -> str:
    return f"mismatch: {cannot_judge(condition)}" if result is Result.MISMATCH else ""


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
        case Operator.EQ | Operator.NEQ | Operator.IN | Operator.NOT_IN:
            value = condition.value
            holds = value if isinstance(value, list) else value.values() if isinstance(value, dict) else (value,)
            return None in holds
        case _:
            return False


# Paths

_IS_THERE = partial(is_not, None)


def resolve(path: Path, arguments: JsonObject, most: int | None = None) -> Sequence[Json]:
    """All values at a path, nulls included; nothing where it leads nowhere.

    `most`: where a fan-out finds more values than this on its way, it ends there with one more than `most`.
    """
    values: Sequence[Json] = (arguments,)
    for segment in path:
        if isinstance(segment, Star):
            items = chain.from_iterable(map(_items, values))
            values = list(items if most is None else islice(items, most + 1))
            if most is not None and len(values) > most:
                break
        elif len(values) == 1:
            values = _step(values[0], segment)
        else:
            values = [item for value in values for item in _step(value, segment)]
        if not values:
            break
    return values


def _anything(path: Path, arguments: JsonObject) -> Iterable[Json]:
    """As `resolve`, for who asks whether there is a value at all: in any order, unbounded, and with no call of ours for
    each of the millions of values that may lie on the way."""
    values: Iterable[Json] = (arguments,)
    for segment in path:
        holders = _holders(values)
        if isinstance(segment, Star):
            mixed = dict in map(type, holders)
            values = chain.from_iterable(map(_items, holders) if mixed else cast(list[list[Json]], holders))
        else:
            values = _named(holders, segment)
    return values


def _holders(values: Iterable[Json]) -> list[list[Json] | JsonObject]:
    """Those with items. JSON's scalars have a hash and these have none: one call passes over any number of scalars."""
    every = tuple(values)
    try:
        hash(every)
    except TypeError:
        return [value for value in every if value and (value.__class__ is list or value.__class__ is dict)]
    return []


def _named(holders: list[list[Json] | JsonObject], segment: str) -> list[Json]:
    found = [holder[segment] for holder in holders if holder.__class__ is dict and segment in holder]
    if is_index(segment):
        at = int(segment)
        found += [holder[at] for holder in holders if holder.__class__ is list and at < len(holder)]
    return found


def _items(value: Json) -> Iterable[Json]:
    if isinstance(value, list):
        return value
    return value.values() if isinstance(value, dict) else ()


def _step(value: Json, segment: str) -> Sequence[Json]:
    if isinstance(value, dict):
        return (value[segment],) if segment in value else ()
    if isinstance(value, list) and is_index(segment) and int(segment) < len(value):
        return (value[int(segment)],)
    return ()


def is_index(segment: str) -> bool:
    """Decimal digits without a leading zero, and few enough to be the index of anything."""
    return (
        len(segment) <= 18
        and segment.isascii()
        and segment.isdecimal()
        and (segment == "0" or not segment.startswith("0"))
    )
