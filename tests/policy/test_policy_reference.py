"""docs/policy.md lists every field, operator and default that the code has, and nothing else; its examples load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from inspector.policy import document as doc
from inspector.policy.hosted import not_hosted
from inspector.policy.load import load_object, load_text
from inspector.policy.model import Operator
from inspector.policy.part import Part

TEXT = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
PARTS = ["Document", "Rules", "AllTools", "Server", "Predicate", "BareCondition", "Condition", "AskingPredicate"]
PARTS += ["Limit", "RateLimit", "Approval", "Settings", "SettingsApproval"]


def table(marker: str) -> list[list[str]]:
    """The rows of the table after a marker, as cells."""
    after = TEXT.split(f"<!-- {marker} -->\n\n", 1)[1].split("\n\n", 1)[0]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in after.splitlines()[2:]]


def named(cell: str) -> tuple[str, bool]:
    found = re.fullmatch(r" `([^`]+)`(†?) ", cell)
    assert found is not None, cell
    return found[1], bool(found[2])


@pytest.mark.parametrize("part", PARTS)
def test_the_table_of_a_part_has_its_fields_and_daggers(part: str) -> None:
    model: type[Part] = getattr(doc, part)
    documented = dict(named(row[0]) for row in table(f"fields of {part}"))
    assert documented == {key: doc.is_ours(model, key) for key in model.keys()}  # noqa: SIM118 - no mapping


def test_a_value_with_a_dagger_is_one_that_the_hosted_check_lists() -> None:
    limit = {"counter": "n", "window": "day", "max": 1}
    head = {"version": "1", "default": "deny"}
    found = set[tuple[str, str]]()
    for part in ("Document", "Limit"):
        for row in table(f"fields of {part}"):
            for word in re.findall(r"`(\w+)`†", row[1]):
                key = named(row[0])[0]
                found.add((key, word))
                limits = [{**limit, **({key: word} if part == "Limit" else {})}]
                written = {**head, **({key: word} if part == "Document" else {}), "tools": {"t": {"limits": limits}}}
                (problem,) = not_hosted(load_object(written))
                assert problem.pointer.endswith(f"/{key}")
    scopes = {("scope", word) for word in ("session", "client", "server", "global")}
    assert found == {("default", "approve"), ("window", "in_flight"), *scopes}


@pytest.mark.parametrize("part", PARTS)
def test_the_table_of_a_part_tells_what_is_required(part: str) -> None:
    model: type[Part] = getattr(doc, part)
    required = {info.alias or name for name, info in model.model_fields.items() if info.is_required()}
    assert {named(row[0])[0] for row in table(f"fields of {part}") if row[2] == " required "} == required


@pytest.mark.parametrize("part", PARTS)
def test_a_default_that_is_a_word_or_a_number_is_the_models(part: str) -> None:
    model: type[Part] = getattr(doc, part)
    defaults = {info.alias or name: info.default for name, info in model.model_fields.items()}
    for row in table(f"fields of {part}"):
        key, told = named(row[0])[0], row[2].strip().strip("`")
        if isinstance(defaults[key], str):
            assert told == defaults[key]
        elif isinstance(defaults[key], list | dict):
            assert told == ("[]" if isinstance(defaults[key], list) else "{}")


def test_every_operator_is_explained() -> None:
    documented = dict(named(row[0]) for row in table("operators"))
    assert documented == {str(op): op in (Operator.PATH_WITHIN, Operator.HOST_IN) for op in Operator}


@pytest.mark.parametrize("part", [p for p in vars(doc).values() if isinstance(p, type) and issubclass(p, Part)])
def test_every_part_of_a_document_has_a_table(part: type[Part]) -> None:
    covered = {key for name in PARTS for key in getattr(doc, name).keys()}  # noqa: SIM118
    assert set(part.keys()) <= covered


def examples() -> list[Any]:
    return [YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]


@pytest.mark.parametrize("example", [e for e in examples() if isinstance(e, dict)], ids=lambda e: next(iter(e)))
def test_an_example_of_the_reference_loads(example: dict[str, Any]) -> None:
    head = {"version": "1", "default": "deny"}
    if "version" in example:
        assert load_object(example)
    elif "servers" in example:
        assert load_object({**head, **example})
    else:
        assert load_object({**head, "tools": example})


def test_the_links_within_the_page_lead_somewhere() -> None:
    titles = {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= titles


def test_what_the_file_section_says_of_numbers_is_so() -> None:
    text = "version: '1'\ndefault: deny\ntools: {t: {require: [{path: args.a, op: in, value: [0o17, 017, no]}]}}\n"
    assert load_text(text).top.exact["t"].require[0].conditions[0].value == [15, 17, "no"]
