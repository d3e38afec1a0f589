"""Bring executions back to life: resume, restart, replay, force, backfill."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.lifecycle import State
from inspector.demo.tools.executions import instant
from inspector.demo.world import World, iso, shown

_BACKFILL_STEP = 0.35  # seconds for each execution it makes
_BACKFILL_MOST = 24


class RecoveryTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def force_run_execution(self, execution_id: str) -> dict[str, Any]:
        """Let an execution run at once, past queue, delay or pause. Fails unless it is CREATED, PAUSED or QUEUED."""
        execution = self._world.execution(execution_id)
        self._world.force(execution)
        return shown(execution, self._world.time.now())

    def resume_execution(
        self,
        execution_ids: list[str] | None = None,
        namespace: str | None = None,
        flow_id: str | None = None,
        on_resume: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Let paused executions go on: those of `execution_ids`, else the newest paused one of a flow. `on_resume` are
        the inputs that the pause asked for."""
        if execution_ids:
            executions = [self._world.execution(execution_id) for execution_id in execution_ids]
        elif namespace and flow_id:
            executions = [self._world.latest(namespace, flow_id, [State.PAUSED])]
        else:
            raise ToolError("give execution_ids, or namespace and flow_id")
        for execution in executions:
            self._world.resume(execution)
            execution.inputs.update(on_resume or {})
        return {execution.id: shown(execution, self._world.time.now()) for execution in executions}

    def restart_execution(
        self, namespace: str, flow_id: str, execution_id: str | None = None, revision: int = 0
    ) -> dict[str, Any]:
        """Run an ended execution again from where it failed; without an id, the newest failed one of the flow."""
        flow = self._world.flow(namespace, flow_id)
        if revision and revision > flow.revision:
            raise ToolError(f"Client error '404 Not Found': {flow_id} has no revision {revision}")
        if execution_id:
            execution = self._world.execution(execution_id)
        else:
            execution = self._world.latest(namespace, flow_id, [State.FAILED])
        self._world.restart(execution)
        return shown(execution, self._world.time.now())

    def change_taskrun_state(self, execution_id: str, state: str = "SUCCESS", task_run_id: str = "") -> dict[str, Any]:
        """Set one task of an execution to another state, the first failed one when none is named, and let the
        execution go on from there."""
        execution = self._world.execution(execution_id)
        failed = [task for task, now in execution.tasks.items() if now is State.FAILED]
        task = task_run_id.rpartition(".")[2] or (failed[0] if failed else "")
        if task not in execution.tasks:
            raise ToolError(f"execution {execution_id} has no {'such' if task_run_id else 'failed'} task run")
        if state not in set(State):
            raise ToolError(f"{state!r} is no state; use one of: {', '.join(State)}")
        execution.tasks[task] = State(state)
        if execution.state is State.FAILED:
            self._world.restart(execution)
        return shown(execution, self._world.time.now())

    def replay_execution(
        self,
        ids: list[Any] | None = None,
        namespace: str | None = None,
        flow_id: str | None = None,
        latest_revision: bool = False,
    ) -> dict[str, Any]:
        """Start copies of past executions with the inputs they had: all of `ids`, else the newest one of a flow."""
        if ids:
            past = [self._world.execution(str(execution_id)) for execution_id in ids]
        elif namespace and flow_id:
            past = [self._world.latest(namespace, flow_id)]
        else:
            raise ToolError("give ids, or namespace and flow_id")
        made = []
        for execution in past:
            flow = execution.flow
            if latest_revision:
                flow = self._world.flow(flow.namespace, flow.id)
            made.append(self._world.start(flow, dict(execution.inputs), {"replayOf": execution.id}))
        return {"count": len(made), "ids": [execution.id for execution in made]}

    async def backfill_executions(
        self,
        *,
        namespace: str,
        flow_id: str,
        ctx: Context,
        start: str | None = None,
        end: str | None = None,
        days: int = 0,
        hours: int = 0,
        minutes: int = 0,
        trigger_id: str | None = None,
        inputs: dict[str, Any] | None = None,
        labels: list[Any] | None = None,
    ) -> dict[str, Any]:
        """Make up for the runs that a schedule missed between two moments, or in the last days, hours and minutes.
        Reports progress for each run it starts."""
        flow = self._world.flow(namespace, flow_id)
        time = self._world.time
        if not flow.every:
            raise ToolError(f"flow {flow_id!r} has no schedule, so there is nothing to make up for")
        until = instant(end) if end else time.now()
        since = instant(start) if start else until - ((days * 24 + hours) * 60 + minutes) * 60.0
        if since >= until:
            raise ToolError("the window is empty: give start and end, or days, hours or minutes")
        count = min(int((until - since) // 3600) + 1, _BACKFILL_MOST)
        made: list[str] = []
        for number in range(1, count + 1):
            of = {"backfill": iso(since), "trigger": trigger_id or "schedule", "labels": labels or []}
            made.append(self._world.start(flow, dict(inputs or {}), of).id)
            await ctx.report_progress(number, count, f"run {number} of {count} was started")
            await time.sleep(_BACKFILL_STEP)
        return {"count": count, "start": iso(since), "end": iso(until), "ids": made}
