"""A client that speaks stdio, without its pipe: the driver's connection, and a route that keeps what it is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from http_rig import HELLO, Rig, at, running, serving
from http_upstream import Handler, Script

from inspector.proxy.connection import ClientConnection
from inspector.proxy.links import Headers
from inspector.wire.jsonrpc import Frame, parse_client


class Pipe:
    """A stdio client: it sends lines and reads lines."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []

    def head(self, status: int, headers: Headers) -> None: ...
    def event(self, fields: tuple[bytes, ...]) -> None: ...
    def plain(self, status: int, headers: Headers, body: bytes) -> None: ...
    def hold(self) -> None: ...
    def end(self) -> None: ...
    async def ready(self) -> None: ...

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None:
        assert b"\n" not in raw
        self.frames.append(json.loads(raw))

    def send(self, **body: Any) -> None:
        frame = parse_client(json.dumps({"jsonrpc": "2.0", **body}).encode())
        assert isinstance(frame, Frame)
        self.connection.receive(frame, self)

    def call(self, id_: Any, name: str = "x", **params: Any) -> None:
        self.send(id=id_, method="tools/call", params={"name": name, **params})

    async def until(self, **members: Any) -> dict[str, Any]:
        """The first frame that has these members."""
        with anyio.fail_after(15):
            while True:
                for frame in self.frames:
                    if members.items() <= frame.items():
                        return frame
                await anyio.sleep(0.005)

    async def ask(self, id_: Any, method: str, **params: Any) -> dict[str, Any]:
        """A request, and its answer."""
        self.send(id=id_, method=method, params=params)
        return await self.until(id=id_)

    async def handshake(self, version: str = "2025-11-25") -> None:
        self.send(id="i", method="initialize", params={**HELLO, "protocolVersion": version})
        await self.until(id="i")
        self.send(method="notifications/initialized")


async def pipe(rig: Rig) -> Pipe:
    """A client of the rig's upstream."""
    connection = await rig.driver.connect(rig.name, transport="stdio", grant=f"stdio:{rig.name}")
    made = Pipe(connection)
    connection.open_stream(made, None)
    return made


@asynccontextmanager
async def piped(
    folder: Path, handle: Handler, *headers: tuple[str, str], policy: str = ""
) -> AsyncIterator[tuple[Pipe, Script, Rig]]:
    """The same before a scripted server over HTTP."""
    script = Script(handle)
    more = {"policy": policy} if policy else {}
    async with serving(script) as url, running(folder, at(url, *headers), **more) as rig:
        yield await pipe(rig), script, rig
