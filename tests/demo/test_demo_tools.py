"""The tools through the SDK's client, in this process, on a clock that the test moves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp import Client

from inspector.demo.server import build_server

pytestmark = pytest.mark.anyio


class Desk:
    """A client, short to write."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.progress: list[tuple[float, float | None, str | None]] = []

    async def ok(self, tool: str, **arguments: Any) -> Any:
        result = await self._client.call_tool(tool, arguments, progress_callback=self._heard)
        assert not result.is_error, result.content[0].text
        return result.structured_content if result.structured_content is not None else result.content[0].text

    async def fails(self, tool: str, **arguments: Any) -> str:
        result = await self._client.call_tool(tool, arguments)
        assert result.is_error
        return str(result.content[0].text)

    async def _heard(self, progress: float, total: float | None, message: str | None) -> None:
        self.progress.append((progress, total, message))


@pytest.fixture
async def desk(world):
    async with Client(build_server(world)) as client:
        yield Desk(client)


async def test_execute_flow_with_wait_reports_growing_progress_and_the_end(desk) -> None:
    found = await desk.ok("execute_flow", namespace="shop.media", flow_id="thumbnails", wait=True)
    assert found["state"]["current"] == "SUCCESS"
    values = [progress for progress, _, _ in desk.progress]
    assert values == sorted(set(values))
    assert desk.progress[-1][:2] == (3, 3)
    assert any("RUNNING" in message for _, _, message in desk.progress)


async def test_execute_flow_does_not_wait_for_a_person(desk) -> None:
    found = await desk.ok("execute_flow", namespace="prod.payments", flow_id="refund-batch", wait=True)
    assert found["state"]["current"] == "PAUSED"


async def test_following_logs_gives_every_line_as_progress(desk) -> None:
    started = await desk.ok("execute_flow", namespace="ops.alerts", flow_id="page-on-call")
    found = await desk.ok("follow_execution_logs", execution_id=started["id"])
    assert found["state"] == "SUCCESS"
    assert len(desk.progress) == len(found["result"]) > 3
    assert [progress for progress, _, _ in desk.progress] == list(range(1, len(desk.progress) + 1))


async def test_backfill_reports_each_run(desk) -> None:
    found = await desk.ok("backfill_executions", namespace="shop.media", flow_id="thumbnails", hours=4)
    assert found["count"] == 5 == len(set(found["ids"]))
    assert [(progress, total) for progress, total, _ in desk.progress] == [(n, 5) for n in range(1, 6)]


async def test_forcing_a_running_execution_is_a_tool_error_that_names_the_state(desk) -> None:
    started = await desk.ok("execute_flow", namespace="shop.media", flow_id="transcode-videos")
    assert (await desk.ok("force_run_execution", execution_id=started["id"]))["state"]["current"] == "RUNNING"
    assert "is RUNNING" in await desk.fails("force_run_execution", execution_id=started["id"])


async def test_a_deleted_execution_is_gone(desk) -> None:
    started = await desk.ok("execute_flow", namespace="shop.media", flow_id="thumbnails")
    assert await desk.ok("manage_executions", action="delete", execution_id=started["id"]) == {}
    assert "404" in await desk.fails("manage_executions", action="get", execution_id=started["id"])


async def test_a_status_changes_only_among_final_states(desk, time) -> None:
    started = await desk.ok("execute_flow", namespace="ops.alerts", flow_id="page-on-call")
    change = {"action": "change_status", "execution_id": started["id"]}
    assert "still" in await desk.fails("manage_executions", **change, status="WARNING")
    time.pass_by(30)
    assert (await desk.ok("manage_executions", **change, status="WARNING"))["state"]["current"] == "WARNING"
    assert "no final state" in await desk.fails("manage_executions", **change, status="RUNNING")


