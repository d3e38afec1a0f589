"""Long lines of a diff go on under their own words."""

from __future__ import annotations

import pytest
from textual.content import Content

from inspector.ui.hanging import Hanging

DIFF = "line 67\n−     - {counter: force_run_execution_rate, window: minute, max: 10}\n  short"


def test_what_does_not_fit_is_indented_as_far_as_its_line_began() -> None:
    assert Hanging(Content(DIFF)).at(40).plain.split("\n") == [
        "line 67",
        "−     - {counter:",
        "        force_run_execution_rate,",
        "        window: minute, max: 10}",
        "  short",
    ]


def test_in_little_room_a_third_of_it_is_indented_at_most() -> None:
    assert Hanging(Content("+ " + " " * 20 + "deep and long")).at(24).plain.split("\n")[1:] == ["        deep and long"]


@pytest.mark.parametrize("width", [1, 7, 40, 200])
def test_nothing_is_lost_and_nothing_is_wider_than_it_may_be(width: int) -> None:
    shown = Hanging(Content(DIFF)).at(width)
    assert "".join(shown.plain.split()) == "".join(DIFF.split())
    assert all(line.cell_length <= width for line in shown.split("\n"))


def test_styles_go_on_with_the_words() -> None:
    shown = Hanging(Content.assemble(("+ ", "bold"), ("one two three four", "$accent"))).at(10)
    last = shown.split("\n")[-1]
    assert any(span.style == "$accent" and span.end == len(last.plain) for span in last.spans)


def test_the_height_is_that_of_all_lines() -> None:
    assert Hanging(Content(DIFF)).get_height({}, 40) == 5
