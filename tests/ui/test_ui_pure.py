"""Figures, JSON, diffs, arguments, drafts and words: the pure parts of the screen."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from ui_policies import BROKEN_POLICY, POLICY
from ui_sample import HOSTILE, NOW

from inspector.core.commands import WhatIfResult
from inspector.core.views import PolicyView
from inspector.ui import arguments, diff, figures, flips, json_view
from inspector.ui.draft import Draft, Step, language_of
from inspector.ui.words import brief_arguments, short_rule

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_for_the_editor_is_the_same_json(value: object) -> None:
    assert json.loads(json_view.pretty(json.dumps(value))) == value


def test_json_for_the_editor_keeps_the_text_of_numbers_and_twice_given_keys() -> None:
    shown = json_view.pretty('{"a":1.00,"a":12345678901234567890,"b":[],"c":{}}')
    assert shown == '{\n  "a": 1.00,\n  "a": 12345678901234567890,\n  "b": [],\n  "c": {}\n}'


@given(st.text(), st.integers(8, 60))
def test_no_line_is_wider_than_the_pane_whatever_the_text(source: str, width: int) -> None:
    for runs in json_view.lay_out(source, width, 50).lines:
        assert cell_len("".join(shown for shown, _ in runs)) <= width


def test_a_long_string_continues_indented_at_a_space() -> None:
    layout = json_view.lay_out('{"sql": "DROP TABLE sessions"}', 20, 20)
    assert ["".join(t for t, _ in runs) for runs in layout.lines] == ["{", '  "sql": "DROP TABLE', '    sessions"', "}"]


def test_five_megabytes_are_cut_before_they_are_looked_at_and_say_so() -> None:
    tracemalloc.start()
    shown = json_view.view('{"x":"' + "A" * 5_000_000 + '"}', 40, 200)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert highest < 2 * 5_000_000 + 1_000_000, "the text itself, made of two, and what is shown of it"
    assert shown.plain.splitlines()[-1] == "… cut: 5.0 MB in all · y copies it"
    assert len(shown.plain.splitlines()) <= 201


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_laid_out_harmless(name: str) -> None:
    for source in (HOSTILE[name], json.dumps({"k": HOSTILE[name]}, ensure_ascii=False)):
        shown = json_view.view(source, 40, 50).plain
        assert all(c.isprintable() or c == "\n" for c in shown)


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [('{"a": 1,\n "b" 2}', 2, 6), ("[1]", 1, 1), ('{"a": NaN}', 1, 1), ('{"a": 1, "a": 2}', 1, 1), ("", 1, 1)],
)
def test_edited_arguments_that_are_no_object_are_refused_where_they_break(source: str, line: int, column: int) -> None:
    problem = arguments.check(source)
    assert problem is not None
    assert (problem.line, problem.column) == (line, column)


def test_edited_arguments_that_nest_too_deeply_are_refused() -> None:
    assert arguments.check("[" * 60_000) is not None


def test_sound_arguments_have_no_problem() -> None:
    assert arguments.check('{"a": {"b": [1.00, null]}}') is None


def test_a_diff_marks_its_lines_without_colour() -> None:
    assert diff.view("a\nb\nc", "a\nB\nc").plain == "line 1\n  a\n− b\n+ B\n  c"
    assert diff.size("a\nb", "a\nc\nd") == (2, 1)
    assert diff.view("a", "a").plain == "no difference"


def test_a_huge_diff_does_not_keep_the_screen_waiting() -> None:
    old, new = "x\n" * 50_000, "y\n" * 50_000
    assert diff.view(old, new).plain == "too long to compare line by line"


IN_FORCE = PolicyView("policy.yaml", 3, "h3", POLICY)


def test_a_clean_editor_takes_an_outside_edit() -> None:
    assert Draft.of(IN_FORCE).meet(PolicyView("policy.yaml", 4, "h4", POLICY + "# more"), POLICY) is Step.TAKE


def test_an_edited_one_asks_which_text_goes_on() -> None:
    assert Draft.of(IN_FORCE).meet(PolicyView("policy.yaml", 4, "h4", POLICY + "# more"), "mine") is Step.CHOOSE


def test_what_was_saved_here_comes_back_as_no_change() -> None:
    assert Draft.of(IN_FORCE).meet(PolicyView("policy.yaml", 4, "h4", "mine"), "mine") is Step.NOTHING


def test_a_rejected_text_is_what_one_begins_to_repair() -> None:
    rejected = PolicyView("policy.yaml", 3, "h3", POLICY, disk_text=BROKEN_POLICY)
    assert Draft.of(rejected) == Draft(BROKEN_POLICY, "")


def test_an_offered_text_waits_and_does_not_enter_the_editor() -> None:
    offered = PolicyView("policy.yaml", 3, "h3", POLICY, disk_text="other", offered=True)
    assert Draft.of(offered) == Draft(POLICY, "h3")


@pytest.mark.parametrize(
    ("path", "text", "language"), [("p.json", "", "json"), ("p.yaml", "a: 1", "yaml"), ("p", ' {"a": 1}', "json")]
)
def test_the_language_is_known_by_name_or_beginning(path: str, text: str, language: str) -> None:
    assert language_of(path, text) == language


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("", "·"),
        ("/tools/fetch/limits/pages", "limits/pages"),
        ("/servers/web/tools/fetch/action", "action"),
        ("/all_tools/limits/x", "all_tools/limits/x"),
        ("/tools/fe*/action", "fe*/action"),
        ("(default deny)", "(default deny)"),
    ],
)
def test_a_rule_is_shown_without_what_the_row_already_says(rule: str, shown: str) -> None:
    assert short_rule(rule, "web", "fetch") == shown


def test_arguments_are_briefly_their_values() -> None:
    assert brief_arguments('{"repo":"acme/api","n":5,"deep":{"a":[1,2]}}') == "acme/api  5  {[1  2]}"
    assert brief_arguments("{}") == "·"
    assert brief_arguments('{"a":"cut off in the mid') == "cut off in the mid"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figures.milliseconds(None), "·"),
        (figures.milliseconds(0.42), "0.4"),
        (figures.milliseconds(30_012), "30.0s"),
        (figures.countdown(24), "0:24"),
        (figures.countdown(3661), "1:01:01"),
        (figures.countdown(-5), "0:00"),
        (figures.elapsed(59.9), "1m"),
        (figures.number(60), "60"),
        (figures.number(88_000), "88k"),
        (figures.number(0.5), "0.50"),
        (figures.size_of(1_048_576), "1.0 MB"),
        (figures.plural(1, "call"), "1 call"),
        (figures.bar(0.5, 4), ("██", "  ")),
        (figures.columns([0, 4, 8], 1), [" ▄█"]),
        (figures.buckets([1, 2, 3, 4], 2), [1.5, 3.5]),
    ],
)
def test_figures_read_well(shown: object, expected: object) -> None:
    assert shown == expected


@given(st.floats(0, 1e15), st.floats(0, 1e30))
def test_figures_keep_their_cells(ms: float, value: float) -> None:
    assert len(figures.number(value)) <= 5
    if ms < 5e10:
        assert len(figures.milliseconds(ms)) <= 7


def test_now_is_a_time_of_day() -> None:
    assert len(figures.clock_time(NOW)) == 8


@pytest.mark.parametrize(
    ("frame", "body"),
    [
        ('{"jsonrpc":"2.0","id":22,"result":{"content":[]}}', '{"content":[]}'),
        ('{"jsonrpc": "2.0", "id": "a", "error": {"code": -32603}}', '{"code": -32603}'),
        ('{"id":1,"result":{}}', '{"id":1,"result":{}}'),
        ("not json", "not json"),
    ],
)
def test_an_answer_is_shown_without_its_envelope(frame: str, body: str) -> None:
    assert json_view.body_of(frame) == body


def test_arguments_with_line_separators_inside_a_string_stay_one_line_in_the_editor() -> None:
    source = json.dumps({"text": "a\u2028b\u2029c\x85d"}, ensure_ascii=False)
    shown = json_view.pretty(source)
    assert shown.splitlines() == ["{", '  "text": "a\\u2028b\\u2029c\\u0085d"', "}"]
    assert json.loads(shown) == json.loads(source)


def test_a_what_if_says_of_which_calls_it_is() -> None:
    assert flips.judged(WhatIfResult(1, 0)) == "1 call"
    assert flips.judged(WhatIfResult(2000, 0, newest_only=True)) == "the newest 2,000 calls"


@pytest.mark.parametrize(("ms", "said"), [(0.44, "0.4 ms"), (42, "42 ms"), (30_012, "30.0s"), (1_200_000, "20m")])
def test_a_duration_has_its_unit(ms: float, said: str) -> None:
    assert figures.duration(ms) == said
