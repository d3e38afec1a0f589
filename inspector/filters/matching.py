"""Is this row one of those? Terms → tests on what a row holds."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias, assert_never

import re2

from inspector.core.views import CallView
from inspector.core.word import LABELS
from inspector.filters.terms import (
    RUNNING,
    AllOf,
    AnyOf,
    Anywhere,
    ArgumentTerm,
    Contains,
    Everything,
    Like,
    Not,
    NumberField,
    NumberTerm,
    Operator,
    Search,
    Term,
    Test,
    TextField,
    TextTerm,
)

Predicate: TypeAlias = Callable[[CallView], bool]

_TEXTS: Final[dict[TextField, Callable[[CallView], str]]] = {
    TextField.TOOL: lambda row: row.tool,
    TextField.SERVER: lambda row: row.server,
    TextField.AGENT: lambda row: row.client,
    TextField.DECISION: lambda row: LABELS[row.word],
    TextField.RULE: lambda row: row.rule,
    TextField.OUTCOME: lambda row: row.outcome.value if row.outcome else RUNNING,
    TextField.RISK: lambda row: row.risk.value,
}
_NUMBERS: Final[dict[NumberField, Callable[[CallView], float | None]]] = {
    NumberField.ID: lambda row: row.id,
    NumberField.MS: lambda row: row.ms,
    NumberField.REPEATS: lambda row: row.repeats,
}
_COMPARE: Final[dict[Operator, Callable[[float, float], bool]]] = {
    Operator.EQUAL: operator.eq,
    Operator.LESS: operator.lt,
    Operator.GREATER: operator.gt,
    Operator.AT_MOST: operator.le,
    Operator.AT_LEAST: operator.ge,
}
_QUIET: Final = re2.Options()
_QUIET.log_errors = False


def predicate(term: Term) -> Predicate:
    match term:
        case Everything():
            return lambda _row: True
        case Anywhere(word):
            return _anywhere(word)
        case TextTerm(field, test):
            read, passes = _TEXTS[field], tester(test)
            return lambda row: passes(read(row))
        case NumberTerm():
            return _compared(term)
        case ArgumentTerm(path, test):
            argument, passes = argument_at(path), tester(test)
            return lambda row: passes(argument(row.arguments))
        case Not(inner):
            wanted = predicate(inner)
            return lambda row: not wanted(row)
        case AllOf(terms):
            every = [predicate(one) for one in terms]
            return lambda row: all(wanted(row) for wanted in every)
        case AnyOf(terms):
            some = [predicate(one) for one in terms]
            return lambda row: any(wanted(row) for wanted in some)
    assert_never(term)


def tester(test: Test) -> Callable[[str], bool]:
    match test:
        case Contains(value):
            return lambda text: value in text.lower()
        case Like(value):
            return lambda text: fnmatchcase(text.lower(), value)
        case Search(pattern):
            search = compiled(pattern).search
            return lambda text: search(_encodable(text)) is not None
    assert_never(test)


def compiled(pattern: str) -> Any:
    """Raises re2.error. RE2 takes linear time: no pattern that a person types can stop the program."""
    return re2.compile(f"(?i){pattern}", _QUIET)


def argument_at(path: tuple[str, ...]) -> Callable[[str], str]:
    """Reads one value out of a row's arguments. Of long ones a row holds the beginning."""
    last = path[-1]
    key = f'"{last}":'

    def read(arguments: str) -> str:
        if key not in arguments and not last.isdigit():
            return ""
        try:
            value: Any = json.loads(arguments)
        except (ValueError, RecursionError):
            return arguments.partition(key)[2]
        for step in path:
            if isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return read


def _anywhere(word: str) -> Predicate:
    return lambda row: (
        word in row.arguments.lower()
        or word in f"{row.client}\n{row.server}\n{row.tool}\n{row.rule}\n{row.note}".lower()
    )


def _encodable(text: str) -> str:
    """RE2 searches UTF-8, which has no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _compared(term: NumberTerm) -> Predicate:
    read, test, limit = _NUMBERS[term.field], _COMPARE[term.operator], term.limit
    return lambda row: (number := read(row)) is not None and test(number, limit)
