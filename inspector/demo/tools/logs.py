"""What executions wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.lifecycle import ENDS, Execution, Level, LogLine, State
from inspector.demo.tools.executions import instant
from inspector.demo.world import World, iso

_FOLLOWS_AT_MOST = 20.0  # seconds
_LOOKS_EVERY = 0.4


class LogTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def get_execution_logs(
        self,
        execution_id: str,
        min_level: str | None = None,
        task_run_id: str | None = None,
        task_id: str | None = None,
        attempt: int | None = None,
    ) -> dict[str, Any]:
        """The log of one execution as entries, from `min_level` up, of one task or one attempt if named."""
        execution = self._world.execution(execution_id)
        wanted = _filter(min_level, task_run_id, task_id, attempt)
        return {"result": [_entry(execution, line) for line in execution.log if wanted(line)]}

    def download_execution_logs(
        self,
        execution_id: str,
        min_level: str | None = None,
        task_run_id: str | None = None,
        task_id: str | None = None,
        attempt: int | None = None,
    ) -> dict[str, Any]:
        """The log of one execution as plain text, narrowed like get_execution_logs."""
        execution = self._world.execution(execution_id)
        wanted = _filter(min_level, task_run_id, task_id, attempt)
        return {"result": "\n".join(_text(line) for line in execution.log if wanted(line))}

    def search_logs(
        self,
        *,
        query: str | None = None,
        namespace: str | None = None,
        flow_id: str | None = None,
        min_level: str | None = None,
        start_date: str | None = None,
        end_date: str | None = None,
        page: int = 1,
        size: int = 25,
    ) -> dict[str, Any]:
        """Log entries of all executions that hold `query`, newest first, a page at a time."""
        wanted = _filter(min_level)
        since = instant(start_date) if start_date else 0.0
        until = instant(end_date) if end_date else self._world.time.now()
        found = [
            (line.at, _entry(execution, line))
            for execution, line in self._lines(namespace, flow_id)
            if wanted(line) and since <= line.at <= until and (query or "").lower() in line.message.lower()
        ]
        found.sort(key=lambda pair: pair[0], reverse=True)
        first = max(page - 1, 0) * size
        return {
            "results": [entry for _, entry in found[first : first + size]],
            "total": len(found),
            "page": page,
            "size": size,
        }

    def delete_execution_logs(
        self,
        execution_id: str,
        min_level: str | None = None,
        task_run_id: str | None = None,
        task_id: str | None = None,
        attempt: int | None = None,
    ) -> dict[str, Any]:
        """Remove the log of one execution, or the part that the other arguments name. There is no way back."""
        execution = self._world.execution(execution_id)
        return {"deleted": _remove(execution, _filter(min_level, task_run_id, task_id, attempt))}

    def delete_flow_logs(self, namespace: str, flow_id: str, trigger_id: str | None = None) -> dict[str, Any]:
        """Remove the logs of every execution of a flow, or of those that one trigger started. There is no way back."""
        flow = self._world.flow(namespace, flow_id)
        deleted = 0
        for execution in self._world.executions():
            of_flow = (execution.flow.namespace, execution.flow.id) == (flow.namespace, flow.id)
            if of_flow and trigger_id in {None, execution.labels.get("trigger")}:
                deleted += _remove(execution, lambda _: True)
        return {"deleted": deleted}

    async def follow_execution_logs(
        self, execution_id: str, ctx: Context, min_level: str | None = None
    ) -> dict[str, Any]:
        """Stay with a running execution until it ends, at most 20 s; each new log line arrives as progress, all of
        them with the answer."""
        time = self._world.time
        wanted = _filter(min_level)
        deadline = time.now() + _FOLLOWS_AT_MOST
        said = 0
        while True:
            execution = self._world.execution(execution_id)
            lines = [line for line in execution.log if wanted(line)]
            for number, line in enumerate(lines[said:], said + 1):
                await ctx.report_progress(number, None, _text(line))
            said = len(lines)
            if execution.state in ENDS or execution.state is State.PAUSED or time.now() >= deadline:
                return {"state": execution.state.value, "result": [_entry(execution, line) for line in lines]}
            await time.sleep(_LOOKS_EVERY)

    def _lines(self, namespace: str | None, flow_id: str | None) -> Iterator[tuple[Execution, LogLine]]:
        for execution in self._world.executions():
            if namespace in {None, execution.flow.namespace} and flow_id in {None, execution.flow.id}:
                for line in execution.log:
                    yield execution, line


def _filter(
    min_level: str | None, task_run_id: str | None = None, task_id: str | None = None, attempt: int | None = None
) -> Callable[[LogLine], bool]:
    """Raises ToolError for a level that is none."""
    try:
        level = Level[(min_level or "TRACE").upper()]
    except KeyError as error:
        raise ToolError(f"{min_level!r} is no level; use one of: {', '.join(Level.__members__)}") from error
    task = task_id or (task_run_id.rpartition(".")[2] if task_run_id else None)
    return lambda line: line.level >= level and task in {None, line.task} and attempt in {None, line.attempt}


def _remove(execution: Execution, wanted: Callable[[LogLine], bool]) -> int:
    kept = [line for line in execution.log if not wanted(line)]
    deleted = len(execution.log) - len(kept)
    execution.log = kept
    return deleted


def _text(line: LogLine) -> str:
    return f"{iso(line.at)} {line.level.name:5} {line.message}"


def _entry(execution: Execution, line: LogLine) -> dict[str, Any]:
    return {
        "namespace": execution.flow.namespace,
        "flowId": execution.flow.id,
        "executionId": execution.id,
        "taskId": line.task or None,
        "attemptNumber": line.attempt,
        "timestamp": iso(line.at),
        "level": line.level.name,
        "message": line.message,
    }