async def test_labels_wait_for_the_end(desk, time) -> None:
    started = await desk.ok("execute_flow", namespace="ops.alerts", flow_id="page-on-call")
    wanted = {"execution_id": started["id"], "labels": {"seen": "yes"}}
    assert "only an ended one" in await desk.fails("add_execution_labels", **wanted)
    time.pass_by(30)
    assert (await desk.ok("add_execution_labels", **wanted))["labels"] == {"seen": "yes"}


async def test_executions_are_listed_newest_first_and_narrowed(desk, time) -> None:
    wanted = {"namespace": "ops.alerts", "flow_id": "page-on-call"}
    time.pass_by(3600)
    first = await desk.ok("execute_flow", **wanted)
    time.pass_by(1)
    second = await desk.ok("execute_flow", **wanted)
    found = await desk.ok("list_executions", **wanted, count=2)
    assert [entry["id"] for entry in found["results"]] == [second["id"], first["id"]]
    assert (await desk.ok("list_executions", **wanted, time_range="PT30S"))["total"] < found["total"]
    assert "ISO 8601 duration" in await desk.fails("list_executions", **wanted, time_range="an hour")
    assert "ISO 8601 date" in await desk.fails("list_executions", **wanted, start_date="today")


async def test_a_failed_task_set_to_success_brings_the_execution_back(desk, time) -> None:
    wanted = {"namespace": "data.warehouse", "flow_id": "nightly-rollup"}
    for _ in range(3):
        await desk.ok("execute_flow", **wanted)
    time.pass_by(60)
    listed = await desk.ok("list_executions", **wanted)
    started = next(found for found in listed["results"] if found["state"]["current"] == "FAILED")
    found = await desk.ok("change_taskrun_state", execution_id=started["id"])
    assert {task["taskId"]: task["state"] for task in found["taskRunList"]}["vacuum"] == "SUCCESS"
    assert found["state"]["current"] == "RESTARTED"


async def test_resume_and_replay_and_restart_say_what_they_need(desk) -> None:
    assert "execution_ids, or namespace" in await desk.fails("resume_execution")
    assert "ids, or namespace" in await desk.fails("replay_execution")
    assert "is in one of: FAILED" in await desk.fails(
        "restart_execution", namespace="ops.alerts", flow_id="page-on-call"
    )


async def test_replay_keeps_the_inputs(desk, world) -> None:
    started = await desk.ok("execute_flow", namespace="shop.media", flow_id="thumbnails", inputs={"width": 80})
    made = await desk.ok("replay_execution", ids=[started["id"]])
    assert world.execution(made["ids"][0]).inputs == {"width": 80}


async def test_a_flow_is_saved_in_revisions_and_can_be_removed(desk) -> None:
    text = "id: hello\nnamespace: drafts\ndescription: says hello\ntasks:\n  - id: say\n    type: log\n"
    assert (await desk.ok("create_flow_from_yaml", yaml_definition=text))["revision"] == 1
    assert (await desk.ok("create_flow_from_yaml", yaml_definition=text))["revision"] == 2
    wanted = {"namespace": "drafts", "flow_id": "hello"}
    assert await desk.ok("manage_flow", action="get_yaml", **wanted) == text
    assert (await desk.ok("search_flows", query="says hello"))["total"] == 1
    await desk.ok("manage_flow", action="disable", **wanted)
    assert "disabled" in await desk.fails("execute_flow", **wanted)
    await desk.ok("manage_flow", action="delete", **wanted)
    assert "404" in await desk.fails("manage_flow", action="get_yaml", **wanted)
    assert "namespace must not be empty" in await desk.fails("create_flow_from_yaml", yaml_definition="id: x\n")


