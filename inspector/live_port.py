"""The port of a live run, in its own process: views from the store, wishes to the driver and the policy's file."""

from __future__ import annotations

from collections.abc import Callable

from anyio import to_thread

from inspector.connect import Endpoint, client_config
from inspector.core.call import CallId
from inspector.core.commands import (
    AcceptTools,
    Approve,
    CheckArguments,
    CheckPolicy,
    ClientConfig,
    Command,
    CommandResult,
    Complete,
    ControlServer,
    Deny,
    Done,
    Extend,
    HoldNext,
    Inspect,
    Learn,
    ListRecordings,
    MakeRule,
    PolicyHistory,
    RaiseLimit,
    Recordings,
    Rejected,
    ResetCounter,
    RevokeApproval,
    SavePolicy,
    ServerAction,
    Shutdown,
    TakeOffered,
    Text,
    WhatIf,
)
from inspector.core.errors import ConfigError, StoreError, UsageError
from inspector.core.events import ToolChange
from inspector.core.holds import Resolution
from inspector.core.views import Port, Views
from inspector.policy.compiled import compile_schema
from inspector.proxy.driver import Driver
from inspector.proxy.watch import PolicyFile
from inspector.record.reader import Recording
from inspector.store import Store
from inspector.wire.jsonrpc import parse_json
from inspector.workbench import Workbench

_DONE = {
    ServerAction.STOP: "{} is stopped: its calls are denied until it is started again",
    ServerAction.START: "{} is served again",
    ServerAction.RESTART: "{} is started anew",
}


