"""The other half of `benchmarks.ui`: a store that calls are folded into, behind its port, in a process of its own.

python -m benchmarks.folding HANDLE PER_SECOND          HANDLE: of a socket that it has inherited
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections import deque
from decimal import Decimal
from typing import Final

import uvloop

from benchmarks import agents, traffic
from inspector.core.call import CallId, Outcome
from inspector.core.commands import Command, CommandResult, Done, Inspect, Rejected
from inspector.core.decision import Decision, Reading, Verdict
from inspector.core.events import CallArrived, Decided, Finished, Forwarded
from inspector.core.json import JsonObject
from inspector.core.views import Port, Views
from inspector.port_socket import answer, channel
from inspector.store import Store

EVERY: Final = 0.005  # seconds between two portions of events
IN_FLIGHT: Final = 250  # calls: each ends when so many others have come


class StorePort(Port):
    """What `LivePort` asks of the store, without an engine behind it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def views(self, since: int) -> Views:
        return self._store.views(since, time.time())

    async def command(self, command: Command) -> CommandResult:
        if isinstance(command, Inspect):
            return self._store.detail(command.call_id) or Rejected("no longer in memory")
        return Done()


class Agents:
    """Folds calls as they are due: one in twenty is denied, the others end later."""

    def __init__(self, store: Store, per_second: int) -> None:
        self._made = 0
        self._store = store
        self._per_second = per_second
        self._under_way: deque[CallId] = deque()
        for event in agents.beginning():
            store.fold(event)

    async def call(self) -> None:
        """For ever."""
        begin = time.perf_counter()
        while True:
            await asyncio.sleep(EVERY)
            due = (time.perf_counter() - begin) * self._per_second
            while self._made < due:
                self._made += 1
                self._one(self._made, time.time())

    def _one(self, number: int, at: float) -> None:
        fold, call_id = self._store.fold, CallId(number)
        who, (server, tool) = number % len(agents.CALLERS), agents.TOOLS[number * 31 % 97 % len(agents.TOOLS)]
        arguments: JsonObject = {
            "path": f"/srv/app/src/module_{number % 1009}.py",
            "limit": number % 500,
            "labels": ["nightly"],
        }
        used = Decimal(number % 100)
        reading = Reading(traffic.COUNTER, traffic.RULE, used, Decimal(1), Decimal(100), at + 60)
        denied = number % 20 == 1
        verdict, rule = (Verdict.DENY, f"/tools/{tool}/deny_if/path") if denied else (Verdict.ALLOW, "")
        decision = Decision(
            call_id, at, server, tool, verdict, rule, "", agents.TRACE, (), (reading,), (), agents.HASH
        )  # fmt: skip
        caller = agents.CALLERS[who]
        fold(CallArrived(at, call_id, f"c{who}", caller, server, tool, arguments, call_id, frame=traffic.REQUEST))
        fold(Decided(at, decision))
        if denied:
            fold(Finished(at, call_id, Outcome.NOT_SENT, b'{"error":{"code":-32001,"message":"refused"}}'))
            return
        fold(Forwarded(at, call_id))
        self._under_way.append(call_id)
        if len(self._under_way) > IN_FLIGHT:
            fold(Finished(at, self._under_way.popleft(), Outcome.OK, traffic.RESPONSE, relayed=True))


async def main(handle: int, per_second: int) -> None:
    store = Store()
    calling = asyncio.create_task(Agents(store, per_second).call())
    await answer(StorePort(store), await channel(socket.socket(fileno=handle)))
    calling.cancel()


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:])))
