"""The filter language: text → terms, or where it went wrong. Pure.

words       fetch "two words"                in agent, server, tool, arguments, rule or note
fields      tool: server: agent: decision: rule: outcome: risk:   a part of it, or with `*` the whole; id:12; ms:>500
arguments   arg.path:/srv  arg.labels.0:bug   what stands there
            after ~ any of them takes a regular expression: arg.path:~^/(etc|root)/
again       repeats:>2   the same call so often among its client's last ones
together    AND by default, `|` or, `!` not, `( )` group
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import re2

from inspector.filters.matching import compiled
from inspector.filters.terms import (
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

FIELDS: Final = (*(field.value for field in TextField), *(field.value for field in NumberField))
ARGUMENT: Final = "arg."
_NUMBERS: Final = frozenset(field.value for field in NumberField)


class _StopError(Exception):
    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.bad = BadFilter(at, why)


def parse(source: str) -> Term | BadFilter | None:
    """None for an empty filter: everything."""
    if not source.strip():
        return None
    reader = _Reader(source)
    try:
        term = reader.alternatives()
        if reader.peek() is not None:
            raise _StopError(reader.at, "a ) without its (")
    except _StopError as stop:
        return stop.bad
    return term


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

    def alternatives(self) -> Term:
        options = [self._all_of()]
        while (match := self.peek()) is not None and match["mark"] == "|":
            self._pos = match.end()
            options.append(self._all_of())
        return options[0] if len(options) == 1 else AnyOf(tuple(options))

    def _all_of(self) -> Term:
        terms: list[Term] = []
        while (match := self.peek()) is not None and match["mark"] not in ("|", ")"):
            terms.append(self._term(match))
        if not terms:
            raise _StopError(self.at if self.peek() else len(self._source), "something to look for is missing")
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _term(self, match: re.Match[str]) -> Term:
        self._pos = match.end()
        if match["mark"] == "!":
            return self._negated()
        if match["mark"] == "(":
            return self._group(match.start("mark"))
        if match["field"] is not None:
            return self._field(match["field"], match.start("field"))
        if (word := match["word"] or "").upper() == "AND":
            return Everything()
        return Anywhere(" ".join(((match["quoted"] or "").strip('"') or word).lower().split("\n")))

    def _negated(self) -> Term:
        match = self.peek()
        if match is None or match["mark"] in ("|", ")"):
            raise _StopError(self._pos, "nothing after !")
        return Not(self._term(match))

    def _group(self, opened_at: int) -> Term:
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

    def _field(self, name: str, at: int) -> Term:
        if not name.startswith(ARGUMENT):
            name = name.lower()
            if name not in FIELDS:
                raise _StopError(at, f"there is no field {name}:")
        if name in _NUMBERS:
            start, value = self._value(name, at)
            return _compared(NumberField(name), value, start)
        test = self._test(name, at)
        if name.startswith(ARGUMENT):
            return ArgumentTerm(tuple(name.removeprefix(ARGUMENT).split(".")), test)
        return TextTerm(TextField(name), test)

    def _test(self, name: str, at: int) -> Test:
        if pattern := _PATTERN.match(self._source, self._pos):
            self._pos = pattern.end()
            return _searching(pattern[1] if pattern[1] is not None else pattern[2], pattern.start() + 1)
        _, value = self._value(name, at)
        return Like(value.lower()) if "*" in value else Contains(value.lower())

    def _value(self, name: str, at: int) -> tuple[int, str]:
        """Where it begins, and what it is."""
        match = _VALUE.search(self._source, self._pos)
        if match is None or match.start() != self._pos:
            raise _StopError(at, f"nothing after {name}:")
        value = match[1] if match[1] is not None else match[2]
        start, self._pos = self._pos, match.end()
        if not value:
            raise _StopError(start, f"nothing after {name}:")
        return start, value


def _searching(pattern: str, at: int) -> Test:
    if not pattern:
        raise _StopError(at, "nothing after ~")
    try:
        compiled(pattern)
    except re2.error as error:
        raise _StopError(at, f"no regular expression: {_plain(error)}") from None
    return Search(pattern)


def _plain(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _compared(field: NumberField, value: str, at: int) -> Term:
    match = _COMPARE.fullmatch(value)
    if match is None:
        raise _StopError(at, f"{value} is no number: write 12, >500 or <=20")
    return NumberTerm(field, Operator(match[1] or "="), float(match[2]))
