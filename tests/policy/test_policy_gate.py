from __future__ import annotations

from decimal import Decimal

import pytest
from gatework import CALLER, World, call, decided, events, forwarded, kinds, policy

from inspector.core.call import Call, Caller, CallId, Outcome
from inspector.core.decision import CounterKey, Reading, Verdict
from inspector.core.effects import Emit, Exceeded, Granted, Keep, Refuse, Reserve, Settle, StoreFailed
from inspector.core.errors import StoreError
from inspector.core.events import (
    ApprovalEnded,
    ApprovalRemembered,
    CallArrived,
    Counted,
    Finished,
    Held,
    HoldEnded,
    HoldExtended,
)
from inspector.core.holds import HoldEnd, Remember, Resolution
from inspector.policy.gate import MAX_RACES, Gate
from inspector.policy.ledger_memory import MemoryLedger

ASKS = policy({"t": {"action": "approve"}})
LIMITED = policy({"t": {"limits": [{"counter": "n", "window": "minute", "max": 1}]}})
YES, NO = Resolution(approve=True), Resolution(approve=False, reason="not today")


# Arrivals


def test_a_call_without_limits_is_forwarded_without_asking_the_ledger() -> None:
    world = World(policy({"t": {}}))
    assert kinds(world.arrive(call(1))) == ["CallArrived", "Decided", "Forward"]


def test_a_denied_call_is_refused_with_its_decision_and_forgotten() -> None:
    world = World(policy())
    effects = world.arrive(call(1))
    assert kinds(effects) == ["CallArrived", "Decided", "Refuse"]
    refuse = effects[-1]
    assert isinstance(refuse, Refuse)
    assert refuse.decision.rule == "(default deny)"
    assert world.gate._live == {}


def test_a_limited_call_is_reserved_then_decided_then_forwarded() -> None:
    world = World(LIMITED)
    assert kinds(world.arrive(call(1), 60)) == ["CallArrived", "Reserve", "Decided", "Counted", "Forward"]
    counted = next(e for e in events(world.effects) if isinstance(e, Counted))
    assert [(r.before, r.amount, r.max, r.resets_at) for r in counted.readings] == [(1, 0, 1, 120)]
    assert decided(world.effects).readings[0].before == 0


def test_an_arrival_tells_who_called_and_which_leg_it_is() -> None:
    world = World(policy({"t": {}}))
    arrived = events(world.arrive(call(1, arguments={"a": 1}), 5))[0]
    assert arrived == CallArrived(5, CallId(1), "conn", CALLER, "s1", "t", {"a": 1}, CallId(1), 1)


# Reservations


def test_a_lost_race_decides_again() -> None:
    world = World(LIMITED)
    first = world.gate.arrive(call(1), "conn", 60)
    second = world.gate.arrive(call(2), "conn", 60)
    assert kinds(first) == kinds(second) == ["CallArrived", "Reserve"]
    assert decided(world.perform(first, 60)).verdict is Verdict.ALLOW
    lost = decided(world.perform(second, 60))
    assert (lost.verdict, lost.rule) == (Verdict.DENY, "/tools/t/limits/n")
    assert lost.limited


def test_a_race_that_is_lost_again_and_again_ends_in_a_denial() -> None:
    gate = Gate(LIMITED, MemoryLedger())
    effects = gate.arrive(call(1), "conn", 60)
    for _ in range(MAX_RACES):
        assert isinstance(effects[-1], Reserve)
        effects = gate.reserved(CallId(1), Exceeded(60, "/tools/t/limits/n", ()), 60)
    effects = gate.reserved(CallId(1), Exceeded(60, "/tools/t/limits/n", ()), 60)
    assert decided(effects).rule == "/tools/t/limits/n"
    assert gate._live == {}


