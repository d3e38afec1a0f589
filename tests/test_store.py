from __future__ import annotations

import pytest
from folds.folding import (
    ALLOWED,
    RULE,
    arrival,
    decided,
    finished,
    held,
    reading,
    row,
    shown,
    store_of,
)

from inspector.core.call import Outcome
from inspector.core.decision import Verdict
from inspector.core.events import (
    ClientGone,
    Direction,
    Dropped,
    Event,
    Forwarded,
    FrameRejected,
    FrameSeen,
    HoldEnded,
    HoldExtended,
    PolicyLoaded,
    PolicyOffered,
    PolicyRejected,
    Progressed,
    RunStarted,
    UncoveredMethod,
)
from inspector.core.holds import HoldEnd
from inspector.core.json import Number
from inspector.core.problems import Problem
from inspector.core.views import UncoveredView, Word
from inspector.folds.calls import Calls
from inspector.store import Store

# Rows


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ([], Word.PENDING),
        ([ALLOWED], Word.ALLOW),
        ([decided(Verdict.DENY, "/x"), finished(Outcome.NOT_SENT)], Word.DENY),
        ([decided(Verdict.DENY, RULE, 1, reading(10)), finished(Outcome.NOT_SENT)], Word.LIMIT),
        ([decided(Verdict.PENDING, "/x"), held()], Word.HOLD),
        ([ALLOWED, Forwarded(100.0, 1), finished(Outcome.OK)], Word.ALLOW),
        ([ALLOWED, Forwarded(100.0, 1), finished(Outcome.INPUT_REQUIRED)], Word.ALLOW),
        ([ALLOWED, Forwarded(100.0, 1), finished(Outcome.TOOL_ERROR)], Word.ERROR),
        ([ALLOWED, Forwarded(100.0, 1), finished(Outcome.RPC_ERROR)], Word.ERROR),
        ([ALLOWED, Forwarded(100.0, 1), finished(Outcome.UNKNOWN)], Word.ERROR),
        ([ALLOWED, finished(Outcome.NOT_SENT)], Word.ERROR),
        ([ALLOWED, Forwarded(100.0, 1), finished(Outcome.CANCELLED)], Word.CANCELLED),
        ([decided(Verdict.PENDING), held(), decided(Verdict.CANCELLED)], Word.CANCELLED),
        ([decided(Verdict.PENDING), held(), HoldEnded(101.0, 1, HoldEnd.WITHDRAWN, "the client")], Word.CANCELLED),
        ([decided(Verdict.DENY, "/x"), finished(Outcome.CANCELLED)], Word.DENY),
    ],
)
def test_a_row_shows_the_word_of_where_the_call_stands(events: list[Event], word: Word) -> None:
    views = shown(arrival(), *events)
    assert views.calls[0].word is word
    assert views.run.words == ((word, 1),)


def test_a_row_tells_who_called_what_and_how_it_went() -> None:
    view = row(arrival(n=Number("1.50"), s="é"), ALLOWED, Forwarded(100.25, 1), finished(Outcome.OK, 100.5))
    assert (view.id, view.client, view.server, view.tool) == (1, "claude", "kestra", "run")
    assert view.arguments == '{"n":1.50,"s":"é"}'
    assert (view.outcome, view.forwarded_at, view.ms) == (Outcome.OK, 100.25, 250.0)


def test_a_refused_call_has_no_milliseconds() -> None:
    view = row(arrival(), decided(Verdict.DENY, "/x"), finished(Outcome.NOT_SENT))
    assert (view.ms, view.rule) == (None, "/x")


def test_what_a_task_came_to_may_be_told_after_its_end_and_takes_no_more_time() -> None:
    events = [arrival(), decided(Verdict.ALLOW), Forwarded(100.0, arrival().call_id), finished(Outcome.OK, 100.3)]
    later = store_of(*events, finished(Outcome.TOOL_ERROR, 109.0)).views(0, 110.0)
    (call,), (tool,) = later.calls, later.tools
    assert (call.word, call.outcome) == (Word.ERROR, Outcome.TOOL_ERROR)
    assert call.ms == later.run.p95_ms == pytest.approx(300)
    assert tool.calls == 1


