"""The demo lists what the real server lists: names, arguments, required ones and enums, in other words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from inspector.demo.server import WallTime, build_server
from inspector.demo.world import World

REAL = json.loads((Path(__file__).parent.parent / "data" / "tools" / "kestra_tools.json").read_text())["tools"]


def enums(schema: object) -> set[str]:
    """Every word that an argument is confined to, wherever in its schema that is said."""
    match schema:
        case {"enum": list(words)}:
            return set(words)
        case {"const": str(word)}:
            return {word}
        case {"anyOf": list(parts)}:
            return set().union(*(enums(part) for part in parts))
        case _:
            return set()


def types(schema: dict[str, Any]) -> set[str]:
    if "anyOf" in schema:
        return set().union(*(types(part) for part in schema["anyOf"])) - {"null"}
    return {schema["type"]} if "type" in schema else set()


def shape(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "arguments": {name: (types(part), enums(part)) for name, part in schema.get("properties", {}).items()},
        "required": set(schema.get("required", ())),
    }


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        async with Client(build_server(World(WallTime()))) as client:
            return {tool.name: tool for tool in (await client.list_tools()).tools}

    return anyio.run(ask)


def test_it_lists_the_real_names_and_no_others(listed: dict[str, Any]) -> None:
    assert set(listed) == {tool["name"] for tool in REAL}
    assert len(REAL) == 39


@pytest.mark.parametrize("real", REAL, ids=lambda tool: tool["name"])
def test_a_tool_takes_the_real_arguments(listed: dict[str, Any], real: dict[str, Any]) -> None:
    ours = listed[real["name"]]
    assert shape(ours.input_schema) == shape(real["inputSchema"])
    assert (ours.output_schema is not None) == ("outputSchema" in real)
    assert ours.annotations is None


def test_every_tool_is_described_in_our_own_words(listed: dict[str, Any]) -> None:
    for real in REAL:
        ours = listed[real["name"]].description
        assert len(ours) > 20
        theirs = " ".join(real["description"].split())
        words = ours.split()
        copied = [" ".join(words[at : at + 7]) for at in range(len(words) - 6)]
        assert not [run for run in copied if run in theirs], real["name"]
