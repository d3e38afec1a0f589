"""The guess at what a tool can do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.core.json import JsonObject
from inspector.core.risk import Risk, powers, risk_of

KESTRA = json.loads((Path(__file__).parents[1] / "data" / "tools" / "kestra_tools.json").read_text())["tools"]


@pytest.mark.parametrize(
    ("name", "risk"),
    [
        ("list_flows", Risk.READ),
        ("getRunLogs", Risk.READ),
        ("get_or_delete", Risk.DESTRUCTIVE),
        ("create_flow", Risk.WRITE),
        ("force_run_execution", Risk.EXECUTE),
        ("deleteNamespace", Risk.DESTRUCTIVE),
        ("create_refund", Risk.FINANCIAL),
        ("convert_time", Risk.OTHER),
        ("", Risk.OTHER),
    ],
)
def test_a_name_is_judged_by_its_worst_word(name: str, risk: Risk) -> None:
    assert risk_of(name) is risk


def test_an_annotation_may_raise_the_guess_but_not_lower_it() -> None:
    assert risk_of("move_file", {"annotations": {"destructiveHint": True}}) is Risk.DESTRUCTIVE
    assert risk_of("delete_file", {"annotations": {"readOnlyHint": True}}) is Risk.DESTRUCTIVE
    assert risk_of("read_file", {"annotations": {"readOnlyHint": True}}) is Risk.READ
    assert risk_of("read_file", {"annotations": {"readOnlyHint": False}}) is Risk.OTHER


def test_a_tool_whose_power_sits_in_an_argument_is_judged_by_its_worst_value() -> None:
    tool = next(tool for tool in KESTRA if tool["name"] == "manage_executions")
    assert risk_of("manage_executions", tool) is Risk.DESTRUCTIVE
    assert ("action", "delete", Risk.DESTRUCTIVE) in list(powers(tool))
    assert ("action", "get", Risk.READ) in list(powers(tool))


@pytest.mark.parametrize(
    "definition", [{}, {"inputSchema": 5}, {"inputSchema": {"properties": {"action": {"enum": 5}}}}]
)
def test_odd_definitions_do_no_harm(definition: dict[str, object]) -> None:
    assert risk_of("x", definition) is Risk.OTHER  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "field",
    [
        {"enum": ["get", "delete"]},
        {"anyOf": [{"enum": ["get", "delete"]}, {"type": "null"}]},
        {"oneOf": [{"const": "get"}, {"const": "delete"}]},
        {"$ref": "#/$defs/Action"},
        {"anyOf": [{"$ref": "#/$defs/Action"}, {"type": "null"}]},
    ],
)
def test_the_values_of_an_argument_are_found_however_the_schema_writes_them(field: JsonObject) -> None:
    loop: JsonObject = {"anyOf": [{"$ref": "#/$defs/Loop"} for _ in range(1000)]}
    schema: JsonObject = {"properties": {"action": field, "mode": loop}}
    schema["$defs"] = {"Action": {"enum": ["get", "delete"]}, "Loop": loop}
    tool: JsonObject = {"name": "manage", "inputSchema": schema}
    assert list(powers(tool)) == [("action", "get", Risk.READ), ("action", "delete", Risk.DESTRUCTIVE)]


def test_a_chain_of_a_thousand_references_is_not_followed_to_its_end() -> None:
    chain: JsonObject = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(1000)}
    schema: JsonObject = {"properties": {"action": {"$ref": "#/$defs/d0"}}, "$defs": chain}
    assert list(powers({"name": "manage", "inputSchema": schema})) == []
