"""A server that wants a login, with its authorization server, in a process; and a person with a browser."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from http_rig import SERVERS, Rig, running

from inspector.core.upstream import UpstreamSpec, UrlSpec
from inspector.logins import Logins
from inspector.proxy.upstream_http import Access


@dataclass
class Guarded:
    """The server: `url`, and its authorization server's way to be told things."""

    url: str
    authorization: str

    async def control(self, **said: Any) -> list[dict[str, Any]]:
        async with aiohttp.ClientSession() as http, http.post(f"{self.authorization}/control", json=said) as response:
            return list(await response.json())

    async def requests(self, path: str) -> list[dict[str, Any]]:
        """What came in at a path, as `resource/mcp` or `authorization/token`."""
        return [line for line in await self.control() if line["path"] == path]

    async def credentials(self, path: str = "resource/mcp") -> list[str]:
        return [line["authorization"] for line in await self.requests(path)]


@asynccontextmanager
async def guarded(kind: str = "http") -> AsyncIterator[Guarded]:
    command = [sys.executable, str(SERVERS / "oauth_server.py"), kind]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        lines = [await asyncio.wait_for(process.stderr.readline(), 30) for _ in range(2)]
        issuer, port = (line.split()[-1].decode() for line in lines)
        yield Guarded(f"http://127.0.0.1:{port}/{'sse' if kind == 'sse' else 'mcp'}", f"http://127.0.0.1:{issuer}")
    finally:
        process.kill()
        await process.wait()


@dataclass
class Person:
    """Opens each page that is shown, unless `away`; `visits` are those pages, `came_back` what the last one said."""

    away: bool = False
    visits: list[str] = field(default_factory=list)
    came_back: str = ""

    async def __call__(self, page: str) -> None:
        self.visits.append(page)
        if not self.away:
            await self.open(page)

    async def open(self, page: str) -> None:
        async with aiohttp.ClientSession() as http, http.get(page) as response:
            self.came_back = await response.text()

    async def login_page(self, page: str) -> str:
        """Where the short address leads to."""
        async with aiohttp.ClientSession() as http, http.get(page, allow_redirects=False) as response:
            return response.headers["location"]


@asynccontextmanager
async def before(
    server: Guarded, folder: Path, person: Person, *headers: tuple[str, str], scope: str | None = None
) -> AsyncIterator[Rig]:
    """A run of ours before it. Two runs with one folder are the same user's, one after the other."""
    secrets: list[str] = []
    access = Access(Logins(folder / "state"), person, secrets.extend)
    runs = len(list(folder.glob("run*")))
    (folder / f"run{runs}").mkdir()
    spec = UpstreamSpec("up", UrlSpec(server.url, headers, scope))
    async with running(folder / f"run{runs}", spec, access=access) as rig:
        yield rig
