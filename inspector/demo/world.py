"""The demo's Kestra: everything it knows, in memory, moving with the clock it was given."""

from __future__ import annotations

import copy
import logging
import random
import string
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo import seed
from inspector.demo.lifecycle import ENDS, FORCEABLE, Execution, Flow, State, from_the_start, killing, running

log = logging.getLogger("kestra.demo")

_KEPT = 500  # executions; the agents would fill the memory in a long night
_PAST = 120.0  # seconds that a new world looks back on, so that the first question finds answers
_CATCH_UP = 3  # scheduled executions of one flow that a pause between two calls may leave behind
_LETTERS = string.ascii_letters + string.digits


class Timekeeper(Protocol):
    """The clock, and the waiting that goes with it."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class World:
    """One Kestra. Every read settles what has become due; nothing happens between two reads."""

    def __init__(self, time: Timekeeper, *, random_seed: int = 7337) -> None:
        self.time = time
        self.flows: dict[tuple[str, str], Flow] = {(flow.namespace, flow.id): flow for flow in seed.FLOWS}
        self.revisions: dict[tuple[str, str], list[Flow]] = {key: [flow] for key, flow in self.flows.items()}
        self.files: dict[str, dict[str, str]] = copy.deepcopy(seed.FILES)
        self.kv: dict[str, dict[str, Any]] = copy.deepcopy(seed.KV)
        self.apps = copy.deepcopy(seed.APPS)
        self.groups = copy.deepcopy(seed.GROUPS)
        self.announcements = copy.deepcopy(seed.ANNOUNCEMENTS)
        self.tests = copy.deepcopy(seed.TESTS)
        self.invitations: dict[str, dict[str, Any]] = {}
        self.dashboards: dict[str, str] = {}
        self._executions: dict[str, Execution] = {}
        self._started: dict[tuple[str, str], int] = {}
        self._random = random.Random(random_seed)  # noqa: S311 - ids of a demo guard nothing
        self._born = now = time.now()
        self._next = {key: now + 1.0 for key, flow in self.flows.items() if flow.every}
        for flow in list(self.flows.values()):
            between = flow.every or _PAST / 2
            for number in range(int(_PAST / between), 0, -1):
                self._begin(flow, now - number * between, {}, {"trigger": "schedule" if flow.every else "history"})

    def new_id(self) -> str:
        return "".join(self._random.choices(_LETTERS, k=22))

    def executions(self) -> Sequence[Execution]:
        """All of them as they stand now, newest first."""
        self._settle()
        return sorted(self._executions.values(), key=lambda execution: execution.created, reverse=True)

    def execution(self, execution_id: str) -> Execution:
        """Raises ToolError when there is none of that id."""
        self._settle()
        found = self._executions.get(execution_id)
        if found is None:
            raise ToolError(f"Client error '404 Not Found': there is no execution {execution_id!r}")
        return found

    def flow(self, namespace: str, flow_id: str) -> Flow:
        """Raises ToolError when there is none of that name."""
        found = self.flows.get((namespace, flow_id))
        if found is None:
            raise ToolError(f"Client error '404 Not Found': there is no flow {flow_id!r} in namespace {namespace!r}")
        return found

    def put_flow(self, flow: Flow) -> Flow:
        """Create it, or make it the next revision of the one that has its name."""
        key = (flow.namespace, flow.id)
        past = self.revisions.setdefault(key, [])
        flow = replace(flow, revision=past[-1].revision + 1 if past else 1)
        past.append(flow)
        self.flows[key] = flow
        return flow

    def namespaces(self) -> list[str]:
        return sorted({namespace for namespace, _ in self.flows} | self.files.keys() | self.kv.keys())

    def latest(self, namespace: str, flow_id: str, states: Iterable[State] = State) -> Execution:
        """The newest execution of a flow that is in one of `states`. Raises ToolError when there is none."""
        wanted = frozenset(states)
        for execution in self.executions():
            if (execution.flow.namespace, execution.flow.id) == (namespace, flow_id) and execution.state in wanted:
                return execution
        raise ToolError(f"no execution of {namespace}.{flow_id} is in one of: {', '.join(sorted(wanted))}")

    def start(
        self, flow: Flow, inputs: dict[str, Any] | None = None, labels: dict[str, Any] | None = None
    ) -> Execution:
        """Begin an execution now. Raises ToolError for a disabled flow."""
        if not flow.enabled:
            raise ToolError(f"Client error '409 Conflict': flow {flow.id!r} is disabled")
        return self._begin(flow, self.time.now(), inputs or {}, labels or {})

    def force(self, execution: Execution) -> None:
        """Raises ToolError, naming the state, unless it is CREATED, PAUSED or QUEUED."""
        if execution.state not in FORCEABLE:
            raise ToolError(
                f"execution {execution.id} is {execution.state}; it can be forced only while it is "
                "CREATED, PAUSED or QUEUED"
            )
        self._run(execution, "forced to run")

    def resume(self, execution: Execution) -> None:
        """Raises ToolError unless it is PAUSED."""
        if execution.state is not State.PAUSED:
            raise ToolError(f"Client error '409 Conflict': execution {execution.id} is {execution.state}, not PAUSED")
        self._run(execution, "resumed")

    def restart(self, execution: Execution) -> None:
        """Run it again, from the task that failed. Raises ToolError unless it ended badly."""
        if execution.state not in ENDS - {State.SUCCESS}:
            raise ToolError(f"Client error '409 Conflict': execution {execution.id} is {execution.state}, not FAILED")
        execution.attempt += 1
        execution.fails = False
        now = self.time.now()
        execution.enter(State.RESTARTED, now, f"attempt {execution.attempt}")
        self._run(execution, "restarted", now + 0.5)

    def pause(self, execution: Execution) -> None:
        """Raises ToolError unless it is RUNNING."""
        if execution.state is not State.RUNNING:
            raise ToolError(f"Client error '409 Conflict': execution {execution.id} is {execution.state}, not RUNNING")
        execution.enter(State.PAUSED, self.time.now(), "paused on request")

    def kill(self, execution: Execution) -> None:
        """Raises ToolError when it has ended already."""
        if execution.state in ENDS:
            raise ToolError(f"Client error '409 Conflict': execution {execution.id} has ended: {execution.state}")
        now = self.time.now()
        execution.enter(State.KILLING, now, "somebody asked to kill it", killing(now))

    def delete(self, execution: Execution) -> None:
        del self._executions[execution.id]
        log.warning("execution %s of %s was deleted", execution.id, execution.flow.id)

    def _run(self, execution: Execution, why: str, at: float | None = None) -> None:
        now = self.time.now() if at is None else at
        done = sum(state is State.SUCCESS for state in execution.tasks.values())
        log.info("execution %s of %s: %s", execution.id, execution.flow.id, why)
        execution.agenda = list(running(execution.flow, now, fails=execution.fails, first=done))
        execution.settle(self.time.now())

    def _begin(self, flow: Flow, at: float, inputs: dict[str, Any], labels: dict[str, Any]) -> Execution:
        key = (flow.namespace, flow.id)
        count = self._started[key] = self._started.get(key, 0) + 1
        fails = bool(flow.fails_every) and count % flow.fails_every == 0
        execution = Execution(self.new_id(), flow, at, inputs, labels, fails)
        execution.agenda = list(from_the_start(flow, at, fails=fails))
        execution.settle(at)
        self._executions[execution.id] = execution
        return execution

    def _settle(self) -> None:
        now = self.time.now()
        for key, due in list(self._next.items()):
            flow = self.flows.get(key)
            if flow is None:
                del self._next[key]
                continue
            begin = max(due, now - flow.every * _CATCH_UP)
            while begin <= now:
                if flow.enabled:
                    self._begin(flow, begin, {}, {"trigger": "schedule"})
                begin += flow.every
            self._next[key] = begin
        for execution in list(self._executions.values()):
            if execution.settle(now):
                self._ended(execution)
        for old in list(self._executions)[:-_KEPT]:
            if self._executions[old].state in ENDS:
                del self._executions[old]

    def _ended(self, execution: Execution) -> None:
        flow = execution.flow
        at = execution.ended_at or self.time.now()
        if at > self._born:
            level = logging.WARNING if execution.state is State.FAILED else logging.INFO
            log.log(level, "execution %s of %s.%s ended: %s", execution.id, flow.namespace, flow.id, execution.state)
        for other in list(self.flows.values()):
            if other.namespace == flow.namespace and flow.id in other.after and other.enabled:
                self._begin(other, at, {}, {"trigger": flow.id})


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown(execution: Execution, now: float) -> dict[str, Any]:
    """An execution as the API gives it."""
    end = execution.ended_at
    return {
        "id": execution.id,
        "namespace": execution.flow.namespace,
        "flowId": execution.flow.id,
        "flowRevision": execution.flow.revision,
        "state": {
            "current": execution.state.value,
            "startDate": iso(execution.created),
            "endDate": None if end is None else iso(end),
            "histories": [{"state": state.value, "date": iso(at)} for state, at in execution.history],
        },
        "durationSeconds": round((end or now) - execution.created, 1),
        "inputs": execution.inputs,
        "labels": execution.labels,
        "taskRunList": [
            {"id": f"{execution.id}.{task}", "taskId": task, "state": state.value}
            for task, state in execution.tasks.items()
        ],
    }
