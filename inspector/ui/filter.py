"""The filter language: text → predicate, or where it went wrong. Pure.

words       fetch "two words"                in agent, server, tool, arguments, rule or note
fields      tool: server: agent: decision: rule: outcome: risk:   a part of it, or with `*` the whole; id:12; ms:>500
arguments   arg.path:/srv  arg.labels.0:bug   what stands there
            after ~ any of them takes a regular expression: arg.path:~^/(etc|root)/
again       repeats:>2   the same call so often among its client's last ones
together    AND by default, `|` or, `!` not, `( )` group
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import re2

from inspector.core.views import CallView
from inspector.ui.listing import Predicate
from inspector.ui.words import LOOKS


@dataclass(frozen=True, slots=True)
class BadFilter:
    """`at` counts characters from 0."""

    at: int
    why: str


_TOKEN: Final = re.compile(
    r'\s*(?:(?P<mark>[()|!])|(?P<field>[A-Za-z_]+(?:\.[^\s:()|"]+)?):|(?P<quoted>"[^"]*")|(?P<word>[^\s()|"]+))'
)
_VALUE: Final = re.compile(r'"([^"]*)"|([^\s()|]*)')
_PATTERN: Final = re.compile(r'~(?:"([^"]*)"|(\S*))')  # a regular expression may hold ( ) and |
_COMPARE: Final = re.compile(r"(<=|>=|<|>|=)?(\d+(?:\.\d+)?)")

_TEXTS: Final[dict[str, Callable[[CallView], str]]] = {
    "tool": lambda row: row.tool,
    "server": lambda row: row.server,
    "agent": lambda row: row.client,
    "decision": lambda row: LOOKS[row.word].label,
    "rule": lambda row: row.rule,
    "outcome": lambda row: row.outcome.value if row.outcome else "running",
    "risk": lambda row: row.risk.value,
}
_NUMBERS: Final[dict[str, Callable[[CallView], float | None]]] = {
    "id": lambda row: float(row.id),
    "ms": lambda row: row.ms,
    "repeats": lambda row: float(row.repeats),
}
FIELDS: Final = (*_TEXTS, *_NUMBERS)
ARGUMENT: Final = "arg."
_QUIET: Final = re2.Options()
_QUIET.log_errors = False


class _StopError(Exception):
    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.bad = BadFilter(at, why)


def parse(source: str) -> Predicate | BadFilter | None:
    """None for an empty filter: everything."""
    if not source.strip():
        return None
    reader = _Reader(source)
    try:
        predicate = reader.alternatives()
        if reader.peek() is not None:
            raise _StopError(reader.at, "a ) without its (")
    except _StopError as stop:
        return stop.bad
    return predicate


class _Reader:
    """Recursive descent over the tokens of one line."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._pos = 0
        self._depth = 0
        self.at = 0

    def peek(self) -> re.Match[str] | None:
        match = _TOKEN.match(self._source, self._pos)
        if match is None and self._source[self._pos :].strip():
            at = len(self._source) - len(self._source[self._pos :].lstrip())
            raise _StopError(at, "a quotation mark without its other half")
        if match is not None:
            self.at = match.start(match.lastgroup or 0)
        return match

    def alternatives(self) -> Predicate:
        options = [self._all_of()]
        while (match := self.peek()) is not None and match["mark"] == "|":
            self._pos = match.end()
            options.append(self._all_of())
        return options[0] if len(options) == 1 else lambda row: any(option(row) for option in options)

    def _all_of(self) -> Predicate:
        terms: list[Predicate] = []
        while (match := self.peek()) is not None and match["mark"] not in ("|", ")"):
            terms.append(self._term(match))
        if not terms:
            raise _StopError(self.at if self.peek() else len(self._source), "something to look for is missing")
        return terms[0] if len(terms) == 1 else lambda row: all(term(row) for term in terms)

    def _term(self, match: re.Match[str]) -> Predicate:
        self._pos = match.end()
        if match["mark"] == "!":
            return self._negated()
        if match["mark"] == "(":
            return self._group(match.start("mark"))
        if match["field"] is not None:
            return self._field(match["field"], match.start("field"))
        if (word := match["word"] or "").upper() == "AND":
            return lambda _row: True
        return _anywhere((match["quoted"] or "").strip('"') or word)

    def _negated(self) -> Predicate:
        match = self.peek()
        if match is None or match["mark"] in ("|", ")"):
            raise _StopError(self._pos, "nothing after !")
        term = self._term(match)
        return lambda row: not term(row)

    def _group(self, opened_at: int) -> Predicate:
        self._depth += 1
        if self._depth > 20:
            raise _StopError(opened_at, "too many ( within one another")
        inner = self.alternatives()
        match = self.peek()
        if match is None or match["mark"] != ")":
            raise _StopError(opened_at, "a ( without its )")
        self._pos = match.end()
        self._depth -= 1
        return inner

    def _field(self, name: str, at: int) -> Predicate:
        read = _argument(name.removeprefix(ARGUMENT)) if name.startswith(ARGUMENT) else _TEXTS.get(name.lower())
        name = name.lower()
        if read is None and name not in _NUMBERS:
            raise _StopError(at, f"there is no field {name}:")
        if read is not None and (pattern := _PATTERN.match(self._source, self._pos)):
            self._pos = pattern.end()
            return _searching(read, pattern[1] if pattern[1] is not None else pattern[2], pattern.start() + 1)
        match = _VALUE.search(self._source, self._pos)
        if match is None or match.start() != self._pos:
            raise _StopError(at, f"nothing after {name}:")
        value = match[1] if match[1] is not None else match[2]
        start, self._pos = self._pos, match.end()
        if not value:
            raise _StopError(start, f"nothing after {name}:")
        if read is None:
            return _compared(_NUMBERS[name], value, start)
        return _matching(read, value.lower())


