from __future__ import annotations

from decimal import Decimal

import pytest
from gatework import ASKS, CALLER, World, call, decided, events, forwarded, kinds, policy

from inspector.core.call import CallId, Outcome
from inspector.core.decision import CounterKey, Reading, Verdict
from inspector.core.effects import Exceeded, Granted, Refuse, Reserve, Settle, StoreFailed
from inspector.core.errors import StoreError
from inspector.core.events import (
    CallArrived,
    Finished,
    Held,
    HoldEnded,
)
from inspector.core.holds import HoldEnd, Remember, Resolution
from inspector.policy.gate import MAX_RACES, Gate
from inspector.policy.ledger_memory import MemoryLedger

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
    assert kinds(world.arrive(call(1), 60)) == ["CallArrived", "Reserve", "Decided", "Forward"]
    readings = decided(world.effects).readings
    assert [(r.before, r.amount, r.max, r.resets_at) for r in readings] == [(0, 1, 1, 120)]


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
