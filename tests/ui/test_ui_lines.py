"""Comments and indentation of the editor."""

from __future__ import annotations

import pytest

from inspector.ui.lines import next_indent, toggled


@pytest.mark.parametrize(
    ("lines", "commented"),
    [
        (["a: 1"], ["# a: 1"]),
        (["  a: 1", "", "    b: 2"], ["  # a: 1", "", "  #   b: 2"]),
        (["  # kept", "  a: 1"], ["  # # kept", "  # a: 1"]),
    ],
)
def test_comments_go_in_and_out_again(lines: list[str], commented: list[str]) -> None:
    assert toggled(lines) == commented
    assert toggled(commented) == lines


def test_a_mark_without_a_space_is_taken_too() -> None:
    assert toggled(["  #a: 1"]) == ["  a: 1"]
    assert toggled([""]) == [""]


@pytest.mark.parametrize(
    ("before", "indent"),
    [
        ("", 0),
        ("tools:", 2),
        ("  a: {}", 2),
        ("  a:  # note", 4),
        ("  # a:", 2),
        ("  - path: args.x", 4),
        ("  - when:", 6),
        ("  - {path: x}", 2),
        ("  - value", 2),
        ('  "a": {', 4),
        ("  value: [", 4),
    ],
)
def test_the_next_line_begins_where_it_belongs(before: str, indent: int) -> None:
    assert next_indent(before) == " " * indent
