from __future__ import annotations

import pytest
from effort import calls_of
from gatework import World, call, decided, policy

from inspector.core.decision import StepResult, Verdict
from inspector.core.json import Json, JsonObject, Number
from inspector.policy.approvals import Remembered
from inspector.policy.definitions import definition_pin
from inspector.policy.engine import Circumstances, decide
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.model import Policy


def denial(in_force: Policy | None, arguments: JsonObject | None = None) -> tuple[str, str]:
    decision = decide(call(1, "t", arguments), in_force, MemoryLedger(), Remembered(), 60)
    assert decision.verdict is Verdict.DENY
    return decision.rule, decision.message


# Messages


def test_on_deny_goes_before_the_reason_and_the_reason_before_a_generated_sentence() -> None:
    rule: Json = {"path": "args.x", "op": "eq", "value": 1}
    said: Json = {"path": "args.x", "op": "eq", "value": 1, "on_deny": "not one"}
    assert denial(policy({"t": {"deny_if": [said], "reason": "why"}}), {"x": 1})[1] == "not one"
    assert denial(policy({"t": {"deny_if": [rule], "reason": "why"}}), {"x": 1})[1] == "why"
    assert "/tools/t/deny_if/args.x-eq" in denial(policy({"t": {"deny_if": [rule]}}), {"x": 1})[1]


@pytest.mark.parametrize("field", ["require", "deny_if"])
def test_a_predicate_s_own_words_are_what_the_agent_reads(field: str) -> None:
    rules: Json = [{"conditions": [{"path": "args.x", "op": "exists", "value": True}], "on_deny": "own words"}]
    arguments: JsonObject = {} if field == "require" else {"x": 1}
    assert denial(policy({"t": {field: rules}}), arguments)[1] == "own words"


def test_a_limit_says_when_it_resets() -> None:
    world = World(policy({"t": {"limits": [{"counter": "n", "window": "hour", "max": 2}]}}))
    for number in range(2):
        world.arrive(call(number), 1768473000)
    message = decided(world.arrive(call(3), 1768473000)).message
    assert message == (
        "2 of 2 per hour are used (limit /tools/t/limits/n). It resets at 11:00:00 UTC (in 1800 s); call again then."
    )


def test_a_limit_that_can_never_be_met_does_not_say_call_again() -> None:
    limits: Json = [{"counter": "s", "window": "day", "max": 10, "amount": "args.a"}]
    message = denial(policy({"t": {"limits": limits}}), {"a": 11})[1]
    assert "Ask for less" in message
    assert "11" in message


@pytest.mark.parametrize(("window", "allows"), [("day", "0 per day"), ("in_flight", "0 at one time")])
def test_a_limit_of_nothing_does_not_say_when_to_call_again(window: str, allows: str) -> None:
    message = denial(policy({"t": {"limits": [{"counter": "n", "window": window, "max": 0}]}}))[1]
    assert message == f"The limit /tools/t/limits/n allows {allows}. Do without it."


def test_a_limit_of_calls_at_one_time_says_to_wait() -> None:
    world = World(policy({"t": {"limits": [{"counter": "f", "window": "in_flight", "max": 1}]}}))
    world.arrive(call(1), 1)
    message = decided(world.arrive(call(2), 2)).message
    assert message == (
        "1 of 1 calls at one time are running (limit /tools/t/limits/f). "
        "Wait until one of them has ended, then call again."
    )


@pytest.mark.parametrize(("words", "expected"), [({"on_deny": "own words"}, "own words"), ({}, "the reason")])
def test_a_limit_s_words(words: JsonObject, expected: str) -> None:
    for limit in ({"max": 0}, {"max": 1, "amount": "args.a"}):
        tools: Json = {"t": {"reason": "the reason", "limits": [{"counter": "n", "window": "day", **limit, **words}]}}
        assert denial(policy(tools))[1] == expected


