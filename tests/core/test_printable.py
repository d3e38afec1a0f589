"""What a terminal may be given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspector.core.printable import printable


def test_what_a_terminal_would_obey_is_spelled_out() -> None:
    assert printable("a\x1b]0;title\x07 b\u202e\n") == "a\\u001b]0;title\\u0007 b\\u202e\\u000a"


def test_what_can_be_read_stays_as_it_is() -> None:
    assert printable("naïve 日本 ▌ a b") == "naïve 日本 ▌ a b"


@given(st.text(st.characters()))
def test_nothing_else_comes_out(text: str) -> None:
    assert printable(text).isprintable()
