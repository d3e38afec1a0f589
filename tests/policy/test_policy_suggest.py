"""The nearest known word."""

from __future__ import annotations

import pytest

from inspector.policy.suggest import nearest

WORDS = ("limits", "deny_if", "action", "gt", "gte", "deny")


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("limit", "limits"),
        ("limtis", "limits"),
        ("denyif", "deny_if"),
        ("Action", "action"),
        ("actoin", "action"),
        ("gtt", "gt"),
        ("rate", None),
        ("x", None),
        ("", None),
    ],
)
def test_two_edits_are_near(word: str, found: str | None) -> None:
    assert nearest(word, WORDS) == found


def test_the_closest_comes_first() -> None:
    assert nearest("gte", WORDS) == "gte"
    assert nearest("anything", ()) is None