def test_a_store_that_fails_denies_calls_that_have_limits_and_others_go_on() -> None:
    gate = Gate(policy({"t": {"limits": [{"counter": "n", "window": 60, "max": 1}]}, "u": {}}), MemoryLedger())
    gate.arrive(call(1), "conn", 60)
    denied = decided(gate.reserved(CallId(1), StoreFailed(60, "disk full"), 60))
    assert (denied.verdict, denied.rule) == (Verdict.DENY, "(state error)")
    assert "disk full" in denied.message
    assert kinds(gate.arrive(call(2, "u"), "conn", 60))[-1] == "Forward"


def test_a_store_that_cannot_be_read_denies_calls_that_have_limits() -> None:
    class Broken:
        def used(self, key: CounterKey, now: float) -> Reading:
            raise StoreError("it is gone")

    gate = Gate(policy({"t": {"limits": [{"counter": "n", "window": 60, "max": 1}]}, "u": {}}), Broken())
    assert decided(gate.arrive(call(1), "conn", 60)).rule == "(state error)"
    assert decided(gate.arrive(call(2, "u"), "conn", 60)).verdict is Verdict.ALLOW


def test_a_call_that_is_withdrawn_while_it_is_reserved_never_runs_and_gives_everything_back() -> None:
    world = World(LIMITED)
    effects = world.gate.arrive(call(1), "conn", 60)
    withdrawn = world.gate.withdraw(CallId(1), 61)
    assert kinds(withdrawn) == ["Decided", "Drop"]
    assert (decided(withdrawn).verdict, decided(withdrawn).rule) == (Verdict.CANCELLED, "")
    assert kinds(world.perform(effects, 61)) == ["CallArrived", "Reserve", "Settle"]
    assert kinds(world.arrive(call(2), 62))[-1] == "Forward"
    assert set(world.gate._live) == {CallId(2)}


def test_an_answer_for_a_call_that_nobody_knows_changes_nothing() -> None:
    assert Gate(LIMITED, MemoryLedger()).reserved(CallId(9), Granted(1, ()), 1) == []


def test_a_call_that_ends_while_it_is_reserved_never_runs() -> None:
    world = World(LIMITED)
    effects = world.gate.arrive(call(1), "conn", 60)
    world.finish(1, Outcome.NOT_SENT, 61)
    assert kinds(world.perform(effects, 61)) == ["CallArrived", "Reserve", "Settle"]
    assert world.gate._live == {}


# Ends of forwarded calls


@pytest.mark.parametrize(
    ("outcome", "refunds"),
    [
        (Outcome.OK, (False, False)),
        (Outcome.TOOL_ERROR, (False, False)),
        (Outcome.CANCELLED, (False, False)),
        (Outcome.UNKNOWN, (False, False)),
        (Outcome.INPUT_REQUIRED, (False, False)),
        (Outcome.RPC_ERROR, (False, True)),
        (Outcome.NOT_SENT, (True, True)),
    ],
)
def test_what_an_end_gives_back(outcome: Outcome, refunds: tuple[bool, bool]) -> None:
    world = World(LIMITED)
    world.arrive(call(1), 60)
    settle, finished = world.gate.finish(CallId(1), outcome, 61, response=b"{}")
    assert isinstance(settle, Settle)
    assert (settle.refund_all, settle.refund_errors) == refunds
    assert events([finished]) == [Finished(61, CallId(1), outcome, b"{}")]
    assert world.gate._live == {}


def test_a_call_without_limits_has_nothing_to_settle() -> None:
    world = World(policy({"t": {}}))
    world.arrive(call(1))
    assert kinds(world.finish(1, Outcome.OK, 1)) == ["Finished"]


def test_the_answer_to_a_refused_call_is_told_too() -> None:
    world = World(policy())
    world.arrive(call(1))
    assert kinds(world.finish(1, Outcome.NOT_SENT, 1)) == ["Finished"]


# Holds


