"""What a filter says, as a tree. `matching` tests it on a row in memory, `record/sql.py` on the rows of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Contains:
    """Upper or lower case, it is the same. `value` is in lower case."""

    value: str


@dataclass(frozen=True, slots=True)
class Like:
    """The whole of it, with `*` for anything. `value` is in lower case."""

    value: str


@dataclass(frozen=True, slots=True)
class Search:
    """A regular expression of RE2 that is known to compile."""

    pattern: str


Test: TypeAlias = Contains | Like | Search


class TextField(StrEnum):
    TOOL = "tool"
    SERVER = "server"
    AGENT = "agent"
    DECISION = "decision"
    RULE = "rule"
    OUTCOME = "outcome"
    RISK = "risk"


class NumberField(StrEnum):
    ID = "id"
    MS = "ms"
    REPEATS = "repeats"


class Operator(StrEnum):
    EQUAL = "="
    LESS = "<"
    GREATER = ">"
    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Everything:
    pass


@dataclass(frozen=True, slots=True)
class Anywhere:
    """In arguments, agent, server, tool, rule or note. One line of text in lower case."""

    word: str


@dataclass(frozen=True, slots=True)
class TextTerm:
    field: TextField
    test: Test


@dataclass(frozen=True, slots=True)
class NumberTerm:
    """A call that has no such number (yet) is none of those."""

    field: NumberField
    operator: Operator
    limit: float


@dataclass(frozen=True, slots=True)
class ArgumentTerm:
    """What stands at `a.b.0` of the arguments; "" where there is nothing."""

    path: tuple[str, ...]
    test: Test


@dataclass(frozen=True, slots=True)
class Not:
    term: Term


@dataclass(frozen=True, slots=True)
class AllOf:
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    terms: tuple[Term, ...]


Term: TypeAlias = "Everything | Anywhere | TextTerm | NumberTerm | ArgumentTerm | Not | AllOf | AnyOf"

RUNNING: Final = "running"  # what `outcome:` says of a call that has not ended
