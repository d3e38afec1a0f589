"""Conditions beyond the scenarios: properties over arbitrary JSON, and what a hostile argument may cost."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from effort import calls_of
from fuzzing import fuzz
from gatework import call, policy
from hypothesis import strategies as st

from inspector.core.decision import Verdict
from inspector.core.json import Json, JsonObject, Number
from inspector.policy.approvals import Remembered
from inspector.policy.assemble import conditions_of
from inspector.policy.compiled import compile_pattern
from inspector.policy.conditions import judge_condition
from inspector.policy.engine import decide
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.match import glob_matches
from inspector.policy.model import STAR, Condition, Operator
from inspector.policy.operators import MAX_DEAR_VALUES, MAX_VALUES, Result
from inspector.policy.paths import MAX_ON_THE_WAY, resolve
from inspector.policy.values import digest, equal, kind
from inspector.wire.jsonrpc import parse_json

numbers = st.one_of(
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False, places=6).map(lambda d: Number(str(d))),
    st.sampled_from([Number("1e-999999999"), Number("1E+999999"), Number("-0"), Number("1.0"), Number("1e308")]),
)
texts = st.one_of(
    st.text(alphabet=st.characters(), max_size=12),
    st.sampled_from(
        ["a", "b", "\ud800", "/srv/a", "/../etc", "http://[::1", "http://a..b/", "http://1.2.3.4:99999999999"]
    ),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda children: st.one_of(st.lists(children, max_size=4), st.dictionaries(texts, children, max_size=4)),
    max_leaves=12,
)
names = st.sampled_from(["x", "y", "0", "1", "l"])
arguments = st.dictionaries(names, json_values, max_size=4)
paths = st.lists(st.one_of(names, st.just(STAR)), min_size=1, max_size=3).map(tuple)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    op = draw(st.sampled_from(list(Operator)))
    match op:
        case Operator.IN | Operator.NOT_IN:
            value: Json = draw(st.lists(json_values, max_size=4))
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
            value = draw(numbers)
        case Operator.REGEX:
            value = draw(st.sampled_from(["a+", "(a|b)*c", "^$", "[^a]"]))
        case Operator.EXISTS:
            value = draw(st.booleans())
        case Operator.PATH_WITHIN:
            value = draw(st.lists(st.sampled_from(["/", "/srv", "/a/../b"]), min_size=1, max_size=2))
        case Operator.HOST_IN:
            value = draw(st.lists(st.sampled_from(["a", "*.b", "::1", "[::1]", "1.2.3.4"]), min_size=1, max_size=2))
        case _:
            value = draw(json_values)
    search = compile_pattern(str(value)) if op is Operator.REGEX else None
    return Condition(draw(paths), "args.…", op, value, draw(st.booleans()), search)


@fuzz(conditions(), arguments, st.booleans())
def test_any_condition_judges_any_arguments_and_always_the_same(one: Condition, args: JsonObject, every: bool) -> None:
    first = judge_condition(one, args, every=every)
    assert first.result in Result
    assert judge_condition(one, args, every=every).result is first.result


@fuzz(conditions(), arguments)
def test_missing_is_false_or_a_mismatch_when_it_says_so(one: Condition, args: JsonObject) -> None:
    found = judge_condition(one, {}, every=False)
    if one.op is Operator.EXISTS:
        assert (found.result is Result.TRUE) is (one.value is False)
    else:
        assert found.result is (Result.MISMATCH if one.missing_denies else Result.FALSE)


@fuzz(arguments, arguments)
def test_every_value_and_any_value_agree_about_a_single_one(args: JsonObject, other: JsonObject) -> None:
    one = Condition(("x",), "args.x", Operator.EQ, other.get("x"))
    assert judge_condition(one, args, every=True).result is judge_condition(one, args, every=False).result


@fuzz(json_values, json_values)
def test_neq_is_the_opposite_of_eq_but_for_a_mismatch(value: Json, expected: Json) -> None:
    eq, neq = (
        judge_condition(Condition(("x",), "args.x", op, expected), {"x": value}, every=True).result
        for op in (Operator.EQ, Operator.NEQ)
    )
    holds_null = isinstance(expected, list | dict) and None in (
        expected.values() if isinstance(expected, dict) else expected
    )
    if value is None and expected is not None and not holds_null:
        assert eq is neq is Result.FALSE
    elif Result.MISMATCH in (eq, neq):
        assert eq is neq is Result.MISMATCH
        assert kind(value) is not kind(expected)
    else:
        assert {eq, neq} == {Result.TRUE, Result.FALSE}


@fuzz(json_values, json_values)
def test_equal_arguments_have_one_digest_and_others_another(left: Json, right: Json) -> None:
    assert (digest({"v": left}) == digest({"v": right})) is equal(left, right)


@fuzz(json_values)
def test_everything_equals_itself_whatever_its_spelling(value: Json) -> None:
    assert equal(value, value)
    assert digest({"v": value}) == digest({"v": value})


def test_booleans_are_no_numbers_at_any_depth() -> None:
    assert not equal({"a": [1]}, {"a": [True]})
    assert equal({"a": [1, Number("2.50")]}, {"a": [Number("1.0"), Decimal("2.5")]})
    assert digest({"a": 1}) != digest({"a": True})
    assert digest({"a": 100}) == digest({"a": Number("1e2")})
    assert digest({"a": 0}) == digest({"a": Number("-0.00")})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1.0", True),
        ("999999999999999999", "999999999999999999.0", True),
        ("1000000000000000000", "1e18", True),
        ("-120", "-1.2e2", True),
        ("0.5", "50e-2", True),
        ("1e300", "10e299", True),
        ("1e300", "1e301", False),
        ("1e-300", "0", False),
        ("1.5", "-1.5", False),
        ("[1.5,2.5]", "[2.5,1.5]", False),
        ("1.5", "null", False),
        ("1.5", '"NaN"', False),
        ("1.5", '"15e-1"', False),
        ('{"a":1,"b":2}', '{"b":2,"a":1}', True),
    ],
)
def test_one_digest_stands_for_every_spelling_of_the_same_arguments(one: str, other: str, same: bool) -> None:
    assert (digest({"a": parse_json(one.encode())}) == digest({"a": parse_json(other.encode())})) is same


def test_half_a_surrogate_pair_and_numbers_beyond_any_double_have_digests_too() -> None:
    half, other = {"a": "\ud800"}, {"a": "\ud801"}
    assert digest({"x": half, "y": Number("1e400")}) == digest({"y": Number("10e399"), "x": half})
    assert digest({"x": half}) != digest({"x": other})
    assert digest({"x": Number("9" * 5000)}) != digest({"x": Number("9" * 4999 + "8")})


PREDICATES = st.lists(
    st.fixed_dictionaries(
        {
            "path": st.sampled_from(["args.x", "args.*", "args.x.*.y", "args.l.0"]),
            "op": st.sampled_from(["eq", "neq", "contains", "lt"]),
            "value": st.integers(0, 3),
        },
        optional={"missing": st.sampled_from(["deny", "false"])},
    ),
    min_size=1,
    max_size=3,
)


@fuzz(PREDICATES, PREDICATES, st.lists(arguments, max_size=6))
def test_decide_is_deterministic_and_total(require: Json, deny_if: Json, calls: list[JsonObject]) -> None:
    limits: Json = [{"counter": "n", "window": 60, "max": 5, "amount": "args.x"}]
    in_force = policy({"t": {"require": require, "deny_if": deny_if}, "u": {"limits": limits, "approve_if": deny_if}})
    for tool in ("t", "u"):
        for args in calls:
            first, again = (decide(call(1, tool, args), in_force, MemoryLedger(), Remembered(), 60) for _ in range(2))
            assert first == again
            assert (first.verdict is Verdict.ALLOW) or first.rule


@fuzz(conditions(), arguments)
def test_a_deny_if_that_mismatches_never_allows(one: Condition, args: JsonObject) -> None:
    value: Json = one.value
    path = ".".join("*" if segment is STAR else str(segment) for segment in one.path)
    if one.op in (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE) or "\ud800" in repr(value):
        value = 1
    if one.op in (Operator.IN, Operator.NOT_IN):
        value = ["a", 1]
    if one.op in (Operator.EQ, Operator.NEQ, Operator.CONTAINS):
        value = "a"
    rule: Json = {"path": f"args.{path}", "op": one.op.value, "value": value}
    judged = judge_condition(Condition(one.path, "", one.op, value, False, one.search), args, every=False).result
    decision = decide(call(1, "t", args), policy({"t": {"deny_if": [rule]}}), MemoryLedger(), Remembered(), 60)
    assert (decision.verdict is Verdict.ALLOW) is (judged is Result.FALSE)


@fuzz(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab*", max_size=10))
def test_globs_match_as_their_regular_expression_would(pattern: str, name: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert glob_matches(pattern, name) is (re.fullmatch(expression, name, re.DOTALL) is not None)


def test_a_glob_of_many_stars_is_linear() -> None:
    assert not glob_matches("a*" * 120 + "b", "a" * 256)
    few, many = (calls_of(lambda: glob_matches("a*" * stars + "b", "a" * 256)) for stars in (10, 100))  # noqa: B023
    assert many < 12 * few


@pytest.mark.parametrize("op", ["regex", "path_within", "host_in"])
def test_half_a_surrogate_pair_is_no_text_to_judge(op: str) -> None:
    value: Json = "a" if op == "regex" else ["/a"]
    one = Condition(("x",), "args.x", Operator(op), value, search=compile_pattern("a"))
    found = {text: judge_condition(one, {"x": text}, every=False).result for text in ("http://\ud800a", "\ud800")}
    assert found["\ud800"] is Result.MISMATCH
    assert found["http://\ud800a"] is Result.MISMATCH


def test_a_path_may_lead_anywhere() -> None:
    args: JsonObject = {"l": [{"a": 1}, {"a": None}, {}], "d": {"x": {"a": 2}}, "s": "text"}
    assert resolve(("l", STAR, "a"), args) == [1, None]
    assert list(resolve(("d", STAR, "a"), args)) == [2]
    assert list(resolve(("s", STAR), args)) == []
    assert list(resolve(("l", "00"), args)) == []
    assert list(resolve(("l", "٣"), args)) == []
    assert list(resolve(("l", "9" * 5000), args)) == []


HUGE: JsonObject = {
    "text": "a" * (4 << 20),
    "ints": [1] * (1 << 21),
    "objects": [{"n": 1} for _ in range(1 << 18)],
    "lists": [[]] * (1 << 20),
    "climb": "/" + "../" * (1 << 20),
    "url": "http://" + "a." * (1 << 21),
}


@pytest.mark.parametrize(
    ("path", "op", "value"),
    [
        (("text",), "regex", "(a+)+$"),
        (("text",), "regex", "(x+x+)+y"),
        (("text",), "contains", "a" * 1000 + "b"),
        (("ints",), "contains", True),
        (("ints", STAR), "gt", 5),
        (("ints", STAR), "in", [2, 3]),
        (("objects", STAR, "n"), "gt", 5),
        (("climb",), "path_within", ["/srv"]),
        (("url",), "host_in", ["a"]),
    ],
)
def test_no_argument_takes_more_than_a_bounded_number_of_steps(path: tuple[str, ...], op: str, value: Json) -> None:
    search = compile_pattern(value) if op == "regex" and isinstance(value, str) else None
    one = Condition(path, "args.…", Operator(op), value, search=search)
    # A few calls for each value that a fan-out may have, whatever else lies there. What reads a text of megabytes does
    # so in one call to C, in linear time.
    assert calls_of(lambda: judge_condition(one, HUGE, every=False)) < 5 * MAX_VALUES


@pytest.mark.parametrize(("op", "value", "most"), [("gt", 5, MAX_VALUES), ("regex", "b", MAX_DEAR_VALUES)])
def test_a_fan_out_over_too_many_values_is_a_mismatch(op: str, value: Json, most: int) -> None:
    search = compile_pattern("b") if op == "regex" else None
    one = Condition(("x", STAR), "args.x.*", Operator(op), value, search=search)
    element: Json = 1 if op == "gt" else "a"
    assert judge_condition(one, {"x": [element] * most}, every=False).result is Result.FALSE
    assert judge_condition(one, {"x": [element] * (most + 1)}, every=False).result is Result.MISMATCH


@pytest.mark.parametrize("arrays", [2, 5, 50])
def test_contains_looks_at_so_many_elements_of_a_fan_out_in_all(arrays: int) -> None:
    one = Condition(("x", STAR), "args.x.*", Operator.CONTAINS, 1)
    full: list[Json] = [[0] * (MAX_VALUES // arrays - 1)] * arrays
    assert judge_condition(one, {"x": full}, every=False).result is Result.FALSE
    assert judge_condition(one, {"x": [*full, "ab"]}, every=False).result is Result.MISMATCH  # by its type
    found = judge_condition(one, {"x": [*full, [1]]}, every=False)
    assert (found.result, found.note) == (Result.MISMATCH, "mismatch: more than 50000 arrays and elements")


@pytest.mark.parametrize("every", [True, False])
def test_a_pattern_with_too_many_states_searches_so_much_text(every: bool) -> None:
    made = policy({"t": {"require": [{"path": "args.x.*", "op": "regex", "value": "a.{900}c"}]}})
    (one,) = conditions_of(made)
    assert one.longest is not None
    half: Json = "b" * (one.longest // 2)
    assert judge_condition(one, {"x": [half, half]}, every=every).result is Result.FALSE
    found = judge_condition(one, {"x": [half, half, "bb"]}, every=every)
    assert (found.result, found.note) == (Result.MISMATCH, f"mismatch: more than {one.longest} bytes for this pattern")


def test_a_pattern_with_few_states_searches_any_text() -> None:
    made = policy({"t": {"require": [{"path": "args.x", "op": "regex", "value": "b[0-9]{16}"}]}})
    (one,) = conditions_of(made)
    assert judge_condition(one, {"x": "b" * (1 << 22)}, every=True).result is Result.FALSE


MANY = 60_000
ADVERSE: dict[str, Json] = {
    "empty lists": [[] for _ in range(MANY)],
    "empty objects": [{} for _ in range(MANY)],
    "lists in lists": [[[]] for _ in range(MANY)],
    "nulls": [[None] for _ in range(MANY)],
    "deep lists": [parse_json(("[" * 40 + "]" * 40).encode()) for _ in range(MANY // 40)],
    "deep objects": [parse_json(('{"":' * 40 + "{}" + "}" * 40).encode()) for _ in range(MANY // 40)],
    "holders and others": [item for _ in range(MANY) for item in (1, [[]])],
    "scalars": [1] * (4 * MANY),
    "long keys": [{"k" * 40: [[]]} for _ in range(MANY)],
    "uneven": [[1, [1, [1, [1, []]]]] for _ in range(MANY)],
}


@pytest.mark.parametrize("shape", ADVERSE)
@pytest.mark.parametrize(("op", "value"), [("gt", 5), ("eq", [0]), ("in", [[1], 2]), ("contains", 1), ("regex", "b")])
def test_what_lies_on_the_way_to_values_is_counted_too(shape: str, op: str, value: Json) -> None:
    search = compile_pattern("b") if op == "regex" else None
    for stars in (1, 3, 50):
        one = Condition(("x",) + (STAR,) * stars, "args.…", Operator(op), value, search=search)
        assert calls_of(lambda: judge_condition(one, {"x": ADVERSE[shape]}, every=True)) < 6 * MAX_ON_THE_WAY  # noqa: B023


def test_a_fan_out_that_is_compared_with_a_whole_list_may_have_fewer_values() -> None:
    one = Condition(("x", STAR), "args.x.*", Operator.EQ, [True] * 99)
    few, many = ([[True] * 99 for _ in range(count)] for count in (MAX_VALUES // 100, MAX_VALUES // 100 + 1))
    assert judge_condition(one, {"x": few}, every=True).result is Result.TRUE
    assert judge_condition(one, {"x": many}, every=True).result is Result.MISMATCH


@fuzz(arguments, paths)
def test_exists_sees_what_every_other_operator_sees(args: JsonObject, path: tuple[str, ...]) -> None:
    one = Condition(path, "args.…", Operator.EXISTS, True)
    present = any(value is not None for value in resolve(path, args))
    assert judge_condition(one, args, every=False).result is (Result.TRUE if present else Result.FALSE)
