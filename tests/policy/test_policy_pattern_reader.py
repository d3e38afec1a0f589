"""What a pattern's tree says of its characters: the same as the engine that matches them."""

from __future__ import annotations

import contextlib

import pytest
import re2
from fuzzing import fuzz
from hypothesis import strategies as st

from inspector.policy.pattern_reader import OTHERS, Chars, Repeat, Series, UnreadableError, read

ONES = [
    "a", ".", "(?s).", "(?i)a", "(?i)[k-n]", "(?i)[^k-n]", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[a-f]", "[^a-f]",
    "[]a]", "[^]a]", "[a-]", "[-a]", r"[\d_]", r"[^\d_]", r"\x41", r"\x{41}", r"\n", r"\.", r"[\]\\^]",
    r"[\t-\r]", "[+--]",
]  # fmt: skip


def matched(pattern: str) -> int:
    part = read(pattern)
    while isinstance(part, Series):
        (part,) = [one for one in part.parts if one != Series(())]
    assert isinstance(part, Chars)
    return part.mask


@pytest.mark.parametrize("pattern", ONES)
def test_a_single_character_is_what_re2_matches(pattern: str) -> None:
    mask = matched(pattern)
    for code in range(OTHERS):
        found = re2.fullmatch(pattern, chr(code)) is not None
        assert bool(mask >> code & 1) is found, chr(code)


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [("a*", 0, None), ("a+?", 1, None), ("a?", 0, 1), ("a{3}", 3, 3), ("a{3,}", 3, None), ("a{3,5}?", 3, 5)],
)
def test_a_repetition_has_its_bounds(pattern: str, least: int, most: int | None) -> None:
    assert read(pattern) == Series((Repeat(Chars(1 << ord("a")), least, most),))


def test_braces_that_count_nothing_are_characters() -> None:
    assert read("a{,3}") == Series(tuple(Chars(1 << ord(character)) for character in "a{,3}"))


@fuzz(st.one_of(st.text(max_size=20), st.text(alphabet="ab.*+?{}()[]^$|\\-:dwsPpx0,1i", max_size=20)))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnreadableError):
        read(text)
