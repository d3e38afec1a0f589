"""Remembered approvals, as the gate asks them."""

from __future__ import annotations

import pytest
from effort import calls_of
from gatework import ASKS, CALLER, World, call, decided, events, kinds, policy

from inspector.core.call import Call, Caller, CallId, Outcome
from inspector.core.decision import Verdict
from inspector.core.effects import Emit
from inspector.core.events import (
    ApprovalEnded,
    ApprovalRemembered,
)
from inspector.core.holds import Remember, Resolution
from inspector.core.json import JsonObject, Number

# Remembered approvals


@pytest.mark.parametrize(
    ("remember", "same", "other_session", "other_arguments"),
    [
        (Remember.ONCE, "Keep", "Keep", "Keep"),
        (Remember.SESSION, "Forward", "Keep", "Forward"),
        (Remember.ARGUMENTS, "Forward", "Forward", "Keep"),
        (Remember.TOOL, "Forward", "Forward", "Forward"),
    ],
)
def test_how_far_an_approval_reaches(remember: Remember, same: str, other_session: str, other_arguments: str) -> None:
    world = World(policy({"*": {"action": "approve"}}, default="allow"))
    world.arrive(call(1, arguments={"x": 1}), 100)
    effects = world.resolve(1, Resolution(approve=True, remember=remember), 101)
    remembered = [event for event in events(effects) if isinstance(event, ApprovalRemembered)]
    session = "c1" if remember is Remember.SESSION else ""
    arguments = {"x": 1} if remember is Remember.ARGUMENTS else None
    expected = [
        ApprovalRemembered(101, CallId(1), remember, "/tools/*/action", "g1", "s1", "t", 1, "you", session, arguments)
    ]
    assert remembered == ([] if remember is Remember.ONCE else expected)
    elsewhere = Caller("g1", "c2", "agent")
    assert kinds(world.arrive(call(2, arguments={"x": 1}), 102))[-1] == same
    there = Call(CallId(3), 0, elsewhere, "s1", "t", {"x": 1})
    assert kinds(world.arrive(there, 102))[-1] == other_session
    assert kinds(world.arrive(call(4, arguments={"x": 2}), 102))[-1] == other_arguments
    assert kinds(world.arrive(call(5, "another", {"x": 1}), 102))[-1] == "Keep"
    stranger = Call(CallId(6), 0, Caller("g2", "c1", "agent"), "s1", "t", {"x": 1})
    assert kinds(world.arrive(stranger, 102))[-1] == "Keep"
    assert kinds(world.arrive(Call(CallId(7), 0, CALLER, "s2", "t", {"x": 1}), 102))[-1] == "Keep"


def test_an_allowed_call_names_the_trigger_that_was_remembered() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    world.resolve(1, Resolution(approve=True, remember=Remember.TOOL), 101)
    decision = decided(world.arrive(call(2), 102))
    assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "/tools/t/action")
    assert "remembered" in [step.result.value for step in decision.trace]


def test_a_decision_names_the_approvals_that_answered_for_it() -> None:
    asks = [{"path": "args.x", "op": "exists", "value": True}]
    limits = [{"counter": "n", "window": "minute", "max": 9}]
    both = policy({"t": {"action": "approve", "approve_if": asks, "limits": limits}})
    world = World(both)
    world.arrive(call(1, arguments={"x": 1}), 100)
    effects = world.resolve(1, Resolution(approve=True, remember=Remember.TOOL), 101)
    assert [e.approval for e in events(effects) if isinstance(e, ApprovalRemembered)] == [1, 2]
    assert decided(effects).approvals == ()
    assert decided(world.arrive(call(2, arguments={"x": 2}), 102)).approvals == (1, 2)
    assert decided(world.arrive(call(3), 102)).approvals == (1,)


def test_a_revoked_approval_answers_no_more_and_the_next_call_asks_again() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    world.resolve(1, Resolution(approve=True, remember=Remember.TOOL), 101)
    assert kinds(world.arrive(call(2), 102))[-1] == "Forward"
    assert world.gate.revoke(1, 103) == [Emit(ApprovalEnded(103, 1, "you"))]
    assert kinds(world.arrive(call(3), 104))[-1] == "Keep"
    assert world.gate.revoke(1, 105) is None, "it has ended already"
    effects = world.resolve(3, Resolution(approve=True, remember=Remember.TOOL), 106)
    assert [e.approval for e in events(effects) if isinstance(e, ApprovalRemembered)] == [2], "numbers are never reused"


def test_revoking_touches_no_call_that_was_let_go_and_no_other_approval() -> None:
    world = World(policy({"*": {"action": "approve"}}, default="allow"))
    for number, tool in ((1, "t"), (2, "u")):
        world.arrive(call(number, tool), 100)
        world.resolve(number, Resolution(approve=True, remember=Remember.SESSION), 101)
    world.gate.revoke(1, 102)
    assert kinds(world.arrive(call(3, "u"), 103))[-1] == "Forward"
    assert kinds(world.arrive(call(4, "t"), 103))[-1] == "Keep"
    assert kinds(world.finish(1, Outcome.OK, 104))[-1] == "Finished"


