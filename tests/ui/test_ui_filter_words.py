"""What a half-typed filter is completed to."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ui_port import DENY, ERROR, HOLD_ISSUE, HOSTILE, KINDS, LIMIT, NOW, call, sample_views

from inspector.ui.filter_words import completed

ROWS = [call(n, kind, NOW) for n, kind in enumerate((KINDS[0], DENY, LIMIT, ERROR, HOLD_ISSUE), 1)]


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("ou", "outcome:"),
        ("!dec", "!decision:"),
        ("web (ri", "web (risk:"),
        ("risk:de", "risk:destructive"),
        ("decision:li", "decision:limit"),
        ("tool:force", "tool:force_run_execution"),
        ("server:post", "server:postgres"),
        ("agent:cur", "agent:cursor"),
        ("arg.tit", "arg.title:"),
        ("colour:re", None),
        ("", None),
        ("tool:query ", None),
    ],
)
def test_a_half_typed_word_is_completed_from_what_there_is(typed: str, whole: str | None) -> None:
    assert completed(typed, sample_views(0), ROWS) == whole


def test_a_name_that_a_terminal_would_not_show_as_it_is_is_never_offered() -> None:
    rows = [replace(ROWS[0], rule=f"/bad{name}", arguments=json.dumps({f"x{name}": 1})) for name in HOSTILE.values()]
    for typed in ("rule:/ba", "arg.x"):
        whole = completed(typed, sample_views(0), rows)
        assert whole is None or whole.isprintable()
