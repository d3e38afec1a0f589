"""A driver with its real parts: gate, ledger, recorder, and a server in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from inspector.core.errors import StoreError
from inspector.core.events import Dropped, Event
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.policy.gate import Gate
from inspector.policy.ledger import Ledger
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import load_text
from inspector.proxy.connection import ClientConnection
from inspector.proxy.driver import Driver
from inspector.proxy.links import Headers
from inspector.proxy.upstream_stdio import StdioUpstream
from inspector.proxy.watchdog import Watchdog
from inspector.record.recorder import Recorder
from inspector.wire.jsonrpc import Frame, parse_client

SERVER = Path(__file__).parents[1] / "servers" / "tiny_server.py"


START = 1768473000.0


class Clock:
    """A wall clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Mailbox:
    """The client's end: frames arrive, and can be waited for by id."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.held = self.ended = False
        self._arrived = anyio.Event()

    def head(self, status: int, headers: Headers) -> None: ...
    def event(self, fields: tuple[bytes, ...]) -> None: ...
    def plain(self, status: int, headers: Headers, body: bytes) -> None: ...
    async def ready(self) -> None: ...

    def hold(self) -> None:
        self.held = True

    def end(self) -> None:
        self.ended = True

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None:
        self.frames.append(json.loads(raw))
        self._arrived.set()
        self._arrived = anyio.Event()

    async def answer(self, id_: int) -> dict[str, Any]:
        with anyio.fail_after(20):
            while True:
                for frame in self.frames:
                    if frame.get("id") == id_ and "method" not in frame:
                        return frame
                await self._arrived.wait()

    async def text(self, id_: int) -> str:
        return str((await self.answer(id_))["result"]["content"][0]["text"])


@dataclass
class Rig:
    driver: Driver
    clock: Clock
    events: list[Event]
    box: Mailbox
    connection: ClientConnection
    recording: Path
    log: Path

    def call(self, id_: int, tool: str, **arguments: Any) -> None:
        self.send({"id": id_, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})

    def send(self, body: dict[str, Any]) -> None:
        frame = parse_client(json.dumps({"jsonrpc": "2.0", **body}).encode())
        assert isinstance(frame, Frame)
        self.connection.receive(frame, self.box)

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def received_by_server(self) -> list[dict[str, Any]]:
        """The `params` of the calls that came to it, oldest first."""
        heard = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [message["params"] for message in heard if message["method"] == "tools/call"]


class FullDisk:
    """A recorder whose disk has no room for what comes after `until` events."""

    def __init__(self, until: int) -> None:
        self._left = until

    def append(self, event: Event) -> None:
        self._left -= 1

    def flush(self) -> Dropped | None:
        if self._left < 0:
            raise StoreError("the recording cannot be written: no space left on device; make room on its disk")
        return None


@asynccontextmanager
async def rig(
    tmp_path: Path, policy: str, *, call_timeout: float | None = None, log: Any = None, ledger: Ledger | None = None
) -> AsyncIterator[Rig]:
    clock, events, ledger = Clock(), list[Event](), ledger or MemoryLedger()
    recorder = Recorder.create(tmp_path, "run", clock())
    watchdog, server_log = Watchdog(), tmp_path / "server.log"
    driver = Driver(
        run="run",
        gate=Gate(None, ledger),
        ledger=ledger,
        log=log or recorder,
        watch=events.append,
        clock=clock,
        call_timeout=call_timeout,
    )
    command = CommandSpec((sys.executable, "-S", str(SERVER)), (("SERVER_LOG", str(server_log)),))
    async with anyio.create_task_group() as tasks:
        upstream = StdioUpstream(
            UpstreamSpec("srv", command), emit=driver.emit, now=clock, tasks=tasks, watchdog=watchdog
        )
        driver.adopt(upstream)
        driver.reload(load_text(policy), "start")
        tasks.start_soon(driver.run)
        connection = await driver.connect("srv", transport="stdio", grant="stdio:srv")
        made = Rig(driver, clock, events, Mailbox(), connection, recorder.path, server_log)
        connection.open_stream(made.box, None)
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tester", "version": "1"}}
        made.send({"id": 0, "method": "initialize", "params": hello})
        await made.box.answer(0)
        made.send({"method": "notifications/initialized"})
        try:
            yield made
        finally:
            await connection.close()
            await driver.roster.close()
            tasks.cancel_scope.cancel()
    watchdog.close()
    recorder.close()
