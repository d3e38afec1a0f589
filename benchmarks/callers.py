"""Clients that cost next to nothing: prebuilt bytes out, every answer parsed and checked against its own request.

Ids have a fixed width, so that a request is two concatenations; the text repeats the id, so that a payload which
arrives under another call's id is found.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, cast
from urllib.parse import urlsplit

import httptools
import orjson

from benchmarks.processes import end

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}
MODERN_HEADERS = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "echo"}
_ID = b"00000000"


@dataclass(slots=True)
class Sample:
    """One measurement: latencies in seconds, one for each call, and how long all of it took.

    `warm_up`: the calls before, which are not measured.
    """

    latencies: list[float] = field(default_factory=list)
    elapsed: float = 0
    warm_up: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.elapsed

    def quantile_ms(self, q: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * q))] * 1000


def message(method: str, params: Any, message_id: int | None = None) -> bytes:
    body = {"jsonrpc": "2.0", "method": method, "params": params}
    return orjson.dumps(body if message_id is None else {**body, "id": message_id})


class Calls:
    """The requests of one client, and the check of their answers."""

    def __init__(self, modern: bool) -> None:
        params: dict[str, Any] = {"name": "echo", "arguments": {"text": f"payload {_ID.decode()} of a call"}}
        if modern:
            params["_meta"] = META
        whole = orjson.dumps({"jsonrpc": "2.0", "id": 99999999, "method": "tools/call", "params": params})
        self._parts = whole.replace(b"99999999", _ID).split(_ID)
        self.size = len(whole)
        self._ids: Iterator[int] = itertools.count(10_000_000)

    def next(self) -> tuple[int, bytes]:
        number = next(self._ids)
        return number, (b"%d" % number).join(self._parts)

    @staticmethod
    def check(answer: bytes) -> int:
        """The id that was answered. Raises AssertionError for anything but that call's own text."""
        body = orjson.loads(answer)
        number: int = body["id"]
        assert body.get("result", {}).get("content") == [{"type": "text", "text": f"payload {number} of a call"}], (
            answer
        )
        return number


class _Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._answered.set_result((self._parser.get_status_code(), bytes(self._body)))

    def connection_lost(self, exc: Exception | None) -> None:
        answered = getattr(self, "_answered", None)
        if answered is not None and not answered.done():
            answered.set_exception(exc or ConnectionError("closed before the answer"))

    async def request(self, raw: bytes) -> tuple[int, bytes, dict[bytes, bytes]]:
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(raw)
        status, body = await self._answered
        if self._headers.get(b"content-type", b"").startswith(b"text/event-stream"):
            body = b"".join(line[5:] for line in body.splitlines() if line.startswith(b"data:"))
        return status, body, self._headers


