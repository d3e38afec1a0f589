"""Errors of ours, not of a server's, where no task of the run's group would bring them out: they end the run."""

from __future__ import annotations

from types import TracebackType

from anyio.abc import TaskGroup


def end_the_run(tasks: TaskGroup, error: BaseException) -> None:
    tasks.start_soon(_raise, error)


async def _raise(error: BaseException) -> None:
    raise error


class EndingTheRun:
    """What is raised in this block ends the run."""

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is not None:
            end_the_run(self._tasks, error)
        return error is not None
