"""A server that is a command: a process of its own for each connection, or one that modern HTTP clients share.

One more may wait for the first client (`spare.py`): the run starts it, unless it is lazy, and starts it again with
back-off when it dies. Clients that bring an environment of their own never get that one.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from inspector.core.errors import UpstreamError
from inspector.core.events import Event, UpstreamChanged, UpstreamState
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.proxy.links import ClientSide, Link, Receiver
from inspector.proxy.own_link import OwnLink
from inspector.proxy.process import Death, Host, Launch, Listener, ServerProcess
from inspector.proxy.shared_link import SharedProcess
from inspector.proxy.spare import Spare
from inspector.proxy.watchdog import Watchdog

_STEADY = 10.0  # seconds: who lives that long did not fail at its start
_DELAYS = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before the next start, by failures in a row


class Backoff:
    """How long to wait before a server that keeps failing is started again."""

    def __init__(self) -> None:
        self._failures = 0
        self._not_before = 0.0

    @property
    def hopeless(self) -> bool:
        """It failed so often that only a client, or a person, should have it tried again."""
        return self._failures == len(_DELAYS)

    def ended(self, started: float, now: float) -> float:
        """A process that we did not end ended by itself; answers when the next one may start."""
        self._failures = 1 if now - started > _STEADY else min(self._failures + 1, len(_DELAYS))
        self._not_before = now + _DELAYS[self._failures - 1]
        return self._not_before

    def delay(self, now: float) -> float:
        """Seconds until the next start may happen."""
        return max(0.0, min(self._not_before - now, _DELAYS[-1]))


class StdioUpstream:
    """A `links.Upstream` that is a command. Its tasks run in `tasks`, which must outlive `close`.

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
        self._links: set[OwnLink] = set()
        self._shared = SharedProcess(self._host, self.start)
        self._spare: Spare | None = None
        self._eager = False
        self._stopped: str | None = None
        self._closing = False

    # -- for clients

    async def open(self, receiver: Receiver, *, shared: bool, client: ClientSide | None) -> Link:
        """See `Upstream.open`. After failures it waits up to 5 s before it starts a process."""
        if shared:
            return self._shared.link(receiver)
        tasks, forget = self._host.tasks, self._links.discard
        link = OwnLink(receiver, tasks, start=self.start, client=client, forget=forget)
        self._links.add(link)
        try:
            await link.begin()
        except UpstreamError:
            self._links.discard(link)
            raise
        return link

    async def start(self, listener: Listener, client: ClientSide | None = None) -> ServerProcess:
        """The spare process, or a new one, not before the back-off allows it.

        Raises:
            UpstreamError: it cannot be started, it was stopped, or we are closing.
        """
        self._check_open()
        if client is None and self._spare is not None and listener is not self._spare:
            spare = self._spare
            await spare.settled.wait()
            self._check_open()
            if self._spare is spare and (taken := spare.take(listener)) is not None:
                self._spare = None
                return taken
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
            self._check_open()  # close() or stop() may have passed meanwhile
        except UpstreamError:
            await process.end()
            raise
        return process

    def _check_open(self) -> None:
        if self._closing:
            raise UpstreamError(f"{self.name}: mcp-inspect is closing")
        if self._stopped is not None:
            raise UpstreamError(self._stopped)

    def _launch(self, client: ClientSide | None) -> Launch:
        env = {**(os.environ if client is None else client.env), **dict(self._command.env)}
        return Launch(self._command.argv, env, self._command.cwd or (client.cwd if client else None))

    def _gone(self, process: ServerProcess, death: Death) -> float | None:
        started = self._started.pop(process, None)
        if started is None or process.ending:
            return None
        retry_at = self._backoff.ended(started, self._host.now())
        if self._spare is None or self._spare.process is process:
            self._replace_spare()
        return retry_at

    def _replace_spare(self) -> None:
        """After a death. What keeps failing is left alone until somebody wants it."""
        self._spare = None
        if self._eager and not self._backoff.hopeless:
            self._warm_up()

    # -- before the first client

    @property
    def has_spare(self) -> bool:
        """Does a process wait for the first client?"""
        return self._spare is not None and self._spare.process is not None

    def prepare(self) -> None:
        self._eager = True
        if not self._started:  # a client may have come first
            self._warm_up()

    def _warm_up(self) -> None:
        if self._spare is None and self._stopped is None and not self._closing:
            self._spare = spare = Spare()
            self._host.tasks.start_soon(self._fill, spare)

    async def _fill(self, spare: Spare) -> None:
        """Start the spare process; whoever wants one meanwhile waits for it."""
        try:
            spare.process = process = await self.start(spare)
        except UpstreamError:  # its own event says why; a client, or a person, has it tried again
            if self._spare is spare:
                self._spare = None
            return
        finally:
            spare.settled.set()
        if self._spare is not spare:
            await process.end()
        elif process.death is not None:  # buried before it was filled in
            self._replace_spare()

    # -- by a person's will

    async def stop(self, why: str) -> None:
        self._stopped = why
        self._shared.cut(why)
        for link in self._links:
            link.cut(why)
        await self._end_all()
        if self._stopped is not None:
            self._changed(UpstreamState.STOPPED, why)

    def resume(self) -> None:
        self._stopped, self._backoff = None, Backoff()
        if not self._started:
            self._changed(UpstreamState.IDLE, "")
        for link in self._links:
            if link.is_down:
                link.hold(f"{self.name} is started anew")
        self._renew(warm=self._eager and not self._started)

    async def restart(self, why: str) -> None:
        self._stopped, self._backoff = None, Backoff()
        warm = self._eager or bool(self._started)
        self._shared.cut(why)
        for link in self._links:
            link.hold(why)
        await self._end_all()
        if self._stopped is None and not self._closing:
            self._changed(UpstreamState.IDLE, "")
            self._renew(warm=warm and not self._links)

    def _renew(self, *, warm: bool) -> None:
        for link in self._links:
            if link.is_waiting:
                self._host.tasks.start_soon(link.renew)
        if warm:
            self._warm_up()

    async def _end_all(self) -> None:
        """Those that are only being started see for themselves that they are not wanted."""
        self._spare = None
        async with anyio.create_task_group() as ends:
            for process in tuple(self._started):
                if process.pid:
                    ends.start_soon(process.end)

    def _changed(self, state: UpstreamState, detail: str) -> None:
        self._host.emit(UpstreamChanged(self._host.now(), self.name, state, detail))

    async def close(self) -> None:
        """End every process of it, side by side: at most 1.5 s."""
        self._closing = True
        await self._end_all()