def _anywhere(word: str) -> Predicate:
    sought = word.lower()
    return lambda row: (
        sought in row.arguments.lower()
        or sought in f"{row.client}\n{row.server}\n{row.tool}\n{row.rule}\n{row.note}".lower()
    )


def _matching(read: Callable[[CallView], str], value: str) -> Predicate:
    if "*" in value:
        return lambda row: fnmatchcase(read(row).lower(), value)
    return lambda row: value in read(row).lower()


def _searching(read: Callable[[CallView], str], pattern: str, at: int) -> Predicate:
    """re2 takes linear time: no pattern that a person types can stop the program."""
    if not pattern:
        raise _StopError(at, "nothing after ~")
    try:
        search = re2.compile(f"(?i){pattern}", _QUIET).search
    except re2.error as error:
        raise _StopError(at, f"no regular expression: {_plain(error)}") from None
    return lambda row: search(read(row)) is not None


def _plain(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _argument(path: str) -> Callable[[CallView], str]:
    """What stands at `a.b.0` of the arguments, "" where there is nothing. Of long ones a row holds the beginning."""
    steps = path.split(".")
    key = f'"{steps[-1]}":'

    def read(row: CallView) -> str:
        if key not in row.arguments and not steps[-1].isdigit():
            return ""
        try:
            value: Any = json.loads(row.arguments)
        except (ValueError, RecursionError):
            return row.arguments.partition(key)[2]
        for step in steps:
            if isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return read


def _compared(read: Callable[[CallView], float | None], value: str, at: int) -> Predicate:
    match = _COMPARE.fullmatch(value)
    if match is None:
        raise _StopError(at, f"{value} is no number: write 12, >500 or <=20")
    limit, operator = float(match[2]), match[1] or "="
    tests: dict[str, Callable[[float], bool]] = {
        "=": lambda n: n == limit,
        "<": lambda n: n < limit,
        ">": lambda n: n > limit,
        "<=": lambda n: n <= limit,
        ">=": lambda n: n >= limit,
    }
    test = tests[operator]
    return lambda row: (n := read(row)) is not None and test(n)
