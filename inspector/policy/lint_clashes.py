"""Conditions on one argument that exclude each other: no call can meet both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from inspector.core.json import Json
from inspector.policy.model import Condition, Operator, Path, Predicate
from inspector.policy.operators import Result, test_of

MOST: Final = 100  # conditions on one argument that are compared with each other
_LOWER = (Operator.GT, Operator.GTE)
_UPPER = (Operator.LT, Operator.LTE)
_NUMBERS = frozenset({*_LOWER, *_UPPER})
_TEXTS = frozenset({Operator.REGEX, Operator.PATH_WITHIN, Operator.HOST_IN})


def clashes(conditions: Sequence[Condition]) -> Iterator[tuple[int, int]]:
    """Indexes of two on one value that exclude each other. With `*` each may be met by another value: left out."""
    by_path: defaultdict[Path, list[int]] = defaultdict(list)
    for index, condition in enumerate(conditions):
        if "*" not in condition.path_text:
            by_path[condition.path].append(index)
    for indexes in by_path.values():
        for first, second in combinations(indexes[:MOST], 2):
            one, other = conditions[first], conditions[second]
            if _excludes(one, other) or _excludes(other, one):
                yield first, second


def clashes_between(predicates: Sequence[Predicate]) -> Iterator[tuple[int, int, str]]:
    """Predicates of one `require`, which all must hold, that exclude each other: both indexes, and the argument."""
    owners = [index for index, predicate in enumerate(predicates) for _ in predicate.conditions]
    conditions = [condition for predicate in predicates for condition in predicate.conditions]
    for first, second in clashes(conditions):
        if owners[first] != owners[second]:
            yield owners[first], owners[second], conditions[first].path_text


def _excludes(one: Condition, other: Condition) -> bool:
    values = _only(one)
    if values is not None:
        return not any(_may_be(other, value) for value in values)
    if one.op is Operator.EXISTS and one.value is False:
        return _wants_a_value(other)
    if one.op in _LOWER and other.op in _UPPER:
        return _apart(one, other)
    return one.op in _NUMBERS and other.op in _TEXTS


def _only(condition: Condition) -> list[Json] | None:
    """The values that alone are true; None when they cannot be listed. An empty list is told of by itself."""
    if condition.op is Operator.EQ:
        return [condition.value]
    if condition.op is Operator.IN and isinstance(condition.value, list) and condition.value:
        return condition.value
    return None


def _may_be(condition: Condition, value: Json) -> bool:
    if value is None:  # what is not there: each operator has its own word on that
        return not _wants_a_value(condition)
    if condition.op is Operator.EXISTS:
        return condition.value is True
    return test_of(condition)(value) is Result.TRUE


def _wants_a_value(condition: Condition) -> bool:
    match condition.op:
        case Operator.EXISTS:
            return condition.value is True
        case Operator.EQ:
            return condition.value is not None
        case Operator.IN:
            return isinstance(condition.value, list) and None not in condition.value
        case Operator.NEQ | Operator.NOT_IN | Operator.CONTAINS:
            return False  # left open
        case _:
            return True


def _apart(low: Condition, high: Condition) -> bool:
    """No number is above the one and below the other."""
    if isinstance(low.value, str | list | dict) or isinstance(high.value, str | list | dict):
        return False
    if low.value is None or high.value is None:
        return False
    open_ended = low.op is Operator.GT or high.op is Operator.LT
    return low.value > high.value or (open_ended and low.value == high.value)
