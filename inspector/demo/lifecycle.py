"""How an execution of the demo lives: a timetable of steps, each with the moment it comes true.

    CREATED → QUEUED → RUNNING → SUCCESS | WARNING | FAILED
                          ↕
                        PAUSED          kill: any state that is not an end → KILLING → KILLED

Pure: times are Unix seconds that the caller gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class State(StrEnum):
    CREATED = "CREATED"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    RESTARTED = "RESTARTED"
    KILLING = "KILLING"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    KILLED = "KILLED"
    CANCELLED = "CANCELLED"
    RETRYING = "RETRYING"
    RETRIED = "RETRIED"
    SKIPPED = "SKIPPED"


ENDS = frozenset({State.SUCCESS, State.WARNING, State.FAILED, State.KILLED, State.CANCELLED, State.SKIPPED})
FORCEABLE = frozenset({State.CREATED, State.PAUSED, State.QUEUED})


class Level(IntEnum):
    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4


@dataclass(frozen=True, slots=True)
class Flow:
    namespace: str
    id: str
    description: str
    tasks: tuple[str, ...]
    queue: float = 1.0  # seconds in QUEUED
    run: float = 4.0  # seconds in RUNNING
    fails_every: int = 0  # each such execution fails; 0: none does
    pauses: bool = False  # waits for a person before its last task
    every: float = 0.0  # seconds between the executions that its schedule starts; 0: it has no schedule
    after: tuple[str, ...] = ()  # flows of the same namespace whose end starts this one
    enabled: bool = True
    revision: int = 1
    source: str = ""  # its YAML, when somebody wrote it


@dataclass(frozen=True, slots=True)
class LogLine:
    at: float
    level: Level
    task: str
    message: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Step:
    """At `at` the execution enters `state`, or one task does; either may leave a line in its log."""

    at: float
    state: State | None = None
    task: str = ""
    task_state: State | None = None
    message: str = ""
    level: Level = Level.INFO


@dataclass(slots=True)
class Execution:
    id: str
    flow: Flow
    created: float
    inputs: dict[str, Any]
    labels: dict[str, Any]
    fails: bool  # decided when it was made
    state: State = State.CREATED
    history: list[tuple[State, float]] = field(default_factory=list)
    tasks: dict[str, State] = field(default_factory=dict)
    log: list[LogLine] = field(default_factory=list)
    agenda: list[Step] = field(default_factory=list)  # what is still to come, by time
    attempt: int = 1

    @property
    def ended_at(self) -> float | None:
        return self.history[-1][1] if self.state in ENDS else None

    def settle(self, now: float) -> bool:
        """Let everything that is due come true. True when the execution reached its end by that."""
        before = self.state
        while self.agenda and self.agenda[0].at <= now:
            self._enter(self.agenda.pop(0))
        return self.state in ENDS and before not in ENDS

    def enter(self, state: State, now: float, message: str, agenda: Iterator[Step] | None = None) -> None:
        """Leave the timetable for `state`, now, and follow `agenda` from there on."""
        self.agenda = list(agenda or ())
        self._enter(Step(now, state, message=message, level=Level.WARN if state is State.KILLING else Level.INFO))
        self.settle(now)

    def _enter(self, step: Step) -> None:
        if step.state is not None:
            self.state = step.state
            self.history.append((step.state, step.at))
        if step.task_state is not None:
            self.tasks[step.task] = step.task_state
        if step.message:
            self.log.append(LogLine(step.at, step.level, step.task, step.message, self.attempt))


def from_the_start(flow: Flow, now: float, *, fails: bool) -> Iterator[Step]:
    """The timetable of a fresh execution."""
    yield Step(now, State.CREATED)
    queued = now + 0.4
    yield Step(queued, State.QUEUED, message=f"waiting for a worker, about {flow.queue:g} s", level=Level.DEBUG)
    yield from running(flow, queued + flow.queue, fails=fails, pauses=flow.pauses)


def running(flow: Flow, now: float, *, fails: bool, pauses: bool = False, first: int = 0) -> Iterator[Step]:
    """From RUNNING on, beginning with task number `first`. With `pauses` it stops before the last task, for good."""
    yield Step(now, State.RUNNING, message=f"flow {flow.id} is running, revision {flow.revision}")
    tasks = flow.tasks[first:]
    share = flow.run / max(len(flow.tasks), 1)
    for number, task in enumerate(tasks, 1):
        last = number == len(tasks)
        begin = now + share * (number - 1)
        if last and pauses:
            yield Step(begin, State.PAUSED, task, State.PAUSED, f"{task} waits for somebody to resume it")
            return
        yield Step(begin, None, task, State.RUNNING, f"task {task} began")
        yield Step(begin + share / 2, None, task, None, f"{task}: half way, {37 * number} rows so far", Level.DEBUG)
        if last and fails:
            why = f"{task}: exit code 1: connection refused by the warehouse"
            yield Step(begin + share, State.FAILED, task, State.FAILED, why, Level.ERROR)
            return
        yield Step(begin + share, None, task, State.SUCCESS, f"task {task} is done")
    yield Step(now + share * len(tasks), State.SUCCESS, message=f"flow {flow.id} is done")


def killing(now: float) -> Iterator[Step]:
    yield Step(now + 1.0, State.KILLED, message="killed on request", level=Level.WARN)
