"""Which held call a key answers, and when."""

from __future__ import annotations

from ui_sample import HOLD_EXEC, HOLD_ISSUE, NOW, hold

from inspector.core.call import CallId
from inspector.ui.queue import ARMED_AFTER, HoldQueue

FIRST, SECOND = hold(1, HOLD_ISSUE, NOW), hold(2, HOLD_EXEC, NOW)


def test_a_key_is_armed_only_after_the_call_has_been_in_sight() -> None:
    queue = HoldQueue()
    assert queue.fold((FIRST,), 10.0) == (1,)
    assert not queue.armed(10.0 + ARMED_AFTER / 2)
    assert queue.armed(10.01 + ARMED_AFTER)


def test_the_selection_sticks_when_others_come() -> None:
    queue = HoldQueue()
    queue.fold((SECOND,), 10.0)
    assert queue.fold((FIRST, SECOND), 11.0) == (1,)
    assert queue.selected == 2
    assert queue.position == 2


def test_when_the_selected_call_ends_the_next_one_must_be_seen_first() -> None:
    queue = HoldQueue()
    queue.fold((FIRST, SECOND), 10.0)
    queue.fold((SECOND,), 20.0)
    assert queue.selected == 2
    assert not queue.armed(20.1)
    assert queue.armed(20.01 + ARMED_AFTER)


def test_pointing_at_a_call_that_has_long_been_in_sight_arms_at_once() -> None:
    queue = HoldQueue()
    queue.fold((FIRST, SECOND), 10.0)
    assert queue.select(CallId(2))
    assert queue.armed(11.0)


def test_a_queue_that_was_out_of_sight_has_not_been_seen() -> None:
    queue = HoldQueue()
    queue.fold((FIRST,), 10.0)
    queue.revealed(50.0)
    assert not queue.armed(50.1)


def test_an_empty_queue_answers_nothing() -> None:
    queue = HoldQueue()
    queue.fold((FIRST,), 10.0)
    queue.fold((), 11.0)
    assert queue.current is None
    assert not queue.armed(99.0)
    assert not queue.select(CallId(1))


def test_the_editor_extends_a_hold_only_the_first_time() -> None:
    queue = HoldQueue()
    assert [queue.first_time(CallId(1)), queue.first_time(CallId(1)), queue.first_time(CallId(2))] == [
        True,
        False,
        True,
    ]