def test_a_held_call_is_kept_until_a_person_answers() -> None:
    world = World(ASKS)
    effects = world.arrive(call(1), 100)
    assert kinds(effects) == ["CallArrived", "Decided", "Held", "Keep"]
    (hold,) = world.gate.holds
    assert (hold.since, hold.deadline, hold.rule, hold.triggers) == (100, 150, "/tools/t/action", ("/tools/t/action",))
    assert world.gate.next_deadline() == 150
    effects = world.resolve(1, YES, 120)
    assert kinds(effects) == ["HoldEnded", "Decided", "Forward"]
    assert events(effects)[0] == HoldEnded(120, CallId(1), HoldEnd.APPROVED, "you")
    assert decided(effects).rule == "/tools/t/action"
    assert forwarded(effects).arguments is None
    assert world.gate.next_deadline() is None


def test_edited_arguments_are_what_is_sent() -> None:
    world = World(ASKS)
    world.arrive(call(1, arguments={"x": 1}), 100)
    effects = world.resolve(1, Resolution(approve=True, arguments={"x": 2}), 101)
    assert forwarded(effects).arguments == {"x": 2}
    ended = events(effects)[0]
    assert isinstance(ended, HoldEnded)
    assert ended.arguments == {"x": 2}


def test_a_persons_no_reaches_the_agent_with_its_reason() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    effects = world.resolve(1, NO, 101)
    assert kinds(effects) == ["HoldEnded", "Decided", "Refuse"]
    assert decided(effects).rule == "/tools/t/action"
    assert "not today" in decided(effects).message
    assert world.gate._live == {}


def test_the_first_end_wins_and_later_ones_are_rejected() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    world.resolve(1, NO, 101)
    assert world.gate.resolve(CallId(1), YES, 102) is None
    assert world.gate.extend(CallId(1), 102, 60) is None
    assert world.gate.withdraw(CallId(1), 102) == []
    assert world.gate.tick(1000) == []


def test_the_deadline_is_inclusive() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    assert world.gate.tick(149.999) == []
    effects = world.gate.tick(150)
    assert kinds(effects) == ["HoldEnded", "Decided", "Refuse"]
    assert "did not answer in time" in decided(effects).message


def test_an_answer_at_the_deadline_comes_too_late() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    effects = world.gate.resolve(CallId(1), YES, 150)
    assert effects is not None
    assert decided(effects).verdict is Verdict.DENY


def test_a_rejected_answer_does_not_swallow_what_falls_due() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    assert world.gate.resolve(CallId(99), YES, 500) is None
    assert kinds(world.gate.tick(500)) == ["HoldEnded", "Decided", "Refuse"]


def test_a_hold_can_be_extended() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    effects = world.gate.extend(CallId(1), 149, 60)
    assert effects is not None
    assert events(effects) == [HoldExtended(149, CallId(1), 210)]
    assert effects[-1] == Keep(CallId(1), 210)
    assert world.gate.tick(209) == []
    assert kinds(world.gate.tick(210))[-1] == "Refuse"


def test_a_withdrawn_call_is_dropped_and_never_runs() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    effects = world.gate.withdraw(CallId(1), 101)
    assert kinds(effects) == ["HoldEnded", "Decided", "Drop"]
    assert events(effects)[0] == HoldEnded(101, CallId(1), HoldEnd.WITHDRAWN, "the client")
    assert (decided(effects).verdict, decided(effects).rule) == (Verdict.CANCELLED, "")
    assert world.gate.resolve(CallId(1), YES, 102) is None
    assert world.gate._live == {}


def test_withdrawing_a_running_call_is_left_to_the_driver() -> None:
    world = World(policy({"t": {}}))
    world.arrive(call(1))
    assert world.gate.withdraw(CallId(1), 1) == []
    assert kinds(world.finish(1, Outcome.CANCELLED, 2)) == ["Finished"]


