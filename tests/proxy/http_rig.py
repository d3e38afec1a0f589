"""The HTTP front before the real driver, gate, ledger and recorder, with real servers behind it; and clients for it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import anyio
import uvicorn

from inspector.core.events import Event, Forwarded, FrameRejected
from inspector.core.upstream import CommandSpec, UpstreamSpec, UrlSpec
from inspector.policy.gate import Gate
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import load_text
from inspector.proxy.driver import Driver
from inspector.proxy.front_http import HttpFront
from inspector.proxy.http_listener import Limits
from inspector.proxy.upstream_http import Access, HttpUpstream
from inspector.proxy.upstream_stdio import StdioUpstream
from inspector.proxy.watchdog import Watchdog
from inspector.record.recorder import Recorder

SERVERS = Path(__file__).parents[1] / "servers"
TOKEN = "secret-token-of-ours"
ALLOW = 'version: "1"\ndefault: allow\n'
BOTH = "application/json, text/event-stream"
VERSION = "io.modelcontextprotocol/protocolVersion"
META = {
    VERSION: "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}

Scope: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[[Scope, Any, Any], Awaitable[None]]


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Rig:
    front: HttpFront
    driver: Driver
    clock: Clock
    events: list[Event]
    log: Path
    http: aiohttp.ClientSession
    name: str = "up"
    ids: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.front.port}"

    @property
    def url(self) -> str:
        return f"{self.base}/{TOKEN}/{self.name}/mcp"

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def refusals(self) -> list[tuple[int, str]]:
        return [(event.code, event.reason) for event in self.seen(FrameRejected)]

    def received(self) -> list[dict[str, Any]]:
        """What the tiny server was sent."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    async def post(self, body: Any, *, url: str = "", **headers: str) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"content-type": "application/json", "accept": BOTH, **_headers(headers)}
        async with self.http.post(url or self.url, data=raw, headers=named) as response:
            return await Reply.of(response)

    async def ask(self, method: str, params: Any = None, *, id_: Any = 1, **headers: str) -> Reply:
        return await self.post({"jsonrpc": "2.0", "id": id_, "method": method, "params": params or {}}, **headers)

    async def modern(self, method: str, params: Any = None, *, id_: Any = 1, **headers: str) -> Reply:
        named = {"mcp_protocol_version": "2026-07-28", "mcp_method": method}
        if method == "tools/call":
            named["mcp_name"] = (params or {}).get("name")
        return await self.ask(method, {**(params or {}), "_meta": META}, id_=id_, **{**named, **headers})

    async def initialize(self, **headers: str) -> str:
        reply = await self.ask("initialize", HELLO, id_="init", **headers)
        assert reply.status == 200, reply
        session = reply.headers["mcp-session-id"]
        done = await self.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, mcp_session_id=session)
        assert done.status == 202, done
        return session

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that the other end of a socket will bring about."""
        with anyio.fail_after(20):
            while not true():
                await anyio.sleep(0.005)

    def forwarded(self) -> int:
        return len(self.seen(Forwarded))


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    async def of(cls, response: aiohttp.ClientResponse) -> Reply:
        body = await response.read()
        return cls(response.status, {k.lower(): v for k, v in response.headers.items()}, body)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The messages of an event stream."""
        return [json.loads(line[6:]) for line in self.body.decode().splitlines() if line.startswith("data: {")]

    @property
    def error(self) -> int:
        return int(self.json["error"]["code"])

    @property
    def said(self) -> str:
        message = self.events[-1] if "event-stream" in self.headers.get("content-type", "") else self.json
        return str(message["result"]["content"][0]["text"])


def _headers(named: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}


