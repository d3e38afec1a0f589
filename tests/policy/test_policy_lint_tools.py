"""Advice on a policy that is compared with a tool list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzzing import fuzz
from hypothesis import strategies as st

from inspector.policy.definitions import definition_pin
from inspector.policy.lint_tools import lint_tools
from inspector.policy.load import load_file, load_object

ROOT = Path(__file__).parents[2]
KESTRA = json.loads((ROOT / "tests" / "data" / "tools" / "kestra_tools.json").read_text())["tools"]


def remarks(definitions: list[Any] = KESTRA, **top: Any) -> dict[str, str]:
    policy = load_object({"version": "1", "default": "deny", **top})
    return {problem.pointer: problem.message for problem in lint_tools(policy, definitions)}


def looks_at(path: str, schema: dict[str, Any], op: str = "eq", value: Any = "x") -> list[str]:
    rules = {"require": [{"path": path, "op": op, "value": value}]}
    return list(remarks([{"name": "t", "inputSchema": schema}], tools={"t": rules}).values())


@pytest.mark.parametrize(
    ("policy", "tools"),
    [
        ("kestra.yaml", "kestra"),
        ("kestra-locked-down.yaml", "kestra"),
        ("kestra-force-run.json", "kestra"),
        ("everything.yaml", "everything"),
        ("filesystem.yaml", "filesystem"),
    ],
)
def test_the_samples_fit_the_servers_that_they_are_for(policy: str, tools: str) -> None:
    listed = json.loads((ROOT / "tests" / "data" / "tools" / f"{tools}_tools.json").read_text())["tools"]
    assert lint_tools(load_file(ROOT / "sample_policies" / policy), listed) == ()


def test_a_name_that_no_tool_has_gets_the_nearest_within_two_edits() -> None:
    found = remarks(tools={"exceute_flow": {}, "banana": {}, "find_*": {}, "x_*": {}, "*": {}})
    assert found == {
        "/tools/exceute_flow": "no tool is called exceute_flow; did you mean execute_flow?",
        "/tools/banana": "no tool is called banana",
        "/tools/x_*": "no tool matches x_*",
    }


def test_what_hide_names_must_exist_too() -> None:
    found = remarks(hide=["delete_flow_log", "delete_*", "*"])
    assert found == {"/hide/0": "hide: no tool matches delete_flow_log; did you mean delete_flow_logs?"}


def test_the_sections_of_other_servers_are_left_alone() -> None:
    policy = load_object({"version": "1", "default": "deny", "servers": {"a": {"tools": {"no": {}}}}})
    assert len(lint_tools(policy, KESTRA, "a")) == 1
    assert lint_tools(policy, KESTRA, "b") == ()


def test_an_argument_that_the_schema_lacks_gets_the_nearest() -> None:
    found = remarks(tools={"execute_flow": {"deny_if": [{"path": "args.namspace", "op": "eq", "value": "x"}]}})
    assert found == {
        "/tools/execute_flow/deny_if/0/path": "args.namspace: the tool has no namspace here; did you mean namespace?"
    }


def test_a_condition_in_a_list_and_an_amount_are_looked_at_too() -> None:
    rules = {
        "approve_if": [{"conditions": [{"path": "args.nope", "op": "eq", "value": 1}]}],
        "limits": [{"counter": "n", "window": "day", "max": 1, "amount": "args.sum"}],
    }
    found = remarks(tools={"execute_flow": rules})
    assert set(found) == {
        "/tools/execute_flow/approve_if/0/conditions/0/path",
        "/tools/execute_flow/limits/0/amount",
    }


def test_a_glob_is_fine_when_one_of_its_tools_has_the_argument() -> None:
    rules = {"deny_if": [{"path": "args.user_prompt", "op": "eq", "value": "x"}]}
    assert remarks(tools={"generate_*": rules, "*": {"deny_if": [{"path": "args.zzz", "op": "eq", "value": 1}]}}) == {}


@pytest.mark.parametrize(
    ("path", "schema", "there"),
    [
        ("args.a.b", {"properties": {"a": {"properties": {"b": {}}}}}, True),
        ("args.a.c", {"properties": {"a": {"properties": {"b": {}}}}}, False),
        ("args.a.b", {"properties": {"a": {"type": "object"}}}, True),
        ("args.a.b", {"properties": {"a": {"type": "string"}}}, False),
        ("args.a.0", {"properties": {"a": {"items": {"type": "string"}}}}, True),
        ("args.a.*.b", {"properties": {"a": {"items": {"properties": {"b": {}}}}}}, True),
        ("args.a.*.c", {"properties": {"a": {"items": {"properties": {"b": {}}}}}}, False),
        ("args.*", {"properties": {"a": {}}}, True),
        ("args.a.b", {"properties": {"a": {"anyOf": [{"type": "null"}, {"properties": {"b": {}}}]}}}, True),
        ("args.a.c", {"properties": {"a": {"anyOf": [{"type": "null"}, {"properties": {"b": {}}}]}}}, False),
        ("args.a.b", {"properties": {"a": {"$ref": "#/$defs/a"}}}, True),
        ("args.a.b", {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"properties": {"b": {}}}}}, True),
        ("args.a.c", {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"properties": {"b": {}}}}}, False),
        ("args.a.c", {"properties": {"a": {"$ref": "#/properties/a"}}}, True),
        ("args.a.c", {"properties": {"a": {"anyOf": [{"$ref": "#/properties/a"}] * 1000}}}, True),
        ("args.d0.c", {"properties": {f"d{n}": {"$ref": f"#/properties/d{n + 1}"} for n in range(1000)}}, True),
        ("args.a.c", {"properties": {"a": {"$ref": "https://example.com/a"}}}, True),
        ("args.a.b.c", {"properties": {"a": {"properties": {}, "additionalProperties": {"type": "string"}}}}, False),
        ("args.a.b", {"properties": {"a": {"properties": {}, "additionalProperties": {"type": "string"}}}}, True),
        ("args.a.b", {"properties": {"a": {"properties": {}, "additionalProperties": True}}}, True),
        ("args.a.b", {"properties": {"a": {"properties": {}, "patternProperties": {"^b": {}}}}}, True),
        ("args.a", {}, True),
        ("args.a", {"type": "object", "properties": {}}, False),
    ],
)
def test_a_path_is_followed_through_the_schema(path: str, schema: dict[str, Any], there: bool) -> None:
    assert (looks_at(path, schema) == []) is there


@pytest.mark.parametrize(
    ("op", "value", "never"),
    [
        ("eq", "delete", []),
        ("eq", "delet", ['args.a is never "delet"; did you mean delete?']),
        ("in", ["get", "x-ray"], ['args.a is never "x-ray"']),
        ("not_in", ["get"], []),
        ("neq", 5, ["args.a is never 5"]),
        ("eq", None, []),
        ("contains", "anything", []),
    ],
)
def test_a_value_that_the_enum_lacks_is_impossible(op: str, value: Any, never: list[str]) -> None:
    enum = {"enum": ["get", "delete"], "type": "string"}
    assert looks_at("args.a", {"properties": {"a": enum}}, op, value) == never
    assert looks_at("args.a", {"properties": {"a": {"anyOf": [enum, {"type": "null"}]}}}, op, value) == never
    assert looks_at("args.a", {"properties": {"a": {"anyOf": [enum, {"type": "integer"}]}}}, op, value) == []


@pytest.mark.parametrize(
    ("op", "value", "kind", "never"),
    [
        ("gt", 5, {"type": "string"}, True),
        ("gt", 5, {"type": "integer"}, False),
        ("gt", 5, {"type": ["string", "null"]}, True),
        ("gt", 5, {"anyOf": [{"type": "string"}, {"type": "null"}]}, True),
        ("gt", 5, {"anyOf": [{"type": "string"}, {"type": "number"}]}, False),
        ("gt", 5, {}, False),
        ("gt", 5, {"type": "null"}, False),
        ("regex", "x", {"type": "array"}, True),
        ("contains", "x", {"type": "array"}, False),
        ("contains", "x", {"type": "boolean"}, True),
        ("exists", True, {"type": "boolean"}, False),
    ],
)
def test_an_operator_that_cannot_judge_the_arguments_type_is_told(op: str, value: Any, kind: Any, never: bool) -> None:
    found = looks_at("args.a", {"properties": {"a": kind}}, op, value)
    assert ["cannot judge: always a mismatch" in message for message in found] == [True] * never


def test_a_pin_of_another_definition_says_which_one_it_would_be() -> None:
    tool = KESTRA[0]
    good = {tool["name"]: {"pin": f"sha256:{definition_pin(tool)}"}}
    assert remarks(tools=good) == {}
    found = remarks(tools={tool["name"]: {"pin": "sha256:" + "0" * 64}})
    assert definition_pin(tool) in found[f"/tools/{tool['name']}/pin"]


def test_a_tool_whose_argument_destroys_must_be_looked_at() -> None:
    found = remarks(tools={"manage_executions": {"rate_limit": "10/minute"}})
    assert "can destroy (action: delete)" in found["/tools/manage_executions"]
    assert remarks(tools={"manage_executions": {"action": "approve"}}) == {}
    assert remarks(default="approve", tools={}) == {}


def test_a_tool_that_the_server_calls_destructive_must_be_looked_at() -> None:
    tool = {"name": "move_file", "annotations": {"destructiveHint": True}}
    assert list(remarks([tool], tools={"move_file": {}})) == ["/tools/move_file"]
    assert list(remarks([tool], default="allow")) == ["/default"]


def test_the_conditions_of_intercepts_rules_are_compared_with_the_schema_too() -> None:
    bound = {"path": "state.manage_executions.c", "op": "lte", "value": 5}
    look = {"path": "args.acton", "op": "eq", "value": "get"}
    rule = {"name": "a", "conditions": [bound, look], "state": {"counter": "c", "window": "day"}}
    policy = load_object({"version": "1", "default": "deny", "tools": {"manage_executions": {"rules": [rule]}}})
    (problem,) = lint_tools(policy, KESTRA)
    assert problem.pointer == "/tools/manage_executions/rules/0/conditions/1/path"
    assert "did you mean action?" in problem.message


KEYS = ["type", "enum", "const", "anyOf", "allOf", "items", "properties", "additionalProperties", "$ref", "action"]
TEXTS = ["string", "null", "#", "#/properties/action", "delete"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@fuzz(anything)
def test_whatever_a_server_calls_a_schema_is_looked_at_without_an_error(schema: Any) -> None:
    properties = {"action": schema, "type": {"type": schema}}
    tool = {"name": "t", "inputSchema": {"properties": properties, "$defs": schema}}
    conditions = [
        {"path": path, "op": op, "value": 1}
        for path in ("args.action", "args.type", "args.action.type.*", "args.*.items.0")
        for op in ("eq", "gt")
    ]
    rules = load_object({"version": "1", "default": "deny", "tools": {"t": {"deny_if": conditions}}})
    for definition in (tool, {"name": "t", "inputSchema": schema}):
        assert all(problem.message for problem in lint_tools(rules, [definition]))
