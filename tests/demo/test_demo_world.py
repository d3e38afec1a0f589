from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.lifecycle import State
from inspector.demo.world import World, shown

MEDIA = ("shop.media", "transcode-videos")
REFUNDS = ("prod.payments", "refund-batch")


def start(world: World, flow: tuple[str, str]):
    return world.start(world.flow(*flow))


def test_a_queued_execution_can_be_forced_and_runs_at_once(world, time) -> None:
    execution = start(world, MEDIA)
    time.pass_by(1)
    assert world.execution(execution.id).state is State.QUEUED
    world.force(execution)
    assert execution.state is State.RUNNING


@pytest.mark.parametrize("after", [0.0, 1.0])
def test_created_and_queued_are_forceable(world, time, after: float) -> None:
    execution = start(world, MEDIA)
    time.pass_by(after)
    world.force(world.execution(execution.id))
    assert execution.state is State.RUNNING


def test_forcing_a_running_execution_fails_and_names_its_state(world) -> None:
    execution = start(world, MEDIA)
    world.force(execution)
    with pytest.raises(ToolError, match=f"{execution.id} is RUNNING"):
        world.force(execution)


def test_a_paused_execution_goes_on_when_it_is_resumed(world, time) -> None:
    execution = start(world, REFUNDS)
    time.pass_by(60)
    assert world.execution(execution.id).state is State.PAUSED
    world.resume(execution)
    time.pass_by(60)
    assert world.execution(execution.id).state is State.SUCCESS
    with pytest.raises(ToolError, match="SUCCESS, not PAUSED"):
        world.resume(execution)


def test_each_third_rollup_fails_and_a_restart_repairs_it(world, time) -> None:
    rollups = [start(world, ("data.warehouse", "nightly-rollup")) for _ in range(3)]
    time.pass_by(60)
    states = [world.execution(rollup.id).state for rollup in rollups]
    assert sorted(states) == [State.FAILED, State.SUCCESS, State.SUCCESS]
    third = rollups[states.index(State.FAILED)]
    world.restart(third)
    assert third.state is State.RESTARTED
    time.pass_by(60)
    assert world.execution(third.id).state is State.SUCCESS
    assert {line.attempt for line in third.log} == {1, 2}


def test_a_kill_takes_a_moment_and_nothing_follows_it(world, time) -> None:
    execution = start(world, MEDIA)
    world.kill(execution)
    assert execution.state is State.KILLING
    time.pass_by(500)
    assert world.execution(execution.id).state is State.KILLED
    with pytest.raises(ToolError, match="has ended: KILLED"):
        world.kill(execution)


def test_schedules_start_executions_by_the_clock(world, time) -> None:
    before = {execution.id for execution in world.executions()}
    time.pass_by(25)
    started = [execution for execution in world.executions() if execution.id not in before]
    assert {execution.flow.id for execution in started if execution.labels.get("trigger") == "schedule"} >= {
        "import-orders",
        "thumbnails",
    }


def test_a_long_silence_is_not_made_up_for_in_full(world, time) -> None:
    world.executions()
    time.pass_by(7 * 24 * 3600)
    assert len(world.executions()) < 60


def test_a_new_world_has_a_past(world) -> None:
    states = Counter(execution.state for execution in world.executions())
    assert states[State.SUCCESS] > 5
    assert states[State.FAILED] > 0
    assert states[State.QUEUED] > 10


def test_the_end_of_one_flow_starts_the_one_that_waits_for_it(world, time) -> None:
    execution = start(world, ("shop.orders", "import-orders"))
    time.pass_by(20)
    assert world.execution(execution.id).state is State.SUCCESS
    followers = [found for found in world.executions() if found.labels.get("trigger") == "import-orders"]
    assert followers
    assert {found.flow.id for found in followers} == {"reconcile-payments"}


def test_a_disabled_flow_does_not_start(world) -> None:
    world.flows[MEDIA] = replace(world.flow(*MEDIA), enabled=False)
    with pytest.raises(ToolError, match="is disabled"):
        start(world, MEDIA)


def test_old_executions_are_forgotten(world, time) -> None:
    for _ in range(600):
        start(world, ("ops.alerts", "page-on-call"))
        time.pass_by(5)
    world.executions()
    assert len(world.executions()) <= 510


def test_an_execution_is_shown_as_the_api_does(world, time) -> None:
    execution = start(world, ("ops.alerts", "page-on-call"))
    time.pass_by(10)
    found = shown(world.execution(execution.id), time.now())
    assert found["state"]["current"] == "SUCCESS"
    assert [entry["state"] for entry in found["state"]["histories"]] == ["CREATED", "QUEUED", "RUNNING", "SUCCESS"]
    assert found["durationSeconds"] == pytest.approx(1.4)
    assert found["state"]["startDate"].endswith("Z")


def test_two_worlds_of_different_seeds_share_no_id(time) -> None:
    one, other = World(time, random_seed=1), World(time, random_seed=2)
    assert not {found.id for found in one.executions()} & {found.id for found in other.executions()}
