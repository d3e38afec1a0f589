"""What the engine decides is what a plain reading of the reference decides: never an allow where that one denies."""

from __future__ import annotations

from typing import Any

import plain
import pytest
from fuzzing import EXAMPLES, NIGHTLY, fuzz
from gatework import call, policy
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.json import Json, JsonObject, Number
from inspector.policy.approvals import Remembered
from inspector.policy.engine import decide
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.model import Operator

NUMBERS: list[Json] = [-1, 0, 1, 2, *map(Number, ("1.0", "0.1", "1e2", "-0", "0.10000000000000000001"))]
WORDS: list[Json] = ["", "a", "ab", "cab"]
PATHS: list[Json] = [
    "/",
    "/srv",
    "/srv/",
    "/srv/../etc",
    "//srv//a",
    "/..",
    "/srvx",
    "/srv%2f",
    "/srv\\a",
    "/srv\n",
    "srv",
]
URLS: list[Json] = [
    *["http://a.b/", "HTTPS://A.B.:8/x", "http://x.a.b", "http://a.b#@c", "http://[::1]/", "http://127.0.0.1/"],
    *[
        "http://u@a.b/",
        "http://a.b:x/",
        "ftp://a.b/",
        "http:///p",
        "http://0x7f.1/",
        "http://2130706433",
        "http://a%2eb/",
    ],
]
scalars = st.sampled_from([None, False, True]) | st.sampled_from(NUMBERS) | st.sampled_from(WORDS + PATHS + URLS)
some = scalars | st.lists(scalars, max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "0"]), inner, max_size=3),
    max_leaves=8,
)
paths = st.sampled_from(["args.x", "args.x", "args.x.*", "args.x.*"]) | st.lists(
    st.sampled_from(["x", "y", "0", "1", "*"]), min_size=1, max_size=3
).map(lambda path: ".".join(["args", *path]))
WANTED: dict[Operator, st.SearchStrategy[Any]] = {
    Operator.EQ: some | values,
    Operator.NEQ: some | values,
    Operator.CONTAINS: scalars,
    Operator.IN: st.lists(some, max_size=5),
    Operator.NOT_IN: st.lists(some, max_size=5),
    Operator.LT: st.integers(-1, 2),
    Operator.LTE: st.sampled_from([1, Number("0.1"), Number("1e2")]),
    Operator.GT: st.sampled_from([0, Number("0.1"), Number("1.0")]),
    Operator.GTE: st.integers(-1, 2),
    Operator.REGEX: st.sampled_from(["a", "^a", "b$", "^(|c)ab?$", "[^a]"]),
    Operator.EXISTS: st.booleans(),
    Operator.PATH_WITHIN: st.lists(st.sampled_from(["/", "/srv", "/srv/a/..", "/etc"]), min_size=1, max_size=2),
    Operator.HOST_IN: st.lists(st.sampled_from(["a.b", "*.b", "A.B.", "::1", "127.0.0.1"]), min_size=1, max_size=2),
}


FITTING: dict[Operator, st.SearchStrategy[Json]] = {
    **dict.fromkeys((Operator.LT, Operator.LTE, Operator.GT, Operator.GTE), st.sampled_from(NUMBERS)),
    Operator.REGEX: st.sampled_from(WORDS),
    Operator.PATH_WITHIN: st.sampled_from(PATHS),
    Operator.HOST_IN: st.sampled_from(URLS),
}


@st.composite
def conditions(draw: st.DrawFn, op: Operator) -> dict[str, Any]:
    condition = {"path": draw(paths), "op": op.value, "value": draw(WANTED[op])}
    return {**condition, "missing": "deny"} if draw(st.booleans()) else condition


@st.composite
def arguments(draw: st.DrawFn, op: Operator = Operator.EQ) -> JsonObject:
    """Mostly of the type that an operator judges."""
    fits = FITTING.get(op, scalars)
    x = draw(st.one_of(fits, st.lists(fits, max_size=3), some, values))
    return {"x": x, "y": draw(values)} if draw(st.booleans()) else {"x": x}


any_condition = st.sampled_from(Operator).flatmap(conditions)
predicates = any_condition | st.lists(any_condition, max_size=3).map(lambda all_of: {"conditions": all_of})
rules = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["allow", "allow", "allow", "deny", "ask"]),
        "require": st.lists(predicates, max_size=2),
        "deny_if": st.lists(predicates, max_size=2),
        "approve_if": st.lists(predicates, max_size=2),
    },
)
documents = st.fixed_dictionaries(
    {"default": st.sampled_from(["allow", "deny", "approve"])},
    optional={
        "hide": st.lists(st.sampled_from(["t", "u", "u*", "*"]), max_size=1),
        "all_tools": rules.map(lambda found: {name: found[name] for name in found if name != "action"}),
        "tools": st.dictionaries(st.sampled_from(["t", "t", "t*", "*", "u"]), rules, max_size=3),
    },
)


def plainly(document: dict[str, Any], args: JsonObject) -> str:
    """The verdict on a call of the tool `t`, in the order of the phases."""
    tools: dict[str, Any] = document.get("tools", {})
    if {"t", "*"} & set(document.get("hide", [])):
        return "deny"
    is_listed = bool({"t", "t*"} & tools.keys())
    if document["default"] == "deny" and not is_listed:
        return "deny"
    entries = [tools[key] for key in ("t", "t*", "*") if key in tools] + [document.get("all_tools", {})]
    for entry in entries:
        denied = (
            entry.get("action") == "deny"
            or any(plain.holds(one, args, every=True) is not True for one in entry.get("require", []))
            or any(plain.holds(one, args, every=False) is not False for one in entry.get("deny_if", []))
        )
        if denied:
            return "deny"
    asks = document["default"] == "approve" and not is_listed
    for entry in entries:
        asks |= entry.get("action") == "ask"
        asks |= any(plain.holds(one, args, every=False) is not False for one in entry.get("approve_if", []))
    return "pending" if asks else "allow"


@fuzz(documents, st.sampled_from(Operator).flatmap(arguments))
def test_no_call_is_let_through_that_a_plain_reading_stops(document: dict[str, Any], args: JsonObject) -> None:
    tools, default = document.get("tools"), document["default"]
    top = {name: document[name] for name in ("hide", "all_tools") if name in document}
    decision = decide(call(1, "t", args), policy(tools, default, **top), MemoryLedger(), Remembered(), 60)
    assert decision.verdict.value == plainly(document, args)


@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(NIGHTLY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("op", Operator)
def test_each_condition_is_judged_as_a_plain_reading_does(op: Operator, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(conditions(op), arguments(op), st.booleans())
    def check(condition: dict[str, Any], args: JsonObject, every: bool) -> None:
        said = plain.judged(condition, args, every=every)
        rules: Json = {"require" if every else "deny_if": [condition]}
        decision = decide(call(1, "t", args), policy({"t": rules}), MemoryLedger(), Remembered(), 60)
        assert (decision.verdict.value == "allow") is (said is True if every else said is False), str(decision.trace)

    check()
