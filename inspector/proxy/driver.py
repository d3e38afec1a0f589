"""The one interpreter of effects: what exchange and gate ask for is done here, in order, and nowhere else.

A `tools/call` passes `Connection.receive` → `Exchange` (Judge) → `Gate.arrive` (Reserve, Emit, Forward) → the outbox →
`Exchange.forward` (Send) → `Link.send`. The outbox is emptied after one commit of the recording: so a decision is on
disk before its call leaves, and a burst of calls shares the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import inf
from typing import assert_never

import anyio
from anyio.abc import TaskGroup

from inspector.core.call import Call, CallId, Outcome
from inspector.core.decision import CounterKey
from inspector.core.effects import Drop, Effect, Emit, Forward, Keep, Refuse, Reservation, Reserve, Settle
from inspector.core.events import (
    Direction,
    Event,
    Finished,
    Forwarded,
    FrameRejected,
    FrameSeen,
    PolicyLoaded,
)
from inspector.core.holds import CLOSING, YOU, Resolution
from inspector.core.json import Json, JsonObject
from inspector.policy.gate import Gate
from inspector.policy.ledger import Ledger
from inspector.policy.model import Policy
from inspector.proxy.catalogue import Catalogue
from inspector.proxy.charging import Charging
from inspector.proxy.connection import ClientConnection
from inspector.proxy.exchange import Exchange
from inspector.proxy.journal import Journal, Log
from inspector.proxy.links import ClientSide, Upstream
from inspector.proxy.open_tasks import SHARED, OpenTasks
from inspector.proxy.outbox import Outbox
from inspector.proxy.patience import Patience
from inspector.proxy.presence import Presence
from inspector.proxy.roster import Roster
from inspector.proxy.steps import (
    Abandon,
    Answer,
    End,
    Ended,
    Judge,
    Listed,
    Note,
    Plain,
    Send,
    Step,
    TaskMade,
    ToolsChanged,
    Used,
    Withdraw,
)
from inspector.wire.jsonrpc import BadFrame

SIGN_OF_LIFE = 5.0  # seconds between two progress notifications of a held call
BEAT = 0.25  # seconds between two looks at what needs writing or waking


class Driver:
    """Implements `links.Hub`. Use `run` as a task beside the fronts; everything else happens inside their callbacks."""

    def __init__(
        self,
        *,
        run: str,
        gate: Gate,
        ledger: Ledger,
        log: Log,
        watch: Callable[[Event], None],
        clock: Callable[[], float],
        call_timeout: float | None = None,
    ) -> None:
        self._run = run
        self._journal = Journal(log, watch)
        self.emit = self._journal.emit
        self.gate = gate
        self._outbox = Outbox(ledger, self._journal, self._forward, self._keep_back)
        self._charging = Charging(ledger, clock, self._reserved, self.emit, self._outbox.soon)
        self._tools = Catalogue(lambda: self.gate, self.emit, clock)
        self._tasks: TaskGroup | None = None  # while `run` runs
        self.roster = Roster(bar=gate.stop, admit=gate.start)
        self._clock = clock
        self._patience = Patience(call_timeout)
        self._connections: dict[ClientConnection, None] = {}
        self._owners: dict[CallId, ClientConnection] = {}
        self._open_tasks = OpenTasks()
        self._held: dict[CallId, tuple[float, int]] = {}  # when the last sign of life went out, and its number
        self._presence = Presence(self.emit, clock)
        self.introduce = self._presence.introduce
        self.uses = self._presence.client_used
        self._wake = anyio.Event()
        self._calls = 0
        self._policies = 0

    # ------------------------------------------------------------------ the hub, for the fronts

    def upstream(self, name: str) -> Upstream | None:
        return self.roster.get(name)

    def upstream_names(self) -> tuple[str, ...]:
        return self.roster.names()

    def definition(self, upstream: str, tool: Json) -> JsonObject | None:
        return self._tools.definition(upstream, tool)

    def adopt(self, upstream: Upstream) -> None:
        """From now on clients may connect to it."""
        self.roster.adopt(upstream)

    async def connect(
        self, upstream: str, *, transport: str, grant: str, shared: bool = False, client: ClientSide | None = None
    ) -> ClientConnection:
        target = self.roster[upstream]
        label = self._presence.label()
        caller = self._presence.caller(label, transport, grant, upstream)
        tasks = self._open_tasks.in_reach(upstream, grant, "" if target.speaks_http else SHARED if shared else label)
        exchange = Exchange(label, upstream, caller, self, self._next_call, target.speaks_http, tasks)
        connection = ClientConnection(self, exchange, self._clock, transport=transport, shared=shared)
        connection.side = client
        connection.link = await target.open(connection.inbound, shared=shared, client=client)
        self._connections[connection] = None
        return connection

    def rejected(self, bad: BadFrame, *, connection: str, upstream: str, peer: str = "") -> None:
        now, direction = self._clock(), Direction.FROM_CLIENT
        self.emit(FrameRejected(now, connection, upstream, direction, bad.code, bad.reason, bad.raw[:4096], peer))

    @property
    def clients(self) -> int:
        """How many clients are attached that have a connection of their own."""
        return sum(not connection.shared for connection in self._connections)

    # ------------------------------------------------------------------ rules beside single calls

    @property
    def server_requests_denied(self) -> bool:
        policy = self.gate.policy
        return policy is not None and policy.settings.server_requests_deny

    @property
    def unknown_methods_denied(self) -> bool:
        policy = self.gate.policy
        return policy is not None and policy.settings.unknown_methods_deny

    def visible(self, server: str, names: Sequence[str]) -> list[str]:
        return self.gate.visible(server, names)

    # ------------------------------------------------------------------ a person's part

    def resolve(self, call_id: CallId, resolution: Resolution) -> bool:
        """False when the call is no longer held: a late answer changes nothing."""
        return self.carry_out(self.gate.resolve(call_id, resolution, self._clock()))

    def extend(self, call_id: CallId, seconds: float) -> bool:
        return self.carry_out(self.gate.extend(call_id, self._clock(), seconds))

    async def reset_counter(self, key: CounterKey) -> None:
        """Raises StoreError: it stands as it was."""
        await self._charging.reset(key, YOU)

    def close_holds(self, reason: str) -> None:
        """Nobody will answer any more: every held call is denied, and of no task the end will be heard."""
        for hold in self.gate.holds:
            self.resolve(hold.call_id, Resolution(approve=False, reason=reason, by=CLOSING))
        for lost in self._open_tasks.overdue(inf):
            self._end(lost)
        self._journal.commit()

    def attend(self, unattended_after: float | None) -> None:
        """None: a person is there, or is waited for; else holds are denied after so many seconds."""
        self.gate.unattended_after = unattended_after

    def reload(self, policy: Policy, origin: str) -> None:
        """Put a policy in force; clients whose visible tools change are told to list again."""
        before = self._tools.visible()
        self._policies += 1
        now = self._clock()
        path, version, warnings = policy.path, self._policies, policy.warnings
        self.emit(PolicyLoaded(now, path, policy.hash, version, policy.text, origin, warnings))
        self._apply(self.gate.reload(policy, now))
        after = self._tools.visible()
        for connection in tuple(self._connections):
            if before.get(connection.exchange.upstream) != after.get(connection.exchange.upstream):
                self.perform(connection, connection.exchange.list_changed())

    def carry_out(self, effects: list[Effect] | None) -> bool:
        """What the gate made of a person's wish. False when it came too late, and changes nothing."""
        if effects is None:
            return False
        self._apply(effects)
        return True

    # ------------------------------------------------------------------ steps of an exchange

    def perform(  # noqa: C901, PLR0912 - a flat table, one line or two an entry
        self, connection: ClientConnection, steps: Iterable[Step]
    ) -> None:
        now = self._clock()
        for step in steps:
            match step:
                case Note(event):
                    self.emit(event)
                case Answer(route, raw, final, fields):
                    connection.written = route
                    route.frame(raw, final=final, fields=fields)
                case Judge(call):
                    self._owners[call.id] = connection
                    self._judge(connection, call)
                case Send(outgoing):
                    self._outbox.put((connection, outgoing, None))
                case Ended():
                    self._end(step)
                case TaskMade(call_id):
                    self._owners.pop(call_id, None)
                    self._patience.end(call_id)
                case Plain(route, status, headers, body):
                    route.plain(status, headers, body)
                case End(route):
                    route.end()
                case Withdraw(call_id):
                    self._withdraw(call_id, now)
                case Abandon(route, frame_id):
                    if connection.link is not None:
                        connection.link.cancel(route, frame_id)
                case Listed(page, hidden, complete):
                    self._tools.listed(connection.exchange.upstream, page, hidden, complete=complete)
                case ToolsChanged():
                    self._tools.outdate(connection.exchange.upstream)
                case Used(capability):
                    self._presence.server_used(connection, capability)
                case _:
                    assert_never(step)

    def part(self, connection: ClientConnection) -> None:
        self._connections.pop(connection, None)
        self._presence.part(connection)

    def _end(self, ended: Ended) -> None:
        self._owners.pop(ended.call_id, None)
        self._patience.end(ended.call_id)
        response, relayed, state = ended.response, ended.relayed, ended.request_state
        now = self._clock()
        self._apply(
            self.gate.finish(ended.call_id, ended.outcome, now, response=response, relayed=relayed, request_state=state)
        )

    def _judge(self, connection: ClientConnection, call: Call) -> None:
        pending = connection.exchange.pending.of_call(call.id)
        arrive = partial(self._arrive, connection, call)
        if pending is None or self._tasks is None or not self._tools.is_needed(connection, pending, call.tool):
            arrive()
        else:
            upstream = self.roster[connection.exchange.upstream]
            self._tools.survey(upstream, connection, pending, self._tasks, arrive)

    def _arrive(self, connection: ClientConnection, call: Call) -> None:
        exchange, came = connection.exchange, Direction.FROM_CLIENT
        pending = exchange.pending.of_call(call.id)
        if pending is None:  # its client gave it up while it waited for a survey
            self._owners.pop(call.id, None)
            self.emit(FrameSeen(call.at, exchange.connection, exchange.upstream, came, call.id, call.frame))
        elif why := self._tools.contradiction(exchange.upstream, pending, call.tool):
            self._owners.pop(call.id, None)
            self.perform(connection, exchange.contradicted(pending, why, call.at))
        else:
            self._apply(self.gate.arrive(call, exchange.connection, self._clock()))

    # ------------------------------------------------------------------ effects of the gate

    def _apply(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Emit(event):
                    self.emit(event)
                case Forward(call_id, arguments):
                    self._held.pop(call_id, None)
                    self._outbox.put((self._owners[call_id], call_id, arguments))
                case Reserve():
                    self._charging.reserve(effect)
                case Settle():
                    self._charging.settle(effect)
                case Refuse():
                    self._refuse(effect)
                case Keep(call_id):
                    self._keep(call_id)
                case Drop(call_id):
                    self._drop(call_id)
                case _:
                    assert_never(effect)

    def _reserved(self, call_id: CallId, reservation: Reservation, now: float) -> None:
        self._apply(self.gate.reserved(call_id, reservation, now))

    def _refuse(self, effect: Refuse) -> None:
        call_id = effect.call_id
        self._held.pop(call_id, None)
        connection = self._owners.pop(call_id)
        answer = connection.exchange.refuse(call_id, effect.decision, f"{self._run}-{call_id}")
        if answer is not None:
            self.emit(Finished(self._clock(), call_id, Outcome.NOT_SENT, answer.raw))
            self.perform(connection, [answer])

    def _keep(self, call_id: CallId) -> None:
        route = self._owners[call_id].exchange.hold(call_id)
        if route is not None:
            route.hold()
        self._held.setdefault(call_id, (self._clock(), 0))
        self._wake.set()

    def _drop(self, call_id: CallId) -> None:
        self._held.pop(call_id, None)
        self._drop_pending(call_id)
        del self._owners[call_id]

    def _withdraw(self, call_id: CallId, now: float) -> None:
        self._apply(self.gate.withdraw(call_id, now))
        if call_id in self._owners:  # allowed in this very turn, and not sent yet: `_forward` finds it gone
            self._drop_pending(call_id)

    def _drop_pending(self, call_id: CallId) -> None:
        route = self._owners[call_id].exchange.drop(call_id)
        if route is not None:
            route.end()

    # ------------------------------------------------------------------ out, after the commit

    def _forward(self, connection: ClientConnection, call_id: CallId, arguments: JsonObject | None) -> None:
        now, exchange = self._clock(), connection.exchange
        pending = exchange.pending.of_call(call_id)
        if pending is None:  # its client went in this very turn: a ghost must not run
            self._end(Ended(call_id, Outcome.NOT_SENT, b""))
            return
        definition = self.definition(exchange.upstream, pending.frame.params.get("name"))
        for step in exchange.forward(call_id, arguments, definition, now):
            if isinstance(step, Send) and connection.link is not None:
                self.emit(Forwarded(now, call_id))
                self._patience.begin(call_id, now)
                connection.link.send(step.outgoing)
            else:
                self.perform(connection, [step])

    def _keep_back(self, connection: ClientConnection, call_id: CallId, why: str) -> None:
        self.perform(connection, connection.exchange.not_recorded(call_id, why))

    # ------------------------------------------------------------------ time

    async def run(self) -> None:
        """Deadlines of held calls, signs of life, and the commit of what nobody waits for. Ends by cancellation."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                await self._look_after()
            finally:
                self._tasks = None

    async def _look_after(self) -> None:
        while True:
            with anyio.move_on_after(self._next_look()):
                await self._wake.wait()
            self._wake = anyio.Event()
            self._apply(self.gate.tick(self._clock()))
            self._sign_of_life()
            self._time_out()
            self._journal.commit()

    def _next_look(self) -> float:
        deadline = self.gate.next_deadline()
        return BEAT if deadline is None else min(BEAT, max(0.0, deadline - self._clock()))

    def _sign_of_life(self) -> None:
        now = self._clock()
        for call_id, (last, step) in tuple(self._held.items()):
            if now - last < SIGN_OF_LIFE:
                continue
            self._held[call_id] = (now, step + 1)
            connection = self._owners[call_id]
            answer = connection.exchange.waiting(call_id, step + 1)
            if answer is not None:
                self.perform(connection, [answer])

    def _time_out(self) -> None:
        """Fail the calls that their servers have kept for longer than --call-timeout; give up tasks that are silent."""
        for call_id, seconds in self._patience.exhausted(self._clock()):
            connection = self._owners[call_id]
            self.perform(connection, connection.exchange.time_out(call_id, seconds))
        for lost in self._open_tasks.overdue(self._clock()):
            self._end(lost)

    def _next_call(self) -> CallId:
        self._calls += 1
        return CallId(self._calls)
