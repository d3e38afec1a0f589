"""The JSON Schema agrees with the loader wherever a schema can."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from inspector.core.json import to_text
from inspector.policy.compiled import plain
from inspector.policy.load import check_text, load_object, read_source
from inspector.policy.scenario_file import Case, read_cases
from inspector.policy.schema import policy_schema

SAMPLES = sorted((Path(__file__).parents[2] / "sample_policies").iterdir())
CHECK = jsonschema_rs.Draft202012Validator(policy_schema())
HEAD: dict[str, Any] = {"version": "1", "default": "deny"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_the_samples_conform(sample: Path) -> None:
    root = read_source(sample.read_text(), str(sample)).root
    assert root is not None
    assert [error.message for error in CHECK.iter_errors(plain(root.value))] == []


@pytest.mark.parametrize(
    "document",
    [
        {"version": "1"},
        {**HEAD, "version": 1},
        {**HEAD, "default": "ask"},
        {**HEAD, "unknown": 1},
        {**HEAD, "hide": [" "]},
        {**HEAD, "tools": {"": {}}},
        {**HEAD, "tools": {"t": {"action": "block"}}},
        {**HEAD, "tools": {"t": {"rate_limit": None}}},
        {**HEAD, "tools": {"t": {"rate_limit": "0/minute"}}},
        {**HEAD, "tools": {"t": {"approval": {"timeout": 0}}}},
        {**HEAD, "tools": {"t": {"deny_if": [{"path": "args.a", "op": "eq"}]}}},
        {**HEAD, "tools": {"t": {"limits": [{"counter": "", "window": "day", "max": 1}]}}},
        {**HEAD, "tools": {"t": {"limits": [{"counter": "n", "window": "week", "max": 1}]}}},
    ],
    ids=str,
)
def test_what_the_loader_refuses_does_not_conform(document: dict[str, Any]) -> None:
    assert not CHECK.is_valid(document)


def test_x_keys_and_null_tools_conform() -> None:
    assert CHECK.is_valid({**HEAD, "x-a": 1, "tools": {"t": None, "u": {"x-b": {}}}})


# What only the loader can tell: whether a pattern or a schema compiles, counters that stand twice, 60.0 beside 60.
UNSAID = re.compile(
    r"not an RE2 pattern|not a usable JSON Schema|the counter|has a counter|number 60.0|50.0|1E\+2|^rate"
)
WORDS = [case for file in sorted((Path(__file__).parent / "words").glob("*.yaml")) for case in read_cases(file)]


def written(case: Case) -> str | None:
    """The native document of a case; None when it has none of its own."""
    document = case.fields.get("policy")
    if case.fields.get("format") == "intercept" or not (isinstance(document, dict) or "policy_text" in case.fields):
        return None
    return str(case.fields.get("policy_text") or to_text(document))


def test_an_editor_says_of_every_document_of_the_words_what_the_loader_says() -> None:
    compared = 0
    for case in WORDS:
        text = written(case)
        source = read_source(text) if text is not None else None
        if text is None or source is None or source.root is None or source.problems:
            continue
        policy, problems = check_text(text, dialect="native")
        conforms = CHECK.is_valid(plain(source.root.value))
        unsaid = policy is None and any(UNSAID.search(problem.message) for problem in problems)
        assert conforms == (policy is not None) or (conforms and unsaid), (case.id, problems)
        compared += 1
    assert compared > 400


def test_a_document_may_say_where_its_schema_is() -> None:
    document = {"$schema": "./policy.schema.json", **HEAD}
    assert CHECK.is_valid(document)
    assert load_object(document).warnings == ()
    assert not CHECK.is_valid({**document, "$schema": 1})
