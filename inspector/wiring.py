"""The only place that constructs things: the real clock, ids, stores, sockets and tasks of a run."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup

from inspector import __version__, paths, runs
from inspector.connect import Endpoint
from inspector.core.errors import ConfigError, PolicyError, UsageError
from inspector.core.events import (
    Event,
    RunStarted,
    StderrLine,
    ToolChange,
    ToolsListed,
    UpstreamChanged,
)
from inspector.core.upstream import NAME, CommandSpec, UpstreamSpec, UrlSpec
from inspector.demo import agent_command
from inspector.headless import DecisionPrinter, Lines, tell_of_login
from inspector.logins import Logins
from inspector.policy.gate import Gate
from inspector.policy.ledger import Ledger
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.ledger_sqlite import SqliteLedger
from inspector.policy.model import Default
from inspector.proxy.driver import Driver
from inspector.proxy.front_http import HttpFront
from inspector.proxy.front_stdio import StdioFront, identity
from inspector.proxy.links import Upstream
from inspector.proxy.upstream_stdio import StdioUpstream
from inspector.proxy.watch import PolicyFile
from inspector.proxy.watchdog import Watchdog
from inspector.record.recorder import Recorder
from inspector.running import SIGNALS, on_a_loop
from inspector.settings import PROJECT_POLICIES, OutputFormat, Reload, Settings, Unattended, choose_policy
from inspector.upstreams.known_tools import DriftWatch, KnownTools
from inspector.upstreams.secrets import secret_values

UNATTENDED = 5.0  # seconds until a call that needs a person is denied when there is none
FIRST_FRAME = 2.0  # seconds that the app has to itself before anything heavy is loaded beside it
CLOSING = 2.0  # seconds in which everything of ours has ended


@dataclass(frozen=True, slots=True)
class Engine:
    """A run without a face: the proxy with its policy and its recording."""

    run: str
    settings: Settings
    driver: Driver
    policy_file: PolicyFile
    recorder: Recorder
    tasks: TaskGroup
    build: UpstreamBuilder
    drift: DriftWatch

    def accept_tools(self, upstream: str, seen: tuple[ToolChange, ...]) -> str | None:
        """Take an upstream's tools as they are, if `seen` is what has changed; else why not."""
        settled = self.drift.accept(upstream, seen, time.time())
        if isinstance(settled, str):
            return settled
        self.driver.emit(settled)
        return None

    def attend(self, attended: bool) -> None:
        """Is there a person who can answer?"""
        waits = attended or self.settings.unattended is Unattended.WAIT
        self.driver.attend(None if waits else UNATTENDED)

    def hide(self, env: Mapping[str, str]) -> None:
        """From now on the secrets of this environment are kept out of the recording."""
        self.recorder.hide(secret_values(env.items()))

    def started(self, base: str) -> None:
        names = self.driver.upstream_names()
        self.driver.emit(RunStarted(time.time(), self.run, __version__, os.getpid(), base, names))


@dataclass(frozen=True, slots=True)
class UpstreamBuilder:
    """Makes an upstream of what the settings, or a stdio client, say of it."""

    emit: Callable[[Event], None]
    clock: Callable[[], float]
    tasks: TaskGroup
    watchdog: Watchdog
    drift: DriftWatch
    hide: Callable[[tuple[str, ...]], None]

    def __call__(self, spec: UpstreamSpec) -> Upstream:
        self.drift.knows(spec)
        match spec.target:
            case CommandSpec():
                return StdioUpstream(spec, emit=self.emit, now=self.clock, tasks=self.tasks, watchdog=self.watchdog)
            case UrlSpec():
                # The HTTP client is the heaviest import of all, and most runs have commands behind them.
                from inspector.proxy.login_redirect import open_browser
                from inspector.proxy.upstream_http import Access, HttpUpstream

                access = Access(Logins(paths.state_dir()), open_browser, self.hide)
                return HttpUpstream(spec, spec.target, tasks=self.tasks, emit=self.emit, now=self.clock, access=access)


