"""The upstreams of a run by name, and what a person does with one as a whole: stop, start, restart."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from inspector.core.commands import ServerAction
from inspector.proxy.links import Upstream

STOPPED = "{} was stopped in mcp-inspect; ask the person who runs it to start it again"
RESTARTED = "{} was restarted in mcp-inspect before it answered; whether the request ran is not known"


class Roster:
    """`bar` and `admit` are told which servers' calls are to be denied, and no longer."""

    def __init__(self, *, bar: Callable[[str], None], admit: Callable[[str], None]) -> None:
        self._bar, self._admit = bar, admit
        self._upstreams: dict[str, Upstream] = {}
        self._turns: dict[str, anyio.Lock] = {}  # one thing after the other with each of them

    def __getitem__(self, name: str) -> Upstream:
        return self._upstreams[name]

    def get(self, name: str) -> Upstream | None:
        return self._upstreams.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(self._upstreams)

    def adopt(self, upstream: Upstream) -> None:
        self._upstreams[upstream.name] = upstream

    async def control(self, name: str, action: ServerAction) -> None:
        """Returns when it is done, within 2 s. KeyError for a name that is none."""
        upstream = self._upstreams[name]
        async with self._turns.setdefault(name, anyio.Lock()):
            match action:
                case ServerAction.STOP:
                    self._bar(name)  # before anything is awaited: no call may slip through
                    await upstream.stop(STOPPED.format(name))
                case ServerAction.START:
                    upstream.resume()
                    self._admit(name)
                case ServerAction.RESTART:
                    await upstream.restart(RESTARTED.format(name))
                    self._admit(name)

    async def close(self) -> None:
        """End every server, side by side."""
        async with anyio.create_task_group() as ends:
            for upstream in self._upstreams.values():
                ends.start_soon(upstream.close)
