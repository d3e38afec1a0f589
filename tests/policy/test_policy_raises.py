"""Limits that a person raised for the run."""

from __future__ import annotations

from decimal import Decimal

import pytest
from gatework import World, call, decided, events, kinds, policy
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.call import Outcome
from inspector.core.commands import RaiseLimit
from inspector.core.decision import CounterKey, Decision, Verdict
from inspector.core.errors import UsageError
from inspector.core.events import Event, LimitRaised, RaiseEnded
from inspector.core.json import Json
from inspector.policy.load import load_text
from inspector.policy.model import Policy

RULE = "/tools/t/limits/n"


def limited(most: Json = 1, **more: Json) -> Policy:
    return policy({"t": {"limits": [{"counter": "n", "window": "minute", "max": most, **more}]}})


def key_of(decision: Decision) -> CounterKey:
    return decision.readings[0].key


def used_up(in_force: Policy) -> tuple[World, CounterKey]:
    """A world whose limit of one is used up."""
    world = World(in_force)
    key = key_of(decided(world.arrive(call(1), 60)))
    assert decided(world.arrive(call(2), 61)).verdict is Verdict.DENY
    return world, key


def raised(world: World, key: CounterKey, most: str, now: float = 62, rule: str = RULE) -> list[Event]:
    return events(world.perform(world.gate.raise_limit(RaiseLimit(key, rule, Decimal(most)), now), now))


def test_a_raised_limit_lets_the_next_call_go_and_says_so() -> None:
    world, key = used_up(limited())
    assert raised(world, key, "3") == [LimitRaised(62, key, RULE, Decimal(3), Decimal(1), "you")]
    decision = decided(world.arrive(call(3), 63))
    assert decision.verdict is Verdict.ALLOW
    assert (decision.readings[0].before, decision.readings[0].max, decision.charges[0].max) == (1, 3, 3)
    assert decision.trace[-1].note == "1 of 3 used, 1 wanted; raised from 1"


def test_what_the_agent_reads_counts_to_the_raised_max() -> None:
    world, key = used_up(limited())
    raised(world, key, "2")
    world.arrive(call(3), 63)
    decision = decided(world.arrive(call(4), 64))
    assert decision.message.startswith("2 of 2 per minute are used")
    assert decision.limited


def test_without_a_raise_nothing_is_said_of_one() -> None:
    world, _ = used_up(limited())
    assert decided(world.arrive(call(3), 63)).trace[-1].note == "1 of 1 used, 1 wanted"


def test_only_the_counter_that_was_pointed_at_is_raised() -> None:
    both = policy({name: {"limits": [{"counter": "n", "window": "minute", "max": 1}]} for name in ("t", "u")})
    world, key = used_up(both)
    raised(world, key, "9")
    world.arrive(call(3, "u"), 63)
    assert decided(world.arrive(call(4, "u"), 63)).verdict is Verdict.DENY
    assert decided(world.arrive(call(5, "t"), 63)).verdict is Verdict.ALLOW


def test_of_limits_that_share_a_pool_only_the_one_named_is_raised() -> None:
    pooled: Json = [{"counter": "n", "window": "minute", "max": 1, "pool": "p"}]
    world, key = used_up(policy({"t": {"limits": pooled}, "u": {"limits": pooled}}))
    raised(world, key, "9")
    assert decided(world.arrive(call(3, "u"), 63)).verdict is Verdict.DENY
    assert decided(world.arrive(call(4, "t"), 63)).verdict is Verdict.ALLOW


def test_a_limit_that_asks_asks_later() -> None:
    world = World(limited(1, on_exceed="approve"))
    key = key_of(decided(world.arrive(call(1), 60)))
    assert decided(world.arrive(call(2), 61)).verdict is Verdict.PENDING
    raised(world, key, "2")
    assert decided(world.arrive(call(3), 62)).verdict is Verdict.ALLOW
    assert decided(world.arrive(call(4), 62)).verdict is Verdict.PENDING


def test_the_policys_own_max_takes_it_back() -> None:
    world, key = used_up(limited())
    raised(world, key, "5")
    assert raised(world, key, "1.0") == [RaiseEnded(62, key, RULE, Decimal(1), "you")]
    assert raised(world, key, "1") == [], "there is nothing to take back"
    assert decided(world.arrive(call(3), 63)).verdict is Verdict.DENY


