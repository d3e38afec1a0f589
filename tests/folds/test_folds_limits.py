"""The gauges: what each counter has used."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from folds.folding import (
    IN_FLIGHT,
    MINUTE,
    RULE,
    decided,
    reading,
    shown,
)

from inspector.core.decision import Reading, Verdict
from inspector.core.events import (
    Counted,
    Event,
)
from inspector.core.views import LimitView

# Limits


def limit(*events: Event, now: float = 100.0) -> LimitView:
    (only,) = shown(*events, now=now).limits
    return only


def test_an_allowed_call_has_used_its_amount_and_a_refused_one_has_not() -> None:
    assert limit(decided(Verdict.ALLOW, "", 1, reading(3))).used == 4
    assert limit(decided(Verdict.DENY, RULE, 1, reading(10))).used == 10
    assert limit(decided(Verdict.PENDING, RULE, 1, reading(3))).used == 3


def test_a_counter_shows_its_name_and_window() -> None:
    view = limit(decided(Verdict.ALLOW, "", 1, reading(3)))
    assert (view.label, view.rule, view.max, view.resets_at) == ("runs · minute", RULE, 10, 120.0)
    pool = Reading(replace(MINUTE, name="spend/all", window=86400), RULE, Decimal(1), Decimal(0), Decimal(5), 120.0)
    assert limit(Counted(100.0, (pool,))).label == "spend/all · day"
    odd = Reading(replace(MINUTE, name="/x/limits/a~1b", window=90), "/x/limits/a~1b", *[Decimal(1)] * 3, 120.0)
    assert limit(Counted(100.0, (odd,))).label == "a/b · 90 s"
    assert limit(Counted(100.0, (replace(reading(1, 0, None), key=IN_FLIGHT),))).label == "slots · in flight"


def test_a_later_count_replaces_an_earlier_one() -> None:
    view = limit(decided(Verdict.ALLOW, "", 1, reading(3)), Counted(101.0, (reading(2, 0),)))
    assert view.used == 2


def test_a_bare_counter_keeps_the_limit_that_reads_it() -> None:
    bare = Reading(MINUTE, "", Decimal(7), Decimal(0), Decimal(0), 120.0)
    view = limit(decided(Verdict.ALLOW, "", 1, reading(3)), Counted(101.0, (bare,)))
    assert (view.used, view.max, view.rule, view.label) == (7, 10, RULE, "runs · minute")


def test_a_counter_is_empty_when_its_window_has_passed_and_gone_long_after() -> None:
    events = [decided(Verdict.ALLOW, "", 1, reading(3))]
    assert limit(*events, now=119.9).used == 4
    assert limit(*events, now=120.0).used == 0
    assert limit(*events, now=419.9).used == 0
    assert shown(*events, now=420.0).limits == ()


def test_a_slot_in_flight_stays_while_it_is_taken() -> None:
    taken = Counted(100.0, (reading(1, 0, None, IN_FLIGHT),))
    assert limit(taken, now=1e9).used == 1
    free = Counted(200.0, (reading(0, 0, None, IN_FLIGHT),))
    assert limit(taken, free, now=499.0).used == 0
    assert shown(taken, free, now=500.0).limits == ()


def test_counters_are_bounded_and_the_latest_stay() -> None:
    counted = [Counted(100.0, (reading(1, 0, 120.0, replace(MINUTE, scope_id=str(n))),)) for n in range(700)]
    limits = shown(*counted).limits
    assert len(limits) == 500
    assert {view.key.scope_id for view in limits} == {str(n) for n in range(200, 700)}
