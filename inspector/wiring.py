"""The only place that constructs things: the real clock, ids, stores, sockets and tasks of a run."""

from __future__ import annotations

import gc
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from inspector import __version__, paths, runs
from inspector.connect import Endpoint
from inspector.core.errors import PolicyError
from inspector.core.events import Event, RunStarted
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.headless import DecisionPrinter
from inspector.policy.gate import Gate
from inspector.policy.ledger import MemoryLedger
from inspector.proxy.driver import Driver
from inspector.proxy.front_http import HttpFront
from inspector.proxy.front_stdio import StdioFront
from inspector.proxy.links import Upstream
from inspector.proxy.upstream_http import HttpUpstream
from inspector.proxy.upstream_stdio import StdioUpstream
from inspector.proxy.watch import PolicyFile
from inspector.proxy.watchdog import Watchdog
from inspector.record.recorder import Recorder
from inspector.settings import OutputFormat, Reload, Settings, Unattended

UNATTENDED = 5.0  # seconds until a call that needs a person is denied when there is none
CLOSING = 2.0  # seconds in which everything of ours has ended


@dataclass(frozen=True, slots=True)
class Engine:
    """A run without a face: the proxy with its policy and its recording."""

    settings: Settings
    driver: Driver
    policy_file: PolicyFile
    recorder: Recorder
    tasks: TaskGroup
    endpoint: Endpoint

    def attend(self, attended: bool) -> None:
        """Is there a person who can answer?"""
        waits = attended or self.settings.unattended is Unattended.WAIT
        self.driver.attend(None if waits else UNATTENDED)


@asynccontextmanager
async def engine(settings: Settings, watch: Callable[[Event], None], *, listen: bool = True) -> AsyncIterator[Engine]:
    """Everything of a run, started; ended within 2 s when the block is left. `watch` sees every event.

    Raises:
        InspectError: a used port, a policy that cannot be read, a recording that cannot be written.
    """
    run, clock = secrets.token_hex(4), time.time
    hidden = [settings.token, *(secret for spec in settings.upstreams for secret in spec.secrets)]
    recorder = Recorder.create(paths.private_dir(paths.state_dir() / "recordings"), run, clock(), hidden)
    watchdog = Watchdog()
    try:
        async with anyio.create_task_group() as tasks:
            ledger = MemoryLedger()
            gate = Gate(None, ledger)
            driver = Driver(
                run=run,
                gate=gate,
                ledger=ledger,
                log=recorder,
                watch=watch,
                clock=clock,
                call_timeout=settings.call_timeout,
            )
            build = _UpstreamBuilder(driver.emit, clock, tasks, watchdog)
            for spec in settings.upstreams:
                driver.adopt(build(spec))
            policy_file = _policy_file(settings, driver, clock)
            made = Engine(settings, driver, policy_file, recorder, tasks, Endpoint("", settings.token))
            try:
                if listen:
                    async with _listening(made, build) as listening:
                        yield listening
                else:
                    driver.emit(RunStarted(clock(), run, __version__, _pid(), "", driver.upstream_names()))
                    tasks.start_soon(driver.run)
                    yield made
            finally:
                driver.close_holds("the inspector was closed")
                with anyio.move_on_after(CLOSING, shield=True):
                    await _close_upstreams(driver)
                tasks.cancel_scope.cancel()
    finally:
        watchdog.close()
        recorder.close()
