"""What was answered, which approvals still answer, and what a person did to counters: the same live and recorded."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from policy.runwork import HEAD, Run

from inspector.core.call import Outcome
from inspector.core.commands import RaiseLimit, Rejected, ResetCounter, RevokeApproval
from inspector.core.events import CounterReset, Event
from inspector.core.holds import HoldEnd, Remember, Resolution
from inspector.core.views import LimitView, Raised, Reset, Views
from inspector.folds.approvals import KEPT
from inspector.policy.load import load_text
from inspector.record.recorder import Recorder
from inspector.recorded_port import RecordedPort
from inspector.store import Store

ASKS = HEAD + "  t: {action: approve}\n  u: {action: approve}\n"
LIMITED = HEAD + "  t: {limits: [{counter: n, window: minute, max: 2}]}\n"
RULE = "/tools/t/limits/n"


class KeepingStore(Store):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def fold(self, event: Event) -> None:
        self.events.append(event)
        super().fold(event)


@pytest.fixture
def run() -> Run:
    run = Run(ASKS)
    run.store = KeepingStore()
    return run


def views(run: Run, now: float = 200.0) -> Views:
    return run.store.views(0, now)


def limit(run: Run, now: float) -> LimitView:
    (only,) = views(run, now).limits
    return only


def test_an_answer_says_how_by_whom_and_why(run: Run) -> None:
    held = [run.call(100, path=f"/{n}") for n in range(4)]
    run.approve(held[0], 101, edit={"path": "/other"})
    run.perform(run.gate.resolve(held[1], Resolution(False, reason="not today"), 102) or [], 102)
    run.perform(run.gate.withdraw(held[2], 103), 103)
    run.perform(run.gate.tick(150), 150)
    told = [(a.call_id, a.end, a.by, a.reason, a.edited) for a in views(run).answered]
    assert told == [
        (held[3], HoldEnd.EXPIRED, "time-out", "", False),
        (held[2], HoldEnd.WITHDRAWN, "the client", "", False),
        (held[1], HoldEnd.DENIED, "you", "not today", False),
        (held[0], HoldEnd.APPROVED, "you", "", True),
    ]
    assert (views(run).answered[3].client, views(run).answered[3].arguments) == ("agent", '{"path":"/0"}')


def test_a_remembered_approval_counts_the_calls_that_went_because_of_it(run: Run) -> None:
    run.approve(run.call(100), 101, Remember.TOOL)
    (given,) = views(run).approvals
    assert (given.id, given.at, given.by, given.call_id, given.uses, given.used_at) == (1, 101, "you", 1, 0, None)
    assert (given.client, given.grant, given.server, given.tool, given.session) == ("agent", "local", "srv", "t", "")
    for at in (110, 111):
        run.finish(run.call(at), at, Outcome.RPC_ERROR)
    (used,) = views(run).approvals
    assert (used.uses, used.used_at) == (2, 111)


@pytest.mark.parametrize(
    ("remember", "session", "arguments"),
    [(Remember.SESSION, "s", ""), (Remember.ARGUMENTS, "", '{"path":"/edited"}'), (Remember.TOOL, "", "")],
)
def test_a_remembered_approval_says_what_it_is_for(run: Run, remember: Remember, session: str, arguments: str) -> None:
    run.approve(run.call(100, path="/a"), 101, remember, edit={"path": "/edited"})
    (given,) = views(run).approvals
    assert (given.remember, given.session, given.arguments) == (remember, session, arguments)


def test_two_calls_that_a_person_let_go_themselves_were_no_uses(run: Run) -> None:
    first, second = run.call(100), run.call(100)
    run.approve(first, 101, Remember.TOOL)
    run.approve(second, 102)
    (given,) = views(run).approvals
    assert given.uses == 0


def test_an_approval_that_has_ended_stays_below_those_in_force(run: Run) -> None:
    run.approve(run.call(100, "t"), 101, Remember.TOOL)
    run.approve(run.call(102, "u"), 103, Remember.TOOL)
    run.perform(run.gate.revoke(2, 110) or [], 110)
    assert [(a.id, a.ended_at, a.ended_by) for a in views(run).approvals] == [(1, None, ""), (2, 110, "you")]
    run.perform(run.gate.reload(load_text(HEAD + "  t: {action: deny}\n"), 120), 120)
    assert [(a.id, a.ended_at, a.ended_by) for a in views(run).approvals] == [(2, 110, "you"), (1, 120, "policy")]


def test_of_very_many_approvals_those_that_have_ended_are_forgotten_first(run: Run) -> None:
    for number in range(KEPT):
        run.approve(run.call(100, n=number), 100, Remember.ARGUMENTS)
    run.perform(run.gate.revoke(7, 110) or [], 110)
    run.approve(run.call(111, n=KEPT), 111, Remember.ARGUMENTS)
    kept = {a.id for a in views(run).approvals}
    assert kept == {*range(1, KEPT + 2)} - {7}


@pytest.fixture
def limited() -> Run:
    run = Run(LIMITED)
    run.store = KeepingStore()
    for at in (120, 121, 122):
        run.call(at)
    return run


def reset(run: Run, at: float) -> None:
    """As the driver does: the ledger resets, and the event says what stood there."""
    key = limit(run, at).key
    run.store.fold(CounterReset(at, run.ledger.reset(key, at), "you"))


def test_a_reset_empties_the_gauge_and_says_who_did_it(limited: Run) -> None:
    assert limit(limited, 123).used == 2
    reset(limited, 130)
    shown = limit(limited, 131)
    assert (shown.used, shown.max, shown.rule, shown.resets_at) == (0, 2, RULE, 180)
    assert shown.reset == Reset(130, "you", 2)
    assert shown.history[-1] == 0
    limited.call(132)
    assert limit(limited, 133).used == 1


def test_a_raise_shows_its_own_max_and_the_policys_until_it_ends(limited: Run) -> None:
    key = limit(limited, 123).key

    def raise_to(most: int, at: float) -> None:
        limited.perform(limited.gate.raise_limit(RaiseLimit(key, RULE, Decimal(most)), at), at)

    raise_to(5, 130)
    assert (limit(limited, 131).max, limit(limited, 131).raised) == (5, Raised(2, 130, "you"))
    limited.call(132)
    assert (limit(limited, 133).used, limit(limited, 133).max) == (3, 5)
    raise_to(2, 134)
    assert (limit(limited, 135).max, limit(limited, 135).raised) == (2, None)
    raise_to(9, 136)
    edited = load_text(LIMITED.replace("max: 2", "max: 7"))
    limited.perform(limited.gate.reload(edited, 140), 140)
    assert (limit(limited, 141).max, limit(limited, 141).raised) == (7, None)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_recording_shows_all_of_it_and_lets_nothing_be_changed(tmp_path: Path, limited: Run) -> None:
    limited.perform(limited.gate.reload(load_text(LIMITED + "  u: {action: approve}\n"), 123), 123)
    held = [limited.call(at, "u") for at in (124, 124)]
    limited.approve(held[0], 125, Remember.TOOL)
    limited.perform(limited.gate.resolve(held[1], Resolution(False, reason="no"), 126) or [], 126)
    limited.call(127, "u")
    reset(limited, 130)
    key = limit(limited, 131).key
    limited.perform(limited.gate.raise_limit(RaiseLimit(key, RULE, Decimal(4)), 131), 131)
    recorder = Recorder.create(tmp_path, "r1", 0.0, [])
    assert isinstance(limited.store, KeepingStore)
    for event in limited.store.events:
        recorder.append(event)
    recorder.flush()
    recorder.close()
    port = RecordedPort(recorder.path)
    recorded, live = await port.views(0), views(limited, 131)
    assert recorded.limits == live.limits
    assert recorded.answered == live.answered
    assert recorded.approvals == live.approvals
    assert (len(live.answered), live.approvals[0].uses) == (2, 1)
    for wish in (ResetCounter(key), RaiseLimit(key, RULE, Decimal(9)), RevokeApproval(1)):
        assert await port.command(wish) == Rejected("this is a recording")
    port.close()