def test_every_generated_denial_names_its_rule() -> None:
    for tools, rule in (
        ({"t": {"action": "deny"}}, "/tools/t/action"),
        ({"t": {"pin": "sha256:" + "0" * 64}}, "/tools/t/pin"),
        ({"t": {"validate": "input_schema"}}, "/tools/t/validate"),
        ({"t": {"schema": False}}, "/tools/t/schema"),
        ({"t": {"require": [{"path": "args.x", "op": "exists", "value": True}]}}, "/tools/t/require/args.x-exists"),
        ({"t": {"deny_if": [{"conditions": []}]}}, "/tools/t/deny_if/always"),
        ({"t": {"limits": [{"counter": "n", "window": 60, "max": 0}]}}, "/tools/t/limits/n"),
        ({"t": {"limits": [{"counter": "n", "window": 60, "max": 9, "amount": "args.x"}]}}, "/tools/t/limits/n"),
    ):
        found, message = denial(policy(tools))
        assert found == rule
        assert rule in message


def test_a_held_call_says_why_a_person_is_asked() -> None:
    trigger: Json = {"path": "args.x", "op": "eq", "value": 1, "reason": "kills it"}
    for tools, expected in (
        ({"t": {"approve_if": [trigger], "reason": "entry"}}, "kills it"),
        ({"t": {"action": "approve", "reason": "entry"}}, "entry"),
        ({"t": {"action": "approve"}}, "The rule /tools/t/action asks for approval."),
    ):
        decision = decide(call(1, "t", {"x": 1}), policy(tools), MemoryLedger(), Remembered(), 60)
        assert (decision.verdict, decision.message) == (Verdict.PENDING, expected)


# What a decision carries


def test_a_decision_carries_every_step_passes_included() -> None:
    in_force = policy({"t": {
        "require": [{"path": "args.a", "op": "lte", "value": 5}],
        "deny_if": [{"path": "args.b.*", "op": "eq", "value": "no"}],
        "limits": [{"counter": "n", "window": 60, "max": 3, "amount": "args.a"}]}})  # fmt: skip
    decision = decide(call(1, "t", {"a": 2, "b": ["yes", "no"]}), in_force, MemoryLedger(), Remembered(), 60)
    steps = {step.rule: step for step in decision.trace}
    assert [step.rule for step in decision.trace] == [
        "(invalid name)", "(hidden)", "(default deny)", "/tools/t/action",
        "/tools/t/require/args.a-lte", "/tools/t/deny_if/args.b.*-eq"]  # fmt: skip
    passed = steps["/tools/t/require/args.a-lte"]
    assert (passed.result, passed.path, passed.op, passed.expected, passed.observed) == (
        StepResult.PASS, "args.a", "lte", 5, 2)  # fmt: skip
    fired = steps["/tools/t/deny_if/args.b.*-eq"]
    assert (fired.result, fired.observed, fired.note) == (StepResult.FIRED, "no", "of 2 values")
    assert decision.policy_hash == in_force.hash
    assert decision.charges == ()


def test_a_mismatch_is_told_apart_in_the_trace() -> None:
    in_force = policy({"t": {"deny_if": [{"path": "args.a", "op": "gt", "value": 5}]}})
    decision = decide(call(1, "t", {"a": "9"}), in_force, MemoryLedger(), Remembered(), 60)
    assert decision.trace[-1].note == "mismatch: not a number"


def test_an_allowed_call_carries_its_charges_and_readings() -> None:
    in_force = policy(
        {"t": {"limits": [{"counter": "n", "window": 60, "max": 3, "amount": "args.a", "refund": "never"}]}}
    )
    decision = decide(call(1, "t", {"a": Number("1.50")}), in_force, MemoryLedger(), Remembered(), 61)
    (charge,) = decision.charges
    assert (charge.rule, charge.key.scope_id, charge.refund_on_error) == ("/tools/t/limits/n", "g1", False)
    (reading,) = decision.readings
    assert (reading.before, str(reading.amount), reading.max, reading.resets_at) == (0, "1.50", 3, 120)


