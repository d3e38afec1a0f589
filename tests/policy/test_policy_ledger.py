"""One contract over both ledgers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgerwork import SLIDING, SLOTS, charge, key, used

from inspector.core.call import CallId
from inspector.core.decision import Algorithm, Charge, CounterKey
from inspector.core.effects import Exceeded, Granted
from inspector.policy.ledger import Ledger
from inspector.policy.ledger_memory import SWEEP_AT_LEAST, MemoryLedger
from inspector.policy.ledger_sqlite import SqliteLedger


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made: Ledger = MemoryLedger() if request.param == "memory" else SqliteLedger.open(tmp_path / "s.db", "me")
    yield made
    made.close()


def test_a_counter_that_nobody_touched_is_empty_and_says_when_it_resets(ledger: Ledger) -> None:
    assert ledger.used(key(), 90).before == 0
    assert ledger.used(key(), 90).resets_at == 120
    assert ledger.used(SLOTS, 90).resets_at is None


def test_the_last_unit_is_granted_once(ledger: Ledger) -> None:
    assert isinstance(ledger.reserve(CallId(1), [charge(key())], 60), Granted)
    lost = ledger.reserve(CallId(2), [charge(key())], 119)
    assert isinstance(lost, Exceeded)
    assert lost.rule == "rule /tools/t/limits/n"
    assert lost.readings[-1].before == 1
    assert isinstance(ledger.reserve(CallId(3), [charge(key())], 120), Granted)


def test_all_or_nothing_is_charged(ledger: Ledger) -> None:
    both = [charge(key("a"), "5"), charge(key("b"), "0")]
    assert isinstance(ledger.reserve(CallId(1), both, 60), Exceeded)
    assert used(ledger, key("a"), 60) == 0


def test_charges_of_one_call_on_one_counter_add_up_in_order(ledger: Ledger) -> None:
    twice = [charge(key(), "3", "2"), Charge(key(), "second", Decimal(2), Decimal(3))]
    lost = ledger.reserve(CallId(1), twice, 60)
    assert isinstance(lost, Exceeded)
    assert lost.rule == "second"
    twice = [charge(key(), "3", "1"), Charge(key(), "second", Decimal(2), Decimal(3))]
    granted = ledger.reserve(CallId(2), twice, 60)
    assert isinstance(granted, Granted)
    assert [r.before for r in granted.readings] == [0, 1]
    assert used(ledger, key(), 60) == 3


def test_a_charge_that_was_asked_about_is_not_compared(ledger: Ledger) -> None:
    assert isinstance(ledger.reserve(CallId(1), [charge(key(), "0", asks=True)], 60), Granted)
    assert used(ledger, key(), 60) == 1


def test_amounts_are_exact(ledger: Ledger) -> None:
    for number in range(10):
        assert isinstance(ledger.reserve(CallId(number), [charge(key(), "1", "0.1")], 60), Granted)
    assert used(ledger, key(), 60) == 1
    tiny = charge(key(), "1", "1e-300")
    assert isinstance(ledger.reserve(CallId(99), [tiny], 60), Exceeded)
    ledger.settle(CallId(0), 60, refund_all=True, refund_errors=True)
    assert isinstance(ledger.reserve(CallId(99), [tiny], 60), Granted)
    assert used(ledger, key(), 60) == Decimal("0." + "9" + "0" * 298 + "1")


@pytest.mark.parametrize("counter", [key(), SLIDING])
def test_errors_are_refunded_unless_the_limit_says_never(ledger: Ledger, counter: CounterKey) -> None:
    ledger.reserve(CallId(1), [charge(counter, "9"), charge(counter, "9", refund_on_error=False)], 60)
    standing = ledger.settle(CallId(1), 61, refund_all=False, refund_errors=True)
    assert [r.before for r in standing] == [1]


@pytest.mark.parametrize("counter", [key(), SLIDING])
def test_what_was_never_sent_is_always_refunded(ledger: Ledger, counter: CounterKey) -> None:
    ledger.reserve(CallId(1), [charge(counter, "9", "3", refund_on_error=False)], 60)
    assert ledger.settle(CallId(1), 61, refund_all=True, refund_errors=True)[0].before == 0


@pytest.mark.parametrize("counter", [key(), SLIDING])
def test_other_ends_stand_and_a_call_is_settled_once(ledger: Ledger, counter: CounterKey) -> None:
    ledger.reserve(CallId(1), [charge(counter, "9")], 60)
    assert ledger.settle(CallId(1), 61, refund_all=False, refund_errors=False) == (), "nothing has changed"
    assert ledger.settle(CallId(1), 61, refund_all=True, refund_errors=True) == ()
    assert used(ledger, counter, 61) == 1


def test_a_refund_belongs_to_its_original_window(ledger: Ledger) -> None:
    ledger.reserve(CallId(1), [charge(key(), "9")], 59)
    ledger.reserve(CallId(2), [charge(key(), "9")], 60)
    ledger.settle(CallId(1), 61, refund_all=True, refund_errors=True)
    assert used(ledger, key(), 61) == 1


def test_a_refund_of_an_entry_that_slid_out_changes_nothing(ledger: Ledger) -> None:
    ledger.reserve(CallId(1), [charge(SLIDING, "9")], 0)
    ledger.reserve(CallId(2), [charge(SLIDING, "9")], 60)
    ledger.settle(CallId(1), 61, refund_all=True, refund_errors=True)
    assert used(ledger, SLIDING, 61) == 1


def test_a_sliding_entry_expires_at_the_age_of_its_window(ledger: Ledger) -> None:
    ledger.reserve(CallId(1), [charge(SLIDING, "9", "2")], 100)
    ledger.reserve(CallId(2), [charge(SLIDING, "9", "3")], 130)
    assert ledger.used(SLIDING, 159.999).before == 5
    assert ledger.used(SLIDING, 159.999).resets_at == 160
    assert ledger.used(SLIDING, 160).before == 3
    assert ledger.used(SLIDING, 160).resets_at == 190
    assert ledger.used(SLIDING, 190).before == 0


def test_slots_are_free_after_any_end(ledger: Ledger) -> None:
    assert isinstance(ledger.reserve(CallId(1), [charge(SLOTS)], 60), Granted)
    assert isinstance(ledger.reserve(CallId(2), [charge(SLOTS)], 9999), Exceeded)
    assert ledger.settle(CallId(1), 9999, refund_all=False, refund_errors=False)[0].before == 0
    assert isinstance(ledger.reserve(CallId(2), [charge(SLOTS)], 9999), Granted)


ALL = pytest.mark.parametrize("counter", [key(), SLIDING, SLOTS], ids=["fixed", "sliding", "slots"])


@ALL
def test_a_counter_that_was_reset_begins_again_at_nothing(ledger: Ledger, counter: CounterKey) -> None:
    ledger.reserve(CallId(1), [charge(counter), charge(key("other"), "9")], 60)
    assert isinstance(ledger.reserve(CallId(2), [charge(counter)], 61), Exceeded)
    stood = ledger.reset(counter, 62)
    assert (stood.key, stood.before) == (counter, 1)
    assert used(ledger, counter, 62) == 0
    assert used(ledger, key("other"), 62) == 1, "no other counter is touched"
    assert isinstance(ledger.reserve(CallId(2), [charge(counter)], 62), Granted)
    assert isinstance(ledger.reserve(CallId(3), [charge(counter)], 63), Exceeded)


@ALL
def test_what_was_charged_before_a_reset_gives_nothing_back_after_it(ledger: Ledger, counter: CounterKey) -> None:
    ledger.reserve(CallId(1), [charge(counter, "9", "3")], 60)
    ledger.reset(counter, 61)
    assert ledger.settle(CallId(1), 61, refund_all=True, refund_errors=True)[0].before == 0, "never less than nothing"
    ledger.reserve(CallId(2), [charge(counter, "9", "4")], 61)
    ledger.reset(counter, 61)
    ledger.reserve(CallId(3), [charge(counter, "9", "5")], 61)
    ledger.settle(CallId(2), 61, refund_all=True, refund_errors=True)
    assert used(ledger, counter, 61) == 5
    ledger.settle(CallId(3), 61, refund_all=True, refund_errors=True)
    assert used(ledger, counter, 61) == 0


def test_a_reset_moves_no_window(ledger: Ledger) -> None:
    ledger.reserve(CallId(1), [charge(key())], 60)
    assert ledger.reset(key(), 90).resets_at == 120
    assert ledger.used(key(), 90).resets_at == 120


def test_a_counter_that_nobody_touched_can_be_reset(ledger: Ledger) -> None:
    assert ledger.reset(key(), 60).before == 0
    assert ledger.latest() == 60


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("charge"), st.integers(1, 3)),
        st.tuples(st.just("settle"), st.integers(0, 30)),
        st.tuples(st.just("keep"), st.integers(0, 30)),
        st.tuples(st.just("reset"), st.just(0)),
        st.tuples(st.just("pass"), st.sampled_from([1, 7, 59, 60])),
    ),
    min_size=4,
    max_size=30,
)


@dataclass
class _Charged:
    at: float
    amount: int
    era: int  # grows with every reset
    over: bool = False


@ALL
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=_STEPS)
def test_between_two_resets_no_more_than_max_is_ever_granted(counter: CounterKey, steps: list[tuple[str, int]]) -> None:
    """Every ledger against a plain list of what was charged; on disk two runs take turns."""
    with tempfile.TemporaryDirectory() as folder:
        one, two = (SqliteLedger.open(Path(folder) / "s.db", name) for name in ("one", "two"))
        memory, era, now, most = MemoryLedger(), 0, 60.0, 5
        charged: list[_Charged] = []

        def standing() -> int:
            alive = [c for c in charged if not c.over and c.era == era]
            if counter.algorithm is Algorithm.FIXED:
                alive = [c for c in alive if c.at // 60 == now // 60]
            elif counter.algorithm is Algorithm.SLIDING:
                alive = [c for c in alive if now - c.at < 60]
            return sum(c.amount for c in alive)

        for what, number in steps:
            run = (one, two)[len(charged) % 2]
            match what:
                case "charge":
                    wish = [charge(counter, str(most), str(number))]
                    call_id, fits = CallId(len(charged)), standing() + number <= most
                    answers = [type(ledger.reserve(call_id, wish, now)) for ledger in (memory, run)]
                    assert answers == [Granted if fits else Exceeded] * 2
                    charged.append(_Charged(now, number, era, over=not fits))
                case "settle" | "keep" if number < len(charged):
                    back = what == "settle"
                    for ledger in (memory, (one, two)[number % 2]):
                        ledger.settle(CallId(number), now, refund_all=back, refund_errors=back)
                    if back or counter.algorithm is Algorithm.IN_FLIGHT:
                        charged[number].over = True
                case "reset":
                    era += 1
                    memory.reset(counter, now)
                    run.reset(counter, now)
                case "pass":
                    now += number
            assert [used(ledger, counter, now) for ledger in (memory, one, two)] == [standing()] * 3
        one.close()
        two.close()


def test_time_never_goes_back(ledger: Ledger) -> None:
    ledger.reserve(CallId(1), [charge(key())], 120)
    lost = ledger.reserve(CallId(2), [charge(key())], 60)
    assert isinstance(lost, Exceeded)
    assert lost.at == 120
    assert ledger.latest() == 120
    ledger.seen(500)
    ledger.seen(400)
    assert ledger.latest() == 500


def test_readings_say_each_counter_once(ledger: Ledger) -> None:
    ledger.reserve(CallId(1), [charge(key("a"), "9"), charge(key("b"), "9", "2")], 60)
    found = ledger.readings([key("a"), key("b"), key("a")], 60)
    assert [(r.key.name[-1], r.before) for r in found] == [("a", 1), ("b", 2)]


def test_scopes_and_windows_are_different_counters(ledger: Ledger) -> None:
    ledger.reserve(CallId(1), [charge(key(scope_id="g\x1fs"), "9")], 60)
    assert used(ledger, key(scope_id="g"), 60) == 0
    assert used(ledger, key(window=3600, scope_id="g\x1fs"), 60) == 0
    assert used(ledger, key(algorithm=Algorithm.SLIDING, scope_id="g\x1fs"), 60) == 0
    assert used(ledger, key(scope_id="g\x1fs"), 60) == 1


def test_counters_of_the_past_are_forgotten_in_memory() -> None:
    ledger = MemoryLedger()
    for number in range(5 * SWEEP_AT_LEAST):
        ledger.reserve(CallId(number), [charge(key(scope_id=str(number)), "9"), charge(SLIDING, "1e9")], number)
        ledger.settle(CallId(number), number, refund_all=False, refund_errors=False)
    assert len(ledger._counters) <= 2 * SWEEP_AT_LEAST
    assert ledger._held == {}
    assert used(ledger, SLIDING, number) == 60
