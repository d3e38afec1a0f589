"""Calls that are answered by a task, as transcripts of the exchange."""

from __future__ import annotations

from typing import Any

from exchange_rig import NOW, Line, SetRules, events, exchange, frame, only, said, tool_call, without_notes

from inspector.core.call import CallId, Outcome
from inspector.core.events import Direction, FrameSeen, Progressed
from inspector.proxy.exchange import Exchange
from inspector.proxy.open_tasks import ENDED_KEPT, OPEN_KEPT, SHARED, UNHEARD_OF, OpenTasks, Realm, TasksInReach
from inspector.proxy.steps import Answer, Ended, Step, TaskMade
from inspector.wire.tasks import RELATED_META, Task

WORKING = {"taskId": "t", "status": "working", "ttl": 120_000}
DONE: dict[str, Any] = {"content": [{"type": "text", "text": "done"}]}


def machine(table: OpenTasks | None = None, grant: str = "local", process: str = "c1") -> Exchange:
    made = exchange(SetRules())
    made.tasks = TasksInReach(OpenTasks() if table is None else table, Realm("srv", grant, process))
    return made


def made(it: Exchange, answer: dict[str, Any] | None = None, now: float = NOW) -> list[Step]:
    """A call goes out and is answered by a task."""
    it.from_client(tool_call(1), Line(), None, now)
    (call,) = [p for p in it.pending.all() if p.frame.id == 1]
    assert call.call_id is not None
    it.forward(call.call_id, None, None, now)
    return it.from_upstream(said({"id": 1, "result": answer or {"task": WORKING}}), None, (), now)


def ask(it: Exchange, method: str, answer: dict[str, Any], now: float = NOW, **body: Any) -> list[Step]:
    """What the answer to a question about the task brings."""
    it.from_client(frame(id=9, method=method, params={"taskId": "t"}), Line(), None, now)
    return it.from_upstream(said({"id": 9, **(body or {"result": answer})}), None, (), now)


def ended(steps: list[Step]) -> list[tuple[CallId, Outcome]]:
    return [(step.call_id, step.outcome) for step in steps if isinstance(step, Ended)]


def test_a_task_is_passed_on_as_it_is_and_ends_nothing() -> None:
    it = machine()
    steps = made(it)
    answer = said({"id": 1, "result": {"task": WORKING}})
    assert next(step for step in without_notes(steps) if isinstance(step, Answer)).raw == answer
    assert only(steps, TaskMade).call_id == CallId(1)
    assert ended(steps) == []
    seen, progressed = events(steps)
    assert (seen.call_id, seen.direction, seen.raw) == (CallId(1), Direction.FROM_UPSTREAM, answer)
    assert progressed == Progressed(NOW, CallId(1), "task working")


def test_what_is_asked_and_said_of_a_task_stands_with_its_call() -> None:
    it = machine()
    made(it)
    asked = it.from_client(frame(id=9, method="tasks/get", params={"taskId": "t"}), Line(), None, NOW)
    answered = it.from_upstream(said({"id": 9, "result": {**WORKING, "statusMessage": "half"}}), None, (), NOW)
    assert [e.call_id for e in events([*asked, *answered]) if isinstance(e, FrameSeen)] == [CallId(1), CallId(1)]
    assert Progressed(NOW, CallId(1), "task working: half") in events(answered)
    assert ended(answered) == []


def test_progress_of_a_task_is_progress_of_its_call() -> None:
    it = machine()
    made(it)
    params = {"progressToken": "p", "progress": 3, "_meta": {RELATED_META: {"taskId": "t"}}}
    steps = it.from_upstream(said({"method": "notifications/progress", "params": params}), None, (), NOW)
    assert Progressed(NOW, CallId(1), "3") in events(steps)


def test_the_same_status_again_is_no_news() -> None:
    it = machine()
    made(it)
    assert not [e for e in events(ask(it, "tasks/get", WORKING)) if isinstance(e, Progressed)]


def test_a_terminal_status_ends_the_call_once() -> None:
    it = machine()
    made(it)
    completed = {"taskId": "t", "status": "completed"}
    assert ended(ask(it, "tasks/get", completed)) == [(CallId(1), Outcome.OK)]
    assert ended(ask(it, "tasks/get", completed)) == []


def test_a_notification_ends_the_call_too() -> None:
    it = machine()
    made(it)
    params = {"taskId": "t", "status": "failed"}
    steps = it.from_upstream(said({"method": "notifications/tasks/status", "params": params}), None, (), NOW)
    assert ended(steps) == [(CallId(1), Outcome.TOOL_ERROR)]


def test_a_result_that_is_fetched_after_the_end_is_what_the_call_came_to() -> None:
    it = machine()
    made(it)
    ask(it, "tasks/get", {"taskId": "t", "status": "completed"})
    step = only(ask(it, "tasks/result", DONE), Ended)
    assert (step.call_id, step.outcome, step.response) == (CallId(1), Outcome.OK, said({"id": 9, "result": DONE}))
    assert ended(ask(it, "tasks/result", DONE)) == []