def test_the_same_yes_twice_is_one_approval() -> None:
    world = World(ASKS)
    for number in (1, 2):
        world.arrive(call(number), 100)
    said = [world.resolve(number, Resolution(approve=True, remember=Remember.TOOL), 101) for number in (1, 2)]
    assert [e.approval for effects in said for e in events(effects) if isinstance(e, ApprovalRemembered)] == [1, 1]
    world.gate.revoke(1, 102)
    assert kinds(world.arrive(call(3), 103))[-1] == "Keep"


def test_a_revocation_comes_after_what_was_due_before_it() -> None:
    world = World(policy({"t": {"action": "approve", "approval": {"timeout": 10}}}))
    world.arrive(call(1), 100)
    world.resolve(1, Resolution(approve=True, remember=Remember.ARGUMENTS), 101)
    world.arrive(call(2, arguments={"x": 1}), 102)
    effects = world.gate.revoke(1, 200)
    assert effects is not None
    assert kinds(effects) == ["HoldEnded", "Decided", "Refuse", "ApprovalEnded"]


def test_a_remembered_approval_answers_its_own_trigger_only() -> None:
    world = World(policy({"t": {"action": "approve", "approve_if": [{"path": "args.x", "op": "eq", "value": 1}]}}))
    world.arrive(call(1), 100)
    world.resolve(1, Resolution(approve=True, remember=Remember.TOOL), 101)
    decision = decided(world.arrive(call(2, arguments={"x": 1}), 102))
    assert (decision.verdict, decision.rule) == (Verdict.PENDING, "/tools/t/approve_if/args.x-eq")
    assert decision.triggers == ("/tools/t/approve_if/args.x-eq",)


def test_approvals_are_remembered_of_the_arguments_as_edited() -> None:
    world = World(ASKS)
    world.arrive(call(1, arguments={"x": "all"}), 100)
    world.resolve(1, Resolution(approve=True, arguments={"x": "one"}, remember=Remember.ARGUMENTS), 101)
    assert kinds(world.arrive(call(2, arguments={"x": "all"}), 102))[-1] == "Keep"
    assert kinds(world.arrive(call(3, arguments={"x": "one"}), 102))[-1] == "Forward"


def test_an_exceeded_limit_is_never_remembered() -> None:
    world = World(policy({"t": {"limits": [{"counter": "n", "window": "day", "max": 0, "on_exceed": "approve"}]}}))
    world.arrive(call(1), 100)
    effects = world.resolve(1, Resolution(approve=True, remember=Remember.TOOL), 101)
    assert not any(isinstance(event, ApprovalRemembered) for event in events(effects))
    assert kinds(world.arrive(call(2), 102))[-1] == "Keep"


def test_remembered_approvals_never_pass_a_denial() -> None:
    world = World(policy({"t": {"action": "approve", "deny_if": [{"path": "args.x", "op": "eq", "value": 1}]}}))
    world.arrive(call(1), 100)
    world.resolve(1, Resolution(approve=True, remember=Remember.TOOL), 101)
    assert decided(world.arrive(call(2, arguments={"x": 1}), 102)).rule == "/tools/t/deny_if/args.x-eq"


def test_a_remembered_approval_ends_when_its_entry_changes_and_does_not_come_back() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    world.resolve(1, Resolution(approve=True, remember=Remember.TOOL), 101)
    world.gate.reload(policy({"t": {"action": "approve"}, "other": {}}), 102)
    assert kinds(world.arrive(call(2), 103))[-1] == "Forward", "another entry changed"
    effects = world.gate.reload(policy({"t": {"action": "approve", "reason": "now with a reason"}}), 104)
    assert effects == [Emit(ApprovalEnded(104, 1, "policy"))]
    assert kinds(world.arrive(call(3), 105))[-1] == "Keep"
    world.gate.reload(ASKS, 106)
    assert kinds(world.arrive(call(4), 107))[-1] == "Keep"


def test_the_default_approval_can_be_remembered() -> None:
    world = World(policy(default="approve"))
    world.arrive(call(1), 100)
    world.resolve(1, Resolution(approve=True, remember=Remember.TOOL), 101)
    assert decided(world.arrive(call(2), 102)).rule == "(default approve)"
    assert kinds(world.arrive(call(3), 102))[-1] == "Forward"


def test_large_arguments_are_digested_only_where_an_approval_of_arguments_could_answer() -> None:
    large: JsonObject = {"x": [Number("0.5")] * 10_000}
    for remember, digested in ((Remember.TOOL, False), (Remember.SESSION, False), (Remember.ARGUMENTS, True)):
        world = World(policy({"*": {"action": "approve"}}, default="allow"))
        world.arrive(call(1, arguments={"x": 1}), 100)
        world.resolve(1, Resolution(approve=True, remember=remember), 101)
        elsewhere = calls_of(lambda: world.arrive(call(2, "another", large), 102))  # noqa: B023
        here = calls_of(lambda: world.arrive(call(3, arguments=large), 102))  # noqa: B023
        assert elsewhere < 10_000
        assert (here > 10_000) is digested