@asynccontextmanager
async def running(
    folder: Path,
    *specs: UpstreamSpec,
    policy: str = ALLOW,
    limits: Limits | None = None,
    access: Access | None = None,
    **front: Any,
) -> AsyncIterator[Rig]:
    clock, ids = Clock(), itertools.count(1)
    events: list[Event] = []
    ledger, watchdog = MemoryLedger(), Watchdog()
    recorder = Recorder.create(folder, "run", time.time(), [TOKEN])
    driver = Driver(
        run="run", gate=Gate(None, ledger), ledger=ledger, log=recorder, watch=events.append, clock=time.time
    )
    http = HttpFront(
        driver,
        token=TOKEN,
        new_id=lambda: f"{next(ids):032x}",
        now=clock,
        port=0,
        limits=limits,
        **front,
    )
    # The session outside: closed in a cancelled scope, it would put a cancellation in the place of a test's failure.
    async with aiohttp.ClientSession() as client, anyio.create_task_group() as tasks:
        for spec in specs:
            if isinstance(spec.target, UrlSpec):
                made = HttpUpstream(spec, spec.target, tasks=tasks, emit=driver.emit, now=time.time, access=access)
                driver.adopt(made)
            else:
                driver.adopt(StdioUpstream(spec, emit=driver.emit, now=time.time, tasks=tasks, watchdog=watchdog))
        driver.reload(load_text(policy), "start")
        tasks.start_soon(driver.run)
        await tasks.start(http.serve)
        try:
            with anyio.fail_after(60):
                yield Rig(http, driver, clock, events, folder / "server.log", client, specs[0].name if specs else "")
        finally:
            with anyio.CancelScope(shield=True):
                await driver.roster.close()
            tasks.cancel_scope.cancel()
    watchdog.close()
    recorder.close()


def tiny(folder: Path, name: str = "up") -> UpstreamSpec:
    env = (("SERVER_LOG", str(folder / "server.log")),)
    return UpstreamSpec(name, CommandSpec((sys.executable, "-S", str(SERVERS / "tiny_server.py")), env))


def sdk(name: str = "up", log: Path | None = None) -> UpstreamSpec:
    env = (("SERVER_LOG", str(log)),) if log else ()
    return UpstreamSpec(name, CommandSpec((sys.executable, str(SERVERS / "sdk_server.py"), "stdio"), env))


def at(url: str, *headers: tuple[str, str], name: str = "up") -> UpstreamSpec:
    return UpstreamSpec(name, UrlSpec(url, headers))


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """An ASGI application of the test's own, as a server on a socket: its URL."""

    class Quiet(uvicorn.Server):
        @staticmethod
        @contextmanager
        def capture_signals() -> Any:
            yield

    server = Quiet(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        with anyio.fail_after(20):
            while not server.started:
                await anyio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
        finally:
            server.should_exit = server.force_exit = True


@asynccontextmanager
async def sdk_over_http(*arguments: str, log: Path | None = None, kind: str = "http") -> AsyncIterator[str]:
    """The SDK's server on a port of its own: its URL. `kind`: `http`, or `sse` for the transport of 2024-11-05."""
    env = {**os.environ, **({"SERVER_LOG": str(log)} if log else {})}
    command = [sys.executable, str(SERVERS / "sdk_server.py"), kind, "0", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=env)
    assert process.stderr is not None
    try:
        line = await asyncio.wait_for(process.stderr.readline(), 30)
        yield f"http://127.0.0.1:{line.split()[-1].decode()}/{'sse' if kind == 'sse' else 'mcp'}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def raw(port: int, request: bytes, seconds: float = 10) -> bytes:
    """Send bytes, and read until the server closes or has answered with a complete head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        with anyio.fail_after(seconds):
            return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as short:
        return short.partial
    finally:
        writer.close()


def request(rig: Rig, body: bytes = b"", *headers: str, method: str = "POST", path: str = "") -> bytes:
    """A whole HTTP request, with exactly these headers beside Host and Content-Type."""
    lines = [
        f"{method} {path or f'/{TOKEN}/{rig.name}/mcp'} HTTP/1.1",
        *([] if any(h.lower().startswith("host:") for h in headers) else [f"host: 127.0.0.1:{rig.front.port}"]),
        "content-type: application/json",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0
