"""The door for untrusted text, and the last filter before the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from ui_sample import HOSTILE

from inspector.ui import text

BLACK = Color.parse("black")


def harmless(shown: str) -> bool:
    """No character of it can steer a terminal or hide from the eye."""
    return all(c.isprintable() for c in shown) and not any(c in shown for c in "\u202e\u2066\u2069\u200b\ufeff\u2060")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_becomes_one_harmless_line(name: str) -> None:
    assert harmless(text.line(HOSTILE[name]))


@given(st.text())
def test_any_text_becomes_one_harmless_line(source: str) -> None:
    assert harmless(text.line(source))


def test_plain_text_stays_as_it_is() -> None:
    assert text.line("read_file /srv/app — déjà vu 日本語") == "read_file /srv/app — déjà vu 日本語"


def test_what_is_invisible_becomes_visible() -> None:
    assert text.line("a\x1bb\x00c\x7fd\u202ee\u200b") == "a␛b␀c␡d⟨202e⟩e⟨200b⟩"


def test_markup_is_no_markup() -> None:
    assert text.safe("[/foo] [red]x[/red]").plain == "[/foo] [red]x[/red]"
    assert not text.safe("[red]x[/red]").spans


def test_a_long_line_is_cut_and_says_so() -> None:
    assert text.line("A" * 5_000_000, 10) == "AAAAAAAAAA…"


def test_a_pile_of_combining_marks_is_kept_small() -> None:
    assert len(text.line("Z" + "\u0301" * 200)) <= 4


def test_a_block_keeps_its_lines_and_is_capped_in_both_directions() -> None:
    assert text.block("a\r\nb\tc\n\x1bd") == "a\nb   c\n␛d"
    assert text.block("x\n" * 10, lines=2) == "x\nx\n…"
    assert text.block("x" * 100, limit=10) == "x" * 10 + "\n…"


@given(st.text(), st.integers(2, 40))
def test_a_fitted_text_fills_exactly_its_cells(source: str, width: int) -> None:
    assert cell_len(text.fit(text.line(source), width)) == width


@given(st.text())
def test_for_an_editor_the_length_never_changes(source: str) -> None:
    assert len(text.same_length(source)) == len(source)


def test_the_backstop_takes_control_characters_from_any_widget() -> None:
    out = text.Backstop().apply([Segment("ok"), Segment("\x1b]0;x\x07\x9b2J\ud800\u202e")], BLACK)
    assert [s.text for s in out] == ["ok", "\ufffd]0;x\ufffd\ufffd2J\ufffd\ufffd"]


def test_in_ascii_the_decision_words_keep_their_marks_and_every_width() -> None:
    assert text.to_ascii("✓ ✗ ◐ ⊘ ! …") == "+ x ? % ! ."
    assert text.to_ascii("╭─ 日本 ─╮") == "+- ???? -+"


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Mn", "Me", "Mc"))))
def test_ascii_output_is_ascii_and_as_wide(source: str) -> None:
    shown = text.to_ascii(text.line(source))
    assert shown.isascii()
    assert cell_len(shown) == cell_len(text.line(source))


@pytest.mark.parametrize(
    "config",
    [
        "http://127.0.0.1:7337/tok_abc/fs/mcp",
        '{"url": "http://127.0.0.1:7337/tok_abc/fs/mcp"}',
        "curl -H 'Authorization: Bearer tok_abc' http://127.0.0.1:7337/fs/mcp",
        "TOKEN=tok_abc",
    ],
)
def test_the_token_is_masked_wherever_it_stands(config: str) -> None:
    assert "tok_abc" not in text.masked(config, "tok_abc")


def test_a_token_that_is_not_known_is_masked_by_its_place() -> None:
    assert text.masked("http://127.0.0.1:7337/secret/fs/mcp", "") == "http://127.0.0.1:7337/••••/fs/mcp"
    assert text.masked("Authorization: Bearer secret", "") == "Authorization: Bearer ••••"
