"""What each operator says of one value that is there.

`test_of` prepares an operator once per condition (a set of the options, the bases normalised), so that judging tens of
thousands of values costs little more than looking at them; hence some lines that a call would make shorter.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import TypeAlias, assert_never

from inspector.core.json import Json
from inspector.policy import places
from inspector.policy.model import Condition, Operator
from inspector.policy.pattern_cost import size_of
from inspector.policy.values import KINDS, Kind, equal, extent, is_number, kind


class Result(Enum):
    TRUE = "true"
    FALSE = "false"
    MISMATCH = "mismatch"  # the value is of a type that the operator cannot judge


Test: TypeAlias = Callable[[Json], Result]

MAX_VALUES = 50_000  # of a fan-out: more cannot be judged without holding up every other call
MAX_DEAR_VALUES = 10_000  # for the operators that read a whole text
MAX_ELEMENTS = 200_000  # of an array that `contains` searches; in a fan-out MAX_VALUES with all arrays
_DEAR = frozenset({Operator.REGEX, Operator.PATH_WITHIN, Operator.HOST_IN})

_FALSE_HITS = 10_000  # of Python's `==` in one array, fewer where each takes longer: beyond, it is too strange to judge
_COMPARISONS: dict[Operator, Callable[[int | Decimal, int | Decimal], bool]] = {
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
}


@lru_cache(maxsize=8192)
def test_of(condition: Condition) -> Test:
    """The test for present values. `exists` has none of its own: it is about presence alone."""
    expected = condition.value
    match condition.op:
        case Operator.EQ | Operator.NEQ:
            test = _eq(expected)
        case Operator.IN | Operator.NOT_IN:
            test = _in(expected)
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
            test = _compared(_COMPARISONS[condition.op], expected)
        case Operator.REGEX:
            test = _regex(condition.search)
        case Operator.CONTAINS:
            test = _contains(expected)
        case Operator.PATH_WITHIN:
            test = _path_within(expected)
        case Operator.HOST_IN:
            test = _host_in(expected)
        case Operator.EXISTS:
            return _unjudged
        case _:
            assert_never(condition.op)
    return _negated(test) if condition.op in (Operator.NEQ, Operator.NOT_IN) else test


@lru_cache(maxsize=8192)
def most_values(condition: Condition) -> int:
    """How many values of a fan-out the operator may judge; fewer where each is compared with a whole list or object."""
    if condition.op in _DEAR:
        return MAX_DEAR_VALUES
    expected = condition.value
    options = expected if condition.op in (Operator.IN, Operator.NOT_IN) and isinstance(expected, list) else [expected]
    return max(1, MAX_VALUES // max(1, sum(extent(option) for option in options if isinstance(option, list | dict))))


def too_much(condition: Condition, values: Sequence[Json]) -> str:
    """Why nobody can look at all that these values hold, in a few words; "" when it can be done."""
    if condition.longest is not None:
        size = sum(size_of(value) for value in values if isinstance(value, str))
        return f"more than {condition.longest} bytes for this pattern" if size > condition.longest else ""
    if condition.op is Operator.CONTAINS and len(values) > 1:
        elements = sum(1 + len(value) for value in values if isinstance(value, list))
        return f"more than {MAX_VALUES} arrays and elements" if elements > MAX_VALUES else ""
    return ""


def cannot_judge(condition: Condition) -> str:
    """Why a value was a mismatch, in a few words."""
    match condition.op:
        case Operator.EQ | Operator.NEQ:
            return "another JSON type"
        case Operator.IN | Operator.NOT_IN:
            return "of no type in the list"
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
            return "not a number"
        case Operator.REGEX:
            return "not a string"
        case Operator.CONTAINS:
            return "nothing that could contain it"
        case Operator.PATH_WITHIN:
            return "not an absolute path that reads one way only"
        case Operator.HOST_IN:
            return "not an http(s) URL that reads one way only"
        case Operator.EXISTS:
            return ""
        case _:
            assert_never(condition.op)


def _unjudged(_: Json) -> Result:
    return Result.MISMATCH


def _truth(holds: bool) -> Result:
    return Result.TRUE if holds else Result.FALSE


def _negated(test: Test) -> Test:
    def opposite(value: Json) -> Result:
        result = test(value)
        return Result.FALSE if result is Result.TRUE else Result.TRUE if result is Result.FALSE else result

    return opposite


def _eq(expected: Json) -> Test:
    if expected is None:
        return lambda value: _truth(value is None)
    wanted = kind(expected)
    if isinstance(expected, list | dict):

        def test(value: Json) -> Result:
            return _truth(equal(value, expected)) if kind(value) is wanted else Result.MISMATCH
    else:  # two scalars of one kind are equal when Python says so

        def test(value: Json) -> Result:
            if KINDS.get(value.__class__, Kind.NUMBER) is not wanted:
                return Result.MISMATCH
            return Result.TRUE if value == expected else Result.FALSE

    return test


def _in(options: Json) -> Test:
    known = options if isinstance(options, list) else []
    by_kind: dict[Kind, list[Json]] = {}
    for option in known:
        by_kind.setdefault(kind(option), []).append(option)
    scalars = {wanted: set(found) for wanted, found in by_kind.items() if wanted not in (Kind.ARRAY, Kind.OBJECT)}
    unknown = Result.MISMATCH if known else Result.FALSE

    def test(value: Json) -> Result:
        observed = KINDS.get(value.__class__, Kind.NUMBER)
        if observed not in by_kind:
            return unknown
        if observed in scalars:
            return Result.TRUE if value in scalars[observed] else Result.FALSE
        return _truth(any(equal(value, option) for option in by_kind[observed]))

    return test


def _compared(compare: Callable[[int | Decimal, int | Decimal], bool], bound: Json) -> Test:
    if not is_number(bound):
        return _unjudged

    def test(value: Json) -> Result:
        return _truth(compare(value, bound)) if is_number(value) else Result.MISMATCH

    return test


def _regex(search: Callable[[str], bool] | None) -> Test:
    if search is None:
        return _unjudged

    def test(value: Json) -> Result:
        if not isinstance(value, str):
            return Result.MISMATCH
        try:
            return _truth(search(value))
        except UnicodeError:  # half a surrogate pair, which is no text
            return Result.MISMATCH

    return test


def _contains(wanted: Json) -> Test:
    most = max(1, _FALSE_HITS // extent(wanted))

    def test(value: Json) -> Result:
        if isinstance(value, str):
            return _truth(wanted in value) if isinstance(wanted, str) else Result.MISMATCH
        return _holds(value, wanted, most) if isinstance(value, list) else Result.MISMATCH

    return test


def _holds(items: list[Json], wanted: Json, most: int) -> Result:
    """Some element is equal. Python's own search runs in C and errs only towards "equal", as between `1` and `true`."""
    if len(items) > MAX_ELEMENTS:
        return Result.MISMATCH
    if wanted not in items:  # the error of `index` below writes out what it did not find
        return Result.FALSE
    at = -1
    try:
        for _ in range(most):
            at = items.index(wanted, at + 1)
            if equal(items[at], wanted):
                return Result.TRUE
    except ValueError:
        return Result.FALSE
    return Result.MISMATCH


def _path_within(bases: Json) -> Test:
    allowed = [base for base in map(places.normalised, _texts(bases)) if base is not None]

    def test(value: Json) -> Result:
        path = places.normalised(value) if isinstance(value, str) else None
        return Result.MISMATCH if path is None else _truth(places.is_within(path, allowed))

    return test


def _host_in(patterns: Json) -> Test:
    allowed = [places.host_pattern(pattern) for pattern in _texts(patterns)]

    def test(value: Json) -> Result:
        host = places.url_host(value) if isinstance(value, str) else None
        return Result.MISMATCH if host is None else _truth(places.host_matches(host, allowed))

    return test


def _texts(value: Json) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