@asynccontextmanager
async def engine(settings: Settings, watch: Callable[[Event], None]) -> AsyncIterator[Engine]:
    """A run's inside, started; ended within 2 s when the block is left. `watch` sees every event.

    Raises:
        InspectError: a policy that cannot be read, a recording that cannot be written.
    """
    run, clock, watchdog = secrets.token_hex(4), time.time, Watchdog()
    ledger = _ledger(settings, run)
    hidden = [settings.token, *(secret for spec in settings.upstreams for secret in spec.secrets)]
    folder = paths.private_dir(paths.private_dir(paths.state_dir()) / "recordings")
    recorder = Recorder.create(folder, run, clock(), hidden)
    try:
        async with anyio.create_task_group() as tasks:
            drift = DriftWatch(KnownTools(paths.state_dir()))

            def watch_all(event: Event) -> None:
                watch(event)
                match event:
                    case UpstreamChanged() if settings.headless:
                        tell_of_login(event)
                    case ToolsListed() if (drifted := drift.told(event)) is not None and not settings.demo:
                        driver.emit(drifted)

            driver = Driver(
                run=run,
                gate=Gate(None, ledger, latest=ledger.latest()),
                ledger=ledger,
                log=recorder,
                watch=watch_all,
                clock=clock,
                call_timeout=settings.call_timeout,
            )
            policy_file = PolicyFile(
                settings.policy,
                save_as=Path.cwd() / PROJECT_POLICIES[0],
                in_force=driver.reload,
                emit=driver.emit,
                clock=clock,
                confirm=settings.reload is Reload.CONFIRM,
            )
            build = UpstreamBuilder(driver.emit, clock, tasks, watchdog, drift, recorder.hide)
            for spec in settings.upstreams:
                driver.adopt(build(spec))
            tasks.start_soon(driver.run)
            tasks.start_soon(_prepare, driver, settings)
            _report_callbacks(lambda text: driver.emit(StderrLine(clock(), "mcp-inspect", text)))
            try:
                yield Engine(run, settings, driver, policy_file, recorder, tasks, build, drift)
            finally:
                driver.close_holds("the inspector was closed")
                with anyio.move_on_after(CLOSING, shield=True):
                    await driver.roster.close()
                tasks.cancel_scope.cancel()
    finally:
        watchdog.close()
        recorder.close()
        ledger.close()


async def _prepare(driver: Driver, settings: Settings) -> None:
    """Start the servers that do not wait for a client: beside a screen, once that has drawn itself."""
    if not settings.headless:
        await anyio.sleep(FIRST_FRAME)
    for spec in settings.upstreams:
        if not (settings.lazy or spec.lazy):
            driver.roster[spec.name].prepare()