class LivePort(Port):
    """Commands run on the event loop that the proxy runs on: each is a few table look-ups, or gives way often."""

    def __init__(
        self,
        *,
        store: Store,
        driver: Driver,
        policy_file: PolicyFile,
        endpoint: Callable[[], Endpoint],
        recording: Callable[[], Recording],
        clock: Callable[[], float],
        shut_down: Callable[[], None],
        accept_tools: Callable[[str, tuple[ToolChange, ...]], str | None],
        recordings: Callable[[], Recordings],
    ) -> None:
        """`accept_tools` answers why not. `recordings` takes its time: it is called in a thread of its own."""
        self._store = store
        self._driver = driver
        self._policy_file = policy_file
        self._endpoint = endpoint
        self._recording = recording
        self._clock = clock
        self._shut_down = shut_down
        self._accept = accept_tools
        self._recordings = recordings
        self._workbench = Workbench(store, lambda: str(policy_file.path or ""))

    async def views(self, since: int) -> Views:
        return self._store.views(since, self._clock())

    async def command(self, command: Command) -> CommandResult:
        match command:
            case Approve() | Deny() | Extend() | Inspect():
                return self._about_a_call(command)
            case HoldNext() | RevokeApproval() | RaiseLimit() | ResetCounter():
                return await self._for_this_run(command)
            case CheckArguments():
                definition = self._store.definition(command.server, command.tool)
                return await to_thread.run_sync(_misfit, definition, command.arguments, abandon_on_cancel=True)
            case SavePolicy() | TakeOffered():
                return await self._about_the_policy(command)
            case CheckPolicy() | WhatIf() | MakeRule() | Learn() | PolicyHistory() | Complete():
                return await self._workbench.command(command)
            case ClientConfig(client, upstream):
                return self._config(client, upstream)
            case ControlServer() | AcceptTools() | ListRecordings():
                return await self._about_the_run(command)
            case Shutdown():
                self._shut_down()
                return Done()

    async def _about_the_policy(self, command: SavePolicy | TakeOffered) -> CommandResult:
        match command:
            case SavePolicy(text, base_hash, overwrite):
                return await self._policy_file.save(text, base_hash, overwrite=overwrite)
            case TakeOffered():
                return await self._policy_file.take_offered()

    async def _about_the_run(self, command: ControlServer | AcceptTools | ListRecordings) -> CommandResult:
        match command:
            case ControlServer(upstream, action):
                return await self._control(upstream, action)
            case AcceptTools(upstream, changes):
                return self._accept_tools(upstream, changes)
            case ListRecordings():
                return await to_thread.run_sync(self._recordings, abandon_on_cancel=True)

    async def _control(self, upstream: str, action: ServerAction) -> CommandResult:
        if self._driver.upstream(upstream) is None:
            return Rejected(f"no upstream is called {upstream!r}")
        await self._driver.roster.control(upstream, action)
        return Done(_DONE[action].format(upstream))

    def _accept_tools(self, upstream: str, changes: tuple[ToolChange, ...]) -> CommandResult:
        why_not = self._accept(upstream, changes)
        return Done(f"the tools of {upstream} are accepted as they are now") if why_not is None else Rejected(why_not)

    def _about_a_call(self, command: Approve | Deny | Extend | Inspect) -> CommandResult:
        match command:
            case Approve():
                return self._approve(command)
            case Deny(call_id, reason):
                return self._resolve(call_id, Resolution(approve=False, reason=reason))
            case Extend(call_id, seconds):
                held = self._driver.extend(call_id, seconds)
                longer = f"#{call_id} is held {seconds:g} s longer; its client may give up"
                return Done(longer) if held else _late(call_id)
            case Inspect(call_id):
                return self._inspect(call_id)

    async def _for_this_run(self, command: HoldNext | RevokeApproval | RaiseLimit | ResetCounter) -> CommandResult:
        """What a person changes beside the policy, which stays as it is."""
        driver, now = self._driver, self._clock()
        try:
            match command:
                case HoldNext(server, tool):
                    driver.gate.hold_next(server, tool)
                    return Done("the next call of it waits for you")
                case RevokeApproval(approval):
                    revoked = driver.carry_out(driver.gate.revoke(approval, now))
                    return Done("the next call asks again") if revoked else Rejected("it has ended already")
                case RaiseLimit():
                    driver.carry_out(driver.gate.raise_limit(command, now))
                    return Done()
                case ResetCounter(key):
                    await driver.reset_counter(key)
                    return Done()
        except (UsageError, StoreError) as error:
            return Rejected(str(error))

    def _approve(self, command: Approve) -> CommandResult:
        if command.arguments is None:
            return self._resolve(command.call_id, Resolution(True, remember=command.remember))
        try:
            arguments = parse_json(command.arguments.encode())
        except ValueError as error:
            return Rejected(f"the arguments are not sent: {error}")
        if not isinstance(arguments, dict):
            return Rejected("the arguments are not sent: they must be an object, { … }")
        return self._resolve(command.call_id, Resolution(True, arguments=arguments, remember=command.remember))

    def _resolve(self, call_id: CallId, resolution: Resolution) -> CommandResult:
        return Done() if self._driver.resolve(call_id, resolution) else _late(call_id)

    def _inspect(self, call_id: CallId) -> CommandResult:
        detail = self._store.detail(call_id)
        if detail is not None:
            return detail
        try:
            recording = self._recording()
            try:
                return recording.detail(call_id) or Rejected(f"#{call_id} is not in the recording")
            finally:
                recording.close()
        except ConfigError as error:
            return Rejected(str(error))

    def _config(self, client: str, upstream: str) -> CommandResult:
        names = self._driver.upstream_names()
        chosen = upstream or (names[0] if names else "")
        if chosen not in names:
            return Rejected(f"no upstream is called {upstream!r}; there are {', '.join(names) or 'none'}")
        try:
            return Text(client_config(client, self._endpoint(), chosen))
        except UsageError as error:
            return Rejected(str(error))


def _misfit(listed: str, typed: str) -> Text:
    """Why these arguments do not conform to a definition, "" when they do; both JSON texts. For a thread: a server may
    list megabytes, and this is asked with every key.

    A tool that was never listed, or whose schema is none, allows everything: the server itself will judge.
    """
    try:
        definition, arguments = parse_json(listed.encode()), parse_json(typed.encode())
        schema = definition.get("inputSchema") if isinstance(definition, dict) else None
        if schema is None or not isinstance(arguments, dict):
            return Text("")
        return Text(compile_schema(schema)(arguments) or "")
    except ValueError:
        return Text("")


def _late(call_id: CallId) -> Rejected:
    return Rejected(f"#{call_id} is no longer held: it was answered, withdrawn, or its time ran out")
