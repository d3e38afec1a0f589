"""Many clients with random faults for a long time: no answer is lost, doubled or mixed up, and nothing leaks.

    python -m benchmarks soak [--minutes 10 | --seconds 20] [--clients 16] [--seed 1]

A third each of the clients speak modern HTTP (all on one server process), legacy HTTP (a session and a process each)
and stdio through a shim. Their faults: a call that is given up, a line that is cut, a client that is killed, bytes that
are no message, a server that dies under its calls, a server that is killed. The exit code is 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from benchmarks.callers import INITIALIZE, META
from benchmarks.processes import URL, rss_mb, started

SERVER = Path(__file__).parent / "soak_server.py"
PATIENCE = 15.0  # seconds after which an answer counts as lost
GROWTH_MB = 32.0  # by which the engine may grow between the first quarter and the end
_MEDIA = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
_MODERN = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call"}


class FailedError(Exception):
    """An answer that says that the server is gone: allowed where servers are killed."""


class WrongError(Exception):
    """An answer that must not be."""


@dataclass
class Tally:
    sent: int = 0
    answered: int = 0
    failed: int = 0  # by a server's death
    given_up: int = 0
    faults: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[str] = field(default_factory=list)


class Client(Protocol):
    async def open(self) -> None: ...
    async def call(self, number: int, tool: str, arguments: dict[str, Any]) -> str: ...
    async def rubbish(self) -> None: ...
    async def cut(self) -> None: ...


def _text(message: dict[str, Any], number: int) -> str:
    if message.get("id") != number:
        raise WrongError(f"asked {number}, got the answer to {message.get('id')}")
    if "error" in message:
        raise FailedError(message["error"]["message"])
    return str(message["result"]["content"][0]["text"])


def _request(number: int, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments, **more}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


class Http:
    """Of either era."""

    def __init__(self, url: str, modern: bool) -> None:
        self._url, self._modern = url, modern
        self._http: aiohttp.ClientSession | None = None
        self._session: dict[str, str] = {}

    async def open(self) -> None:
        self._http, self._session = aiohttp.ClientSession(), {}
        if not self._modern:
            body = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": INITIALIZE}
            async with self._http.post(self._url, json=body, headers=_MEDIA) as reply:
                self._session = {"mcp-session-id": reply.headers.get("mcp-session-id", "")}
                await reply.read()

    async def call(self, number: int, tool: str, arguments: dict[str, Any]) -> str:
        assert self._http is not None
        more = {"_meta": META} if self._modern else {}
        named = {**_MODERN, "mcp-name": tool} if self._modern else self._session
        body = _request(number, tool, arguments, **more)
        async with self._http.post(self._url, json=body, headers=_MEDIA | named) as reply:
            raw = await reply.read()
        if reply.status in (404, 502):  # the session died with its server, or no server could be started
            raise FailedError(str(reply.status))
        messages = [json.loads(line[6:]) for line in raw.splitlines() if line.startswith(b"data: {")]
        if not messages:
            messages = [json.loads(raw)]
        if len(messages) != 1:
            raise WrongError(f"{len(messages)} answers to {number}: {raw[:200]!r}")
        return _text(messages[0], number)

    async def rubbish(self) -> None:
        assert self._http is not None
        async with self._http.post(self._url, data=b'{"jsonrpc":', headers=_MEDIA | self._session) as reply:
            if reply.status != 400:
                raise WrongError(f"rubbish was answered by {reply.status}")

    async def cut(self) -> None:
        if self._http is not None:
            if self._session:
                with contextlib.suppress(aiohttp.ClientError):
                    await self._http.delete(self._url, headers=self._session)
            await self._http.close()


class Stdio:
    """Through a shim."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._gone: set[int] = set()  # cancelled: may be answered or not
        self._reading: asyncio.Task[None] | None = None
        self.stray: list[str] = []

    async def open(self) -> None:
        command = (sys.executable, "-m", "inspector", "stdio", self._name)
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        self._waiting, self._gone = {}, set()
        self._reading = asyncio.create_task(self._read(self._process, self._waiting))

    async def _read(
        self, process: asyncio.subprocess.Process, waiting: dict[int, asyncio.Future[dict[str, Any]]]
    ) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            message = json.loads(line)
            future = waiting.pop(message.get("id"), None)
            if future is not None and not future.done():
                future.set_result(message)
            elif message.get("id") is not None and message["id"] not in self._gone:
                self.stray.append(f"an answer that nobody asked for: {line[:200]!r}")
        for future in waiting.values():
            if not future.done():
                future.set_exception(FailedError("the line ended"))

    def _write(self, message: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(message + b"\n")

    async def call(self, number: int, tool: str, arguments: dict[str, Any]) -> str:
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._write(json.dumps(_request(number, tool, arguments)).encode())
        try:
            return _text(await future, number)
        except asyncio.CancelledError:
            self._gone.add(number)
            self._waiting.pop(number, None)
            cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
            self._write(json.dumps(cancelled).encode())
            raise

    async def rubbish(self) -> None:
        self._write(b'{"jsonrpc":')

    async def cut(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            if self._reading is not None:
                await self._reading


class Life:
    """One client's: calls, and now and then a fault."""

    def __init__(self, client: Client, serial: int, tally: Tally, chance: random.Random) -> None:
        self._client, self._serial, self._tally, self._chance = client, serial, tally, chance
        self._number = 0

    async def live(self, until: float) -> None:
        await self._client.open()
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(2 * PATIENCE):
                    await self._step()
            except FailedError:
                self._tally.failed += 1
                await self._again()
            except (aiohttp.ClientError, OSError, WrongError, TimeoutError, ValueError, KeyError) as error:
                self._tally.wrong.append(f"client {self._serial}: {error!r}")
                await self._again()
        await self._part()

    async def _again(self) -> None:
        await self._part()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.open()
        except TimeoutError:
            self._tally.wrong.append(f"client {self._serial} could not begin within {PATIENCE:g} s")

    async def _part(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._client.cut()
        except TimeoutError:
            self._tally.wrong.append(f"client {self._serial} could not be cut off")

    async def _step(self) -> None:
        match self._chance.random():
            case x if x < 0.01:
                self._tally.faults["given up"] += 1
                await self._give_up()
            case x if x < 0.015:
                self._tally.faults["cut"] += 1
                await self._again()
            case x if x < 0.02:
                self._tally.faults["rubbish"] += 1
                await self._client.rubbish()
            case x if x < 0.022:
                self._tally.faults["server died"] += 1
                await self._call("die", {})
            case _:
                burst = self._chance.choice((1, 1, 1, 4))
                calls = [self._call("echo", {"delay": self._chance.choice((0, 0, 0, 5, 50))}) for _ in range(burst)]
                for result in await asyncio.gather(*calls, return_exceptions=True):
                    if isinstance(result, BaseException):
                        raise result

    async def _call(self, tool: str, more: dict[str, Any]) -> None:
        self._number += 1
        text = f"{self._serial}/{self._number}"
        self._tally.sent += 1
        said = await asyncio.wait_for(self._client.call(self._number, tool, {"text": text, **more}), PATIENCE)
        if said != text:
            raise WrongError(f"sent {text}, got {said}")
        self._tally.answered += 1

    async def _give_up(self) -> None:
        self._number += 1
        arguments = {"text": f"{self._serial}/{self._number}", "delay": 100}
        task = asyncio.create_task(self._client.call(self._number, "echo", arguments))
        await asyncio.sleep(self._chance.random() / 50)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, FailedError):
            await task
        self._tally.given_up += 1


def descendants(pid: int) -> list[int]:
    """All processes below `pid`."""
    parents: dict[int, list[int]] = collections.defaultdict(list)
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int((entry / "stat").read_text().rpartition(")")[2].split()[1])].append(int(entry.name))
    found, level = [], [pid]
    while level:
        level = [child for parent in level for child in parents[parent]]
        found += level
    return found


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def _killer(engine: int, until: float, tally: Tally, chance: random.Random) -> None:
    """Every few seconds one of the servers is killed."""
    while time.monotonic() < until - 3:
        await asyncio.sleep(chance.uniform(1, 4))
        servers = [p for p in descendants(engine) if "soak_server" in _command(p)]
        if servers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(servers), signal.SIGKILL)
            tally.faults["server killed"] += 1


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