@pytest.mark.parametrize("most", ["0", "0.999", "-1", "NaN", "Infinity", "-Infinity", "sNaN"])
def test_it_can_only_be_raised(most: str) -> None:
    world, key = used_up(limited())
    with pytest.raises(UsageError, match="the policy allows 1 already"):
        raised(world, key, most)
    assert decided(world.arrive(call(3), 63)).verdict is Verdict.DENY


def test_a_limit_that_the_policy_does_not_have_cannot_be_raised() -> None:
    world, key = used_up(limited())
    with pytest.raises(UsageError, match="no such limit"):
        raised(world, key, "5", rule="/tools/t/limits/other")
    world.gate.reload(limited(1, window="hour"), 62)
    with pytest.raises(UsageError, match="no such limit"):
        raised(world, key, "5")
    with pytest.raises(UsageError, match="no such limit"):
        raised(World(None), key, "5")


EDITS = {
    "max": (limited(2), Decimal(2)),
    "gone": (policy({"t": {}}), None),
    "window": (limited(1, window="hour"), None),
    "scope": (limited(1, scope="global"), None),
}


@pytest.mark.parametrize(("after", "own"), EDITS.values(), ids=EDITS)
def test_a_raise_ends_when_the_limit_is_edited_and_does_not_come_back(after: Policy, own: Decimal | None) -> None:
    world, key = used_up(limited())
    raised(world, key, "9")
    assert events(world.gate.reload(after, 63)) == [RaiseEnded(63, key, RULE, own, "policy")]
    world.gate.reload(limited(), 64)
    assert decided(world.arrive(call(3), 65)).verdict is Verdict.DENY


def test_a_raise_outlives_an_edit_of_something_else() -> None:
    world, key = used_up(limited())
    raised(world, key, "9")
    assert events(world.gate.reload(limited(1, on_deny="slowly"), 63)) == []
    assert decided(world.arrive(call(3), 65)).verdict is Verdict.ALLOW


def test_intercepts_limits_can_be_raised_too() -> None:
    text = """
version: "1"
tools:
  t:
    rules:
      - {name: calm, rate_limit: 1/minute}
      - name: budget
        conditions: [{path: state.t.spend, op: lte, value: 0}]
        state: {counter: spend, window: day}
"""
    world = World(load_text(text))
    first = decided(world.arrive(call(1), 60))
    assert (first.verdict, first.rule) == (Verdict.DENY, "budget")
    raised(world, first.readings[-1].key, "1", rule="budget")
    assert decided(world.arrive(call(2), 61)).verdict is Verdict.ALLOW
    denied = decided(world.arrive(call(3), 62))
    assert denied.rule == "calm"
    raised(world, next(r.key for r in denied.readings if r.rule == "calm"), "9", rule="calm")
    assert decided(world.arrive(call(4), 63)).rule == "budget"


_STEPS = st.lists(
    st.one_of(
        st.just(("call", 0)),
        st.tuples(st.sampled_from(["ok", "failed"]), st.integers(0, 20)),
        st.just(("reset", 0)),
        st.tuples(st.just("raise"), st.integers(2, 6)),
        st.tuples(st.just("edit"), st.integers(1, 4)),
        st.tuples(st.just("pass"), st.sampled_from([1, 59, 60])),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps=_STEPS)
def test_between_two_resets_never_more_than_the_max_of_that_moment_goes(steps: list[tuple[str, int]]) -> None:
    own = most = 2
    world, now, resets = World(limited(own)), 60, 0
    key = key_of(decided(world.arrive(call(1), now)))
    standing = {1: (now // 60, resets)}  # window and number of resets by call
    running = [1]
    for number, (what, value) in enumerate(steps, 2):
        match what:
            case "call":
                goes = "Forward" in kinds(world.arrive(call(number), now))
                assert goes == (list(standing.values()).count((now // 60, resets)) < most)
                if goes:
                    standing[number] = (now // 60, resets)
                    running.append(number)
            case "ok" | "failed" if value < len(running):
                ended = running.pop(value)
                world.finish(ended, Outcome.RPC_ERROR if what == "failed" else Outcome.OK, now)
                if what == "failed":
                    del standing[ended]
            case "reset":
                resets += 1
                world.reset(key, now)
            case "raise" if value >= own:
                most = value
                raised(world, key, str(value), now)
            case "edit" if value != own:
                own = most = value
                world.perform(world.gate.reload(limited(own), now), now)
            case "pass":
                now += value
