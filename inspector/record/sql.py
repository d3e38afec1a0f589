"""A filter and an order as SQL over the summary: exactly what `filters.matching` and `filters.order` say of a row.

Names (tools, servers, agents, rules) stand in a table of their own: they are tested here, once each, and the rows by
their numbers. Arguments and notes are tested by SQLite where both sides are ASCII, and by Python where they are not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final, assert_never

import orjson

from inspector.core.call import Outcome
from inspector.core.json import is_encodable
from inspector.core.risk import Risk
from inspector.core.word import LABELS, Word
from inspector.filters.matching import argument_at, tester
from inspector.filters.order import NO_MS, RISKS, Order, Sort
from inspector.filters.terms import (
    RUNNING,
    AllOf,
    AnyOf,
    Anywhere,
    ArgumentTerm,
    Contains,
    Everything,
    Not,
    NumberField,
    NumberTerm,
    Term,
    Test,
    TextField,
    TextTerm,
)
from inspector.record.summary import restored

_NAMED: Final = {
    TextField.TOOL: "tool",
    TextField.SERVER: "server",
    TextField.AGENT: "client",
    TextField.RULE: "rule",
}
_NUMBERS: Final = {NumberField.ID: "call_id", NumberField.MS: "ms", NumberField.REPEATS: "repeats"}
_IS_ASCII: Final = "length({0}) = length(CAST({0} AS BLOB)) AND typeof({0}) = 'text'"

_RANKED: Final = {Sort.TOOL: ("server", "tool"), Sort.AGENT: ("client",), Sort.RULE: ("rule",)}
_KEYS: Final = {
    Sort.TIME: "number",
    Sort.ID: "number",
    Sort.MS: f"ifnull(ms, {NO_MS})",
    Sort.DECISION: "word",
    Sort.ARGUMENTS: "arguments",
    Sort.RISK: "CASE risk " + " ".join(f"WHEN '{risk.value}' THEN {rank}" for risk, rank in RISKS.items()) + " END",
    Sort.OUTCOME: "ifnull(outcome, '')",
}


class Where:
    """A condition with its values, for one connection, which is given the functions that it needs."""

    def __init__(self, connection: sqlite3.Connection, term: Term) -> None:
        self._connection = connection
        self._functions = 0
        self._names: list[tuple[int, str]] | None = None
        self.values: dict[str, Any] = {}
        self.sql = self._condition(term)

    def _condition(self, term: Term) -> str:
        match term:
            case Everything():
                return "1"
            case Anywhere(word):
                return self._anywhere(word)
            case TextTerm(field, test):
                return self._text(field, tester(test))
            case NumberTerm(field, operator, limit):
                return f"ifnull({_NUMBERS[field]} {operator.value} {self._value(limit)}, 0)"
            case ArgumentTerm():
                return self._argument(term)
            case Not(inner):
                return f"NOT ({self._condition(inner)})"
            case AllOf(terms):
                return " AND ".join(f"({self._condition(one)})" for one in terms)
            case AnyOf(terms):
                return " OR ".join(f"({self._condition(one)})" for one in terms)
        assert_never(term)

    def _text(self, field: TextField, passes: Callable[[str], bool]) -> str:
        match field:
            case TextField.DECISION:
                return _one_of("word", [word for word in Word if passes(LABELS[word])])
            case TextField.RISK:
                return _one_of("risk", [risk for risk in Risk if passes(risk.value)])
            case TextField.OUTCOME:
                running = " OR outcome IS NULL" if passes(RUNNING) else ""
                known = _one_of("outcome", [outcome for outcome in Outcome if passes(outcome.value)])
                return f"ifnull({known}, 0){running}"
        return self._named((_NAMED[field],), passes)

    def _named(self, columns: Iterable[str], passes: Callable[[str], bool]) -> str:
        if self._names is None:
            found = self._connection.execute("SELECT number, text FROM names")
            self._names = [(number, restored(text)) for number, text in found]
        numbers = [number for number, text in self._names if passes(text)]
        if not numbers:
            return "0"
        value = self._value(orjson.dumps(numbers).decode())
        return " OR ".join(f"{column} IN (SELECT value FROM json_each({value}))" for column in columns)  # noqa: S608

    def _anywhere(self, word: str) -> str:
        passes = tester(Contains(word))
        named = self._named(_NAMED.values(), passes)
        return f"({named}) OR {self._holds('arguments', word)} OR (note IS NOT NULL AND {self._holds('note', word)})"

    def _holds(self, column: str, word: str) -> str:
        """`LIKE` knows upper and lower case of ASCII alone."""
        slow = f"{self._function(tester(Contains(word)))}({column})"
        if not (word.isascii() and word.isprintable()):
            return f"(NOT ({_IS_ASCII.format(column)}) AND {slow})" if word.isprintable() else slow
        pattern = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return (
            f"({column} LIKE {self._value(f'%{pattern}%')} ESCAPE '\\'"
            f" OR (NOT ({_IS_ASCII.format(column)}) AND {slow}))"
        )

    def _argument(self, term: ArgumentTerm) -> str:
        read, passes = argument_at(term.path), tester(term.test)
        slow = f"{self._function(lambda arguments: passes(read(arguments)))}(arguments)"
        key = f'"{term.path[-1]}":'
        if term.path[-1].isdigit() or _takes_nothing(term.test) or not is_encodable(key):
            return slow
        return f"(instr(arguments, {self._value(key)}) > 0 AND {slow})"

    def _value(self, value: float | str) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def _function(self, passes: Callable[[str], bool]) -> str:
        self._functions += 1
        name = f"passes_{self._functions}"
        self._connection.create_function(name, 1, lambda text: passes(restored(text)), deterministic=True)
        return name


def ordered(connection: sqlite3.Connection, order: Order) -> tuple[str, str]:
    """What to join, and the ORDER BY. Names are ranked here, in a temporary table of the connection."""
    way = "DESC" if order.descending else "ASC"
    if order.sort not in _RANKED:
        return "", f"{_KEYS[order.sort]} {way}, number"
    names = [(number, restored(text)) for number, text in connection.execute("SELECT number, text FROM names")]
    ranks = {text: rank for rank, text in enumerate(sorted({text for _, text in names}))}
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS ranks (number INTEGER PRIMARY KEY, rank INTEGER NOT NULL)")
    connection.executemany("INSERT OR REPLACE INTO ranks VALUES (?, ?)", [(n, ranks[text]) for n, text in names])
    columns = _RANKED[order.sort]
    joins = " ".join(f"JOIN ranks AS by_{column} ON by_{column}.number = summary.{column}" for column in columns)
    keys = ", ".join(f"by_{column}.rank {way}" for column in columns)
    return joins, f"{keys}, summary.number"


def _one_of(column: str, words: Iterable[StrEnum]) -> str:
    listed = ", ".join(f"'{word.value}'" for word in words)
    return f"{column} IN ({listed})"


def _takes_nothing(test: Test) -> bool:
    return tester(test)("")
