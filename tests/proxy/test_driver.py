"""The driver with its real parts: what a call meets, and what a person may do about it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import anyio
import pytest
from policy.ledgerwork import fail_the_commit_of_a_reset
from proxy.driver_rig import FullDisk, Rig, rig

from inspector.core.decision import CounterKey
from inspector.core.errors import StoreError
from inspector.core.events import CapabilityUsed, CounterReset, Decided, Finished, Forwarded, HoldEnded
from inspector.core.holds import Resolution
from inspector.policy.gate import Gate
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.ledger_sqlite import SqliteLedger
from inspector.policy.load import load_text
from inspector.record.reader import Recording

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_an_allowed_call_reaches_the_server_after_its_decision_was_recorded(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "allow"}') as it:
        it.call(1, "echo", text="hello")
        assert await it.box.text(1) == "hello"
        (decided,), (forwarded,), (finished,) = it.seen(Decided), it.seen(Forwarded), it.seen(Finished)
        assert it.events.index(decided) < it.events.index(forwarded) < it.events.index(finished)
        recording = Recording.open(it.recording)
        assert any(isinstance(event, Decided) for event in recording.events())
        recording.close()


async def test_the_eleventh_forced_run_of_a_minute_is_denied_before_it_reaches_the_server(tmp_path: Path) -> None:
    limited = {"limits": [{"counter": "rate", "window": "minute", "max": 10, "scope": "grant"}]}
    policy = json.dumps({"version": "1", "default": "deny", "tools": {"echo": limited}})
    async with rig(tmp_path, policy) as it:
        for id_ in range(1, 12):
            it.call(id_, "echo", text=str(id_))
        answers = [await it.box.text(id_) for id_ in range(1, 12)]
        assert answers[:10] == [str(id_) for id_ in range(1, 11)]
        assert answers[10].startswith("[POLICY DENIED]")
        assert "/tools/echo/limits/rate" in answers[10]
        assert len(it.received_by_server()) == 10
        it.clock.now += 60
        it.call(12, "echo", text="next minute")
        assert await it.box.text(12) == "next minute"


async def test_each_log_level_that_a_client_asks_for_is_told_once(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "allow"}') as it:
        for id_, level in enumerate(("debug", "debug", "error", "debug"), 1):
            it.send({"id": id_, "method": "logging/setLevel", "params": {"level": level}})
            await it.box.answer(id_)
        told = [(use.capability, use.log_level) for use in it.seen(CapabilityUsed)]
        assert told == [("logging", ""), ("logging", "debug"), ("logging", "error"), ("logging", "debug")]


LIMITED = json.dumps(
    {"version": "1", "default": "allow", "all_tools": {"limits": [{"counter": "n", "window": "hour", "max": 9}]}}
)


async def test_a_call_waits_for_a_ledger_that_another_process_holds(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "counters", "run")
    async with rig(tmp_path, LIMITED, ledger=ledger) as it:
        other = sqlite3.connect(tmp_path / "counters", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        it.call(1, "echo", text="patient")
        it.send({"id": 2, "method": "ping"})
        await it.box.answer(2)
        assert it.received_by_server() == [], "the loop goes on, the call waits"
        other.execute("ROLLBACK")
        assert await it.box.text(1) == "patient"
    ledger.close()


async def test_a_ledger_that_stays_locked_denies_after_two_seconds_what_has_limits(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "counters", "run")
    async with rig(tmp_path, LIMITED, ledger=ledger) as it:
        other = sqlite3.connect(tmp_path / "counters", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        it.call(1, "echo", text="x")
        it.clock.now += 2
        assert (await it.box.answer(1))["result"]["_meta"]["mcp-inspect/decision"]["rule"] == "(state error)"
        assert it.received_by_server() == []
        other.execute("ROLLBACK")
    ledger.close()


async def test_a_held_call_goes_with_the_arguments_that_a_person_edited(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "approve"}') as it:
        it.call(1, "echo", text="delete all")
        (hold,) = it.driver.gate.holds
        assert it.box.held
        assert it.driver.resolve(hold.call_id, Resolution(True, arguments={"text": "delete one"}))
        assert await it.box.text(1) == "delete one"
        assert it.received_by_server()[0]["arguments"] == {"text": "delete one"}
        assert not it.driver.resolve(hold.call_id, Resolution(True)), "a late answer changes nothing"


async def test_a_denied_hold_tells_the_agent_the_persons_reason(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "approve"}') as it:
        it.call(1, "echo", text="x")
        (hold,) = it.driver.gate.holds
        it.driver.resolve(hold.call_id, Resolution(False, reason="ask Ada first"))
        assert "ask Ada first" in await it.box.text(1)
        assert it.received_by_server() == []


async def test_a_hold_ends_at_its_deadline_by_the_clock_that_was_given(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "approve"}') as it:
        it.call(1, "echo", text="x")
        it.clock.now += 50
        assert "[POLICY DENIED]" in await it.box.text(1)
        assert it.received_by_server() == []


async def test_a_cancelled_hold_is_never_forwarded_and_a_late_approval_is_no_approval(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "approve"}') as it:
        it.call(1, "echo", text="x")
        (hold,) = it.driver.gate.holds
        it.send({"method": "notifications/cancelled", "params": {"requestId": 1}})
        assert it.driver.gate.holds == ()
        assert not it.driver.resolve(hold.call_id, Resolution(True))
        assert it.box.ended
        assert [event.end for event in it.seen(HoldEnded)] == ["withdrawn"]


async def test_a_call_that_is_cancelled_in_the_turn_that_allowed_it_never_runs(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "allow"}') as it:
        it.call(1, "echo", text="x")
        it.send({"method": "notifications/cancelled", "params": {"requestId": 1}})
        it.call(2, "echo", text="y")
        assert await it.box.text(2) == "y"
        assert [call["arguments"]["text"] for call in it.received_by_server()] == ["y"]
        assert [event.outcome for event in it.seen(Finished)] == ["not_sent", "ok"]


async def test_a_client_that_disappears_withdraws_its_holds(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "approve"}') as it:
        it.call(1, "echo", text="x")
        await it.connection.close()
        assert it.driver.gate.holds == ()
        assert it.received_by_server() == []


async def test_a_new_policy_decides_the_next_call_and_clients_are_told_when_tools_vanish(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "allow"}') as it:
        it.send({"id": 1, "method": "tools/list"})
        names = [tool["name"] for tool in (await it.box.answer(1))["result"]["tools"]]
        assert "echo" in names
        it.driver.reload(load_text('{"version": "1", "default": "allow", "hide": ["echo"]}'), "outside")
        assert it.box.frames[-1]["method"] == "notifications/tools/list_changed"
        it.call(2, "echo", text="x")
        assert (await it.box.answer(2))["result"]["_meta"]["mcp-inspect/decision"]["rule"] == "(hidden)"
        it.send({"id": 3, "method": "tools/list"})
        assert "echo" not in [tool["name"] for tool in (await it.box.answer(3))["result"]["tools"]]


@pytest.mark.parametrize("lasting", [False, True])
async def test_a_clock_that_is_set_back_frees_no_limit_and_one_that_is_set_forward_does(
    tmp_path: Path, lasting: bool
) -> None:
    limited = {"limits": [{"counter": "rate", "window": "hour", "max": 1, "scope": "grant"}]}
    policy = json.dumps({"version": "1", "default": "deny", "tools": {"echo": limited}})
    ledger = SqliteLedger.open(tmp_path / "counters.sqlite", "run") if lasting else MemoryLedger()
    async with rig(tmp_path, policy, ledger=ledger) as it:
        texts = []
        for id_, step in enumerate((0, -7200, -86_400, 86_400 + 7200, 3600, -3600), 1):
            it.clock.now += step
            it.call(id_, "echo", text="ran")
            texts.append((await it.box.text(id_))[:15])
        assert texts == ["ran", *["[POLICY DENIED]"] * 3, "ran", "[POLICY DENIED]"]
        assert len(it.received_by_server()) == 2
    ledger.close()


async def test_a_clock_that_is_set_back_keeps_no_hold_longer_than_it_was(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "approve"}') as it:
        it.call(1, "echo", text="x")
        it.clock.now -= 86_400
        it.call(2, "echo", text="y")
        it.clock.now += 86_400 + 50
        assert "[POLICY DENIED]" in await it.box.text(1)
        assert "[POLICY DENIED]" in await it.box.text(2)
        assert it.received_by_server() == []


async def test_without_a_policy_every_call_is_denied(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "allow"}') as it:
        it.driver.gate = Gate(None, MemoryLedger())
        it.call(1, "echo", text="x")
        assert (await it.box.answer(1))["result"]["_meta"]["mcp-inspect/decision"]["rule"] == "(no policy)"


async def test_what_cannot_be_recorded_is_not_forwarded(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "allow"}', log=FullDisk(40)) as it:
        answers = []
        for id_ in range(1, 12):
            it.call(id_, "echo", text="x")
            answers.append(await it.box.answer(id_))
        refused = [answer["error"]["message"] for answer in answers if "error" in answer]
        assert refused
        assert "no space left" in refused[0]
        assert len(it.received_by_server()) == len(answers) - len(refused)


async def test_a_server_that_never_answers_meets_the_call_timeout(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "allow"}', call_timeout=30) as it:
        it.call(1, "hang")
        with anyio.fail_after(10):
            while not it.seen(Forwarded):
                await anyio.lowlevel.checkpoint()
        it.clock.now += 30
        assert "did not answer within 30 s" in (await it.box.answer(1))["error"]["message"]


async def test_forty_calls_at_once_all_get_their_own_answer(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "allow"}') as it:
        for id_ in range(1, 41):
            it.call(id_, "echo", text=f"text {id_}")
        assert [await it.box.text(id_) for id_ in range(1, 41)] == [f"text {id_}" for id_ in range(1, 41)]


async def test_a_hold_that_outlives_the_program_is_answered_in_words_that_blame_nobody(tmp_path: Path) -> None:
    async with rig(tmp_path, '{"version": "1", "default": "approve"}') as it:
        it.call(1, "echo", text="x")
        it.driver.close_holds("the inspector was closed")
        assert "Nobody decided on this call: the inspector was closed" in await it.box.text(1)
        assert it.received_by_server() == []


ONE_ECHO = (
    '{"version": "1", "default": "allow", "tools": {"echo": {"limits": [{"counter": "n", "window": "day", "max": 1}]}}}'
)


async def used_up(it: Rig) -> CounterKey:
    """One call has gone, the next was denied."""
    for id_ in (1, 2):
        it.call(id_, "echo", text="x")
        await it.box.answer(id_)
    decision = it.seen(Decided)[-1].decision
    assert decision.limited
    return decision.readings[0].key


async def test_after_a_reset_the_next_call_goes_and_the_log_says_who_did_it(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "counters", "run", grouped=True)
    async with rig(tmp_path, ONE_ECHO, ledger=ledger) as it:
        key = await used_up(it)
        await it.driver.reset_counter(key)
        it.call(3, "echo", text="again")
        assert await it.box.text(3) == "again"
        (reset,) = it.seen(CounterReset)
        assert (reset.by, reset.reading.key, reset.reading.before) == ("you", key, 1)
    with Recording.open(it.recording) as recording:
        assert reset in list(recording.events())
    ledger.close()


async def test_a_reset_that_does_not_stand_is_not_told(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "counters", "run", grouped=True)
    async with rig(tmp_path, ONE_ECHO, ledger=ledger) as it:
        key = await used_up(it)
        fail_the_commit_of_a_reset(ledger)
        with pytest.raises(StoreError, match="cannot be used"):
            await it.driver.reset_counter(key)
        assert it.seen(CounterReset) == []
        it.call(3, "echo", text="again")
        assert "limit" in await it.box.text(3)
    ledger.close()


async def test_a_reset_waits_for_another_process_and_gives_up_in_time(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "counters", "run")
    async with rig(tmp_path, ONE_ECHO, ledger=ledger) as it, anyio.create_task_group() as tasks:
        key = await used_up(it)
        other = sqlite3.connect(tmp_path / "counters", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        tasks.start_soon(it.driver.reset_counter, key)
        await anyio.lowlevel.checkpoint()
        assert it.seen(CounterReset) == []
        other.execute("ROLLBACK")
        with anyio.fail_after(20):
            while not it.seen(CounterReset):
                await anyio.lowlevel.checkpoint()
        other.execute("BEGIN IMMEDIATE")
        given_up = False

        async def in_vain() -> None:
            nonlocal given_up
            with pytest.raises(StoreError, match="locked by another process"):
                await it.driver.reset_counter(key)
            given_up = True

        tasks.start_soon(in_vain)
        await anyio.lowlevel.checkpoint()
        it.clock.now += 10
        with anyio.fail_after(20):
            while not given_up:
                await anyio.lowlevel.checkpoint()
        other.execute("ROLLBACK")
        other.close()
        assert len(it.seen(CounterReset)) == 1
    ledger.close()