def test_long_arguments_are_cut_to_400_characters() -> None:
    view = row(arrival(text="x" * 1000))
    assert len(view.arguments) == 400
    assert view.arguments.endswith("x…")


def test_an_edit_and_the_latest_progress_stay_on_the_row() -> None:
    edit = HoldEnded(101.0, 1, HoldEnd.APPROVED, "you", "", {"n": 2})
    view = row(
        arrival(), decided(Verdict.PENDING), held(), edit, ALLOWED, Forwarded(101.0, 1), Progressed(102.0, 1, "1/2")
    )
    assert (view.edited, view.note, view.word) == (True, "1/2", Word.ALLOW)


def test_later_legs_are_the_same_row() -> None:
    events = [arrival(), ALLOWED, Forwarded(100.0, 1), finished(Outcome.INPUT_REQUIRED)]
    events += [arrival(7, 200.0, root=1, leg=2), decided(Verdict.ALLOW, "", 7), Forwarded(200.0, 7)]
    views = shown(*events)
    assert [(call.id, call.legs, call.outcome, call.word) for call in views.calls] == [(1, 2, None, Word.ALLOW)]
    assert views.run.calls == 1
    done = row(*events, finished(Outcome.OK, 201.0, 7))
    assert (done.outcome, done.ms) == (Outcome.OK, 1000.0)


def test_only_rows_that_changed_since_are_given_oldest_call_first() -> None:
    store = store_of(arrival(1), arrival(2), arrival(3))
    version = store.views(0, 100.0).version
    assert version == store.version
    assert store.views(version, 100.0).calls == ()
    store.fold(decided(Verdict.ALLOW, "", 3))
    store.fold(decided(Verdict.DENY, "/x", 1))
    changed = store.views(version, 100.0).calls
    assert [(call.id, call.word) for call in changed] == [(1, Word.DENY), (3, Word.ALLOW)]
    assert all(version < call.rev <= store.version for call in changed)
    assert [call.id for call in store.views(0, 100.0).calls] == [1, 2, 3]


def test_what_changed_is_found_without_looking_at_what_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(int):
        looks = 0

        def __le__(self, other: int) -> bool:
            Counting.looks += 1
            return int(self) <= other

    calls = Calls(10_000)
    for number in range(1, 5001):
        calls.arrived(arrival(number), Counting(number), "{}")
    calls.decided(ALLOWED.decision, Counting(5001))
    Counting.looks = 0
    assert [view.id for view in calls.changed(4999)] == [1, 5000]
    assert Counting.looks == 3


def test_a_view_once_given_never_changes() -> None:
    store = store_of(arrival())
    before = store.views(0, 100.0)
    store.fold(ALLOWED)
    assert before.calls[0].word is Word.PENDING
    assert before.run.words == ((Word.PENDING, 1),)


def test_beyond_the_cap_the_oldest_rows_go_and_the_totals_stay() -> None:
    store = store_of(*[arrival(number) for number in range(1, 8)], max_calls=3)
    for number in range(1, 8):
        store.fold(decided(Verdict.ALLOW, "", number))
    views = store.views(0, 100.0)
    assert [call.id for call in views.calls] == [5, 6, 7]
    assert views.run.calls == 7
    assert dict(views.run.words) == {Word.PENDING: 4, Word.ALLOW: 3}


def test_events_about_unknown_calls_change_nothing() -> None:
    events = [ALLOWED, held(), HoldExtended(1.0, 1, 2.0), HoldEnded(1.0, 1, HoldEnd.DENIED, "you")]
    events += [Forwarded(1.0, 1), Progressed(1.0, 1, "x"), finished(Outcome.OK), ClientGone(1.0, "c9")]
    events += [UncoveredMethod(1.0, "c1", "kestra", "x/y", True)]
    views = shown(*events)
    assert (views.calls, views.holds, views.clients, views.run.words) == ((), (), (), ())


# Holds