def test_holds_end_in_the_order_of_their_deadlines_whoever_asks() -> None:
    world = World(policy({"t": {"approve_if": [
        {"path": "args.s", "op": "eq", "value": 1, "timeout": 10},
        {"path": "args.s", "op": "eq", "value": 2, "timeout": 5}]}}))  # fmt: skip
    world.arrive(call(1, arguments={"s": 1}), 100)
    world.arrive(call(2, arguments={"s": 2}), 101)
    effects = world.arrive(call(3), 200)
    ended = [(e.call_id, e.at) for e in events(effects) if isinstance(e, HoldEnded)]
    assert ended == [(2, 106), (1, 110)]
    assert kinds(effects)[-3:] == ["CallArrived", "Decided", "Forward"]


def test_nobody_attached_ends_a_hold_early() -> None:
    world = World(ASKS, unattended_after=5)
    world.arrive(call(1), 100)
    assert world.gate.next_deadline() == 105
    effects = world.gate.tick(105)
    assert "no person is attached" in decided(effects).message
    assert decided(effects).rule == "/tools/t/action"


def test_on_timeout_allow_needs_somebody_who_could_have_answered() -> None:
    allows = policy({"t": {"action": "approve", "approval": {"timeout": 10, "on_timeout": "allow"}}})
    world = World(allows, unattended_after=5)
    world.arrive(call(1), 100)
    assert decided(world.gate.tick(105)).verdict is Verdict.DENY
    world = World(allows, unattended_after=10)
    world.arrive(call(1), 100)
    assert decided(world.gate.tick(110)).verdict is Verdict.ALLOW, "its own deadline comes first"


def test_attaching_a_person_gives_the_holds_their_time_back() -> None:
    world = World(ASKS, unattended_after=5)
    world.arrive(call(1), 100)
    world.gate.unattended_after = None
    assert world.gate.next_deadline() == 150
    world.gate.tick(120)
    world.gate.unattended_after = 5
    assert world.gate.next_deadline() == 125, "five seconds from when the person left"


# Re-judgement


def test_a_new_trigger_holds_again_with_all_triggers_shown() -> None:
    world = World(policy({"t": {"approve_if": [
        {"path": "args.a", "op": "exists", "value": True, "name": "a"},
        {"path": "args.b", "op": "exists", "value": True, "name": "b"}]}}))  # fmt: skip
    world.arrive(call(1, arguments={"b": 1}), 100)
    effects = world.resolve(1, Resolution(approve=True, arguments={"a": 1, "b": 1}), 110)
    assert kinds(effects) == ["HoldEnded", "Decided", "Held", "Keep"]
    held = events(effects)[-1]
    assert isinstance(held, Held)
    assert held.hold.rule == "/tools/t/approve_if/a"
    assert held.hold.triggers == ("/tools/t/approve_if/a", "/tools/t/approve_if/b")
    assert (held.hold.since, held.hold.deadline) == (110, 160)
    assert forwarded(world.resolve(1, YES, 111)).arguments == {"a": 1, "b": 1}


def test_an_overridden_limit_is_charged_without_comparing() -> None:
    world = World(policy({"t": {"limits": [{"counter": "n", "window": "day", "max": 0, "on_exceed": "approve"}]}}))
    world.arrive(call(1), 100)
    effects = world.resolve(1, YES, 101)
    reserve = next(effect for effect in effects if isinstance(effect, Reserve))
    assert [charge.asks for charge in reserve.charges] == [True]
    assert decided(effects).verdict is Verdict.ALLOW
    assert world.ledger.used(reserve.charges[0].key, 101).before == Decimal(1)


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


# Continuations


def test_a_retry_is_a_leg_of_the_same_call_and_carries_the_edit() -> None:
    world = World(ASKS)
    world.arrive(call(1, arguments={"x": 1}), 100)
    world.resolve(1, Resolution(approve=True, arguments={"x": 2}), 101)
    world.finish(1, Outcome.INPUT_REQUIRED, 102, "S")
    effects = world.arrive(call(2, arguments={"x": 1}, state="S"), 103)
    arrived = events(effects)[0]
    assert isinstance(arrived, CallArrived)
    assert (arrived.root, arrived.leg, arrived.arguments) == (CallId(1), 2, {"x": 1})
    assert forwarded(effects).arguments == {"x": 2}
    assert decided(effects).rule == "/tools/t/action"


