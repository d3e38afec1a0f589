"""The rows of a recording by query: windows of them for a screen, and searches that take their time."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final, cast

import orjson

from inspector.core.call import CallId, Outcome
from inspector.core.risk import Risk
from inspector.core.views import CallView, Word
from inspector.filters.archive import Found
from inspector.filters.order import Order
from inspector.filters.terms import Everything, Term
from inspector.record.sql import Where, ordered
from inspector.record.summary import restored

PAGE: Final = 64  # rows read together
PAGES_KEPT: Final = 64
FIRST_PART: Final = 10_000  # rows looked through before anything is shown
LARGEST_PART: Final = 160_000
PIECE: Final = 50_000
TOP: Final = 500  # of an order, before all of it is known

_ROWS: Final = """SELECT call_id, at, client.text, server.text, tool.text, arguments, word, rule.text, outcome, ms,
  forwarded_at, legs, edited, note, risk, repeats
  FROM summary
  JOIN names AS client ON client.number = summary.client
  JOIN names AS server ON server.number = summary.server
  JOIN names AS tool ON tool.number = summary.tool
  JOIN names AS rule ON rule.number = summary.rule
  WHERE summary.number BETWEEN ? AND ? ORDER BY summary.number"""
_RISKS: Final = {risk.value: risk for risk in Risk}
_WORDS: Final = {word.value: word for word in Word}
_OUTCOMES: Final = {outcome.value: outcome for outcome in Outcome}


class Rows:
    """Those of one connection, used from one thread; the newest pages are kept. Numbers count from 1."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pages: OrderedDict[int, list[CallView]] = OrderedDict()

    def forget(self) -> None:
        """There may be more of them now, and the last ones may have changed."""
        self._pages.clear()

    def count(self) -> int:
        found = self._connection.execute("SELECT max(number) FROM summary").fetchone()
        return found[0] or 0

    def at(self, position: int) -> CallView | None:
        """`position` counts from 0."""
        number, index = divmod(position, PAGE)
        page = self._pages.get(number)
        if page is None or index >= len(page):
            page = self._pages[number] = self._read(number * PAGE + 1, (number + 1) * PAGE)
            if len(self._pages) > PAGES_KEPT:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        return page[index] if index < len(page) else None

    def position(self, call_id: CallId, count: int) -> int | None:
        """Numbers of calls only grow, so they are found by halving."""
        index = bisect_left(range(count), call_id, key=self._call_id)
        return index if index < count and self._call_id(index) == call_id else None

    def _call_id(self, position: int) -> CallId:
        found = self._connection.execute("SELECT call_id FROM summary WHERE number = ?", (position + 1,)).fetchone()
        return CallId(found[0] if found else 0)

    def _read(self, first: int, last: int) -> list[CallView]:
        return [_row(values) for values in self._connection.execute(_ROWS, (first, last))]


def _row(values: tuple[Any, ...]) -> CallView:
    call_id, at, client, server, tool, arguments, word, rule, outcome, ms, sent, legs, edited, note, risk, again = (
        values
    )
    return CallView(
        call_id,
        1,
        at,
        restored(client),
        restored(server),
        restored(tool),
        arguments,
        _WORDS[word],
        restored(rule),
        _OUTCOMES.get(outcome),
        ms,
        sent,
        legs,
        bool(edited),
        restored(note),
        _RISKS[risk],
        again,
    )


def search(connection: sqlite3.Connection, term: Term | None, order: Order, count: int) -> Iterator[Found]:
    """Over the first `count` rows; see `Found`. Takes as long as it takes: for a thread of its own, which
    `connection.interrupt` ends. Raises sqlite3.Error."""
    where = Where(connection, term or Everything())
    if order.plain:
        yield from _newest_first(connection, where, count)
    else:
        yield from _in_order(connection, where, order, count)


def _newest_first(connection: sqlite3.Connection, where: Where, count: int) -> Iterator[Found]:
    last, size = count, FIRST_PART
    while last > 0:
        first = max(1, last - size + 1)
        found = _positions(
            connection,
            f"SELECT number FROM summary WHERE number BETWEEN :first AND :last AND ({where.sql}) ORDER BY number",  # noqa: S608
            {**where.values, "first": first, "last": last},
        )
        last, size = first - 1, min(2 * size, LARGEST_PART)
        yield Found(found, 1 - last / count)
    if not count:
        yield Found()


def _in_order(connection: sqlite3.Connection, where: Where, order: Order, count: int) -> Iterator[Found]:
    """What stands at the top among the newest, at the top of all, and then all of it."""
    joins, by = ordered(connection, order)
    for first, limit, share in ((count - FIRST_PART, TOP, 0.01), (0, TOP, 0.1), (0, -1, 1.0)):
        sql = (
            f"SELECT summary.number FROM summary {joins}"  # noqa: S608
            f" WHERE summary.number BETWEEN :first AND :last AND ({where.sql}) ORDER BY {by} LIMIT :limit"
        )
        values = {**where.values, "first": first + 1, "last": count, "limit": limit}
        yield Found(_positions(connection, sql, values), share)


def _positions(connection: sqlite3.Connection, sql: str, values: dict[str, Any]) -> array[int]:
    """Collected within SQLite, and handed over in pieces: to fetch a million rows one by one, or all at once, would
    keep the screen's thread waiting."""
    connection.execute("CREATE TEMP TABLE found (place INTEGER PRIMARY KEY, position INTEGER NOT NULL)")
    connection.execute(f"INSERT INTO found (position) SELECT number - 1 FROM ({sql})", values)  # noqa: S608
    positions, after = array("I"), 0
    while piece := _piece(connection, after):
        positions.extend(piece)
        after += PIECE
    connection.execute("DROP TABLE found")
    return positions


def _piece(connection: sqlite3.Connection, after: int) -> list[int]:
    """The next ones, as one text: a list of many numbers is read from it in a tenth of the time that rows take."""
    sql = "SELECT json_group_array(position) FROM found WHERE place BETWEEN ? AND ?"
    with closing(connection.execute(sql, (after + 1, after + PIECE))) as cursor:
        return cast(list[int], orjson.loads(cursor.fetchone()[0]))
