"""Where a problem is said to be, what is read as JSON or YAML, and what a policy file may be."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from inspector.core.errors import PolicyError
from inspector.core.json import Number
from inspector.core.problems import Problem, Severity
from inspector.policy.load import MAX_BYTES, check_text, load_file, load_object, load_text

MINIMAL = 'version: "1"\ndefault: deny\n'
DATA = Path(__file__).parents[1] / "data"


def problems(text: str | bytes, **options: object) -> list[Problem]:
    policy, found = check_text(text, **options)  # type: ignore[arg-type]
    assert policy is None
    return list(found)


def only(text: str | bytes) -> tuple[str, int, int]:
    (problem,) = problems(text)
    return problem.pointer, problem.line, problem.column


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{MINIMAL}toolz: {{}}\n", ("/toolz", 3, 1), id="an unknown key: the key"),
        pytest.param('version: "1"\ndefault: block\n', ("/default", 2, 10), id="a value on its key's line"),
        pytest.param('version: "1"\ndefault:\n  block\n', ("/default", 3, 3), id="a value on another line"),
        pytest.param('version: "1"\ndefault:\ndescription: x\n', ("/default", 2, 1), id="an empty value: the key"),
        pytest.param('# c\n\nversion: "1"\n', ("/default", 3, 1), id="a missing field of the root"),
        pytest.param(
            f"{MINIMAL}tools:\n  t:\n    approval:\n      x: 1\n", ("/tools/t/approval/x", 6, 7), id="a key far down"
        ),
        pytest.param(
            f"{MINIMAL}tools:\n  t:\n    limits:\n      - counter: n\n        window: day\n",
            ("/tools/t/limits/0/max", 6, 9),
            id="a missing field of a list's item",
        ),
        pytest.param(f"{MINIMAL}hide:\n  - a\n  - 5\n", ("/hide/1", 5, 5), id="an item"),
        pytest.param(f'{MINIMAL}tools:\n  a: {{}}\n  "": {{}}\n', ("/tools/", 5, 3), id="a blank name: the key"),
        pytest.param('{"version": "1",\n "default":\n  "no"}', ("/default", 3, 3), id="JSON"),
        pytest.param('{"version": "1",\r\n "default": "no"}', ("/default", 2, 13), id="JSON with CRLF"),
        pytest.param('{"version": "1",\n\t"default": "no"}', ("/default", 2, 13), id="JSON with tabs"),
    ],
)
def test_a_problem_names_line_and_column(text: str, expected: tuple[str, int, int]) -> None:
    assert only(text) == expected


def test_names_that_look_like_our_own_marks_keep_their_pointer() -> None:
    text = f'{MINIMAL}tools: {{"[key]": {{"[key]": 1, require: [{{"<condition>": 1}}]}}}}\n'
    assert {p.pointer for p in problems(text)} == {
        "/tools/[key]/[key]",
        "/tools/[key]/require/0/<condition>",
        "/tools/[key]/require/0/conditions",
    }


def test_a_missing_field_of_a_key_names_that_key() -> None:
    text = f"{MINIMAL}tools:\n  t:\n    rate_limit:\n      max: 1\n"
    found = {(p.pointer, p.line) for p in problems(text)}
    assert found == {("/tools/t/rate_limit/window", 5), ("/tools/t/rate_limit", 5)}


def test_what_is_wrong_inside_a_value_list_is_reported_at_the_value() -> None:
    text = f"{MINIMAL}tools:\n  t:\n    require:\n      - {{path: args.p, op: path_within, value: [/a, b]}}\n"
    assert only(text)[:2] == ("/tools/t/require/0/value", 6)


def test_the_span_of_a_wrong_word_ends_where_the_word_ends() -> None:
    (problem,) = problems('version: "1"\ndefault: block\n')
    assert (problem.column, problem.end_column) == (10, 15)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param('version: "1"\ndefault: deny\ndefault: allow\n', 3, id="duplicate key in YAML"),
        pytest.param('{"version": "1",\n"default": "deny",\n"default": "allow"}', 3, id="duplicate key in JSON"),
        pytest.param('{"version": "1",\n"default": "deny", "x-a": {"b": 1,\n"b": 1}}', 3, id="duplicate under x-"),
        pytest.param('version: "1"\ndefault: &d deny\n', 2, id="anchor"),
        pytest.param('version: "1"\ndefault: deny\ntools: &t\n  a: {}\n', 3, id="anchor on a map"),
        pytest.param('version: "1"\ndefault: deny\ntools:\n  a: *b\n', 4, id="alias"),
        pytest.param('version: "1"\ndefault: deny\ntools:\n  *: {}\n', 4, id="unquoted star"),
        pytest.param('version: "1"\ndefault: !!str deny\n', 2, id="tag"),
        pytest.param('version: "1"\ndefault: ! deny\n', 2, id="bare tag"),
        pytest.param('version: "1"\ndefault: deny\ntools: !x {}\n', 3, id="tag on a map"),
        pytest.param('version: "1"\ndefault: deny\ntools:\n  <<: {}\n', 4, id="merge key"),
        pytest.param('version: "1"\ndefault: deny\nx-a:\n  - .inf\n', 4, id="infinity"),
        pytest.param('version: "1"\ndefault: deny\nx-a: .NaN\n', 3, id="not a number"),
        pytest.param('{"version": "1", "default": "deny",\n "x-a": NaN}', 2, id="NaN in JSON"),
        pytest.param('{"version": "1", "default": "deny",\n "x-a": -Infinity}', 2, id="Infinity in JSON"),
        pytest.param('version: "1"\ndefault: deny\ntools:\n  1: {}\n', 4, id="a key that is a number"),
        pytest.param('version: "1"\ndefault: deny\ntools:\n  null: {}\n', 4, id="a key that is null"),
        pytest.param('version: "1"\ndefault: deny\ntools:\n  true: {}\n', 4, id="a key that is true"),
        pytest.param('version: "1"\ndefault: deny\ntools:\n  ? [a]\n  : {}\n', 4, id="a key that is a list"),
        pytest.param('version: "1"\ndefault: deny\n---\nversion: "1"\n', 3, id="two documents"),
        pytest.param('%YAML 1.1\n---\nversion: "1"\ndefault: deny\n', 2, id="another version of YAML"),
        pytest.param('version: "1"\ndefault: deny\n  tools: {}\n', 3, id="indentation"),
        pytest.param('version: "1"\ndefault: [deny\n', 3, id="an open bracket"),
        pytest.param('{"version": "1",\n"default": "deny"', 2, id="an open brace"),
        pytest.param('version: "1"\ndefault: "\\U00110000"\n', 2, id="a character beyond Unicode"),
        pytest.param('version: "1"\ndefault: de\x01ny\n', 2, id="a control character"),
        pytest.param('version: "1"\ndefault: "\\ud800"\n', 2, id="half a surrogate pair in YAML"),
        pytest.param('{"version": "1",\n"default": "\\ud800"}', 2, id="half a surrogate pair in JSON"),
        pytest.param(b'version: "1"\ndefault: \xff\n', 2, id="not UTF-8"),
        pytest.param("", 1, id="empty"),
        pytest.param("# only a comment\n", 1, id="only a comment"),
        pytest.param("[]", 1, id="a list"),
        pytest.param("null", 1, id="null"),
    ],
)
def test_the_file_rules_refuse_with_the_line(text: str | bytes, line: int) -> None:
    assert line in [problem.line for problem in problems(text)]


def test_what_is_left_open_is_named_where_it_began_and_where_it_was_missed() -> None:
    assert [p.line for p in problems('version: "1"\ndefault: "deny\ntools: {}\n')] == [2, 4]
    assert [p.line for p in problems('version: "1"\nhide: [a,\n  b\ndefault: deny\n')] == [2, 4]


def test_a_broken_rule_of_the_file_hides_no_other_problem() -> None:
    text = 'version: "1"\ndefault: &d block\nversion: "1"\ntoolz: {}\nhide: *d\n'
    assert [(p.pointer, p.line) for p in problems(text)] == [
        ("/default", 2),
        ("/version", 3),
        ("/toolz", 4),
        ("/hide", 5),
    ]


def nested(levels: int) -> str:
    """A document whose deepest list is at `levels`, the root counted."""
    return json.dumps({"version": "1", "default": "deny", "x-a": 0}).replace(
        "0", "[" * (levels - 1) + "]" * (levels - 1)
    )


def test_thirty_two_levels_load_and_one_more_does_not() -> None:
    assert load_text(nested(32))
    assert load_text(nested(32), file_format="yaml")
    assert "nested deeper" in problems(nested(33))[0].message
    assert "nested deeper" in problems(nested(33), file_format="yaml")[0].message


def test_yaml_is_read_by_the_core_schema_of_1_2() -> None:
    policy = load_text(
        f"{MINIMAL}tools:\n  no: {{}}\n  on: {{}}\n  2001-01-01: {{}}\n  0o7_: {{}}\n  1_000: {{}}\n  =: {{}}\n"
    )
    assert set(policy.top.exact) == {"no", "on", "2001-01-01", "0o7_", "1_000", "="}


@pytest.mark.parametrize(
    ("spelled", "value"),
    [
        *[("010", 10), ("0o17", 15), ("0x1F", 31), ("+5", 5), ("-0", Number("-0")), ("1.50", Number("1.50"))],
        *[(".5", Number("0.5")), ("5.", Number("5")), ("1e3", Number("1e3")), ("+.5E-2", Number("0.5e-2"))],
        *[("12345678901234567890", Number("12345678901234567890")), ("True", True), ("~", None), ("yes", "yes")],
    ],
)
def test_plain_scalars_keep_their_exact_value(spelled: str, value: object) -> None:
    text = f"{MINIMAL}tools: {{t: {{require: [{{path: args.a, op: eq, value: {spelled}}}]}}}}\n"
    found = load_text(text).top.exact["t"].require[0].conditions[0].value
    assert (found, type(found)) == (value, type(value))
    assert str(getattr(found, "text", "")) == str(getattr(value, "text", ""))


def test_json_that_yaml_readers_trip_over_loads() -> None:
    key = "k" * 2000
    text = '{"version":"1","default":"deny",\t"tools":{"a\\/b":{},"\\ud83d\\ude00":{},"KEY":{}, "\x7f":{}}}'.replace(
        "KEY", key
    )
    assert set(load_text(text).top.exact) == {"a/b", "\U0001f600", key, "\x7f"}


def test_flow_style_yaml_that_is_no_json_loads_as_yaml() -> None:
    assert load_text('{version: "1", default: deny, }').top.default == "deny"


def test_a_file_named_json_must_be_json() -> None:
    assert "not JSON" in problems('{version: "1", default: deny}', path="policy.json")[0].message


def test_a_byte_order_mark_is_no_part_of_the_document() -> None:
    assert load_text("\ufeff" + MINIMAL)
    assert load_text('\ufeff{"version": "1", "default": "deny"}')


def test_the_hash_is_of_the_text_and_the_object_keeps_exact_numbers() -> None:
    assert load_text(MINIMAL).hash == load_text(MINIMAL.encode()).hash != load_text(MINIMAL + "\n").hash
    limit = {"counter": "n", "window": "day", "max": Number("0.10000000000000000000001")}
    policy = load_object({"version": "1", "default": "deny", "tools": {"t": {"limits": [limit]}}})
    assert str(policy.top.exact["t"].limits[0].max) == "0.10000000000000000000001"


def test_an_object_that_is_nested_without_end_is_refused_like_any_other() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(PolicyError, match="nested deeper"):
        load_object({"version": "1", "default": "deny", "x-a": deep})  # type: ignore[dict-item]


def test_an_object_may_hold_plain_decimals_but_no_infinity() -> None:
    limit = {"counter": "n", "window": "day", "max": Decimal("1E+3")}
    policy = load_object({"version": "1", "default": "deny", "tools": {"t": {"limits": [limit]}}})  # type: ignore[dict-item]
    assert policy.top.exact["t"].limits[0].max == 1000
    with pytest.raises(PolicyError, match="no finite number"):
        load_object({"version": "1", "default": "deny", "x-a": float("inf")})  # type: ignore[dict-item]


def test_a_document_over_a_mebibyte_is_refused() -> None:
    assert load_text(MINIMAL + "#" * (MAX_BYTES - len(MINIMAL)))
    assert "1 MiB" in problems(MINIMAL + "#" * (MAX_BYTES - len(MINIMAL) + 1))[0].message


def test_a_file_loads_with_its_path(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(MINIMAL)
    policy = load_file(file)
    assert (policy.path, policy.warnings) == (str(file), ())


def test_a_world_writable_file_loads_with_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(MINIMAL)
    file.chmod(0o666)
    (warning,) = load_file(file).warnings
    assert warning.severity is Severity.WARNING


def test_a_fifo_a_folder_and_an_absent_file_are_refused_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(PolicyError, match="no regular file"):
        load_file(fifo)
    with pytest.raises(PolicyError, match="no regular file"):
        load_file(tmp_path)
    with pytest.raises(PolicyError, match=r"absent\.yaml cannot be read"):
        load_file(tmp_path / "absent.yaml")


def test_the_error_names_file_line_and_how_many_more(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text('version: "1"\ndefault: dney\nhied: []\n')
    with pytest.raises(PolicyError) as refused:
        load_file(file)
    assert str(refused.value).startswith(f"{file}:2:10: expected allow, deny or approve")
    assert str(refused.value).endswith("(and 1 more)")


def expectations() -> list[tuple[str, dict[str, object]]]:
    lines = (DATA / "policy_cases_sample.jsonl").read_text().splitlines()
    lines += (DATA / "intercept_cases_sample.jsonl").read_text().splitlines()
    cases = [json.loads(line, parse_float=Number) for line in lines]
    return [(case["id"], case) for case in cases if case.get("policy") is not None or "policy_text" in case]


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in expectations()])
def test_the_documents_of_the_sample_cases_load_or_are_refused_as_expected(case: dict[str, object]) -> None:
    text = case["policy_text"] if "policy_text" in case else json.dumps(case["policy"], default=str)
    dialect = "intercept" if case["format"] == "intercept" else "native"
    policy, found = check_text(text, dialect=dialect)  # type: ignore[arg-type]
    expected = case.get("expect_load", {"ok": True})
    assert isinstance(expected, dict)
    assert (policy is not None) == expected["ok"]
    if "at" in expected:
        assert expected["at"] in [problem.pointer for problem in found]
    if expected.get("line") is not None:
        assert expected["line"] in [problem.line for problem in found]


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("rate_limit: 10/min", "10/minute"),
        ("rate_limit: 10/hours", "10/hour"),
        ("limits: [{counter: n, max: 1, window: min}]", "minute"),
        ("limits: [{counter: n, max: 1, window: Days}]", "day"),
    ],
)
def test_a_window_that_is_nearly_one_is_guessed(field: str, meant: str) -> None:
    _, problems = check_text(f"version: '1'\ndefault: deny\ntools: {{t: {{{field}}}}}\n")
    assert f"; did you mean {meant}?" in problems[0].message


@pytest.mark.parametrize("refused", ["tools: &a\n  t: {acton: deny}\n", "tools:\n  t: {acton: deny}\ntools: {}\n"])
def test_what_is_wrong_inside_of_what_the_reader_refuses_is_told_as_well(refused: str) -> None:
    _, problems = check_text(f"version: '1'\ndefault: deny\n{refused}")
    assert [problem.pointer for problem in problems if "acton" in problem.message] == ["/tools/t/acton"]
    assert len(problems) == 2


def test_what_is_wrong_before_a_second_document_is_told_as_well() -> None:
    _, problems = check_text("version: '1'\ndefault: dney\n---\nx: 1\n")
    assert [(problem.line, problem.pointer) for problem in problems] == [(2, "/default"), (3, "")]
