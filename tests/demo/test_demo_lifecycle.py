from __future__ import annotations

from inspector.demo.lifecycle import Execution, Flow, Level, State, from_the_start, running

FLOW = Flow("ns", "flow", "", ("one", "two"), queue=2.0, run=4.0)


def begun(flow: Flow = FLOW, *, fails: bool = False) -> Execution:
    execution = Execution("id", flow, 100.0, {}, {}, fails)
    execution.agenda = list(from_the_start(flow, 100.0, fails=fails))
    execution.settle(100.0)
    return execution


def states(execution: Execution) -> list[tuple[State, float]]:
    return [(state, round(at - 100.0, 6)) for state, at in execution.history]


def test_an_execution_goes_from_created_to_success_by_the_clock() -> None:
    execution = begun()
    assert execution.state is State.CREATED
    execution.settle(101.0)
    assert execution.state is State.QUEUED
    execution.settle(103.0)
    assert execution.state is State.RUNNING
    assert execution.settle(1000.0)
    assert states(execution)[-1] == (State.SUCCESS, 6.4)
    assert execution.tasks == {"one": State.SUCCESS, "two": State.SUCCESS}


def test_it_tells_of_its_end_only_once() -> None:
    execution = begun()
    assert execution.settle(1000.0)
    assert not execution.settle(1001.0)


def test_a_failing_execution_ends_with_an_error_line_of_its_last_task() -> None:
    execution = begun(fails=True)
    execution.settle(1000.0)
    assert execution.state is State.FAILED
    assert execution.tasks == {"one": State.SUCCESS, "two": State.FAILED}
    assert execution.log[-1].level is Level.ERROR
    assert execution.log[-1].task == "two"


def test_a_pausing_flow_stays_before_its_last_task_for_ever() -> None:
    execution = begun(Flow("ns", "flow", "", ("one", "two"), pauses=True))
    execution.settle(1_000_000.0)
    assert execution.state is State.PAUSED
    assert execution.tasks == {"one": State.SUCCESS, "two": State.PAUSED}
    assert execution.ended_at is None


def test_running_from_a_later_task_takes_only_the_time_of_the_rest() -> None:
    steps = list(running(FLOW, 100.0, fails=False, first=1))
    assert steps[-1].state is State.SUCCESS
    assert steps[-1].at == 102.0
    assert {step.task for step in steps if step.task} == {"two"}


def test_steps_come_in_the_order_of_their_times() -> None:
    for fails in (False, True):
        times = [step.at for step in from_the_start(FLOW, 100.0, fails=fails)]
        assert times == sorted(times)
