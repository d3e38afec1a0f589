"""Calls that a server answered with input_required, and what continues them."""

from __future__ import annotations

from gatework import ASKS, World, call, decided, events, forwarded, kinds

from inspector.core.call import CallId, Outcome
from inspector.core.events import (
    CallArrived,
)
from inspector.core.holds import Resolution

# Continuations

YES = Resolution(approve=True)


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