class HttpClient:
    """A client of one Streamable HTTP endpoint: `async with HttpClient(url, modern=False) as client`."""

    def __init__(self, url: str, *, modern: bool) -> None:
        parts = urlsplit(url)
        self._port, self._path = parts.port or 80, parts.path
        self._modern = modern
        self._calls = Calls(modern)
        self._headers: dict[str, str] = dict(MODERN_HEADERS) if modern else {}

    async def __aenter__(self) -> HttpClient:
        """A modern client has no handshake; a legacy one has its session from here on."""
        if not self._modern:
            connection = await self._connect()
            status, body, headers = await connection.request(self._post(message("initialize", INITIALIZE, 1)))
            assert status == 200, body
            self._headers = {"mcp-protocol-version": "2025-11-25"}
            if session := headers.get(b"mcp-session-id"):
                self._headers["mcp-session-id"] = session.decode()
            status, body, _ = await connection.request(self._post(message("notifications/initialized", {})))
            assert status == 202, body
            status, body, _ = await connection.request(self._post(message("tools/list", {}, 2)))
            assert status == 200, body
            connection.transport.close()
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def measure(self, callers: int, seconds: float) -> Sample:
        """Closed loop: each of `callers` connections calls again as soon as it was answered."""
        connections = [await self._connect() for _ in range(callers)]
        await asyncio.gather(*(self._call(c, Sample(), count=20) for c in connections))
        sample, begun = Sample(warm_up=20 * callers), time.perf_counter()
        await asyncio.gather(*(self._call(c, sample, until=begun + seconds) for c in connections))
        sample.elapsed = time.perf_counter() - begun
        for connection in connections:
            connection.transport.close()
        return sample

    async def pace(self, per_second: float, seconds: float, callers: int = 16) -> Sample:
        """Open loop: calls come when they are due, whether or not those before were answered; a call that finds its
        connection busy has been waiting since it was due."""
        connections = [await self._connect() for _ in range(callers)]
        await asyncio.gather(*(self._call(c, Sample(), count=5) for c in connections))
        sample, begun = Sample(warm_up=5 * callers), time.perf_counter()
        due = [begun + number / per_second for number in range(int(per_second * seconds))]
        await asyncio.gather(*(self._call_at(c, sample, due[n::callers]) for n, c in enumerate(connections)))
        sample.elapsed = time.perf_counter() - begun
        for connection in connections:
            connection.transport.close()
        return sample

    async def call_times(self, count: int, callers: int = 16) -> None:
        """`count` calls in all, checked and not measured."""
        connections = [await self._connect() for _ in range(callers)]
        await asyncio.gather(*(self._call(c, Sample(), count=count // callers) for c in connections))
        for connection in connections:
            connection.transport.close()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(_Connection, "127.0.0.1", self._port))[1]

    def _head(self, size: int) -> bytes:
        headers = {
            "host": f"127.0.0.1:{self._port}",
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
            "content-length": str(size),
            **self._headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {self._path} HTTP/1.1\r\n{lines}\r\n".encode()

    def _post(self, body: bytes) -> bytes:
        return self._head(len(body)) + body

    async def _call(self, connection: _Connection, sample: Sample, *, until: float = 0, count: int = 0) -> None:
        head = self._head(self._calls.size)
        for done in itertools.count():
            if done >= count if count else time.perf_counter() >= until:
                return
            await self._one(connection, head, sample, time.perf_counter())

    async def _call_at(self, connection: _Connection, sample: Sample, due: list[float]) -> None:
        head = self._head(self._calls.size)
        for at in due:
            if (early := at - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            await self._one(connection, head, sample, at)

    async def _one(self, connection: _Connection, head: bytes, sample: Sample, since: float) -> None:
        number, body = self._calls.next()
        status, answer, _ = await connection.request(head + body)
        sample.latencies.append(time.perf_counter() - since)
        assert status == 200, answer
        assert Calls.check(answer) == number


class StdioClient:
    """A client that spawned its server: `with StdioClient(argv) as client`. It blocks: nothing else has to run here."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            argv,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        self.pid = self._process.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._rest = b""
        self._calls = Calls(modern=False)

    def __enter__(self) -> StdioClient:
        self._write(message("initialize", INITIALIZE, 1) + b"\n")
        assert b'"result"' in self._read()[0]
        self._write(message("notifications/initialized", {}) + b"\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            os.close(self._in)
        self._process.stdin = None
        end(self._process)

    def measure(self, in_flight: int, seconds: float) -> Sample:
        """Closed loop with `in_flight` calls under way: each answer is followed by the next request."""
        warm_up = Sample()
        self._loop(in_flight, warm_up, seconds / 5)
        sample, begun = Sample(warm_up=len(warm_up.latencies)), time.perf_counter()
        self._loop(in_flight, sample, seconds)
        sample.elapsed = time.perf_counter() - begun
        return sample

    def _loop(self, in_flight: int, sample: Sample, seconds: float) -> None:
        sent: dict[int, float] = {}
        until = time.perf_counter() + seconds
        self._send(in_flight, sent)
        while sent:
            answers = self._read()
            now = time.perf_counter()
            for answer in answers:
                sample.latencies.append(now - sent.pop(Calls.check(answer)))
            if now < until:
                self._send(len(answers), sent)

    def _send(self, count: int, sent: dict[int, float]) -> None:
        lines = bytearray()
        for _ in range(count):
            number, line = self._calls.next()
            lines += line + b"\n"
            sent[number] = time.perf_counter()
        self._write(bytes(lines))

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._in, data) :]

    def _read(self) -> list[bytes]:
        """At least one complete line."""
        while True:
            chunk = os.read(self._out, 1 << 18)
            assert chunk, "the server ended"
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            if lines:
                return lines
