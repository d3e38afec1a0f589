"""The rows of a recording by query are those that its events make, however the run ended."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path

import pytest
from event_samples import arrival, decision, runs
from hypothesis import given, settings
from hypothesis import strategies as st
from record.archives import ORDERS, found, wanted

from inspector.core.call import Caller, Outcome
from inspector.core.decision import Verdict
from inspector.core.events import CallArrived, Decided, Event, Finished, Forwarded, Progressed, ToolsListed
from inspector.core.views import CallView
from inspector.filters.order import Order, Sort
from inspector.filters.reading import BadFilter, parse
from inspector.record.recorder import SUMMED_TOGETHER, Recorder
from inspector.recorded_archive import RecordedArchive
from inspector.store import Store


class Ending(Enum):
    PROPER = auto()
    KILLED = auto()  # what was flushed is there, the summary may lack the last rows
    OLD = auto()  # of format 1: without a summary


def folded(events: list[Event]) -> list[CallView]:
    store = Store()
    for event in events:
        store.fold(event)
    return [replace(row, rev=1) for row in store.views(0, 0.0).calls]


@contextmanager
def archive_of(events: list[Event], ending: Ending = Ending.PROPER) -> Iterator[RecordedArchive]:
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder.create(Path(folder), "r", 0.0)
        for event in events:
            recorder.append(event)
            recorder.flush()
        if ending is not Ending.KILLED:
            recorder.close()
        if ending is Ending.OLD:
            without_summary(recorder.path)
        archive = RecordedArchive(recorder.path)
        asyncio.run(archive.read_rest())
        archive.grown()
        yield archive
        archive.close()
        if ending is Ending.KILLED:
            recorder.close()


def without_summary(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.executescript("DROP TABLE summary; DROP TABLE names; DROP TABLE summarised; PRAGMA user_version = 1")


def rows_of(archive: RecordedArchive) -> list[CallView]:
    return [row for position in range(len(archive)) if (row := archive.at(position))]


@settings(max_examples=60, deadline=None)
@given(runs(), st.sampled_from(Ending))
def test_the_rows_are_those_that_the_events_make(events: list[Event], ending: Ending) -> None:
    with archive_of(events, ending) as archive:
        rows = rows_of(archive)
        assert rows == folded(events)
        assert [archive.position(row.id) for row in rows] == list(range(len(rows)))


LIVES = [
    ("claude", "kestra", "run_flow", {"path": "/srv/a.py", "n": 5}, 12.5, Verdict.ALLOW, ""),
    ("claude", "kestra", "Run_Flow", {"path": "/srv/GRÖSSE", "labels": ["bug"]}, None, Verdict.DENY, "/tools/x"),
    ("cursor", "fs", "read_file", {"text": "100% of_it \\ \u212a \x00"}, 900.0, Verdict.ALLOW, ""),
    ("cursor", "fs", "delete_file", {"path": "x" * 500}, 0.25, Verdict.ALLOW, "/tools/y"),
    ("ÀGENT", "web", "fetch\ud800", {"\ud800": "\udfff", "path": "Straße"}, 3.0, Verdict.PENDING, "/tools/y"),
    ("ÀGENT", "web", "fetch", {}, 12.5, Verdict.CANCELLED, "/Σ"),
]  # fmt: skip


def lives(count: int) -> list[Event]:
    events: list[Event] = [ToolsListed(0.0, "fs", (("read_file", b'{"annotations":{"destructiveHint":true}}'),), ())]
    for number in range(1, count + 1):
        client, server, tool, arguments, ms, verdict, rule = LIVES[number % len(LIVES)]
        at, caller = 100.0 + number, Caller("local", "s", client)
        events.append(CallArrived(at, number, "c1", caller, server, tool, arguments, number))
        judged = replace(decision(number, at, verdict, rule), server=server, tool=tool)
        events.append(Decided(at, judged))
        if ms is not None:
            events.append(Forwarded(at, number))
            if number % 4 == 0:
                events.append(Progressed(at, number, "Größe 3/10 \ud800" if number % 8 else "half\x00way"))
        if number % 5:
            outcome = (Outcome.OK, Outcome.TOOL_ERROR, Outcome.CANCELLED, Outcome.NOT_SENT)[number % 4]
            events.append(Finished(at + (ms or 0) / 1000, number, outcome, b"x" * number))
    return events


TERMS = (
    "", "run", "RUN", "größe", "GRÖSSE", "k", "100%", "of_it", '"\\\\"', "straße", "half", "way", "3/10", "nothing",
    "tool:run*", "tool:flow", "tool:~^run_", "tool:fetch", "server:fs", "agent:àgent", "agent:~À", "rule:/tools",
    "rule:~^$", "rule:σ", "decision:deny", "decision:gone", "decision:~l", "outcome:running", "outcome:*o*",
    "outcome:~^(ok|tool)", "risk:destructive", "risk:read", "id:3", "id:>2", "ms:12.5", "ms:>500", "ms:<=3", "!ms:>500",
    "repeats:>1", "repeats:1", "arg.path:/srv", "arg.path:~^/srv/.*py$", "arg.path:straße", "arg.labels.0:bug",
    "arg.n:5", "arg.path:*x*", "arg.nothing:~^$", "!arg.path:/srv", "arg.path:xxx", "claude !run", "a b | c AND !d",
    "(tool:fetch | id:<3) !ms:3", "!(risk:read | decision:allow)",
)  # fmt: skip
ROWS = folded(lives(90))


@pytest.fixture(scope="module")
def archive() -> Iterator[RecordedArchive]:
    with archive_of(lives(90)) as archive:
        yield archive


@pytest.mark.parametrize("source", TERMS)
def test_a_filter_finds_in_the_file_what_it_finds_in_memory(archive: RecordedArchive, source: str) -> None:
    term = parse(source)
    assert not isinstance(term, BadFilter)
    assert found(archive, term, Order()) == wanted(ROWS, term, Order())


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_an_order_of_the_file_is_that_of_the_rows_in_memory(archive: RecordedArchive, order: Order) -> None:
    assert found(archive, None, order) == wanted(ROWS, None, order)


def filters() -> st.SearchStrategy[str]:
    """Regular expressions in quotation marks: by themselves they take the ) that closes a group."""
    single = [term for term in TERMS if term and " " not in term]
    leaves = st.sampled_from([re.sub('~([^"]+)$', r'~"\1"', term) for term in single])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(" ".join),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]} | {pair[1]})"),
            inner.map(lambda one: f"!({one})"),
        ),
        max_leaves=6,
    )


@settings(max_examples=150, deadline=None)
@given(filters(), st.sampled_from(ORDERS))
def test_any_filter_in_any_order_says_the_same_of_the_file(archive: RecordedArchive, source: str, order: Order) -> None:
    term = parse(source)
    assert not isinstance(term, BadFilter)
    assert found(archive, term, order) == wanted(ROWS, term, order)


def test_a_run_that_was_killed_shows_every_call_and_what_became_of_it() -> None:
    events = lives(SUMMED_TOGETHER + 30)
    late = Finished(900.0, 5, Outcome.OK, b"late")  # number 5 is in the summary, and still runs there
    events += [arrival(999, 899.0), late]
    for ending in (Ending.KILLED, Ending.PROPER):
        with archive_of(events, ending) as archive:
            assert rows_of(archive) == folded(events)
            term = parse("outcome:running | id:>140")
            assert found(archive, term, Order(Sort.TOOL)) == wanted(folded(events), term, Order(Sort.TOOL))


def test_a_later_leg_changes_the_row_of_the_first_also_when_that_is_summed_up_already() -> None:
    first = [arrival(1, 1.0), Decided(1.0, decision(1, 1.0, Verdict.ALLOW)), Forwarded(1.0, 1)]
    first.append(Finished(1.5, 1, Outcome.INPUT_REQUIRED, b"?"))
    between = [event for n in range(2, SUMMED_TOGETHER + 5) for event in (arrival(n, float(n)),)]
    leg = [arrival(700, 900.0, root=1, leg=2), Decided(900.0, decision(700, 900.0, Verdict.DENY, "/no"))]
    leg.append(Finished(900.0, 700, Outcome.NOT_SENT, b"no"))
    events = [*first, *between, *leg]
    for ending in Ending:
        with archive_of(events, ending) as archive:
            assert rows_of(archive) == folded(events)
