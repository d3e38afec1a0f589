"""Every field, in every part of the document that has it, and every word that it may hold, is used by a scenario of
`words/` whose policy loads and is then called: a field without a test cannot be added."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from inspector.core.json import Json, JsonObject, to_text
from inspector.policy import document as doc
from inspector.policy.load import check_text, raw_document
from inspector.policy.part import Part
from inspector.policy.scenario_file import read_cases
from inspector.policy.schema import policy_schema

WORDS = sorted((Path(__file__).parent / "words").glob("*.yaml"))
PARTS = [
    name
    for name, part in vars(doc).items()
    if isinstance(part, type) and issubclass(part, Part) and not name.startswith("_") and part is not Part
]
BELOW = {
    "all_tools": "AllTools",
    "settings": "Settings",
    "rate_limit": "RateLimit",
    "tools": "Rules",
    "servers": "Server",
    "limits": "Limit",
    "conditions": "Condition",
}
Use: TypeAlias = tuple[str, str, Any]


def uses(part: str, written: Json) -> Iterator[Use]:
    """Which fields and plain values an object of a policy uses: (part, field, None) and (part, field, value)."""
    for key, value in written.items() if isinstance(written, dict) else ():
        yield part, key, None
        if isinstance(value, str | bool):
            yield part, key, value
        match value:
            case dict() if key == "approval":
                yield from uses("SettingsApproval" if part == "Settings" else "Approval", value)
            case list() if key in ("require", "deny_if", "approve_if"):
                for one in value:
                    yield from uses(_predicate(key, one), one)
            case dict() if key in ("tools", "servers"):
                for one in value.values():
                    yield from uses(BELOW[key], one)
            case list() if key in BELOW:
                for one in value:
                    yield from uses(BELOW[key], one)
            case dict() if key in BELOW:
                yield from uses(BELOW[key], value)


def _predicate(field: str, written: Json) -> str:
    listed = isinstance(written, dict) and "conditions" in written
    if field == "approve_if":
        return "AskingPredicate" if listed else "AskingCondition"
    return "Predicate" if listed else "BareCondition"


@cache
def used() -> frozenset[Use]:
    found = set[Use]()
    for case in (case for file in WORDS for case in read_cases(file) if case.steps):
        for fields in (case.fields, *case.steps):
            policy, _ = (
                check_text(_text(fields), dialect="native") if case.fields.get("format") != "intercept" else (None, ())
            )
            if policy is not None:
                found |= set(uses("Document", raw_document(policy)))
    return frozenset(found)


def _text(fields: JsonObject) -> str:
    policy = fields.get("policy")
    return str(fields.get("policy_text") or (to_text(policy) if isinstance(policy, dict) else ""))


@pytest.mark.parametrize("part", PARTS)
def test_every_field_of_a_part_is_used_by_a_scenario(part: str) -> None:
    model: type[Part] = getattr(doc, part)
    assert [key for key in model.keys() if (part, key, None) not in used()] == []  # noqa: SIM118 - no mapping


def words_of(part: str) -> Iterator[tuple[str, Any]]:
    """The words that a part's fields may hold, operators among them, from the JSON Schema."""
    schema = policy_schema()
    definitions = schema["$defs"]
    own = schema if part == "Document" else definitions[part]
    for branch in own.get("anyOf", [own]):
        for key, field in branch.get("properties", {}).items():
            named = definitions[field["$ref"].rpartition("/")[2]] if "$ref" in field else field
            for option in named.get("anyOf", [named]):
                yield from ((key, word) for word in option.get("enum", []))


@pytest.mark.parametrize("part", PARTS)
def test_every_word_of_a_field_is_used_by_a_scenario(part: str) -> None:
    assert [(key, word) for key, word in words_of(part) if (part, key, word) not in used()] == []


def test_the_words_are_found_at_all() -> None:
    assert ("op", "host_in") in set(words_of("AskingCondition"))
    assert ("window", "in_flight") in set(words_of("RateLimit"))
    assert len(PARTS) == 14
