"""A text that is no YAML, or no JSON, is answered with what to do about it."""

from __future__ import annotations

import pytest

from inspector.policy.load import FileFormat, check_text

HEAD = 'version: "1"\ndefault: deny\n'


def told(text: str, file_format: FileFormat = "yaml") -> list[str]:
    policy, problems = check_text(text, file_format=file_format)
    assert policy is None
    return [f"{problem.line}:{problem.column} {problem.message}" for problem in problems]


@pytest.mark.parametrize(
    ("rest", "at", "says"),
    [
        ("tools:\n\ta: {}\n", "4:1", "a tab cannot indent: use spaces"),
        ("description: @a\n", "3:14", "a text cannot begin with @: put it in quotes"),
        ("description: a: b\n", "3:15", "a colon is not expected here"),
        ("tools\n  a: {}\n", "4:4", "a key without a colon: write key: value"),
        ("tools\n  a: {}\n", "3:1", "the key begins here"),
        ("tools:\n    a: {}\n  b: {}\n", "5:3", "the line is indented like nothing above it"),
        ("tools:\n  a: {}\n  - b\n", "5:3", "a list item among keys"),
        ("hide:\n  - a\n  b: 1\n", "5:3", "the line belongs to no item of the list above"),
        ("tools: {}}\n", "3:10", "nothing opened this }: remove it"),
        ('description: "a" b\n', "3:18", "something follows a value that has ended"),
        ("hide: [a, b\ntools: {}\n", "4:6", "a comma or a ] is missing in a list"),
        ("hide: [a, b\ntools: {}\n", "3:7", "the list begins here"),
        ("tools: {a: {} b: {}}\n", "3:15", "a comma or a } is missing in a map"),
        ("tools: {a: {},, b: {}}\n", "3:15", "a value is missing before this ,"),
        ('description: "abc\n', "4:1", "a quote is not closed"),
        ('description: "abc\n', "3:14", "the quote begins here"),
        ('description: "a\\qb"\n', "3:17", "\\q means nothing: write \\\\q, or use single quotes"),
        ('description: "a\\x1"\n', "3:18", "this escape takes 2 hexadecimal digits"),
        ("hide: [*]\n", "3:9", "put a name or glob that begins with * in quotes"),
        ("hide: [& a]\n", "3:9", "put the text in quotes"),
        ("hide: [!<a b]\n", "3:11", "put the text in quotes"),
        ("description: |x\n  a\n", "3:15", "begin the text on the next line"),
        ("hide: - a\n", "3:7", "a list item begins on a line of its own"),
    ],
)
def test_what_is_no_yaml_is_told_with_the_way_out(rest: str, at: str, says: str) -> None:
    assert any(line.startswith(f"{at} ") and says in line for line in told(HEAD + rest))


def test_a_stray_word_above_the_document_is_told_of() -> None:
    (line,) = told("G# mine\n# more\n" + HEAD)
    assert line.startswith("3:1 this cannot follow what stands above")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"version": "1", // mine\n}', "JSON has no comments"),
        ("{\"version\": '1'}", "texts are in double quotes"),
        ('{"version": 01}', "a number has no 0 in front"),
        ('{"version": "\\q"}', "a text ends on its own line; within it \\ is written \\\\"),
    ],
)
def test_what_is_no_json_is_told_with_the_way_out(text: str, says: str) -> None:
    (line,) = told(text, "json")
    assert says in line


def test_a_missing_comma_in_json_is_not_taken_for_a_bad_text() -> None:
    (line,) = told('{"version":"1" "default":"deny"}', "json")
    assert line.endswith('expected `,` or the end of what is open, found `"default":"d`')
