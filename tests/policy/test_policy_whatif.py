"""Judging recorded calls again: the same world for the same policy, and what another one changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runwork import HEAD, Run, replay

from inspector.core.call import Outcome
from inspector.core.events import CounterReset
from inspector.core.holds import Remember
from inspector.core.json import JsonObject
from inspector.core.word import Word
from inspector.policy.load import load_text
from inspector.policy.whatif import summary

OPEN = load_text('version: "1"\ndefault: allow\n')


def words(run: Run, text: str) -> list[str]:
    return [again.now.rule or str(again.now.verdict) for again in replay(load_text(text), run.past)]


def test_a_reset_counter_and_a_revoked_approval_are_so_in_the_other_world_too() -> None:
    text = HEAD + "  t: {limits: [{counter: c, window: minute, max: 1}]}\n  asks: {action: approve}\n"
    run = Run(text)
    run.call(0)
    run.call(1)
    (limit,) = run.store.views(0, 1).limits
    run.store.fold(CounterReset(2, run.ledger.reset(limit.key, 2), "you"))
    run.call(3)
    run.approve(run.call(4, "asks"), 5, Remember.TOOL)
    run.call(6, "asks")
    run.perform(run.gate.revoke(1, 7) or [], 7)
    run.call(8, "asks")
    again = replay(load_text(text), run.past, undoings=run.store.undoings())
    assert [one.now.verdict.value for one in again] == ["allow", "deny", "allow", "pending", "allow", "pending"]
    assert not any(one.flips for one in again)


def test_the_same_policy_flips_nothing_with_limits_holds_and_remembered_answers() -> None:
    text = HEAD + (
        "  t: {limits: [{counter: c, window: minute, max: 2}]}\n"
        "  asks: {action: approve}\n"
        "  slots: {limits: [{counter: run, window: in_flight, max: 1}]}\n"
    )
    run = Run(text)
    for at in (0, 1, 2, 61):
        run.call(at)
    run.approve(run.call(62, "asks"), 63, Remember.TOOL)
    run.call(64, "asks")
    run.call(65, "nobody-listed-this")
    first = run.call(66, "slots")
    run.call(67, "slots")
    run.finish(first, 68)
    run.call(69, "slots")
    found = summary(replay(load_text(text), run.past))
    assert (found.calls, found.flipped, found.flips) == (10, 0, ())


def test_a_tighter_limit_flips_the_calls_beyond_it() -> None:
    run = Run(HEAD + "  t: {limits: [{counter: c, window: minute, max: 10}]}\n")
    for at in range(5):
        run.call(at)
    found = summary(replay(load_text(HEAD + "  t: {limits: [{counter: c, window: minute, max: 3}]}\n"), run.past))
    assert found.totals == ((Word.ALLOW, Word.LIMIT, 2),)
    assert [flip.call_id for flip in found.flips] == [5, 4]
    assert found.flips[0].rule == "/tools/t/limits/c"


def test_a_window_is_counted_by_the_times_of_the_calls() -> None:
    run = Run('version: "1"\ndefault: allow\n')
    for at in (0, 10, 59, 60, 61):
        run.call(at)
    assert words(run, HEAD + "  t: {limits: [{counter: c, window: minute, max: 2}]}\n") == [
        "allow", "allow", "/tools/t/limits/c", "allow", "allow",
    ]  # fmt: skip


def test_what_asked_and_is_allowed_now_goes_from_hold_to_allow() -> None:
    run = Run(HEAD + "  t: {action: approve}\n")
    run.approve(run.call(0), 5)
    run.call(10)
    found = summary(replay(OPEN, run.past))
    assert found.totals == ((Word.HOLD, Word.ALLOW, 2),)
    assert found.flips[0].rule == "/tools/t/action"


def test_an_edited_approval_is_charged_as_edited() -> None:
    text = HEAD + "  t: {action: approve, limits: [{counter: spend, window: hour, max: 100, amount: args.n}]}\n"
    run = Run(text)
    run.approve(run.call(0, n=90), 1, edit={"n": 10})
    run.call(2, n=80)
    assert summary(replay(load_text(text), run.past)).flipped == 0


def test_counters_that_stood_high_before_the_first_call_stand_high_again() -> None:
    text = HEAD + "  t: {limits: [{counter: c, window: hour, max: 3}]}\n"
    run = Run(text)
    for at in range(4):
        run.call(at)
    assert [Word(w) for w in ("allow", "limit")] == [
        Word.LIMIT if again.now.limited else Word.ALLOW for again in replay(load_text(text), run.past[2:])
    ]


def test_a_refunded_charge_is_given_back_again() -> None:
    text = HEAD + "  t: {limits: [{counter: c, window: hour, max: 1}]}\n"
    run = Run(text)
    run.finish(run.call(0), 1, Outcome.RPC_ERROR)
    run.call(2)
    run.call(3)
    assert [again.flips for again in replay(load_text(text), run.past)] == [False, False, False]


def test_legs_of_one_call_are_asked_about_once_and_count_once() -> None:
    text = HEAD + "  t: {limits: [{counter: c, window: hour, max: 1}]}\n"
    run = Run(text)
    run.finish(run.call(0), 1, Outcome.INPUT_REQUIRED, state="xyz")
    run.finish(run.call(2, state="xyz"), 3)
    assert [past.leg for past in run.past] == [1, 2]
    assert summary(replay(load_text(text), run.past)).flipped == 0
    denied = summary(replay(load_text('version: "1"\ndefault: deny\n'), run.past))
    assert (denied.calls, denied.flipped) == (1, 1)


def test_a_validating_draft_knows_what_the_server_lists() -> None:
    run = Run('version: "1"\ndefault: allow\n')
    run.call(0, n="text")
    draft = load_text(HEAD + "  t: {validate: input_schema}\n")
    schema: JsonObject = {"inputSchema": {"type": "object", "properties": {"n": {"type": "string"}}}}
    assert [a.flips for a in replay(draft, run.past, {"srv": {"t": schema}})] == [False]
    assert [a.flips for a in replay(draft, run.past)] == [True]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_only_the_newest_flips_are_named_but_all_are_counted(count: int) -> None:
    run = Run('version: "1"\ndefault: allow\n')
    for at in range(200 + count):
        run.call(at)
    found = summary(replay(load_text('version: "1"\ndefault: deny\n'), run.past))
    assert (found.flipped, len(found.flips), found.flips[0].call_id) == (200 + count, 200, 200 + count)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.sampled_from("abc"), st.booleans(), st.sampled_from(list(Outcome))),
        max_size=25,
    )
)
def test_any_run_replayed_under_its_own_policy_is_itself(steps: list[tuple[int, str, bool, Outcome]]) -> None:
    text = HEAD + (
        "  a: {limits: [{counter: c, window: minute, max: 3, algorithm: sliding}]}\n"
        "  b: {action: approve, approval: {timeout: 30}, limits: [{counter: c, window: minute, max: 2}]}\n"
    )
    run, now = Run(text), 0
    for wait, tool, answer, outcome in steps:
        now += wait
        call_id = run.call(now, tool)
        if answer:
            run.approve(call_id, now + 1)
            if outcome is not Outcome.INPUT_REQUIRED:
                run.finish(call_id, now + 2, outcome)
            now += 2
    assert not [again for again in replay(load_text(text), run.past) if again.flips]


def test_replaying_leaves_the_recorded_calls_alone() -> None:
    run = Run('version: "1"\ndefault: allow\n')
    run.call(0, x=1)
    before = [replace(past) for past in run.past]
    replay(load_text('version: "1"\ndefault: deny\n'), run.past)
    assert list(run.past) == before