async def test_files_are_written_read_moved_and_removed(desk) -> None:
    space = {"namespace": "shop.orders"}
    await desk.ok("namespace_file_action", **space, action="create", path="a/b.txt", file_content="hello")
    assert (await desk.ok("namespace_file_action", **space, path="/a/b.txt"))["content"] == "hello"
    await desk.ok("namespace_directory_action", **space, action="move", path="/a", to_path="/c")
    assert (await desk.ok("namespace_directory_action", **space, action="list", path="/c"))["result"] == ["/c/b.txt"]
    await desk.ok("namespace_directory_action", **space, action="delete", path="/c")
    assert "404" in await desk.fails("namespace_file_action", **space, path="/c/b.txt")
    assert "'..'" in await desk.fails("namespace_file_action", **space, path="/../etc/passwd")


async def test_values_are_kept_by_namespace(desk) -> None:
    space = {"namespace": "shop.orders"}
    await desk.ok("manage_kv_store", **space, action="set", key="answer", value={"n": 42})
    assert await desk.ok("manage_kv_store", **space, action="get", key="answer") == {"result": {"n": 42}}
    assert "answer" in (await desk.ok("manage_kv_store", **space, action="list"))["result"]
    await desk.ok("manage_kv_store", **space, action="delete", key="answer")
    assert "no key 'answer'" in await desk.fails("manage_kv_store", **space, action="get", key="answer")


async def test_logs_are_narrowed_and_removed(desk, time) -> None:
    started = await desk.ok("execute_flow", namespace="ops.alerts", flow_id="page-on-call")
    time.pass_by(30)
    wanted = {"execution_id": started["id"]}
    everything = (await desk.ok("get_execution_logs", **wanted))["result"]
    of_task = (await desk.ok("get_execution_logs", **wanted, task_id="page"))["result"]
    assert 0 < len(of_task) < len(everything)
    assert "flow page-on-call is done" in (await desk.ok("download_execution_logs", **wanted))["result"]
    assert (await desk.ok("delete_execution_logs", **wanted, min_level="INFO"))["deleted"] > 0
    assert {line["level"] for line in (await desk.ok("get_execution_logs", **wanted))["result"]} == {"DEBUG"}
    assert (await desk.ok("delete_flow_logs", namespace="ops.alerts", flow_id="page-on-call"))["deleted"] > 0
    assert (await desk.ok("search_logs", flow_id="page-on-call"))["total"] == 0
    assert "no level" in await desk.fails("get_execution_logs", **wanted, min_level="LOUD")


async def test_people_apps_tests_and_banners_are_kept(desk) -> None:
    invitation = json.loads(await desk.ok("invite_user", email="a@example.com", role="viewer"))
    assert json.loads(await desk.ok("invite_user", email="a@example.com"))["id"] == invitation["id"]
    await desk.ok("manage_invitations", action="delete", id_=invitation["id"])
    assert "404" in await desk.fails("manage_invitations", action="get", id_=invitation["id"])
    group = json.loads(await desk.ok("manage_group", action="create", name="Night shift"))
    changed = json.loads(await desk.ok("manage_group", action="update", id_=group["id"], role="launcher"))
    assert (changed["name"], changed["role"]) == ("Night shift", "launcher")
    assert "Refund desk" in await desk.ok("search_apps", flowId="refund-batch")
    assert await desk.ok("manage_apps", action="disable", uid="app-refunds") == "app-refunds was disabled"
    assert "3 cases" in await desk.ok("manage_tests", action="run", namespace="shop.orders", id_="orders-smoke")
    banner = json.loads(await desk.ok("manage_announcements", action="create", message="Hello", type="WARNING"))
    assert banner["id"] in await desk.ok("manage_announcements", action="list")


async def test_a_generated_flow_is_saved_only_on_request(desk, world) -> None:
    await desk.ok("generate_flow", user_prompt="Say hello")
    assert ("drafts", "say-hello") not in world.flows
    await desk.ok("generate_flow", user_prompt="Say hello", auto_create=True)
    assert ("drafts", "say-hello") in world.flows


async def test_arguments_that_do_not_fit_are_refused(desk) -> None:
    assert "action" in await desk.fails("manage_flow", action="burn", namespace="a", flow_id="b")
    assert "execution_id" in await desk.fails("force_run_execution")
