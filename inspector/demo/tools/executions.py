"""Start executions, look at them, stop them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.lifecycle import ENDS, Execution, State
from inspector.demo.world import World, iso, shown

_WAITS_AT_MOST = 60.0  # seconds that `wait` keeps a caller
_LOOKS_EVERY = 0.4
_RANGE = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class ExecutionTools:
    def __init__(self, world: World) -> None:
        self._world = world

    async def execute_flow(
        self,
        *,
        namespace: str,
        flow_id: str,
        ctx: Context,
        revision: int = 0,
        wait: bool = False,
        inputs: dict[str, Any] | None = None,
        labels: dict[str, Any] | None = None,
        schedule_date: str = "",
    ) -> dict[str, Any]:
        """Run a flow once. With `wait` the answer comes when the run has ended, and progress is reported on the way."""
        flow = self._world.flow(namespace, flow_id)
        if revision and revision != flow.revision:
            raise ToolError(f"Client error '404 Not Found': {flow_id} has no revision {revision}")
        if schedule_date:
            return {"namespace": namespace, "flowId": flow_id, "scheduledFor": iso(instant(schedule_date))}
        execution = self._world.start(flow, inputs, labels)
        if wait:
            await self._until_end(execution, ctx)
        return shown(execution, self._world.time.now())

    async def _until_end(self, execution: Execution, ctx: Context) -> None:
        """Report each new state and each task that is done; a paused run is not waited for."""
        time = self._world.time
        deadline = time.now() + _WAITS_AT_MOST
        said: tuple[State, int] | None = None
        while time.now() < deadline:
            execution = self._world.execution(execution.id)
            done = sum(state in ENDS for state in execution.tasks.values())
            if (execution.state, done) != said:
                said = (execution.state, done)
                total = len(execution.flow.tasks) + 1
                elapsed = len(execution.history) / 100  # a state without a finished task must still count upwards
                ended = execution.state in ENDS
                await ctx.report_progress(
                    total if ended else done + elapsed, total, f"{execution.state}, {done} of {total - 1} tasks done"
                )
            if execution.state in ENDS or execution.state is State.PAUSED:
                return
            await time.sleep(_LOOKS_EVERY)

    def manage_executions(
        self,
        action: Literal["pause", "kill", "delete", "get", "change_status"],
        execution_id: str,
        status: str | None = None,
        cascade: bool = True,
    ) -> dict[str, Any]:
        """Do one thing to one execution: look at it, pause it, kill it (with its children when `cascade`), remove it
        for good, or set an ended one to another final `status`."""
        execution = self._world.execution(execution_id)
        match action:
            case "get":
                return shown(execution, self._world.time.now())
            case "pause":
                self._world.pause(execution)
                return {"status": "paused"}
            case "kill":
                self._world.kill(execution)
                return {"executionId": execution_id, "status": execution.state.value, "cascade": cascade}
            case "delete":
                self._world.delete(execution)
                return {}
            case "change_status":
                return self._change_status(execution, status)

    def _change_status(self, execution: Execution, status: str | None) -> dict[str, Any]:
        if status not in ENDS:
            raise ToolError(f"status {status!r} is no final state; use one of: {', '.join(sorted(ENDS))}")
        if execution.state not in ENDS:
            raise ToolError(f"Client error '409 Conflict': execution {execution.id} is still {execution.state}")
        execution.enter(State(status), self._world.time.now(), f"set to {status} by hand")
        return shown(execution, self._world.time.now())

    def add_execution_labels(self, execution_id: str, labels: dict[str, Any]) -> dict[str, Any]:
        """Put labels on an execution that has ended; a label of the same name gets the new value."""
        execution = self._world.execution(execution_id)
        if execution.state not in ENDS:
            raise ToolError(f"execution {execution_id} is {execution.state}; only an ended one can be labelled")
        execution.labels.update(labels)
        return shown(execution, self._world.time.now())

    def list_executions(
        self,
        *,
        namespace: str,
        flow_id: str = "",
        count: int | None = None,
        time_range: str = "",
        start_date: str = "",
        end_date: str = "",
        page_size: int = 100,
    ) -> dict[str, Any]:
        """Executions of a namespace, newest first; narrowed by flow, by the last `time_range` (ISO 8601, PT1H) or by
        dates. `count` limits how many come back."""
        now = self._world.time.now()
        since = max(instant(start_date) if start_date else 0.0, now - duration(time_range) if time_range else 0.0)
        until = instant(end_date) if end_date else now
        found = [
            execution
            for execution in self._world.executions()
            if execution.flow.namespace == namespace
            and flow_id in {"", execution.flow.id}
            and since <= execution.created <= until
        ]
        wanted = page_size if count is None else count
        return {"results": [shown(execution, now) for execution in found[: max(wanted, 0)]], "total": len(found)}


def instant(text: str) -> float:
    """Unix seconds of an ISO 8601 date. Raises ToolError."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise ToolError(f"{text!r} is no ISO 8601 date, as in 2026-11-22T06:00:00Z") from error


def duration(text: str) -> float:
    """Seconds of an ISO 8601 duration of days and below. Raises ToolError."""
    found = _RANGE.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ToolError(f"{text!r} is no ISO 8601 duration, as in PT1H or P2D")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
