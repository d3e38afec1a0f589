"""A server that is a command: a process of its own for each connection, or one that modern HTTP clients share."""

from __future__ import annotations

import os
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from inspector.core.errors import UpstreamError
from inspector.core.events import Event
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.proxy.links import ClientSide, Link, Outgoing, Receiver, Route
from inspector.proxy.process import Death, Host, Launch, Listener, ServerProcess
from inspector.proxy.shared_link import SharedProcess
from inspector.proxy.watchdog import Watchdog
from inspector.wire.jsonrpc import FrameId
from inspector.wire.mcp import cancelled, one_line

_STEADY = 10.0  # seconds: who lives that long did not fail at its start
_DELAYS = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before the next start, by failures in a row


class Backoff:
    """How long to wait before a server that keeps failing is started again."""

    def __init__(self) -> None:
        self._failures = 0
        self._not_before = 0.0

    def ended(self, started: float, now: float) -> None:
        """A process that we did not end ended by itself."""
        self._failures = 1 if now - started > _STEADY else min(self._failures + 1, len(_DELAYS))
        self._not_before = now + _DELAYS[self._failures - 1]

    def delay(self, now: float) -> float:
        """Seconds until the next start may happen."""
        return max(0.0, min(self._not_before - now, _DELAYS[-1]))


class OwnLink:
    """A connection with a process of its own, whose Listener it is: ids pass as they are."""

    def __init__(self, receiver: Receiver, tasks: TaskGroup) -> None:
        self._receiver, self._tasks = receiver, tasks
        self._death: Death | None = None
        self.process: ServerProcess | None = None

    def send(self, outgoing: Outgoing) -> None:
        if self._death is not None:
            # Not from inside `send`: who calls it may not have noted the request yet.
            self._tasks.start_soon(self._refuse, outgoing, self._death)
        elif outgoing.raw and self.process is not None:
            self.process.write(one_line(outgoing.raw))

    async def _refuse(self, outgoing: Outgoing, death: Death) -> None:
        self._receiver.upstream_ended(outgoing, death.why)

    def cancel(self, route: Route, frame_id: FrameId | None) -> None:
        if frame_id is not None and self.process is not None:
            self.process.write(cancelled(frame_id))

    async def ready(self) -> None:
        if self.process is not None:
            await self.process.ready()

    async def close(self) -> None:
        if self.process is not None:
            await self.process.end()

    def heard(self, raw: bytes) -> None:
        self._receiver.upstream_frame(raw, None)

    async def caught_up(self) -> None:
        await self._receiver.ready()

    def lost(self, death: Death) -> None:
        self._death = death
        self._receiver.upstream_lost(death.why)


class StdioUpstream:
    """A configured command. Its tasks run in `tasks`, which must outlive `close`.

    Events: UpstreamChanged for each process, StderrLine, and FrameRejected for stdout that is no message.
    """

    speaks_http = False
    has_url = False
    settled = True

    def __init__(
        self,
        spec: UpstreamSpec,
        *,
        emit: Callable[[Event], None],
        now: Callable[[], float],
        tasks: TaskGroup,
        watchdog: Watchdog,
    ) -> None:
        if not isinstance(spec.target, CommandSpec):
            raise TypeError(f"{spec.name} is not a command")
        self.name = spec.name
        self._command = spec.target
        self._host = Host(spec.name, emit, now, tasks, watchdog)
        self._backoff = Backoff()
        self._started: dict[ServerProcess, float] = {}
        self._shared = SharedProcess(self._host, self.start)
        self._closing = False

    async def open(self, receiver: Receiver, *, shared: bool, client: ClientSide | None) -> Link:
        """See `Upstream.open`. After failures it waits up to 5 s before it starts a process."""
        if shared:
            return self._shared.link(receiver)
        link = OwnLink(receiver, self._host.tasks)
        link.process = await self.start(link, client)
        return link

    async def start(self, listener: Listener, client: ClientSide | None = None) -> ServerProcess:
        """A new process, not before the back-off allows it.

        Raises:
            UpstreamError: it cannot be started, or we are closing.
        """
        now = self._host.now
        if (delay := self._backoff.delay(now())) > 0:
            await anyio.sleep(delay)
        self._check_open()
        process = ServerProcess(self._host, listener, self._gone)
        self._started[process] = now()
        try:
            await process.start(self._launch(client))
        except UpstreamError:
            del self._started[process]
            raise
        try:
            self._check_open()  # close() may have passed meanwhile
        except UpstreamError:
            await process.end()
            raise
        return process

    def _check_open(self) -> None:
        if self._closing:
            raise UpstreamError(f"{self.name}: mcp-inspect is closing")

    def _launch(self, client: ClientSide | None) -> Launch:
        env = {**(os.environ if client is None else client.env), **dict(self._command.env)}
        return Launch(self._command.argv, env, self._command.cwd or (client.cwd if client else None))

    def _gone(self, process: ServerProcess, death: Death) -> None:
        started = self._started.pop(process, None)
        if started is not None and not process.ending:
            self._backoff.ended(started, self._host.now())

    async def close(self) -> None:
        """End every process of it, side by side: at most 1.5 s."""
        self._closing = True
        async with anyio.create_task_group() as ends:
            for process in tuple(self._started):
                ends.start_soon(process.end)
