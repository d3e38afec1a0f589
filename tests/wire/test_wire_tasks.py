"""What frames say of tasks, in the shapes of both eras."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.core.call import Outcome
from inspector.wire import tasks
from inspector.wire.jsonrpc import Frame, dump, parse_client, parse_upstream
from inspector.wire.tasks import RELATED_META, Task

STATE = {"taskId": "t", "createdAt": "2026-01-01T00:00:00Z", "lastUpdatedAt": "2026-01-01T00:00:00Z"}
WORKING = {**STATE, "status": "working"}
DONE = {"content": [{"type": "text", "text": "done"}]}
FAILED = {"content": [], "isError": True}


def answer(result: Any) -> Frame:
    frame = parse_upstream(dump({"jsonrpc": "2.0", "id": 1, "result": result}))
    assert isinstance(frame, Frame)
    return frame


def error(code: int) -> Frame:
    frame = parse_upstream(dump({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "no"}}))
    assert isinstance(frame, Frame)
    return frame


def question(method: str, **params: Any) -> Frame:
    frame = parse_client(dump({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"taskId": "t", **params}}))
    assert isinstance(frame, Frame)
    return frame


def notice(method: str, params: Any) -> Frame:
    frame = parse_upstream(dump({"jsonrpc": "2.0", "method": method, "params": params}))
    assert isinstance(frame, Frame)
    return frame


@pytest.mark.parametrize(
    "result",
    [
        {"task": {**WORKING, "ttl": 60000, "statusMessage": "halfway"}},
        {"resultType": "task", **WORKING, "ttlMs": 60000, "statusMessage": "halfway"},
        {"resultType": "task", "task": {**WORKING, "ttlMs": 60000, "statusMessage": "halfway"}},
    ],
)
def test_a_task_is_seen_in_the_answer_of_either_era(result: Any) -> None:
    assert tasks.created(answer(result)) == Task("t", "working: halfway", 60.0)


@pytest.mark.parametrize(
    "result",
    [
        DONE,
        {**DONE, "task": WORKING},
        {"resultType": "complete", **DONE},
        {"task": {"status": "working"}},
        {"task": {"taskId": "t"}},
        {"task": {"taskId": "", "status": "working"}},
        {"task": {"taskId": 7, "status": "working"}},
        {"task": {"taskId": "t" * 2000, "status": "working"}},
        {"task": "t"},
        [],
        None,
    ],
)
def test_an_ordinary_answer_is_none(result: Any) -> None:
    assert tasks.created(answer(result)) is None


@pytest.mark.parametrize("ttl", [None, "1000", True, [1]])
def test_a_ttl_that_is_no_number_is_none(ttl: Any) -> None:
    task = tasks.created(answer({"task": {**WORKING, "ttl": ttl}}))
    assert task is not None
    assert task.ttl is None


def test_a_ttl_of_any_spelling_is_read() -> None:
    frame = parse_upstream(b'{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"t","status":"working","ttl":1.50e3}}}')
    assert isinstance(frame, Frame)
    task = tasks.created(frame)
    assert task is not None
    assert task.ttl == 1.5


@pytest.mark.parametrize(
    ("result", "outcome", "whole"),
    [
        (WORKING, None, False),
        ({**STATE, "status": "input_required", "inputRequests": {}}, None, False),
        ({**STATE, "status": "a word of tomorrow"}, None, False),
        ({**STATE, "status": "completed"}, Outcome.OK, False),
        ({**STATE, "status": "completed", "result": DONE}, Outcome.OK, True),
        ({**STATE, "status": "completed", "result": FAILED}, Outcome.TOOL_ERROR, True),
        ({**STATE, "status": "failed"}, Outcome.TOOL_ERROR, False),
        ({**STATE, "status": "failed", "error": {"code": 1, "message": "x"}}, Outcome.RPC_ERROR, True),
        ({**STATE, "status": "cancelled"}, Outcome.CANCELLED, True),
    ],
)
def test_a_status_tells_whether_the_call_goes_on(result: Any, outcome: Outcome | None, whole: bool) -> None:
    told = tasks.answered(question("tasks/get"), answer(result))
    assert told is not None
    assert (told.id, told.outcome, told.whole) == ("t", outcome, whole)
    assert tasks.notified(notice("notifications/tasks/status", result)) == told
    assert tasks.notified(notice("notifications/tasks", result)) == told


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (answer(DONE), Outcome.OK),
        (answer(FAILED), Outcome.TOOL_ERROR),
        (answer({**DONE, "_meta": {RELATED_META: {"taskId": "t"}}}), Outcome.OK),
        (error(-32603), Outcome.RPC_ERROR),
        (error(-1), Outcome.RPC_ERROR),
    ],
)
def test_a_result_is_the_end_of_its_call(said: Frame, outcome: Outcome) -> None:
    told = tasks.answered(question("tasks/result"), said)
    assert told is not None
    assert (told.outcome, told.whole) == (outcome, True)


def test_a_question_that_asks_for_progress_is_as_good_as_another() -> None:
    told = tasks.answered(question("tasks/result", _meta={"progressToken": "p", "x": 1}), error(-32603))
    assert told is not None
    assert told.outcome is Outcome.RPC_ERROR


@pytest.mark.parametrize("result", [{}, {"resultType": "complete"}, {**STATE, "status": "cancelled"}])
def test_a_cancellation_that_is_granted_is_the_end(result: Any) -> None:
    told = tasks.answered(question("tasks/cancel"), answer(result))
    assert told is not None
    assert told.outcome is Outcome.CANCELLED


def test_a_task_that_works_on_though_it_was_cancelled_goes_on() -> None:
    told = tasks.answered(question("tasks/cancel"), answer(WORKING))
    assert told is not None
    assert told.outcome is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (question("tasks/get"), error(-32602)),
        (question("tasks/get"), error(-32603)),
        (question("tasks/cancel"), error(-32602)),
        (question("tasks/result"), error(-32602)),
        (question("tasks/result"), error(-32601)),
        (question("tasks/result", more=1), error(-32603)),
        (question("tasks/result", _meta=7), error(-32603)),
        (question("tasks/result", _meta={"progressToken": []}), error(-32603)),
        (question("tasks/result", taskID="another"), answer(DONE)),
        (question("tasks/cancel", TaskId="another"), answer({})),
        (question("tasks/update"), answer({})),
        (question("tasks/get"), answer({**STATE, "taskId": "another", "status": "completed"})),
        (question("tasks/cancel"), answer({"taskId": "another", "status": "cancelled"})),
        (question("tasks/result"), answer({**DONE, "_meta": {RELATED_META: {"taskId": "another"}}})),
        (question("tasks/get", taskId=7), answer({**STATE, "status": "completed"})),
        (question("tasks/list"), answer({"tasks": [{**STATE, "status": "completed"}]})),
        (question("resources/read"), answer({**STATE, "status": "completed"})),
    ],
)
def test_what_tells_nothing_of_the_task_that_was_asked_about(asked: Frame, said: Frame) -> None:
    assert tasks.answered(asked, said) is None


def test_messages_name_the_task_that_they_belong_to() -> None:
    related = {"_meta": {RELATED_META: {"taskId": "t"}}}
    assert tasks.asked_about(question("tasks/update")) == "t"
    assert tasks.asked_about(question("resources/read")) is None
    assert tasks.said_about(notice("notifications/tasks/status", WORKING)) == "t"
    assert tasks.said_about(notice("notifications/progress", {"progress": 1, **related})) == "t"
    assert tasks.said_about(notice("notifications/message", {"_meta": {RELATED_META: "t"}})) is None
    assert tasks.said_about(notice("tasks/get", {"taskId": "t"})) is None  # its server's question about a client's task
