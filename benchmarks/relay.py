"""A bare TCP relay, what anything in between costs at least: `python -m benchmarks.relay TARGET_PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop


class Upward(asyncio.Protocol):
    def __init__(self, down: asyncio.Transport) -> None:
        self.down = down

    def data_received(self, data: bytes) -> None:
        self.down.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.down.close()


class Downward(asyncio.Protocol):
    """One client; what it says before the way up is there waits in `early`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.early: list[bytes] = []
        self.up: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        down = cast("asyncio.Transport", transport)  # uvloop's own class
        self.opening = asyncio.get_running_loop().create_task(self._open(down))

    async def _open(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        self.up, _ = await loop.create_connection(lambda: Upward(transport), "127.0.0.1", self.port)
        self.up.writelines(self.early)

    def data_received(self, data: bytes) -> None:
        if self.up is None:
            self.early.append(data)
        else:
            self.up.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.up is not None:
            self.up.close()


async def relay(target: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Downward(target), "127.0.0.1", 0)
    print(f"listening on {server.sockets[0].getsockname()[1]}", file=sys.stderr, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(relay(int(sys.argv[1])))