def test_a_held_call_counts_down_until_its_hold_ends() -> None:
    events = [arrival(1), arrival(2), arrival(3, n=1), decided(Verdict.PENDING, "/x", 3), held(3)]
    (view,) = shown(*events).holds
    assert (view.hold.deadline, view.client, view.tool, view.arguments, view.seen_before) == (
        150.0,
        "claude",
        "run",
        '{"n":1}',
        2,
    )
    (view,) = shown(*events, HoldExtended(101.0, 3, 210.0)).holds
    assert (view.hold.deadline, view.hold.since) == (210.0, 100.0)
    for end in HoldEnd:
        assert shown(*events, HoldEnded(102.0, 3, end, "you")).holds == ()


# The run


def test_arrivals_are_counted_for_each_of_the_last_sixty_whole_seconds() -> None:
    times = [39.9, 40.0, 40.5, 98.2, 99.0, 99.1, 99.999, 100.0]
    per_second = shown(*[arrival(n, at) for n, at in enumerate(times, 1)], now=100.4).run.per_second
    assert len(per_second) == 60
    assert (per_second[0], per_second[58], per_second[59]) == (2, 1, 3)
    assert sum(per_second) == 6


def test_arrivals_of_a_long_run_do_not_pile_up() -> None:
    store = store_of(*[arrival(n, float(n)) for n in range(1, 2000)])
    assert store.views(0, 2000.0).run.per_second == (1,) * 60
    assert len(store._calls._arrivals) <= 240


def test_p95_is_over_the_last_500_forwarded_calls() -> None:
    def ran(number: int, ms: float) -> list[Event]:
        return [arrival(number), Forwarded(100.0, number), finished(Outcome.OK, 100.0 + ms / 1000, number)]

    assert shown().run.p95_ms is None
    assert shown(*ran(1, 250)).run.p95_ms == pytest.approx(250)
    slow = [event for n in range(1, 101) for event in ran(n, 9000)]
    quick = [event for n in range(101, 601) for event in ran(n, n - 100)]
    assert shown(*slow, *quick).run.p95_ms == pytest.approx(475)


def test_a_server_and_a_tool_say_how_long_their_last_200_calls_took() -> None:
    events = [
        event
        for n in range(1, 251)
        for event in (arrival(n), Forwarded(100.0, n), finished(Outcome.OK, 100.0 + n / 1000, n))
    ]
    views = shown(RunStarted(90.0, "k3x9", "0.1.0", 7, "", ("kestra",)), *events)
    (server,), (tool,) = views.upstreams, views.tools
    assert (server.p50_ms, server.p95_ms, server.p99_ms) == pytest.approx((150, 240, 248))
    assert (tool.p50_ms, tool.p95_ms, tool.p99_ms) == pytest.approx((150, 240, 248))


def test_the_run_names_itself_and_counts_what_was_dropped() -> None:
    started = RunStarted(90.0, "k3x9", "0.1.0", 7, "http://127.0.0.1:7337", ("kestra",))
    store = store_of(started, Dropped(1.0, 3, "frames"), Dropped(2.0, 2, "frames"), recording="/tmp/x.sqlite")
    run = store.views(0, 100.0).run
    assert (run.run, run.endpoint, run.started_at, run.version) == ("k3x9", "http://127.0.0.1:7337", 90.0, "0.1.0")
    assert (run.dropped, run.recording, run.read_only) == (5, "/tmp/x.sqlite", False)


# The policy


PROBLEM = Problem("/x", 1, 2, "no")


def loaded(text: str, version: int) -> PolicyLoaded:
    return PolicyLoaded(1.0, "p.yaml", f"hash of {text}", version, text, "start", (PROBLEM,))


def test_a_loaded_policy_is_in_force_and_the_one_before_is_kept_for_the_diff() -> None:
    policy = shown(loaded("a", 1), loaded("b", 2)).policy
    assert (policy.text, policy.version, policy.hash, policy.previous_text) == ("b", 2, "hash of b", "a")
    assert (policy.problems, policy.disk_text, policy.offered) == ((PROBLEM,), None, False)


def test_a_refusal_says_where_it_came_from() -> None:
    event = FrameRejected(1.0, "", "", Direction.FROM_UPSTREAM, 503, "full", b"", "127.0.0.1:5")
    (rejected,) = shown(event).rejected
    assert (rejected.direction, rejected.peer) == (Direction.FROM_UPSTREAM, "127.0.0.1:5")


