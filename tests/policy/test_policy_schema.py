"""The JSON Schema agrees with the loader wherever a schema can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from inspector.policy.compiled import plain
from inspector.policy.load import read_source
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
