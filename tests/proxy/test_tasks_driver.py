"""Open tasks in the driver, with its real parts: what they hold, how long, and what is recorded of them."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from driver_rig import Rig, rig

from inspector.core.call import CallId, Outcome
from inspector.core.events import Event, Finished
from inspector.record.reader import Recording
from inspector.store import Store

pytestmark = pytest.mark.anyio

ONE_AT_A_TIME = json.dumps(
    {
        "version": "1",
        "default": "allow",
        "tools": {"job": {"limits": [{"counter": "running", "window": "in_flight", "max": 1}]}},
    }
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def ask(it: Rig, id_: int, method: str, task: str) -> dict[str, object]:
    it.send({"id": id_, "method": method, "params": {"taskId": task}})
    return await it.box.answer(id_)


async def start(it: Rig, id_: int) -> str:
    it.call(id_, "job")
    return str((await it.box.answer(id_))["result"]["task"]["taskId"])


async def refused(it: Rig, id_: int) -> bool:
    it.call(id_, "job")
    return "content" in (await it.box.answer(id_))["result"]


def ends(events: list[Event]) -> list[tuple[CallId, Outcome]]:
    return [(event.call_id, event.outcome) for event in events if isinstance(event, Finished)]


async def test_a_slot_stays_taken_until_the_task_s_result_is_there(tmp_path: Path) -> None:
    async with rig(tmp_path, ONE_AT_A_TIME) as it:
        task = await start(it, 1)
        assert await refused(it, 2)
        await ask(it, 3, "tasks/get", task)
        assert await refused(it, 4)
        await ask(it, 5, "tasks/result", task)
        assert ends(it.events)[-1] == (CallId(1), Outcome.OK)
        assert not await refused(it, 6)


async def test_a_cancelled_task_gives_its_slot_back(tmp_path: Path) -> None:
    async with rig(tmp_path, ONE_AT_A_TIME) as it:
        await ask(it, 2, "tasks/cancel", await start(it, 1))
        assert ends(it.events) == [(CallId(1), Outcome.CANCELLED)]
        assert not await refused(it, 3)


async def test_a_task_that_is_silent_for_its_ttl_gives_its_slot_back(tmp_path: Path) -> None:
    async with rig(tmp_path, ONE_AT_A_TIME) as it:
        await start(it, 1)
        it.clock.now += 121
        with anyio.fail_after(20):
            while not ends(it.events):
                await anyio.lowlevel.checkpoint()
        assert ends(it.events) == [(CallId(1), Outcome.UNKNOWN)]
        assert not await refused(it, 2)


async def test_the_time_out_of_calls_is_for_answers_not_for_tasks(tmp_path: Path) -> None:
    async with rig(tmp_path, ONE_AT_A_TIME, call_timeout=30) as it:
        task = await start(it, 1)
        it.clock.now += 31
        it.call(2, "hang")
        it.send({"id": 9, "method": "ping"})
        await it.box.answer(9)  # so the call is with the server
        it.clock.now += 31
        assert "--call-timeout" in json.dumps(await it.box.answer(2))
        await ask(it, 3, "tasks/result", task)
        assert ends(it.events) == [(CallId(2), Outcome.UNKNOWN), (CallId(1), Outcome.OK)]


async def test_a_client_that_leaves_takes_its_tasks_along(tmp_path: Path) -> None:
    async with rig(tmp_path, ONE_AT_A_TIME) as it:
        await start(it, 1)
        await it.connection.close()
        assert ends(it.events) == [(CallId(1), Outcome.UNKNOWN)]


async def test_the_end_of_a_run_is_the_last_that_is_heard_of_its_tasks(tmp_path: Path) -> None:
    async with rig(tmp_path, ONE_AT_A_TIME) as it:
        await start(it, 1)
        it.driver.close_holds("the inspector was closed")
        assert ends(it.events) == [(CallId(1), Outcome.UNKNOWN)]


async def test_a_task_is_one_row_whose_detail_has_everything_that_was_said_of_it(tmp_path: Path) -> None:
    async with rig(tmp_path, ONE_AT_A_TIME) as it:
        task = await start(it, 1)
        store = Store()
        for event in it.events:
            store.fold(event)
        (row,) = store.views(0, it.clock()).calls
        assert (row.outcome, row.note) == (None, "task working")
        await ask(it, 2, "tasks/get", task)
        await ask(it, 3, "tasks/result", task)
    recording = Recording.open(it.recording)
    assert recording.detail(CallId(2)) is None
    detail = recording.detail(CallId(1))
    recording.close()
    assert detail is not None
    assert "the job is done" in detail.response
    assert not detail.response_by_us
    said = [json.loads(line.raw) for line in detail.frames]
    assert [message.get("method", "answer") for message in said] == [
        "tools/call", "answer", "tasks/get", "answer", "tasks/result", "answer",
    ]  # fmt: skip