def test_methods_that_no_policy_judges_are_counted_the_latest_last() -> None:
    used = [UncoveredMethod(float(n), f"c{n}", "up", "resources/read" if n % 2 else "vendor/x", True) for n in range(5)]
    reading = UncoveredView("up", "resources/read", True, 2, 3.0, "c3")
    assert shown(*used).uncovered == (reading, UncoveredView("up", "vendor/x", True, 3, 4.0, "c4"))


def test_a_client_that_invents_methods_fills_no_memory() -> None:
    names = shown(*(UncoveredMethod(0.0, "c1", "up", f"x/{n}", True) for n in range(500))).uncovered
    assert (len(names), names[-1].method) == (100, "x/499")


def test_a_rejected_text_stands_beside_the_policy_in_force() -> None:
    policy = shown(loaded("a", 1), PolicyRejected(2.0, "p.yaml", "bad", (PROBLEM, PROBLEM))).policy
    assert (policy.text, policy.version, policy.disk_text, len(policy.problems)) == ("a", 1, "bad", 2)
    policy = shown(PolicyRejected(2.0, "p.yaml", "bad", (PROBLEM,))).policy
    assert (policy.path, policy.version, policy.text) == ("p.yaml", 0, "")


def test_an_offered_edit_waits_and_a_vanished_file_is_told() -> None:
    policy = shown(loaded("a", 1), PolicyOffered(2.0, "p.yaml", "b")).policy
    assert (policy.text, policy.disk_text, policy.offered) == ("a", "b", True)
    policy = shown(loaded("a", 1), PolicyOffered(2.0, "p.yaml", None)).policy
    assert (policy.text, policy.disk_text, policy.deleted, policy.offered) == ("a", None, True, False)
    policy = shown(loaded("a", 1), PolicyOffered(2.0, "p.yaml", None), loaded("b", 2)).policy
    assert (policy.text, policy.deleted) == ("b", False)


# Details


def frame(call_id: int | None, raw: bytes = b"{}") -> FrameSeen:
    return FrameSeen(100.0, "c1", "kestra", Direction.FROM_UPSTREAM, call_id, raw)


def test_a_recent_call_has_its_detail_in_memory() -> None:
    store = store_of(arrival(n=1), frame(1), ALLOWED, Forwarded(100.0, 1), frame(None), finished(Outcome.OK))
    detail = store.detail(1)
    assert detail is not None
    assert (detail.arguments, detail.response, detail.response_by_us) == ('{"n":1}', "{}", False)
    assert detail.decisions == (ALLOWED.decision,)
    assert [line.raw for line in detail.frames] == [b"{}"]
    assert store.detail(2) is None


def test_the_detail_of_a_refused_call_says_that_we_answered() -> None:
    detail = store_of(arrival(), decided(Verdict.DENY, "/x"), finished(Outcome.NOT_SENT)).detail(1)
    assert detail is not None
    assert detail.response_by_us


def test_legs_are_part_of_the_detail_of_their_call() -> None:
    store = store_of(arrival(n=1), ALLOWED, arrival(2, root=1, leg=2, n=2), decided(Verdict.DENY, "/x", 2))
    detail = store.detail(1)
    assert detail is not None
    assert (len(detail.decisions), detail.arguments) == (2, '{"n":1}')
    assert store.detail(2) == detail


def test_bodies_beyond_the_cap_are_forgotten_oldest_call_first() -> None:
    store = Store(max_body_bytes=100_000)
    for number in range(1, 6):
        store.fold(arrival(number))
        store.fold(frame(number, b"x" * 30_000))
    assert [number for number in range(1, 6) if store.detail(number)] == [3, 4, 5]
    store.fold(frame(1, b"late"))
    assert store.detail(1) is None
    store.fold(frame(5, b"x" * 200_000))
    assert not any(store.detail(number) for number in range(1, 6))
    assert len(store.views(0, 100.0).calls) == 5


def test_a_frame_alone_is_no_new_version() -> None:
    store = store_of(arrival())
    version = store.version
    store.fold(frame(1))
    assert store.version == version
