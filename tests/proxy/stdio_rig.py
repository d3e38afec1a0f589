"""A stdio front on a Unix socket with a real server process behind it, and who talks to it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from passthrough import PassThrough

from inspector.core.call import Era
from inspector.core.errors import UsageError
from inspector.core.events import Event, UpstreamState
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.proxy.front_stdio import StdioFront
from inspector.proxy.links import Headers, Outgoing, Route
from inspector.proxy.upstream_stdio import StdioUpstream
from inspector.proxy.watchdog import Watchdog
from inspector.wire.jsonrpc import Frame, parse_client

SERVERS = Path(__file__).parents[1] / "servers"
SERVER = (sys.executable, str(SERVERS / "line_server.py"))
SDK_SERVER = (sys.executable, str(SERVERS / "sdk_server.py"), "stdio")


class House:
    """A front with one upstream, and what it noticed."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o700)
        self.path = folder / "s.sock"
        self.hub = PassThrough()
        self.events: list[Event] = []
        self.environments: list[Mapping[str, str]] = []
        self.adopted: list[tuple[str, tuple[str, ...], str, Mapping[str, str]]] = []

    @property
    def exits(self) -> list[Event]:
        return [event for event in self.events if getattr(event, "state", None) is UpstreamState.EXITED]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[House]:
        watchdog = Watchdog()
        async with anyio.create_task_group() as tasks:

            def build(name: str, command: tuple[str, ...]) -> StdioUpstream:
                spec = UpstreamSpec(name, CommandSpec(command))
                return StdioUpstream(spec, emit=self.events.append, now=time.time, tasks=tasks, watchdog=watchdog)

            def adopt(name: str, command: tuple[str, ...], cwd: str, env: Mapping[str, str]) -> str:
                if name == "refused":
                    raise UsageError("that name is taken")
                self.adopted.append((name, command, cwd, env))
                self.hub.upstreams[name] = build(name, command)
                return name

            self.hub.upstreams["demo"] = build("demo", SERVER)
            front = StdioFront(self.hub, tasks=tasks, adopt=adopt, hide=self.environments.append)
            try:
                async with front.listen(self.path):
                    yield self
            finally:
                with anyio.CancelScope(shield=True):
                    for upstream in self.hub.upstreams.values():
                        await upstream.close()
                watchdog.close()
                tasks.cancel_scope.cancel()


class Peer:
    """A client at the socket."""

    def __init__(self, stream: anyio.abc.SocketStream) -> None:
        self.stream = stream
        self._rest = b""

    @classmethod
    async def at(cls, house: House) -> Peer:
        return cls(await anyio.connect_unix(str(house.path)))

    async def say(self, message: Any) -> None:
        await self.stream.send(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")

    async def hear(self) -> dict[str, Any]:
        while b"\n" not in self._rest:
            self._rest += await self.stream.receive()
        line, _, self._rest = self._rest.partition(b"\n")
        said: dict[str, Any] = json.loads(line)
        return said

    async def ended(self) -> bool:
        try:
            return not (self._rest or await self.stream.receive())
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return True


def hello(**changed: Any) -> dict[str, Any]:
    env = {"PATH": os.environ["PATH"], "WHO": "client"}
    return {"version": 1, "name": "demo", "command": None, "cwd": "/", "env": env, "grant": None, **changed}


def request(method: str, frame_id: Any, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": frame_id, "method": method, "params": params}


async def attached(house: House, **changed: Any) -> Peer:
    peer = await Peer.at(house)
    await peer.say(hello(**changed))
    assert await peer.hear() == {"ok": True}
    return peer


async def eventually(seen: Callable[[], Any]) -> None:
    while not seen():
        await anyio.sleep(0.005)


def alive(pid: int) -> bool:
    """Zombies are dead: they wait for init, or for whoever inherited them."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Client:
    """The driver's side of a link, and a Route: keeps what comes, and can be congested."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.routes: list[Route | None] = []
        self.ended: list[str | None] = []
        self.lost: str | None = None
        self.cuts: list[str] = []
        self.back = 0
        self.open = anyio.Event()
        self.open.set()
        self._count = 0

    def upstream_frame(self, raw: bytes, route: Route | None, fields: tuple[bytes, ...] = ()) -> None:
        self.frames.append(raw)
        self.routes.append(route)

    def upstream_ended(self, outgoing: Outgoing, why: str | None) -> None:
        self.ended.append(why)

    def upstream_lost(self, why: str, *, for_good: bool = True) -> None:
        self.lost = why if for_good else None
        self.cuts += [] if for_good else [why]

    def upstream_back(self) -> None:
        self.back += 1

    def upstream_head(self, route: Route, status: int, headers: Headers) -> None: ...

    def upstream_event(self, route: Route, fields: tuple[bytes, ...]) -> None: ...

    def upstream_plain(self, outgoing: Outgoing, status: int, headers: Headers, body: bytes) -> None: ...

    async def ready(self) -> None:
        await self.open.wait()

    # Route

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None: ...

    def head(self, status: int, headers: Headers) -> None: ...

    def event(self, fields: tuple[bytes, ...]) -> None: ...

    def plain(self, status: int, headers: Headers, body: bytes) -> None: ...

    def hold(self) -> None: ...

    def end(self) -> None: ...

    # what tests say and see

    def message(self, method: str, frame_id: Any = None, **params: Any) -> Outgoing:
        body = {"jsonrpc": "2.0", "method": method, "params": params}
        if frame_id is not None:
            body["id"] = frame_id
        return self.raw(json.dumps(body).encode())

    def raw(self, raw: bytes) -> Outgoing:
        frame = parse_client(raw)
        assert isinstance(frame, Frame)
        return Outgoing(raw, frame, self, None, Era.MODERN)

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for raw in self.frames]

    async def until(self, count: int) -> list[dict[str, Any]]:
        await eventually(lambda: len(self.frames) >= count)
        return self.said


@asynccontextmanager
async def upstream(
    *arguments: str, events: list[Event] | None = None, command: CommandSpec | None = None
) -> AsyncIterator[StdioUpstream]:
    target = command or CommandSpec((*SERVER, *arguments))
    watchdog = Watchdog()
    async with anyio.create_task_group() as tasks:
        emit = (events if events is not None else []).append
        opened = StdioUpstream(UpstreamSpec("demo", target), emit=emit, now=time.time, tasks=tasks, watchdog=watchdog)
        try:
            yield opened
        finally:
            with anyio.CancelScope(shield=True):
                await opened.close()
            watchdog.close()