def test_a_denial_by_a_limit_can_be_told_from_others() -> None:
    in_force = policy({"t": {"limits": [{"counter": "n", "window": 60, "max": 0}]}})
    assert decide(call(1), in_force, MemoryLedger(), Remembered(), 60).limited
    assert not decide(call(1, "u"), in_force, MemoryLedger(), Remembered(), 60).limited


# Phases that scenarios cannot reach


def test_a_pin_of_the_listed_definition_passes_and_its_meta_does_not_count() -> None:
    definition: JsonObject = {"name": "t", "inputSchema": {"type": "object"}, "description": "é", "_meta": {"x": 1}}
    world = World(policy({"t": {"pin": "sha256:" + definition_pin(definition)}}))
    assert decided(world.arrive(call(1))).rule == "/tools/t/pin"
    world.gate.listed("s1", {"t": {**definition, "_meta": {"x": 2}}})
    assert decided(world.arrive(call(2))).verdict is Verdict.ALLOW
    world.gate.listed("s1", {"t": {**definition, "description": "e"}})
    assert decided(world.arrive(call(3))).rule == "/tools/t/pin"


def test_the_same_definition_listed_again_is_the_same() -> None:
    world = World(policy({"t": {"validate": "input_schema"}}))
    for maximum, verdict in ((Number("5.0"), Verdict.ALLOW), (5, Verdict.ALLOW), (1, Verdict.DENY)):
        world.gate.listed("s1", {"t": {"name": "t", "inputSchema": {"properties": {"n": {"maximum": maximum}}}}})
        assert decided(world.arrive(call(1, "t", {"n": 5}))).verdict is verdict


def test_arguments_that_the_checker_cannot_take_are_denied() -> None:
    deep: Json = 1
    for _ in range(2000):
        deep = [deep]
    assert denial(policy({"t": {"schema": {"properties": {"x": True}}}}), {"x": deep})[0] == "/tools/t/schema"


def test_a_later_leg_is_judged_without_its_windows() -> None:
    in_force = policy({"t": {"limits": [{"counter": "n", "window": 60, "max": 0}]}})
    later = Circumstances(continuing=True)
    decision = decide(call(1), in_force, MemoryLedger(), Remembered(), 60, circumstances=later)
    assert (decision.verdict, decision.charges) == (Verdict.ALLOW, ())


# Cost


def test_a_thousand_rules_cost_no_more_than_one() -> None:
    def cost(rules: int) -> int:
        tools: Json = {f"tool{n}": {"deny_if": [{"path": "args.x", "op": "eq", "value": n}]} for n in range(rules)}
        in_force, ledger, remembered = policy(tools), MemoryLedger(), Remembered()

        def decided_once() -> None:
            decide(call(1, "tool0", {"x": 1}), in_force, ledger, remembered, 60)

        decided_once()  # what a name alone decides is remembered
        return calls_of(decided_once)

    assert cost(1000) == cost(1)


def test_each_limit_costs_the_same() -> None:
    def cost(limits: int) -> int:
        listed: Json = [{"counter": f"n{n}", "window": 60, "max": 5} for n in range(limits)]
        in_force, ledger, remembered = policy({"t": {"limits": listed}}), MemoryLedger(), Remembered()
        decide(call(1), in_force, ledger, remembered, 60)
        return calls_of(lambda: decide(call(1), in_force, ledger, remembered, 60))

    assert cost(20) - cost(10) <= 10 * (cost(2) - cost(1))


def test_definition_pins_are_those_of_the_canonical_text() -> None:
    # printf '{"a":1,"name":"t"}' | sha256sum
    assert definition_pin({"name": "t", "a": Number("1.0"), "_meta": {}}) == (
        "089b6e78657b1d4d1405f7114f485256a72650b734e8e536aae3854014670fa0"
    )
