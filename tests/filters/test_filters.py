"""The filter language over rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui.ui_port import DENY, ERROR, HOLD_ISSUE, KINDS, LIMIT, NOW, call

from inspector.filters.matching import predicate
from inspector.filters.reading import BadFilter, parse
from inspector.filters.terms import ArgumentTerm

ROWS = [call(n, kind, NOW) for n, kind in enumerate((KINDS[0], DENY, LIMIT, ERROR, HOLD_ISSUE), 1)]


def matching(source: str) -> list[int]:
    term = parse(source)
    assert term is not None
    assert not isinstance(term, BadFilter), term
    return [row.id for row in ROWS if predicate(term)(row)]


@pytest.mark.parametrize(
    ("source", "ids"),
    [
        ("main.py", [1]),
        ("MAIN.PY", [1]),
        ('"drop table"', [2]),
        ("tool:query", [2]),
        ("tool:q*y", [2]),
        ("tool:uer", [2]),
        ("server:web", [3]),
        ("agent:batch", [3, 4]),
        ("decision:deny", [2]),
        ("decision:limit | decision:hold", [3, 5]),
        ("rule:ddl", [2]),
        ("outcome:rpc_error", [4]),
        ("outcome:running", [2, 3, 5]),
        ("id:3", [3]),
        ("ms:>500", [4]),
        ("ms:<=12", [1]),
        ("!decision:allow", [2, 3, 4, 5]),
        ("agent:batch !web", [4]),
        ("agent:batch AND web", [3]),
        ("!(tool:query | agent:batch)", [1, 5]),
        ("tool:query | agent:batch ms:>1", [2, 4]),
        ("risk:read", [1, 2, 3]),
        ("repeats:>1", []),
        ("arg.path:/srv/app", [1]),
        ("arg.sql:~^(drop|alter)", [2]),
        ("tool:~^(fetch|query)$", [2, 3]),
        ("arg.timeout_ms:5000 | arg.labels.0:bug", [2, 5]),
        ("arg.nothing:x", []),
        ('arg.title:~"flaky t.st"', [5]),
    ],
)
def test_a_filter_finds_its_rows(source: str, ids: list[int]) -> None:
    assert matching(source) == ids


def test_an_empty_filter_is_none() -> None:
    assert parse("  ") is None


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ("colour:red", 0),
        ("fetch colour:red", 6),
        ("tool:", 5),
        ("ms:fast", 3),
        ("(fetch", 0),
        ("fetch )", 6),
        ("fetch |", 7),
        ("!", 1),
        ('say "hello', 4),
        ("arg.sql:~(drop", 9),
        ("tool:~", 6),
    ],
)
def test_a_wrong_filter_says_where(source: str, at: int) -> None:
    bad = parse(source)
    assert isinstance(bad, BadFilter)
    assert bad.at == at
    assert bad.why


def test_an_argument_of_a_row_that_is_cut_is_found_in_what_there_is() -> None:
    row = replace(ROWS[0], arguments='{"path":"/srv/long' + "x" * 380 + "…")
    term = parse("arg.path:/srv/long")
    assert isinstance(term, ArgumentTerm)
    assert predicate(term)(row)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(source: str) -> None:
    found = parse(source)
    if isinstance(found, BadFilter):
        assert 0 <= found.at <= len(source)
    elif found is not None:
        assert [predicate(found)(row) for row in ROWS] == [predicate(found)(row) for row in ROWS]