def test_a_result_ends_a_call_of_which_nothing_else_was_said() -> None:
    it = machine()
    made(it)
    assert ended(ask(it, "tasks/result", {**DONE, "isError": True})) == [(CallId(1), Outcome.TOOL_ERROR)]


def test_a_cancelled_task_is_a_cancelled_call() -> None:
    it = machine()
    made(it, {"resultType": "task", "taskId": "t", "status": "working", "ttlMs": None})
    assert ended(ask(it, "tasks/cancel", {"resultType": "complete"})) == [(CallId(1), Outcome.CANCELLED)]


def test_a_refused_question_ends_nothing() -> None:
    it = machine()
    made(it)
    for method in ("tasks/get", "tasks/result", "tasks/cancel", "tasks/update"):
        steps = ask(it, method, {}, error={"code": -32602, "message": "what?"})
        assert ended(steps) == []


def test_a_task_that_is_over_at_once_is_a_call_that_is_over() -> None:
    steps = made(machine(), {"resultType": "task", "taskId": "t", "status": "completed", "result": DONE})
    assert ended(steps) == [(CallId(1), Outcome.OK)]


def test_another_connection_of_a_modern_client_asks_about_the_same_task() -> None:
    table = OpenTasks()
    first, second = machine(table, process=SHARED), machine(table, process=SHARED)
    made(first)
    assert first.closed() == []
    assert ended(ask(second, "tasks/get", {"taskId": "t", "status": "completed"})) == [(CallId(1), Outcome.OK)]


def test_another_grant_and_another_process_have_tasks_of_their_own() -> None:
    table = OpenTasks()
    made(machine(table))
    completed = {"taskId": "t", "status": "completed"}
    for other in (machine(table, grant="ci"), machine(table, process="c2"), machine(table, process=SHARED)):
        steps = ask(other, "tasks/get", completed)
        assert ended(steps) == []
        assert [e.call_id for e in events(steps)] == [None]


def test_tasks_of_a_client_s_own_process_go_with_it() -> None:
    it = machine()
    made(it)
    assert ended(it.closed()) == [(CallId(1), Outcome.UNKNOWN)]
    assert ended(it.closed()) == []


def test_tasks_go_with_the_process_of_all_clients_whoever_made_them() -> None:
    table = OpenTasks()
    made(machine(table, process=SHARED))
    steps = machine(table, grant="ci", process=SHARED).upstream_lost("it died")
    assert ended(steps) == [(CallId(1), Outcome.UNKNOWN)]


def test_tasks_of_a_server_behind_a_url_outlive_a_broken_connection() -> None:
    it = machine(process="")
    made(it)
    assert [*it.upstream_lost("stopped", for_good=False), *it.closed()] == []


def test_a_task_that_nothing_is_heard_of_is_given_up_after_its_ttl() -> None:
    it = machine()
    made(it)
    table = it.tasks.table
    ask(it, "tasks/get", {"taskId": "t", "status": "working"}, NOW + 100)
    assert table.overdue(NOW + 219) == []
    assert table.overdue(NOW + 220) == [Ended(CallId(1), Outcome.UNKNOWN, b"")]
    assert table.overdue(NOW + 999) == []


def test_a_ttl_of_nothing_frees_no_slot_at_once() -> None:
    it = machine()
    made(it, {"task": {**WORKING, "ttl": 1}})
    assert it.tasks.table.overdue(NOW + 59) == []
    assert len(it.tasks.table.overdue(NOW + 60)) == 1


def test_a_task_without_a_ttl_is_given_up_after_an_hour_of_silence() -> None:
    it = machine()
    made(it, {"task": {**WORKING, "ttl": None}})
    assert it.tasks.table.overdue(NOW + UNHEARD_OF - 1) == []
    assert len(it.tasks.table.overdue(NOW + UNHEARD_OF)) == 1


def test_an_id_that_is_given_twice_gives_the_first_call_up() -> None:
    it = machine()
    made(it)
    assert ended(made(it)) == [(CallId(1), Outcome.UNKNOWN)]
    assert ended(ask(it, "tasks/get", {"taskId": "t", "status": "completed"})) == [(CallId(2), Outcome.OK)]


def test_no_more_tasks_are_followed_than_there_is_room_for() -> None:
    table, realm = OpenTasks(), Realm("srv", "local", "")
    given_up = []
    for number in range(OPEN_KEPT + ENDED_KEPT + 2):
        given_up += ended(table.made(realm, CallId(number), Task(str(number), "working"), b"", NOW))
    assert given_up == [(CallId(number), Outcome.UNKNOWN) for number in range(ENDED_KEPT + 2)]
    assert table.call_of(realm, "1") is None
    assert table.call_of(realm, str(ENDED_KEPT)) == CallId(ENDED_KEPT)
    assert table.call_of(realm, str(OPEN_KEPT)) == CallId(OPEN_KEPT)
