"""Every field of a native document: what it takes, what it refuses, and where the refusal points."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.core.errors import PolicyError
from inspector.policy import document as doc
from inspector.policy.load import load_object
from inspector.policy.part import Part

HEAD: dict[str, Any] = {"version": "1", "default": "deny"}
GOOD_LIMIT = {"counter": "n", "window": "minute", "max": 2}


def tool(**rules: Any) -> dict[str, Any]:
    return {**HEAD, "tools": {"t": rules}}


def limit(**fields: Any) -> dict[str, Any]:
    return tool(limits=[{**GOOD_LIMIT, **fields}])


def condition(**fields: Any) -> dict[str, Any]:
    return tool(deny_if=[{"conditions": [{"path": "args.a", "op": "eq", "value": 1, **fields}]}])


def without(key: str, document: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in document.items() if k != key}


REFUSED = [
    # top level
    ([], ""),
    ("text", ""),
    ({"default": "deny"}, "/version"),
    ({"version": "1"}, "/default"),
    ({**HEAD, "version": 1}, "/version"),
    ({**HEAD, "version": "2"}, "/version"),
    ({**HEAD, "version": True}, "/version"),
    ({**HEAD, "default": "block"}, "/default"),
    ({**HEAD, "default": "ask"}, "/default"),
    ({**HEAD, "default": None}, "/default"),
    ({**HEAD, "description": 5}, "/description"),
    ({**HEAD, "unknown": 1}, "/unknown"),
    ({**HEAD, "a/b~c": 1}, "/a~1b~0c"),
    ({**HEAD, "hide": "x"}, "/hide"),
    ({**HEAD, "hide": None}, "/hide"),
    ({**HEAD, "hide": ["a", 5]}, "/hide/1"),
    ({**HEAD, "hide": [""]}, "/hide/0"),
    ({**HEAD, "hide": ["a", " \t"]}, "/hide/1"),
    ({**HEAD, "tools": None}, "/tools"),
    ({**HEAD, "tools": []}, "/tools"),
    ({**HEAD, "tools": {"": {}}}, "/tools/"),
    ({**HEAD, "tools": {"  ": {}}}, "/tools/  "),
    ({**HEAD, "tools": {"t": []}}, "/tools/t"),
    ({**HEAD, "tools": {"t": "deny"}}, "/tools/t"),
    ({**HEAD, "tools": {"x-t": 1}}, "/tools/x-t"),
    ({**HEAD, "all_tools": None}, "/all_tools"),
    ({**HEAD, "all_tools": {"action": "deny"}}, "/all_tools/action"),
    ({**HEAD, "all_tools": {"approval": {}}}, "/all_tools/approval"),
    ({**HEAD, "all_tools": {"reason": ""}}, "/all_tools/reason"),
    ({**HEAD, "all_tools": {"schema": {}}}, "/all_tools/schema"),
    ({**HEAD, "all_tools": {"pin": "sha256:" + "0" * 64}}, "/all_tools/pin"),
    # servers
    ({**HEAD, "servers": None}, "/servers"),
    ({**HEAD, "servers": {"": {}}}, "/servers/"),
    ({**HEAD, "servers": {"s": None}}, "/servers/s"),
    ({**HEAD, "servers": {"x-s": 1}}, "/servers/x-s"),
    ({**HEAD, "servers": {"s": {"version": "1"}}}, "/servers/s/version"),
    ({**HEAD, "servers": {"s": {"settings": {}}}}, "/servers/s/settings"),
    ({**HEAD, "servers": {"s": {"default": None}}}, "/servers/s/default"),
    ({**HEAD, "servers": {"s": {"hide": [" "]}}}, "/servers/s/hide/0"),
    ({**HEAD, "servers": {"s": {"tools": {"t": {"limit": []}}}}}, "/servers/s/tools/t/limit"),
    # settings
    ({**HEAD, "settings": None}, "/settings"),
    ({**HEAD, "settings": {"approvals": {}}}, "/settings/approvals"),
    ({**HEAD, "settings": {"approval": {"timeout": 0}}}, "/settings/approval/timeout"),
    ({**HEAD, "settings": {"approval": {"on_timeout": "ask"}}}, "/settings/approval/on_timeout"),
    ({**HEAD, "settings": {"approval": {"max_pending": -1}}}, "/settings/approval/max_pending"),
    ({**HEAD, "settings": {"approval": {"max_pending": 1.5}}}, "/settings/approval/max_pending"),
    ({**HEAD, "settings": {"confusable_names": "forward"}}, "/settings/confusable_names"),
    ({**HEAD, "settings": {"server_requests": "warn"}}, "/settings/server_requests"),
    ({**HEAD, "settings": {"unknown_methods": "allow"}}, "/settings/unknown_methods"),
    # rules
    (tool(action="block"), "/tools/t/action"),
    (tool(action=None), "/tools/t/action"),
    (tool(reason=[]), "/tools/t/reason"),
    (tool(require={}), "/tools/t/require"),
    (tool(deny_if=None), "/tools/t/deny_if"),
    (tool(limits={}), "/tools/t/limits"),
    (tool(limits=[None]), "/tools/t/limits/0"),
    (tool(approval={"timeout": 0}), "/tools/t/approval/timeout"),
    (tool(approval={"timeout": 3601}), "/tools/t/approval/timeout"),
    (tool(approval={"timeout": 60.0}), "/tools/t/approval/timeout"),
    (tool(approval={"timeout": "60"}), "/tools/t/approval/timeout"),
    (tool(approval={"timeout": True}), "/tools/t/approval/timeout"),
    (tool(approval={"on_timeout": "pending"}), "/tools/t/approval/on_timeout"),
    (tool(approval={"max_pending": 1}), "/tools/t/approval/max_pending"),
    (tool(approval=None), "/tools/t/approval"),
    (tool(validate=True), "/tools/t/validate"),
    (tool(validate="schema"), "/tools/t/validate"),
    (tool(schema=None), "/tools/t/schema"),
    (tool(schema=[]), "/tools/t/schema"),
    (tool(schema={"type": "bogus"}), "/tools/t/schema"),
    (tool(schema={"$ref": "https://example.com/s.json"}), "/tools/t/schema"),
    (tool(schema={"properties": {"a": {"$ref": "file:///etc/passwd"}}}), "/tools/t/schema"),
    (tool(schema={"$ref": "https://json-schema.org/draft/2020-12/schema"}), "/tools/t/schema"),
    (tool(schema={"$ref": "#/$defs/none"}), "/tools/t/schema"),
    (tool(schema={"pattern": "(?=a)"}), "/tools/t/schema"),
    (tool(pin="sha256:" + "0" * 63), "/tools/t/pin"),
    (tool(pin="sha256:" + "g" * 64), "/tools/t/pin"),
    (tool(pin="0" * 64), "/tools/t/pin"),
    (tool(pin=5), "/tools/t/pin"),
    (tool(limit=[]), "/tools/t/limit"),
    # rate_limit
    (tool(rate_limit="0/minute"), "/tools/t/rate_limit"),
    (tool(rate_limit="10/week"), "/tools/t/rate_limit"),
    (tool(rate_limit="10 / minute"), "/tools/t/rate_limit"),
    (tool(rate_limit="-1/minute"), "/tools/t/rate_limit"),
    (tool(rate_limit="1.5/minute"), "/tools/t/rate_limit"),
    (tool(rate_limit="10/60"), "/tools/t/rate_limit"),
    (tool(rate_limit="10/in_flight"), "/tools/t/rate_limit"),
    (tool(rate_limit="10/minute\n"), "/tools/t/rate_limit"),
    (tool(rate_limit="١/minute"), "/tools/t/rate_limit"),
    (tool(rate_limit=10), "/tools/t/rate_limit"),
    (tool(rate_limit=None), "/tools/t/rate_limit"),
    (tool(rate_limit={"max": 1}), "/tools/t/rate_limit/window"),
    (tool(rate_limit={"max": 1}), "/tools/t/rate_limit"),
    (tool(rate_limit={"window": "day"}), "/tools/t/rate_limit/max"),
    (tool(rate_limit={"max": -1, "window": "day"}), "/tools/t/rate_limit/max"),
    (tool(rate_limit={"max": 1, "window": "day", "amount": 2}), "/tools/t/rate_limit/amount"),
    (tool(rate_limit={"max": 1, "window": "day", "counter": "n"}), "/tools/t/rate_limit/counter"),
    (tool(rate_limit="1/day", limits=[{**GOOD_LIMIT, "counter": "rate_limit"}]), "/tools/t/rate_limit"),
    # limits
    (tool(limits=[without("counter", GOOD_LIMIT)]), "/tools/t/limits/0/counter"),
    (tool(limits=[without("window", GOOD_LIMIT)]), "/tools/t/limits/0/window"),
    (tool(limits=[without("max", GOOD_LIMIT)]), "/tools/t/limits/0/max"),
    (limit(counter=""), "/tools/t/limits/0/counter"),
    (limit(counter=1), "/tools/t/limits/0/counter"),
    (tool(limits=[GOOD_LIMIT, GOOD_LIMIT]), "/tools/t/limits/1/counter"),
    (limit(window=0), "/tools/t/limits/0/window"),
    (limit(window=31536001), "/tools/t/limits/0/window"),
    (limit(window=60.0), "/tools/t/limits/0/window"),
    (limit(window="60"), "/tools/t/limits/0/window"),
    (limit(window="week"), "/tools/t/limits/0/window"),
    (limit(window=True), "/tools/t/limits/0/window"),
    (limit(max=-1), "/tools/t/limits/0/max"),
    (limit(max="2"), "/tools/t/limits/0/max"),
    (limit(max=None), "/tools/t/limits/0/max"),
    (limit(max=True), "/tools/t/limits/0/max"),
    (limit(scope="user"), "/tools/t/limits/0/scope"),
    (limit(amount=-1), "/tools/t/limits/0/amount"),
    (limit(amount="5"), "/tools/t/limits/0/amount"),
    (limit(amount="args"), "/tools/t/limits/0/amount"),
    (limit(amount=True), "/tools/t/limits/0/amount"),
    (limit(amount=[]), "/tools/t/limits/0/amount"),
    (limit(increment="args.a"), "/tools/t/limits/0/increment"),
    (limit(increment_from=5), "/tools/t/limits/0/increment_from"),
    (limit(amount=1, increment=1), "/tools/t/limits/0/increment"),
    (limit(increment_from="args.a", amount=1), "/tools/t/limits/0/increment_from"),
    (limit(increment_from="args.a", increment=1), "/tools/t/limits/0/increment_from"),
    (limit(window="in_flight", amount=1), "/tools/t/limits/0/amount"),
    (limit(window="in_flight", increment=1), "/tools/t/limits/0/increment"),
    (limit(window="in_flight", increment_from="args.a"), "/tools/t/limits/0/increment_from"),
    (limit(window="in_flight", algorithm="fixed"), "/tools/t/limits/0/algorithm"),
    (limit(algorithm="leaky"), "/tools/t/limits/0/algorithm"),
    (limit(on_exceed="allow"), "/tools/t/limits/0/on_exceed"),
    (limit(refund="always"), "/tools/t/limits/0/refund"),
    (limit(pool=5), "/tools/t/limits/0/pool"),
    (limit(on_deny=5), "/tools/t/limits/0/on_deny"),
    (limit(maximum=5), "/tools/t/limits/0/maximum"),
    # predicates
    (tool(require=[{}]), "/tools/t/require/0/conditions"),
    (tool(require=["args.a"]), "/tools/t/require/0"),
    (tool(require=[{"conditions": {}}]), "/tools/t/require/0/conditions"),
    (tool(require=[{"conditions": [[]]}]), "/tools/t/require/0/conditions/0"),
    (tool(require=[{"conditions": [], "path": "args.a"}]), "/tools/t/require/0/path"),
    (tool(require=[{"conditions": [], "missing": "deny"}]), "/tools/t/require/0/missing"),
    (tool(require=[{"conditions": [], "reason": "r"}]), "/tools/t/require/0/reason"),
    (tool(require=[{"conditions": [], "name": 5}]), "/tools/t/require/0/name"),
    (tool(require=[{"conditions": [], "on_deny": {}}]), "/tools/t/require/0/on_deny"),
    (tool(require=[{"path": "args.a", "op": "eq"}]), "/tools/t/require/0/value"),
    (tool(require=[{"path": "args.a", "value": 1}]), "/tools/t/require/0/op"),
    (tool(require=[{"op": "eq", "value": 1}]), "/tools/t/require/0/path"),
    (tool(require=[{"path": "args.a", "op": "eq", "value": 1, "timeout": 5}]), "/tools/t/require/0/timeout"),
    (tool(approve_if=[{"conditions": [], "timeout": 0}]), "/tools/t/approve_if/0/timeout"),
    (tool(approve_if=[{"conditions": [], "on_timeout": "no"}]), "/tools/t/approve_if/0/on_timeout"),
    (tool(approve_if=[{"path": "args.a", "op": "eq", "value": 1, "reason": 5}]), "/tools/t/approve_if/0/reason"),
    ({**HEAD, "all_tools": {"require": [{}]}}, "/all_tools/require/0/conditions"),
]


@pytest.mark.parametrize(("document", "at"), REFUSED, ids=[f"{at} {str(d)[-60:]}" for d, at in REFUSED])
def test_a_wrong_field_is_refused_at_its_pointer(document: Any, at: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_object(document)
    assert at in [problem.pointer for problem in refused.value.problems]


CONDITION = "/tools/t/deny_if/0/conditions/0"
WRONG_CONDITIONS = [
    ({"path": "args"}, "path"),
    ({"path": "args."}, "path"),
    ({"path": "args..a"}, "path"),
    ({"path": "args.a."}, "path"),
    ({"path": "arg.a"}, "path"),
    ({"path": "a"}, "path"),
    ({"path": 5}, "path"),
    ({"path": "args.a*"}, "path"),
    ({"path": "args.\\n"}, "path"),
    ({"path": "args.a\\"}, "path"),
    ({"op": "bad"}, "op"),
    ({"op": "EQ"}, "op"),
    ({"op": None}, "op"),
    ({"missing": "allow"}, "missing"),
    ({"missing": True}, "missing"),
    ({"missing": None}, "missing"),
    ({"unknown": 1}, "unknown"),
    ({"name": "n"}, "name"),
    ({"op": "in", "value": "a"}, "value"),
    ({"op": "not_in", "value": {}}, "value"),
    ({"op": "lt", "value": "5"}, "value"),
    ({"op": "lte", "value": True}, "value"),
    ({"op": "gt", "value": None}, "value"),
    ({"op": "gte", "value": []}, "value"),
    ({"op": "regex", "value": "("}, "value"),
    ({"op": "regex", "value": "(?=a)"}, "value"),
    ({"op": "regex", "value": "a" * 1001}, "value"),
    ({"op": "regex", "value": 5}, "value"),
    ({"op": "exists", "value": "true"}, "value"),
    ({"op": "exists", "value": None}, "value"),
    ({"op": "path_within", "value": "/srv"}, "value"),
    ({"op": "path_within", "value": []}, "value"),
    ({"op": "path_within", "value": ["/srv", "srv"]}, "value"),
    ({"op": "path_within", "value": [5]}, "value"),
    ({"op": "host_in", "value": "example.com"}, "value"),
    ({"op": "host_in", "value": []}, "value"),
    ({"op": "host_in", "value": [""]}, "value"),
    ({"op": "host_in", "value": ["https://example.com"]}, "value"),
    ({"op": "host_in", "value": ["example.com:443"]}, "value"),
    ({"op": "host_in", "value": ["*"]}, "value"),
    ({"op": "host_in", "value": ["a.*.com"]}, "value"),
    ({"op": "host_in", "value": ["a b"]}, "value"),
    ({"op": "host_in", "value": [None]}, "value"),
]


@pytest.mark.parametrize(("fields", "key"), WRONG_CONDITIONS, ids=[str(f)[:50] for f, _ in WRONG_CONDITIONS])
def test_a_wrong_condition_is_refused_at_its_pointer(fields: dict[str, Any], key: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_object(condition(**fields))
    assert [problem.pointer for problem in refused.value.problems] == [f"{CONDITION}/{key}"]


ACCEPTED = [
    {**HEAD, "description": "", "hide": [], "tools": {}, "all_tools": {}, "servers": {}, "settings": {}},
    {**HEAD, "x-top": [{}], "tools": {"t": {"x-a": 1, "limits": [{**GOOD_LIMIT, "x-b": None}]}}},
    {**HEAD, "settings": {"x-a": 1, "approval": {"x-b": 1}}, "servers": {"s": {"x-c": 1}}},
    {**HEAD, "tools": {"t": None, "*": None}, "servers": {"s": {"tools": {"t": None}}}},
    {**HEAD, "hide": ["*", "a", "a", "b_*"]},
    tool(require=[{"conditions": [], "x-a": 1}, {"path": "args.a", "op": "eq", "value": 1, "x-b": 1}]),
    tool(rate_limit={"max": 0, "window": 90, "scope": "global", "on_deny": "wait", "x-a": 1}),
    tool(rate_limit="007/second"),
    tool(schema=True),
    tool(schema={"x-a": 1, "$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}}),
    tool(pin="sha256:" + "aB" * 32),
    limit(max=0, amount=0),
    limit(max=0.5, amount="args.items.*.price"),
    limit(window="in_flight", refund="never", pool="p", on_exceed="approve"),
    condition(missing=False),
    condition(missing="false"),
    condition(missing="deny"),
    condition(op="regex", value="a" * 1000),
    condition(op="regex", value=""),
    condition(op="in", value=[]),
    condition(op="eq", value={"x-kept": 1}),
    condition(op="host_in", value=["API.Example.com.", "*.ex.org", "::1", "[::1]", "127.0.0.1", "localhost"]),
]


@pytest.mark.parametrize("document", ACCEPTED, ids=[str(d)[-60:] for d in ACCEPTED])
def test_a_document_within_the_rules_loads(document: dict[str, Any]) -> None:
    assert load_object(document).hash


def test_every_problem_of_a_document_is_reported() -> None:
    document = {
        "default": "block",
        "hide": [""],
        "tools": {"t": {"limit": [], "limits": [{"counter": "n"}, {"counter": "n"}], "require": [{"op": "bad"}]}},
    }
    with pytest.raises(PolicyError) as refused:
        load_object(document)
    assert {problem.pointer for problem in refused.value.problems} == {
        "/version",
        "/default",
        "/hide/0",
        "/tools/t/limit",
        "/tools/t/limits/0/window",
        "/tools/t/limits/0/max",
        "/tools/t/limits/1/window",
        "/tools/t/limits/1/max",
        "/tools/t/limits/1/counter",
        "/tools/t/require/0/path",
        "/tools/t/require/0/op",
        "/tools/t/require/0/value",
    }


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        (tool(limit=[]), "did you mean limits?"),
        (tool(actoin="deny"), "did you mean action?"),
        (tool(action="dney"), "did you mean deny?"),
        (condition(op="not-in", value=[]), "did you mean not_in?"),
        (condition(op="equals", value=1), "did you mean eq?"),
        (condition(op=">=", value=1), "did you mean gte?"),
        (tool(action="Block"), "did you mean deny?"),
        ({**HEAD, "default": "ask"}, "did you mean approve?"),
        (limit(window="minutes"), "did you mean minute?"),
        ({**HEAD, "default": "denny"}, "did you mean deny?"),
        ({**HEAD, "version": 1}, 'in quotes: "1"'),
        (tool(require=[{"conditions": [], "op": "eq"}]), '"op" does not go with "conditions"'),
        ({**HEAD, "tools": {"t": {"frobnicate": 1}}}, "known here: require, deny_if"),
    ],
)
def test_a_misspelt_word_gets_a_suggestion(document: dict[str, Any], hint: str) -> None:
    with pytest.raises(PolicyError, match="policy:1") as refused:
        load_object(document)
    assert hint in str(refused.value)


def parts() -> list[type[Part]]:
    return [p for p in vars(doc).values() if isinstance(p, type) and issubclass(p, Part) and p is not Part]


def test_every_field_has_a_description_for_the_reference_and_the_schema() -> None:
    bare = [f"{p.__name__}.{n}" for p in parts() for n, info in p.model_fields.items() if not info.description]
    assert not bare
