"""How much text a pattern may search: a matter of how many states its automaton has, not of how it looks."""

from __future__ import annotations

import pytest

from inspector.policy.pattern_cost import MAX_EFFORT, MAX_PATTERNS, MAX_SIZE, longest_text, size_of


@pytest.mark.parametrize(
    "pattern",
    [
        "BEGIN (RSA )?PRIVATE KEY",
        "^/srv/[a-z0-9_/.-]+$",
        "(?i)password|secret|token",
        r"^[\w.+-]+@[\w-]+\.[\w.]+$",
        r"\b(?:\d[ -]*?){13,16}\b",
        r"(?i)\b(select|insert|update|delete|drop)\b.*\bfrom\b",
        "AKIA[0-9A-Z]{16}",
        "ghp_[A-Za-z0-9]{36}",
        "^.{0,900}$",
        "(a+)+$",
        "(x+x+)+y",
        r"\p{L}+",
        "[[:alpha:]]{2}",
        "[^]]a|[]a]b|[a-]c|[-a]d",
        r"\x41\x{1F600}\n",
        "(?s:a.)*b",
        r"(?i)drop\s.{0,20}table",
        "(?P<name>a)|(?-i)b{,3}",
        "",
        "a" * 1000,
        "AKIA" * 250,
        "one two " * 125,
        r"[a-z]{900}\d{50}-(_;){20}$",
    ],
)
def test_patterns_as_people_write_them_may_search_any_text(pattern: str) -> None:
    assert longest_text(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "about"),
    [
        ("a.{20}c", 43_000),
        ("a.{900}c", 1_100),
        (r"(?i)drop\s.{0,100}table", 4_740),
        ("(a|b)*a(a|b){20}c", 15_000),
        ("^(?:a|b){20}a(a|b)*$", 15_000),  # read from its end
        ("a" + "[ab]" * 30, 31_000),
        ("a" * 1001, 998),
        ("é" * 1000, 998),
        (".{1000}", 998),
        (r"\s{1000}", 998),
    ],
)
def test_one_with_too_many_states_may_search_less_the_larger_it_is(pattern: str, about: int) -> None:
    longest = longest_text(pattern)
    assert longest is not None
    assert 0.9 * about < longest < 1.1 * about


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 60 + "a" + ")" * 60,
        "a" * (MAX_SIZE + 1),
        "(a{1000}){1000}",
        "((){1000}){1000}",
        "(?=a)b",
        "(a",
        "a)",
        "[a",
        r"\Q.\E",
        "\\",
    ],
)
def test_what_cannot_be_read_may_search_little(pattern: str) -> None:
    assert longest_text(pattern) == MAX_EFFORT // MAX_SIZE


def test_patterns_of_one_schema_share_what_they_may_search() -> None:
    alone = longest_text("a.{20}c")
    assert alone is not None
    assert longest_text("a.{20}c", "b.{20}d", "word") == pytest.approx(alone / 2, rel=0.01)
    assert longest_text(*map(str, range(MAX_PATTERNS))) is None
    assert longest_text(*map(str, range(MAX_PATTERNS + 1))) == MAX_EFFORT // MAX_SIZE


@pytest.mark.parametrize("text", ["", "abc", "é", "Ω", "😀", "a😀"])
def test_a_text_is_at_least_as_large_as_its_bytes(text: str) -> None:
    assert len(text.encode()) <= size_of(text) <= 4 * len(text)
