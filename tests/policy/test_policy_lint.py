"""Advice on a policy by itself."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.core.problems import Severity
from inspector.policy.lint import lint
from inspector.policy.load import load_object, load_text

CALLS = {"counter": "n", "window": "minute", "max": 10}


def remarks(**top: Any) -> dict[str, str]:
    found = lint(load_object({"version": "1", "default": "deny", **top}))
    assert all(problem.severity is Severity.WARNING for problem in found)
    return {problem.pointer: problem.message for problem in found}


def of_tool(**rules: Any) -> dict[str, str]:
    return remarks(tools={"t": rules})


def condition(op: str, value: Any, path: str = "args.a") -> dict[str, Any]:
    return {"path": path, "op": op, "value": value}


def test_a_sound_policy_gets_no_advice() -> None:
    assert remarks(tools={"read": {}, "write": {"limits": [CALLS]}, "*": {"rate_limit": "60/minute"}}) == {}


@pytest.mark.parametrize("hide", [["t"], ["*"], ["t*"]])
def test_rules_of_a_hidden_tool_are_never_looked_at(hide: list[str]) -> None:
    assert "hide comes first" in remarks(hide=hide, tools={"t": {}})["/tools/t"]
    assert "hide comes first" in remarks(hide=hide, servers={"s": {"tools": {"t": {}}}})["/servers/s/tools/t"]


def test_a_name_that_no_call_can_have_matches_nothing() -> None:
    assert "white space" in remarks(tools={"t ": {}})["/tools/t "]


def test_a_star_that_denies_denies_the_listed_tools_too() -> None:
    assert "denies t too" in remarks(tools={"t": {}, "*": {"action": "deny"}})["/tools/*/action"]
    assert remarks(tools={"*": {"action": "deny"}}) == {}


def test_nothing_beside_action_deny_matters() -> None:
    assert "comes first" in of_tool(action="deny", limits=[CALLS])["/tools/t/action"]
    assert of_tool(action="deny", reason="no") == {}


def test_a_predicate_without_conditions_always_holds() -> None:
    found = of_tool(require=[{"conditions": []}], deny_if=[{"conditions": []}], approve_if=[{"conditions": []}])
    assert "checks nothing" in found["/tools/t/require/0/conditions"]
    assert "denies every call" in found["/tools/t/deny_if/0/conditions"]
    assert "action: approve" in found["/tools/t/approve_if/0/conditions"]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (condition("regex", "a.{900}c"), "more than 1107 bytes it is a mismatch"),
        (condition("regex", "a[0-9]{30}c"), ""),
        (condition("exists", True, "args.a.*.100"), "args.a.*.100 counts too far"),
        (condition("exists", True, "args.a.*.25"), ""),
        (condition("exists", True, "args.a.100"), ""),
    ],
)
def test_a_bound_that_others_do_not_have_is_said(made: dict[str, Any], words: str) -> None:
    alone = of_tool(require=[made])
    listed = of_tool(require=[{"conditions": [condition("eq", 1, "args.b"), made]}])
    if not words:
        assert alone == listed == {}
        return
    assert words in alone["/tools/t/require/0"]
    assert words in listed["/tools/t/require/0/conditions/1"]


def test_an_empty_list_contains_nothing() -> None:
    found = of_tool(require=[condition("in", [])], deny_if=[condition("in", [])])
    assert "denies every call" in found["/tools/t/require/0"]
    assert "never fires" in found["/tools/t/deny_if/0"]


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (("gt", 5), ("lt", 5), True),
        (("lt", 5), ("gte", 5), True),
        (("gte", 5), ("lte", 5), False),
        (("gte", 6), ("lte", 5), True),
        (("gt", 4), ("lt", 5), False),
        (("eq", 1), ("eq", 2), True),
        (("eq", 1), ("eq", 1), False),
        (("eq", 1), ("lt", 0), True),
        (("eq", 1), ("lt", 2), False),
        (("eq", "a"), ("in", ["b", "c"]), True),
        (("in", ["a", "b"]), ("in", ["b", "c"]), False),
        (("in", ["a", "b"]), ("not_in", ["b", "a"]), True),
        (("in", ["a", "b"]), ("neq", "a"), False),
        (("in", ["a", 5]), ("regex", "^b"), True),
        (("eq", "/srv/a"), ("path_within", ["/srv"]), False),
        (("eq", "https://a.com/x"), ("host_in", ["b.com"]), True),
        (("regex", "x"), ("gt", 3), True),
        (("regex", "x"), ("contains", "y"), False),
        (("exists", False), ("eq", 3), True),
        (("exists", False), ("gt", 3), True),
        (("exists", False), ("exists", True), True),
        (("exists", True), ("eq", 3), False),
        (("exists", False), ("eq", None), False),
        (("eq", None), ("exists", True), True),
        (("eq", None), ("in", ["a"]), True),
        (("in", [None, "a"]), ("eq", None), False),
        (("exists", False), ("neq", 3), False),
    ],
)
def test_conditions_that_exclude_each_other_are_found(one: Any, other: Any, clash: bool) -> None:
    both = {"conditions": [condition(*one), condition(*other)]}
    assert ("/tools/t/deny_if/0" in of_tool(deny_if=[both])) is clash
    assert of_tool(deny_if=[{"conditions": [condition(*one), condition(*other, path="args.b")]}]) == {}
    star = {"conditions": [condition(*one, path="args.*"), condition(*other, path="args.*")]}
    assert of_tool(deny_if=[star]) == {}


def test_predicates_that_must_both_hold_and_cannot_deny_every_call() -> None:
    found = of_tool(require=[condition("in", ["get", "list"]), condition("regex", "^g"), condition("eq", "set")])
    assert found == {"/tools/t/require/2": "no value of args.a meets both this and require/1: this denies every call"}
    both = of_tool(require=[condition("lt", 1), {"conditions": [condition("gt", 0), condition("gt", 3)]}])
    assert list(both) == ["/tools/t/require/1"]
    assert of_tool(deny_if=[condition("eq", 1), condition("eq", 2)]) == {}


def test_a_glob_that_denies_a_listed_tool_is_named_at_the_tool() -> None:
    found = remarks(tools={"list_flows": {}, "list_*": {"action": "deny"}, "find": {}})
    assert found == {"/tools/list_flows": "/tools/list_*/action denies this tool too: all entries that match apply"}
    of_server = remarks(tools={"list_*": {"action": "deny"}}, servers={"s": {"tools": {"list_a": {}}}})
    assert list(of_server) == ["/servers/s/tools/list_a"]


def test_a_star_alone_lists_nothing() -> None:
    assert "lists none" in remarks(tools={"*": {"rate_limit": "5/minute"}})["/tools/*"]
    assert "lists none" in remarks(servers={"s": {"tools": {"*": {}}}})["/servers/s/tools/*"]
    assert remarks(default="allow", tools={"*": {"rate_limit": "5/minute"}}) == {}
    assert remarks(tools={"*": {}}, servers={"s": {"tools": {"t": {}}}}) == {}


def test_the_rules_of_intercept_are_looked_at_as_well() -> None:
    def of_rules(*rules: Any) -> dict[str, str]:
        policy = load_object({"version": "1", "tools": {"delete_flow": {"rules": list(rules)}}})
        return {problem.pointer: problem.message for problem in lint(policy)}

    assert of_rules({"name": "a", "action": "deny"}) == {}
    assert of_rules({"name": "a", "conditions": [condition("eq", 1)]}) == {}
    assert "merely limited" in of_rules({"name": "a", "rate_limit": "5/day"})["/tools/delete_flow"]
    assert "simply allowed" in of_rules()["/tools/delete_flow"]


def test_scopes_that_an_agent_can_leave_are_named() -> None:
    found = of_tool(limits=[{**CALLS, "scope": "client"}, {**CALLS, "counter": "m", "scope": "session"}])
    assert "names itself" in found["/tools/t/limits/0/scope"]
    assert "reconnects" in found["/tools/t/limits/1/scope"]
    assert (
        "names itself" in of_tool(rate_limit={"max": 1, "window": 60, "scope": "client"})["/tools/t/rate_limit/scope"]
    )
    assert of_tool(rate_limit="5/minute") == {}


def test_a_limit_of_nothing_denies_every_call() -> None:
    assert "nothing fits" in of_tool(limits=[{**CALLS, "max": 0}])["/tools/t/limits/0/max"]


@pytest.mark.parametrize(
    ("other", "shadowed"),
    [
        ({"window": "hour", "max": 600}, True),
        ({"window": "hour", "max": 599}, False),
        ({"window": 90, "max": 1000}, False),
        ({"window": "minute", "max": 10}, False),
        ({"window": "minute", "max": 11}, True),
        ({"window": "second", "max": 10}, True),
        ({"window": "second", "max": 9}, False),
        ({"window": "hour", "max": 600, "amount": 2}, False),
        ({"window": "hour", "max": 600, "amount": "args.a"}, False),
        ({"window": "hour", "max": 600, "scope": "global"}, False),
        ({"window": "hour", "max": 600, "algorithm": "sliding"}, False),
        ({"window": "hour", "max": 600, "pool": "p"}, False),
        ({"window": "in_flight", "max": 600}, False),
    ],
)
def test_a_limit_that_another_one_reaches_first_is_never_reached(other: dict[str, Any], shadowed: bool) -> None:
    found = of_tool(limits=[CALLS, {"counter": "m", **other}])
    assert (found.get("/tools/t/limits/1", "").startswith("never reached")) is shadowed


def test_a_limit_is_shadowed_by_that_of_all_tools_but_not_the_other_way_round() -> None:
    found = remarks(all_tools={"limits": [CALLS]}, tools={"t": {"limits": [{**CALLS, "max": 20}]}})
    assert list(found) == ["/tools/t/limits/0"]


def test_a_soft_limit_does_not_stop_a_call_from_reaching_a_hard_one() -> None:
    limits = [{**CALLS, "on_exceed": "approve"}, {"counter": "m", "window": "minute", "max": 20}]
    assert of_tool(limits=limits) == {}


def test_limits_of_one_pool_that_share_nothing_are_named() -> None:
    tools = {"a": {"limits": [{**CALLS, "pool": "p"}]}, "b": {"limits": [{**CALLS, "window": "hour", "pool": "p"}]}}
    assert list(remarks(tools=tools)) == ["/tools/b/limits/0/pool"]


@pytest.mark.parametrize("rules", [{}, {"rate_limit": "5/hour"}])
def test_a_destructive_tool_is_not_merely_limited(rules: dict[str, Any]) -> None:
    assert "sounds destructive" in remarks(tools={"delete_flow": rules})["/tools/delete_flow"]


@pytest.mark.parametrize(
    "rules", [{"action": "approve"}, {"action": "deny"}, {"require": [condition("eq", 1)]}, {"schema": {}}]
)
def test_a_destructive_tool_that_is_looked_at_is_fine(rules: dict[str, Any]) -> None:
    assert remarks(tools={"delete_flow": rules}) == {}


def test_a_remark_stands_where_its_field_stands() -> None:
    limit = "{counter: n, window: 5, max: 1, scope: client}"
    text = f"version: '1'\ndefault: deny\ntools:\n  t:\n    limits:\n      - {limit}\n"
    (problem,) = lint(load_text(text))
    assert (problem.line, problem.column) == (6, 41)
