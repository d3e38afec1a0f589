"""When a held call ends by itself."""

from __future__ import annotations

from gatework import ASKS, World, call, decided, events, kinds, policy

from inspector.core.call import CallId
from inspector.core.decision import Verdict
from inspector.core.effects import Keep
from inspector.core.events import (
    HoldEnded,
    HoldExtended,
)
from inspector.core.holds import Resolution

YES = Resolution(approve=True)


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
