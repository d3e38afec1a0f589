"""Paths, patterns and schemas: what a document states in languages of their own."""

from __future__ import annotations

import pytest

from inspector.core.json import Json, Number
from inspector.policy.compiled import MalformedError, compile_pattern, compile_schema, parse_path
from inspector.policy.model import STAR


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("args.a", ("a",)),
        ("args.a.0.b", ("a", "0", "b")),
        ("args.*", (STAR,)),
        ("args.items.*.price", ("items", STAR, "price")),
        (r"args.a\.b", ("a.b",)),
        (r"args.\*", ("*",)),
        (r"args.a\*b", ("a*b",)),
        (r"args.\\", ("\\",)),
        (r"args.a\\.b", ("a\\", "b")),
        ("args. ", (" ",)),
        ("args.args", ("args",)),
    ],
)
def test_a_path_is_split_at_its_dots(text: str, segments: tuple[object, ...]) -> None:
    assert parse_path(text) == segments


@pytest.mark.parametrize(
    "text", ["", "a", "args", "args.", "args..a", "args.a.", "args.a..b", "args.a*", "args.**", r"args.\a", "args.a\\"]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_path(text)


def test_a_pattern_is_searched_for_not_matched_from_the_start() -> None:
    assert compile_pattern("b+")("aabb")
    assert not compile_pattern("^b+$")("aabb")


def test_a_pattern_has_at_most_a_thousand_characters() -> None:
    assert compile_pattern("a" * 1000)
    with pytest.raises(MalformedError, match="1001 characters"):
        compile_pattern("a" * 1001)


def test_a_bad_pattern_is_refused_silently(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MalformedError, match="missing"):
        compile_pattern("(")
    assert capfd.readouterr() == ("", "")


def test_a_pattern_that_would_backtrack_for_ever_answers() -> None:
    assert not compile_pattern("^(a|a)*$")("a" * 50_000 + "b")


def test_a_schema_names_what_does_not_conform() -> None:
    conforms = compile_schema({"properties": {"a": {"items": {"minimum": 3}}}, "required": ["a"]})
    assert conforms({"a": [3]}) is None
    assert str(conforms({"a": [4, 2]})).startswith("args.a.1: 2 is less than")
    assert "required" in str(conforms({}))


def test_a_schema_compares_numbers_exactly() -> None:
    conforms = compile_schema({"properties": {"a": {"maximum": Number("0.1")}}})
    assert conforms({"a": Number("0.10")}) is None
    assert conforms({"a": Number("0.10000000000000000000001")}) is not None
    assert compile_schema({"properties": {"a": {"multipleOf": Number("0.01")}}})({"a": Number("0.07")}) is None


def test_a_schema_is_2020_12_whatever_it_says() -> None:
    draft_7 = "http://json-schema.org/draft-07/schema#"
    conforms = compile_schema({"$schema": draft_7, "properties": {"a": {"prefixItems": [{"type": "null"}]}}})
    assert conforms({"a": [1]}) is not None


@pytest.mark.parametrize(
    "schema",
    [
        None,
        "object",
        [],
        {"type": "bogus"},
        {"$ref": "https://example.com/a.json"},
        {"$ref": "other.json"},
        {"$dynamicRef": "https://example.com/a.json#x"},
        {"anyOf": [{"$ref": "https://json-schema.org/draft/2020-12/schema"}]},
        {"$ref": "#/$defs/none"},
        {"pattern": r"(a)\1"},
    ],
)
def test_an_unusable_schema_is_refused_and_nothing_is_fetched(schema: object) -> None:
    with pytest.raises(MalformedError):
        compile_schema(schema)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"x": {"pattern": "a.{900}c"}}},
        {"$defs": {"t": {"anyOf": [{"pattern": "a.{900}c"}]}}},
        {"patternProperties": {"a.{900}c": {}}},
    ],
)
def test_a_schema_whose_patterns_have_too_many_states_checks_so_much_text(schema: Json) -> None:
    conforms = compile_schema(schema)
    assert conforms({"y": ["b" * 1_000]}) is None
    why = "more than 1107 bytes of text cannot be checked by its patterns"
    assert conforms({"y": ["b" * 800, {"k": "b" * 400}]}) == why
    assert conforms({"b" * 4_000: 1}) == why


def test_a_schema_whose_patterns_have_few_checks_any_text() -> None:
    conforms = compile_schema({"properties": {"x": {"pattern": "^[a-z]{1,500}"}, "pattern": {"type": "string"}}})
    assert conforms({"x": "b" * 1_000_000, "pattern": ""}) is None
