"""What the hosted gateway does not know."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.policy.hosted import not_hosted
from inspector.policy.load import load_object

HEAD: dict[str, Any] = {"version": "1", "default": "deny"}
CONDITION = {"path": "args.a", "op": "eq", "value": 1}
LIMIT = {"counter": "n", "window": "day", "max": 1}


def pointers(document: dict[str, Any]) -> list[str]:
    return [problem.pointer for problem in not_hosted(load_object(document))]


def tool(**rules: Any) -> dict[str, Any]:
    return {**HEAD, "tools": {"t": rules}}


def test_a_hosted_policy_uses_nothing_of_ours() -> None:
    limits = [{**LIMIT, "scope": "grant", "on_deny": "no"}]
    rules = {
        "action": "ask",
        "reason": "r",
        "require": [{"conditions": [CONDITION], "on_deny": "no"}],
        "limits": limits,
    }
    document = {**HEAD, "hide": ["a", "*"], "all_tools": {"limits": limits}, "tools": {"t": rules, "*": {}, "n": None}}
    assert pointers(document) == []


OURS = [
    ({**HEAD, "default": "approve"}, "/default"),
    ({**HEAD, "hide": ["a_*"]}, "/hide/0"),
    ({**HEAD, "tools": {"a_*": {}}}, "/tools/a_*"),
    ({**HEAD, "servers": {}}, "/servers"),
    ({**HEAD, "settings": {}}, "/settings"),
    ({**HEAD, "$schema": "policy.schema.json"}, "/$schema"),
    *[({**HEAD, "all_tools": {key: []}}, f"/all_tools/{key}") for key in ("require", "deny_if", "approve_if")],
    ({**HEAD, "all_tools": {"rate_limit": "1/day"}}, "/all_tools/rate_limit"),
    ({**HEAD, "all_tools": {"validate": "none"}}, "/all_tools/validate"),
    (tool(approve_if=[]), "/tools/t/approve_if"),
    (tool(approval={}), "/tools/t/approval"),
    (tool(validate="none"), "/tools/t/validate"),
    (tool(schema={}), "/tools/t/schema"),
    (tool(pin="sha256:" + "0" * 64), "/tools/t/pin"),
    (tool(require=[CONDITION]), "/tools/t/require/0"),
    (tool(deny_if=[{"conditions": [], "name": "n"}]), "/tools/t/deny_if/0/name"),
    (tool(deny_if=[{"conditions": [{**CONDITION, "missing": "deny"}]}]), "/tools/t/deny_if/0/conditions/0/missing"),
    (
        tool(deny_if=[{"conditions": [{**CONDITION, "op": "path_within", "value": ["/a"]}]}]),
        "/tools/t/deny_if/0/conditions/0/op",
    ),
    (
        tool(deny_if=[{"conditions": [{**CONDITION, "op": "host_in", "value": ["a"]}]}]),
        "/tools/t/deny_if/0/conditions/0/op",
    ),
    *[
        (tool(limits=[{**LIMIT, "scope": s}]), "/tools/t/limits/0/scope")
        for s in ("session", "client", "server", "global")
    ],
    (tool(rate_limit={"max": 1, "window": 60, "scope": "global"}), "/tools/t/rate_limit/scope"),
    (tool(limits=[{**LIMIT, "window": "in_flight"}]), "/tools/t/limits/0/window"),
    *[
        (tool(limits=[{**LIMIT, key: value}]), f"/tools/t/limits/0/{key}")
        for key, value in [
            *[("amount", 1), ("increment", 1), ("increment_from", "args.a"), ("algorithm", "fixed")],
            *[("on_exceed", "deny"), ("refund", "never"), ("pool", "p")],
        ]
    ],
]


@pytest.mark.parametrize(("document", "at"), OURS, ids=[f"{at} {str(d)[-40:]}" for d, at in OURS])
def test_each_field_and_value_of_ours_is_listed_where_it_stands(document: dict[str, Any], at: str) -> None:
    assert pointers(document) == [at]


def test_sections_of_servers_are_looked_through_as_well() -> None:
    pinned = {"t": {"pin": "sha256:" + "0" * 64}, "a*": {}}
    document = {**HEAD, "servers": {"s": {"default": "approve", "hide": ["b*"], "tools": pinned}}}
    places = ["", "/default", "/hide/0", "/tools/a*", "/tools/t/pin"]
    assert sorted(pointers(document)) == ["/servers", *(f"/servers/s{place}" for place in places if place)]


def test_what_asks_is_looked_through_as_well() -> None:
    at = "/tools/t/approve_if"
    bare = {**CONDITION, "op": "path_within", "value": ["/a"], "missing": "deny"}
    places = ["", "/0", "/0/missing", "/0/op", "/1/name"]
    found = pointers(tool(approve_if=[bare, {"conditions": [], "name": "n"}]))
    assert sorted(found) == [at + place for place in places]


def test_intercept_is_to_be_converted_first() -> None:
    assert pointers({"version": "1", "tools": {"t": {"rules": []}}}) == [""]