def _report_callbacks(report: Callable[[str], None]) -> None:
    """What fails in a callback of the event loop: printed, it would run across the screen or into the client's line."""

    def failed(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        trace = traceback.format_exception(error) if isinstance(error, BaseException) else []
        report("".join([context["message"], "\n", *trace[-2:]]).strip())

    asyncio.get_running_loop().set_exception_handler(failed)


def _ledger(settings: Settings, run: str) -> Ledger:
    """Counters that survive a restart and are shared by all runs of this user; the demo begins afresh each time.

    Raises:
        StoreError: the file cannot be opened.
    """
    if settings.demo:
        return MemoryLedger()
    ledger = SqliteLedger.open(paths.private_dir(paths.state_dir()) / "counters.sqlite", run, grouped=True)
    if ledger.set_aside is not None:
        told = f"mcp-inspect: the counters' file was damaged; it is kept at {ledger.set_aside}, and limits begin at 0"
        print(told, file=sys.stderr)
    return ledger


@asynccontextmanager
async def listening(made: Engine) -> AsyncIterator[Endpoint]:
    """The HTTP front and the socket for stdio fronts; where clients find us.

    Raises:
        ConfigError: the port is used, or the socket cannot be made.
    """
    settings, driver = made.settings, made.driver
    front = HttpFront(
        driver,
        token=settings.token,
        new_id=lambda: secrets.token_hex(16),
        now=time.monotonic,
        host=settings.host,
        port=settings.port,
        allow_hosts=settings.allow_hosts,
        allow_origins=settings.allow_origins,
        preload_after=0.0 if settings.headless else FIRST_FRAME,
    )
    try:
        front.bind()
    except ConfigError as error:
        raise _port_used(error, settings.port) from None
    stdio = StdioFront(driver, tasks=made.tasks, adopt=_adopter(made), hide=made.hide)
    socket = paths.private_dir(paths.runtime_dir()) / f"{made.run}.sock"
    base = f"http://{settings.host}:{front.port}"
    with runs.register(made.run, front.port, driver.upstream_names(), str(socket)):
        async with stdio.listen(socket):
            await made.tasks.start(front.serve)
            made.started(base)
            yield Endpoint(base, settings.token)


def _port_used(error: ConfigError, port: int) -> ConfigError:
    holder = runs.find(port)
    if holder is None:
        return error
    serves = ", ".join(holder.upstreams) or "no upstream"
    return ConfigError(
        f"port {port} is used by another mcp-inspect (process {holder.pid}, {serves}, started in {holder.cwd}).\n"
        "Use --port 0 for any free port, or stop that one."
    )


def _adopter(made: Engine) -> Callable[[str, tuple[str, ...], str, Mapping[str, str]], str]:
    """Upstreams that stdio clients bring along: one for each command and environment, under the client's name for it.

    A name that is configured, or that was brought with another command, is told apart by its hash.
    """
    known: dict[str, str] = {}

    def adopt(name: str, command: tuple[str, ...], cwd: str, env: Mapping[str, str]) -> str:
        if not NAME.fullmatch(name):
            raise UsageError(f"--name {name}: a name has 1 to 32 of the characters a-z 0-9 _ -")
        key = identity(name, command, env)
        if key not in known:
            known[key] = name if made.driver.upstream(name) is None else key[:32]
            made.driver.adopt(made.build(UpstreamSpec(known[key], CommandSpec(command, cwd=cwd), "a stdio client")))
        return known[key]

    return adopt


# ---------------------------------------------------------------------- the faces of a run without a screen


def run_headless(settings: Settings) -> int:
    """`mcp-inspect --headless`: the engine alone. Returns the exit code."""
    return on_a_loop(_headless, settings)


def run_standalone(spec: UpstreamSpec, policy: str | None, grant: str | None) -> int:
    """`mcp-inspect stdio` without a running app: the engine in the process that the client spawned."""
    chosen = choose_policy(
        Path(policy) if policy else None, None, headless=True, cwd=Path.cwd(), config_dir=paths.config_dir()
    )
    # The server gets its client's environment, not ours: there is nothing to start before that one has come.
    settings = Settings(upstreams=(spec,), token=secrets.token_urlsafe(), policy=chosen, headless=True, lazy=True)
    return on_a_loop(_standalone, settings, grant or f"stdio:{spec.name}")


def spare_the_collector() -> None:
    """What stands by now stays, and is not looked at again; what a call leaves behind is freed by its counts."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def start_policy(made: Engine) -> tuple[str, ...]:
    """Put the policy of the settings in force; what is wrong with it, a line each, when it does not load."""
    default = made.settings.default or Default.APPROVE
    problems = made.policy_file.start(f'version: "1"\ndefault: {default}\n')
    return tuple(f"{made.settings.policy}:{problem}" for problem in problems)


def _checked_policy(made: Engine) -> None:
    """Without a screen to mend it on, a policy that does not load ends the run."""
    problems = start_policy(made)
    if problems:
        raise PolicyError("the policy does not load:\n" + "\n".join(problems))


async def _headless(settings: Settings) -> int:
    lines = Lines(sys.stdout)
    printer = DecisionPrinter(lines.add, as_json=settings.output is OutputFormat.JSONL)
    async with engine(settings, printer.told) as made:
        _checked_policy(made)
        made.attend(False)
        made.tasks.start_soon(made.policy_file.watch)
        with anyio.open_signal_receiver(*SIGNALS) as signals:
            async with listening(made) as endpoint:
                for name in made.driver.upstream_names():
                    print(f"mcp-inspect: {name} at {endpoint.url(name)}", file=sys.stderr)
                print(f"mcp-inspect: recording to {made.recorder.path}", file=sys.stderr, flush=True)
                spare_the_collector()
                async with scripted_agents(made, endpoint):
                    async for _ in signals:
                        break
    lines.flush()
    return 0


async def _standalone(settings: Settings, grant: str) -> int:
    def unwatched(event: Event) -> None:
        """stdout belongs to the client: all of it is in the recording."""

    async with engine(settings, unwatched) as made:
        _checked_policy(made)
        made.attend(False)
        made.started("")
        made.tasks.start_soon(made.policy_file.watch)
        spare_the_collector()
        front = StdioFront(made.driver, tasks=made.tasks, adopt=_adopter(made), hide=made.hide)
        await front.serve_own(made.settings.upstreams[0].name, grant)
    return 0


@asynccontextmanager
async def scripted_agents(made: Engine, endpoint: Endpoint) -> AsyncIterator[None]:
    """The demo's traffic, in a process of its own: it imports the SDK, which would hold up the first frame."""
    if not made.settings.demo:
        yield
        return
    (upstream,) = made.driver.upstream_names()
    agents = agent_command(endpoint.url(upstream), parent=os.getpid())
    quiet = subprocess.DEVNULL
    async with await anyio.open_process(
        agents.argv, stdin=quiet, stdout=quiet, stderr=quiet, env={**os.environ, **dict(agents.env)}
    ) as process:
        try:
            yield
        finally:
            process.terminate()