def test_input_required_without_a_state_cannot_be_continued() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    world.resolve(1, YES, 101)
    world.finish(1, Outcome.INPUT_REQUIRED, 102)
    assert kinds(world.arrive(call(2), 103))[-1] == "Keep"


# Reload, listing, bounds


def test_a_reload_denies_held_calls_and_releases_none() -> None:
    world = World(policy({"t": {"action": "approve"}, "u": {"action": "approve"}}))
    world.arrive(call(1, "t"), 100)
    world.arrive(call(2, "u"), 100)
    effects = world.gate.reload(policy({"u": {}}), 101)
    assert kinds(effects) == ["HoldEnded", "Decided", "Refuse"]
    ended = events(effects)[0]
    assert isinstance(ended, HoldEnded)
    assert (ended.call_id, ended.end, ended.by) == (1, HoldEnd.RELOADED, "policy")
    assert [hold.call_id for hold in world.gate.holds] == [2]


def test_a_tool_listed_twice_is_neither_shown_nor_called() -> None:
    world = World(policy(default="allow"))
    world.gate.listed("s1", {"t": {"name": "t"}, "u": {"name": "u"}}, frozenset({"t"}))
    assert world.gate.visible("s1", ["t", "u"]) == ["u"]
    assert decided(world.arrive(call(1, "t"))).rule == "(duplicate tool)"
    assert decided(world.arrive(call(2, "u"))).verdict is Verdict.ALLOW
    world.gate.listed("s1", {"t": {"name": "t"}})
    assert decided(world.arrive(call(3, "t"))).verdict is Verdict.ALLOW


def test_without_a_policy_nothing_is_hidden_and_everything_is_denied() -> None:
    world = World(None)
    assert world.gate.visible("s1", ["a"]) == ["a"]
    assert decided(world.arrive(call(1))).rule == "(no policy)"


def test_time_is_the_latest_seen() -> None:
    world = World(ASKS)
    world.arrive(call(1), 100)
    world.arrive(call(2), 50)
    assert [hold.deadline for hold in world.gate.holds] == [150, 150]
    assert world.gate.latest == 100


def test_nothing_is_kept_of_calls_that_are_over() -> None:
    world = World(LIMITED)
    for number in range(500):
        world.arrive(call(number), number * 60)
        world.finish(number, Outcome.INPUT_REQUIRED, number * 60, f"state {number}")
    assert world.gate._live == {}
    assert len(world.gate._continuations._open) <= 11


# A person wants to see the next call


def test_the_next_call_of_a_tool_is_held_once_though_the_policy_allows_it() -> None:
    world = World(policy({"t": {}}))
    world.gate.hold_next("s1", "t")
    assert kinds(world.arrive(call(1))) == ["CallArrived", "Decided", "Held", "Keep"]
    assert decided(world.effects).rule == "(held by you)"
    assert kinds(world.arrive(call(2))) == ["CallArrived", "Decided", "Forward"]
    answered = world.gate.resolve(CallId(1), YES, 2)
    assert answered is not None
    assert kinds(answered) == ["HoldEnded", "Decided", "Forward"]


def test_a_call_that_the_policy_denies_stays_denied_though_a_person_asked_to_see_it() -> None:
    world = World(policy())
    world.gate.hold_next("s1", "t")
    assert kinds(world.arrive(call(1))) == ["CallArrived", "Decided", "Refuse"]


def test_remembering_the_answer_to_one_call_says_nothing_of_the_next_one_asked_for() -> None:
    world = World(policy({"t": {}}))
    world.gate.hold_next("s1", "t")
    world.arrive(call(1))
    world.gate.resolve(CallId(1), Resolution(approve=True, remember=Remember.TOOL), 2)
    world.gate.hold_next("s1", "t")
    assert "Held" in kinds(world.arrive(call(2)))
