"""What client and server offer each other, whatever shape it is said in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspector.wire.capabilities import MOST, asked_of_client, client_capabilities, introduction, log_level, offered
from inspector.wire.jsonrpc import Frame, parse_client, parse_upstream


def answer(result: Any) -> Frame:
    frame = parse_upstream(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())
    assert isinstance(frame, Frame)
    return frame


def asked(method: str, params: Any) -> Frame:
    frame = parse_client(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())
    assert isinstance(frame, Frame)
    return frame


def test_capabilities_are_named_with_the_flags_that_are_set() -> None:
    said = {"tools": {"listChanged": True, "x": False}, "logging": {}, "prompts": None, "tasks": {"list": {}}}
    assert offered(said) == ("logging", "tasks", "tasks.list", "tools", "tools.listChanged")


@pytest.mark.parametrize("said", [None, [], "tools", 1, {"a": False}])
def test_capabilities_of_another_shape_are_none(said: Any) -> None:
    assert offered(said) == ()


def test_names_without_end_are_bounded() -> None:
    names = offered({f"{'x' * 200}{number}": {"y" * 200: True} for number in range(1000)})
    assert len(names) == MOST
    assert max(map(len, names)) == 64


def test_a_server_of_either_era_introduces_itself() -> None:
    info = {"name": "tiny", "version": "1"}
    legacy = introduction(answer({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info}))
    meta = {"io.modelcontextprotocol/serverInfo": info}
    modern = introduction(answer({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "_meta": meta}))
    assert (legacy.protocol, legacy.name, legacy.version, legacy.capabilities) == (
        "2025-11-25",
        "tiny",
        "1",
        ("tools",),
    )
    assert (modern.protocol, modern.name, modern.version, modern.capabilities) == ("", "tiny", "1", ("tools",))
    assert introduction(answer({"tools": []})) is None


def test_a_client_offers_in_its_handshake_or_with_each_modern_request() -> None:
    assert client_capabilities(asked("initialize", {"capabilities": {"sampling": {}}})) == ("sampling",)
    meta = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}
    assert client_capabilities(asked("tools/call", {"_meta": meta})) == ("elicitation",)
    assert client_capabilities(asked("tools/call", {})) == ()


def test_a_server_that_needs_input_uses_its_client() -> None:
    requests = {"a": {"method": "elicitation/create"}, "b": {"method": "who"}, "c": 1, "d": {"method": "roots/list"}}
    assert asked_of_client(answer({"inputRequests": requests})) == ("elicitation", "roots")
    assert asked_of_client(answer({})) == ()


def test_a_log_level_is_asked_for_by_a_method_or_with_each_modern_request() -> None:
    meta = {"_meta": {"io.modelcontextprotocol/logLevel": "warning"}}
    assert log_level(asked("logging/setLevel", {"level": "debug"})) == "debug"
    assert log_level(asked("tools/call", meta)) == "warning"
    assert log_level(asked("tools/call", {"level": "debug"})) == ""


@pytest.mark.parametrize("said", ["loud", "", 7, None, ["debug"], {"debug": 1}])
def test_what_is_no_log_level_is_none(said: Any) -> None:
    assert log_level(asked("logging/setLevel", {"level": said})) == ""
