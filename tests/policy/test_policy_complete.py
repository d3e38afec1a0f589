"""Completions from the models and from what real servers list."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from inspector.core.commands import Completions
from inspector.policy import document as doc
from inspector.policy.complete import OPERATORS, complete
from inspector.policy.load import check_text
from inspector.policy.model import Operator

ROOT = Path(__file__).parents[2]
HEAD = 'version: "1"\ndefault: deny\n'


def listed(name: str) -> dict[str, dict[str, object]]:
    return {tool["name"]: tool for tool in json.loads((ROOT / "tests/data/tools" / name).read_text())["tools"]}


LISTED = {"fs": listed("filesystem_tools.json"), "kestra": listed("kestra_tools.json")}


def at(text: str) -> Completions:
    """The cursor stands at the `¦`."""
    before = text.partition("¦")[0]
    line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    return complete(text.replace("¦", ""), line, column, listed=LISTED)  # type: ignore[arg-type]


def labels(text: str) -> list[str]:
    return [one.label for one in at(text).items]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("¦", "Document"),
        ("settings:\n  ¦", "Settings"),
        ("settings:\n  approval: {¦}", "SettingsApproval"),
        ("all_tools:\n  ¦", "AllTools"),
        ("tools:\n  x:\n    ¦", "Rules"),
        ("tools:\n  x:\n    limits:\n      - ¦", "Limit"),
        ("tools:\n  x:\n    rate_limit: {¦}", "RateLimit"),
        ("tools:\n  x:\n    approval:\n      ¦", "Approval"),
        ("servers:\n  s:\n    ¦", "Server"),
    ],
)
def test_every_key_of_a_part_is_offered_with_its_meaning(text: str, part: str) -> None:
    found = at(text).items
    assert {one.label for one in found} == set(getattr(doc, part).keys())
    assert all(one.help for one in found)


def test_the_keys_of_a_predicate_are_those_of_both_forms() -> None:
    assert {"path", "op", "value", "conditions", "name"} <= set(labels("tools:\n  x:\n    require:\n      - {¦}"))
    assert "timeout" in labels("tools:\n  x:\n    approve_if:\n      - {¦}")


def test_what_is_written_already_is_not_offered_again() -> None:
    assert labels("tools: {x: {require: [{path: args.a, op: eq, v¦}]}}") == ["value"]
    assert "version" not in labels(HEAD + "¦")


def test_operators_words_and_windows() -> None:
    assert set(labels("tools:\n  x:\n    require: [{path: args.a, op: ¦")) == {op.value for op in Operator}
    assert labels("default: ¦") == ["allow", "deny", "approve"]
    assert labels("tools:\n  x:\n    action: re¦") == ["require_approval"]
    assert labels("tools: {x: {limits: [{window: m¦") == ["minute"]
    assert labels("settings:\n  server_requests: ¦") == ["forward", "deny"]


def test_tool_names_come_from_the_servers() -> None:
    assert labels("tools:\n  read_t¦") == ["read_text_file"]
    assert "read_file" not in labels("servers:\n  kestra:\n    tools:\n      ¦")
    assert "delete_execution_logs" in labels("hide:\n  - del¦")
    assert labels("servers:\n  k¦") == ["kestra"]


def test_argument_paths_are_those_of_the_tool() -> None:
    assert "args.path" in labels("tools:\n  read_file:\n    require: [{path: ¦")
    assert "args.paths.*" in labels("tools:\n  read_multiple_files:\n    require:\n      - path: args.pa¦")
    assert "args.edits.*.newText" in labels("tools:\n  edit_file:\n    deny_if:\n      - path: new¦")
    assert "args.path" in labels('tools:\n  "read_*":\n    require: [{path: ¦')


def test_values_of_an_enum_come_from_the_schema() -> None:
    definition = LISTED["kestra"]["manage_flow"]
    enum = definition["inputSchema"]["properties"]["action"]["enum"]  # type: ignore[index]
    assert labels("tools:\n  manage_flow:\n    require: [{path: args.action, op: in, value: [¦") == enum


def test_json_completions_are_quoted() -> None:
    found = at('{"version": "1", "default": "deny", "tools": {"read_file": {"act¦"}}}').items
    assert [one.insert for one in found] == ['"action": ']
    assert at('{"tools": {"x": {"action": "de¦').items[0].insert == '"deny"'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tools:\n  x:\n    limits¦", "limits"),
        ("tools:\n  x:\n    limits: [{counter: a, max¦: 5", "max"),
        ("default: de¦ny", "default"),
        ("settings:\n  approval:\n    timeout: 5¦", "timeout"),
    ],
)
def test_the_field_at_the_cursor_is_explained(text: str, word: str) -> None:
    assert at(text).help.startswith(f"{word}: ")


def test_every_operator_is_explained() -> None:
    assert set(OPERATORS) == set(Operator)


@pytest.mark.parametrize("sample", sorted((ROOT / "sample_policies").iterdir()), ids=lambda path: path.name)
def test_every_key_of_a_sample_would_have_been_offered(sample: Path) -> None:
    """Cut the text off before a key, and that key is among the completions."""
    text = sample.read_text()
    assert check_text(text, path=str(sample))[0]
    checked = 0
    for match in re.finditer(
        r"^ *(?:- )?\{?(action|require|limits|deny_if|approve_if|rate_limit|reason|path|counter):", text, re.M
    ):
        cut = text[: match.start(1)] + "¦"
        assert match[1] in labels(cut), cut[-80:]
        checked += 1
    assert checked or sample.suffix == ".json" or "allow-all" in sample.name or "ask-for" in sample.name