async def soak(url: str, engine: int, clients: int, seconds: float, seed: int) -> Tally:
    # aiohttp complains of each connection that a given-up call leaves behind.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    tally, chance = Tally(), random.Random(seed)
    until = time.monotonic() + seconds
    name = url.split("/")[-2]
    made: list[Client] = [(Http(url, True), Http(url, False), Stdio(name))[n % 3] for n in range(clients)]
    before = descriptors(engine), len(descendants(engine))
    lives = [Life(c, n, tally, random.Random(seed * 1000 + n)).live(until) for n, c in enumerate(made)]
    tasks = [asyncio.create_task(life) for life in (*lives, _killer(engine, until, tally, chance))]
    await asyncio.sleep(seconds / 4)
    settled = rss_mb(engine)
    await asyncio.gather(*tasks)
    grown = rss_mb(engine) - settled
    if grown > GROWTH_MB:
        tally.wrong.append(f"the engine has grown by {grown:.0f} MB")
    # What is left may be one shared server and the watchdog, with their pipes.
    for _ in range(100):
        left = descriptors(engine) - before[0], len(descendants(engine)) - before[1]
        if left[0] <= 12 and left[1] <= 2:
            break
        await asyncio.sleep(0.1)
    else:
        tally.wrong.append(f"{left[0]} descriptors and {left[1]} processes are left over")
    tally.wrong += [stray for client in made if isinstance(client, Stdio) for stray in client.stray]
    over = f"left over: {left[0]} descriptors, {left[1]} processes"
    print(f"memory {settled:.0f} MB after a quarter, {grown:+.1f} MB since; {over}")
    return tally


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="soak-", dir="/tmp") as folder:
        os.environ["MCP_INSPECT_HOME"] = folder  # the shims look for the engine there
        log = Path(folder) / "ran.log"
        flags = ("--headless", "--port", "0", "--default", "allow", "--name", "soak")
        command = ("inspector", *flags, "--", sys.executable, "-S", str(SERVER), str(log))
        seconds = asked.seconds or asked.minutes * 60
        with started(*command, says=URL) as engine:
            tally = asyncio.run(soak(engine.where, engine.pid, asked.clients, seconds, asked.seed))
        ran = collections.Counter(log.read_text().split())
    twice = [text for text, count in ran.items() if count > 1]
    tally.wrong += [f"ran {ran[text]} times: {text}" for text in twice]
    if tally.answered > len(ran):
        tally.wrong.append(f"{tally.answered} answers to {len(ran)} calls that ran")
    faults = ", ".join(f"{count} {name}" for name, count in sorted(tally.faults.items()))
    print(f"{tally.sent} calls, {tally.answered} answered, {tally.failed} failed with their server; {faults}")
    for line in tally.wrong[:20]:
        print(f"WRONG {line}")
    return 1 if tally.wrong else 0
