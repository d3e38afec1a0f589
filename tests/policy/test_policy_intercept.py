"""Intercept's dialect: what is read, what is refused and where."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from inspector.core.decision import Scope
from inspector.core.errors import PolicyError
from inspector.core.problems import Severity
from inspector.policy.load import is_intercept, load_object, load_text
from inspector.policy.model import Default, InterceptRule

EVALUATES: dict[str, Any] = {"name": "a", "conditions": [{"path": "args.x", "op": "eq", "value": 1}]}
RULE = "/tools/t/rules/0"


def counted(tool: str = "t", scope: str | None = None, **fields: Any) -> dict[str, Any]:
    state = {"counter": "c", "window": "day", **fields.pop("state", {})}
    bound = {"path": f"state.{scope or tool}.{state['counter']}", "op": "lte", "value": 5, **fields.pop("bound", {})}
    return {"name": "limit", "conditions": [bound], "state": state, **fields}


def tools(*rules: Any, tool: str = "t") -> dict[str, Any]:
    return {"version": "1", "tools": {tool: {"rules": list(rules)}}}


def rule(**fields: Any) -> dict[str, Any]:
    return tools({**EVALUATES, **fields})


def condition(**fields: Any) -> dict[str, Any]:
    return rule(conditions=[{"path": "args.x", "op": "eq", "value": 1, **fields}])


REFUSED = [
    ({"tools": {"t": {"rules": []}}}, "/version"),
    ({**tools(), "version": "2"}, "/version"),
    ({**tools(), "version": 2}, "/version"),
    ({**tools(), "version": True}, "/version"),
    ({**tools(), "version": 1.0}, "/version"),
    ({**tools(), "default": "approve"}, "/default"),
    ({**tools(), "default": None}, "/default"),
    ({**tools(), "hide": ["a", ""]}, "/hide/1"),
    ({**tools(), "hide": [" "]}, "/hide/0"),
    ({**tools(), "hide": ["a", "b", "a"]}, "/hide/2"),
    ({**tools(), "settings": {}}, "/settings"),
    ({**tools(), "tools": []}, "/tools"),
    ({"version": "1", "tools": {"": {"rules": []}}}, "/tools/"),
    ({"version": "1", "tools": {"t": {"rules": [], "action": "deny"}}}, "/tools/t/action"),
    ({"version": "1", "tools": {"t": {"rules": {}}}}, "/tools/t/rules"),
    (tools("deny"), RULE),
    (tools({"conditions": EVALUATES["conditions"]}), f"{RULE}/name"),
    (rule(name=""), f"{RULE}/name"),
    (rule(name=5), f"{RULE}/name"),
    (rule(on_deny=5), f"{RULE}/on_deny"),
    (rule(unknown=5), f"{RULE}/unknown"),
    (rule(action="block"), f"{RULE}/action"),
    (rule(action="deny"), f"{RULE}/conditions"),
    (tools({"name": "a"}), f"{RULE}/conditions"),
    (tools({"name": "a", "action": "evaluate"}), f"{RULE}/conditions"),
    (tools({"name": "a", "conditions": []}), f"{RULE}/conditions"),
    (condition(path="foo.bar"), f"{RULE}/conditions/0/path"),
    (condition(path="args"), f"{RULE}/conditions/0/path"),
    (condition(path="args."), f"{RULE}/conditions/0/path"),
    (condition(op="within"), f"{RULE}/conditions/0/op"),
    (condition(op="path_within", value=["/a"]), f"{RULE}/conditions/0/op"),
    (condition(op="lte", value="5"), f"{RULE}/conditions/0/value"),
    (condition(op="regex", value="("), f"{RULE}/conditions/0/value"),
    (condition(missing="deny"), f"{RULE}/conditions/0/missing"),
    (rule(conditions=[{"path": "args.x", "op": "eq"}]), f"{RULE}/conditions/0/value"),
    # rate_limit
    (tools({"name": "a", "rate_limit": "0/minute"}), f"{RULE}/rate_limit"),
    (tools({"name": "a", "rate_limit": "5/second"}), f"{RULE}/rate_limit"),
    (tools({"name": "a", "rate_limit": 5}), f"{RULE}/rate_limit"),
    (tools({"name": "a", "rate_limit": None}), f"{RULE}/rate_limit"),
    (rule(rate_limit="5/day"), f"{RULE}/rate_limit"),
    (tools({"name": "a", "rate_limit": "5/day", "action": "deny"}), f"{RULE}/rate_limit"),
    (tools({"name": "a", "rate_limit": "5/day", "state": {"counter": "c", "window": "day"}}), f"{RULE}/rate_limit"),
    # state
    (tools(counted(state={"counter": ""})), f"{RULE}/state/counter"),
    (tools(counted(state={"window": "week"})), f"{RULE}/state/window"),
    (tools(counted(state={"window": 60})), f"{RULE}/state/window"),
    (rule(state={"counter": "c"}), f"{RULE}/state/window"),
    (rule(state={"window": "day"}), f"{RULE}/state/counter"),
    (rule(state=None), f"{RULE}/state"),
    (tools(counted(state={"increment": -1})), f"{RULE}/state/increment"),
    (tools(counted(state={"increment": "args.a"})), f"{RULE}/state/increment"),
    (tools(counted(state={"increment_from": "amount"})), f"{RULE}/state/increment_from"),
    (tools(counted(state={"increment": 1, "increment_from": "args.a"})), f"{RULE}/state/increment_from"),
    (tools(counted(), counted()), "/tools/t/rules/1/state/counter"),
    (
        tools({"name": "a", "rate_limit": "5/day"}, counted(state={"counter": "_rate_day"})),
        "/tools/t/rules/1/state/counter",
    ),
    (tools({"name": "a", "rate_limit": "5/day"}, {"name": "b", "rate_limit": "9/day"}), "/tools/t/rules/1/rate_limit"),
    # paths into the state
    (condition(path="state.t.c", op="lte"), f"{RULE}/conditions/0/path"),
    (tools(counted(bound={"path": "state.u.c"})), f"{RULE}/conditions/0/path"),
    (tools(counted(bound={"path": "state.t.d"})), f"{RULE}/conditions/0/path"),
    (tools(counted(bound={"path": "state._global.c"})), f"{RULE}/conditions/0/path"),
    (tools(counted(scope="*"), tool="*"), "/tools/*/rules/0/conditions/0/path"),
    (tools(counted(bound={"op": "gt"})), f"{RULE}/conditions/0/path"),
    (tools(counted(bound={"op": "eq"})), f"{RULE}/conditions/0/path"),
    (tools(counted(bound={"value": "5"})), f"{RULE}/conditions/0/value"),
]


@pytest.mark.parametrize(("document", "at"), REFUSED, ids=[f"{at} {str(d)[-50:]}" for d, at in REFUSED])
def test_a_wrong_field_is_refused_at_its_pointer(document: Any, at: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_object(document, dialect="intercept")
    assert at in [problem.pointer for problem in refused.value.problems]


def first(document: dict[str, Any], tool: str = "t") -> InterceptRule:
    intercept = load_object(document).intercept
    assert intercept is not None
    return intercept[tool][0]


def test_rules_are_recognised_and_only_they() -> None:
    assert is_intercept(tools())
    assert not is_intercept({"version": "1", "default": "deny", "tools": {"rules": {}}})
    assert load_object({"version": "1", "default": "deny", "tools": {"t": {}}}).intercept is None


def test_the_default_is_allow_and_the_version_may_be_a_number() -> None:
    assert load_object({**tools(), "version": 1}).top.default is Default.ALLOW
    assert load_text("version: 1\ndefault: deny\ntools: {t: {rules: []}}\n").top.default is Default.DENY


def test_tool_names_are_no_globs_and_the_star_lists_nothing() -> None:
    top = load_object({"version": "1", "tools": {"a_*": {"rules": []}, "*": {"rules": []}, "n": None}}).top
    assert (set(top.exact), top.globs, top.star is not None) == ({"a_*", "n"}, (), True)


def test_hide_takes_exact_names_and_warns_of_a_star_that_hides_nothing() -> None:
    policy = load_object({**tools(), "hide": ["a", "del_*", "*"]})
    assert (policy.top.hide_exact, policy.top.hide_globs) == (frozenset({"a", "del_*"}), ("*",))
    assert [(w.pointer, w.severity) for w in policy.warnings] == [("/hide/1", Severity.WARNING)]


def test_lte_is_the_maximum_and_lt_is_one_less() -> None:
    assert first(tools(counted())).limit.max == 5  # type: ignore[union-attr]
    assert first(tools(counted(bound={"op": "lt"}))).limit.max == 4  # type: ignore[union-attr]


def test_the_tightest_of_several_bounds_counts_and_is_no_condition() -> None:
    bounds = [{"path": "state.t.c", "op": "lte", "value": n} for n in (9, 3, 7)]
    found = first(tools(counted(conditions=[*bounds, *EVALUATES["conditions"]])))
    assert found.limit is not None
    assert found.limit.max == 3
    assert [c.path_text for c in found.conditions] == ["args.x"]


def test_counters_are_global_and_those_under_the_star_are_shared() -> None:
    limit = first(tools(counted(scope="_global"), tool="*"), "*").limit
    assert limit is not None
    assert (limit.scope, limit.name, limit.window) == (Scope.GLOBAL, "/tools/*/state/c", 86400)


def test_a_rate_limit_counts_calls_under_a_name_of_its_own() -> None:
    limit = first(tools({"name": "a", "rate_limit": "5/hour", "on_deny": "wait"})).limit
    assert limit is not None
    assert (limit.counter, limit.window, limit.max, limit.amount) == ("_rate_hour", 3600, 5, 1)
    assert limit.on_deny == "wait"


def test_a_counter_grows_by_its_increment_or_by_an_argument() -> None:
    assert first(tools(counted(state={"increment": 3}))).limit.amount == Decimal(3)  # type: ignore[union-attr]
    limit = first(tools(counted(state={"increment_from": "args.sum"}))).limit
    assert limit is not None
    assert (limit.amount, limit.amount_text) == (("sum",), "args.sum")


def test_a_counter_without_a_bound_limits_nothing() -> None:
    assert first(rule(state={"counter": "c", "window": "day"})).limit is None


def test_a_star_inside_a_name_is_warned_of_where_it_stands() -> None:
    policy = load_text("version: 1\nhide: [x, a*]\ntools: {'*': {rules: []}, b*: {rules: []}}\n")
    assert [problem.pointer for problem in policy.warnings if "no wildcard" in problem.message] == [
        "/hide/1",
        "/tools/b*",
    ]
