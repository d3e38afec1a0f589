"""One stdio client: its bytes in, strictly read; its frames out; and how it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import sys
from typing import cast

import anyio

from inspector.proxy.line_writer import LineWriter
from inspector.proxy.links import ClientSide, Connection, Headers, Hub
from inspector.wire.framing import CLIENT_LINE, Broken, BrokenLine, LineReader
from inspector.wire.jsonrpc import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, BadFrame, Kind, parse_client
from inspector.wire.mcp import rpc_error

_WINDOW = 64 << 10  # bytes read before we look whether the upstream keeps up
_LAST_WORDS = 1.0  # seconds without an answer after which a client that closed its stdin is let go
_GLANCE = 2.0  # seconds between two looks whether a client that has to wait is still there
_FLUSH = 1.0  # seconds for the last bytes to leave


class StdioClient(asyncio.Protocol):
    """A client's two byte streams (one socket, or stdin and stdout), its Route and its Connection.

    `connect`, `served` and `close` are called in this order, by one task.
    """

    def __init__(self, hub: Hub, *, two_pipes: bool = False) -> None:
        self._hub = hub
        self._two_pipes = two_pipes  # stdin and stdout: each ends by itself
        self._upstream = ""
        self._connection: Connection | None = None
        self._lines = LineReader(CLIENT_LINE)
        self._held_back = bytearray()  # came before the connection was there
        self._unchecked = 0
        self._changed = asyncio.Event()  # the task has something to look at
        self._reading: asyncio.Transport | None = None
        self._writing: LineWriter | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._let_go = asyncio.Event()  # everything written has left, or never will
        self._ended = False  # it sends no more
        self._gone = False  # it reads no more
        self._in_flight = 0
        self._answers = 0

    # -- the loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._reading = cast("asyncio.Transport", transport)
        if not self._two_pipes:
            self._writing = LineWriter(self._reading)

    def writing_side(self) -> asyncio.BaseProtocol:
        return _WritingSide(self)

    def answer_through(self, transport: asyncio.WriteTransport) -> None:
        self._writing = LineWriter(transport)

    def data_received(self, data: bytes) -> None:
        if self._connection is None:
            self._held_back += data
            if len(self._held_back) > _WINDOW:
                self._pause()
            self._look()
        else:
            self._feed(self._connection, data)

    def eof_received(self) -> bool:
        self._ended = True
        if not self._two_pipes and _hung_up(self.socket()):
            self._gone = True
        self._look()
        return True  # what it asked last may still be answered

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        if not self._two_pipes:
            self.reader_gone()
        self._look()

    def reader_gone(self) -> None:
        self._gone = True
        self._writable.set()
        self._let_go.set()
        self._look()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def socket(self) -> socket.socket:
        assert self._reading is not None  # noqa: S101 - only asked of a client that has sent something
        peer: socket.socket = self._reading.get_extra_info("socket")
        return peer

    @property
    def unread(self) -> bytes:
        """What came before it was connected and was not taken by `first_line`."""
        return bytes(self._held_back)

    @property
    def has_left(self) -> bool:
        return self._ended

    # -- from the client

    def _feed(self, connection: Connection, data: bytes) -> None:
        for line in self._lines.feed(data):
            if isinstance(line, Broken):
                self._broken(line)
                continue
            frame = parse_client(line)
            if isinstance(frame, BadFrame):
                self._refuse(frame)
                continue
            if frame.kind is Kind.REQUEST:
                self._in_flight += 1
            elif frame.method == "notifications/cancelled":
                self._in_flight = max(0, self._in_flight - 1)  # it may never be answered
            connection.receive(frame, self)
        self._unchecked += len(data)
        if self._unchecked >= _WINDOW:
            self._pause()
            self._look()

    def _broken(self, line: Broken) -> None:
        if line.why is BrokenLine.TOO_LONG:
            self._refuse(BadFrame(line.raw, INVALID_REQUEST, "a message of more than 4 MiB"))
            self._ended = True
            self._in_flight = 0
            self._look()
        else:
            self._refuse(BadFrame(line.raw, PARSE_ERROR, str(line.why)))

    def _refuse(self, bad: BadFrame) -> None:
        connection = self._connection.id if self._connection else ""
        self._hub.rejected(bad, connection=connection, upstream=self._upstream)
        # A `tools/call` without an id is a notification, however bad its params are: recorded, not answered.
        if not (bad.code == INVALID_PARAMS and bad.id is None):
            self.write(rpc_error(bad.id, bad.code, bad.reason))

    def _pause(self) -> None:
        if self._reading is not None:
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                self._reading.pause_reading()

    def _look(self) -> None:
        self._changed.set()

    # -- to the client (Route)

    def write(self, raw: bytes) -> None:
        if self._writing is not None and not self._gone:
            self._writing.write(raw)

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None:
        self.write(raw)
        self._answers += 1
        if final:
            self._in_flight = max(0, self._in_flight - 1)
            if self._ended:
                self._look()

    def head(self, status: int, headers: Headers) -> None:
        """HTTP only."""

    def event(self, fields: tuple[bytes, ...]) -> None:
        """HTTP only."""

    def plain(self, status: int, headers: Headers, body: bytes) -> None:
        """HTTP only."""

    def hold(self) -> None:
        """A pipe stays open by itself."""

    def end(self) -> None:
        """One request's end is not the pipe's."""

    async def ready(self) -> None:
        if self._writing is not None:
            self._writing.flush()
        if not self._writable.is_set():
            await self._writable.wait()

    # -- its life, in one task

    async def first_line(self, limit: int) -> bytes | None:
        """What comes before the first LF; None when nothing does, or more than `limit` bytes do."""
        while (end := self._held_back.find(b"\n")) < 0:
            if len(self._held_back) > limit or self._ended:
                return None
            self._resume()
            await self._next_change()
        if end > limit:
            return None
        line = bytes(self._held_back[:end])
        del self._held_back[: end + 1]
        return line

    async def connect(self, upstream: str, grant: str, side: ClientSide, welcome: bytes | None) -> None:
        """Become a client of `upstream`; `welcome` is the line that says so.

        Raises:
            UpstreamError: the server cannot be started.
        """
        connection = await self._hub.connect(upstream, transport="stdio", grant=grant, client=side)
        self._upstream = upstream
        if welcome is not None:
            self.write(welcome)
        self._connection = connection
        connection.open_stream(self, None)
        early = bytes(self._held_back)
        self._held_back.clear()
        if early:
            self._feed(connection, early)

    async def served(self) -> None:
        """Returns when the client has left and what it still waited for has come, or stays away."""
        while not self._ended and not self._gone:
            await self._room()
            self._unchecked = 0
            self._resume()
            await self._next_change()
        # Its stdin is closed: by MCP's stdio transport it is leaving, but a script may only have said all it had to.
        while self._in_flight and not self._gone:
            before = self._answers
            with anyio.move_on_after(_LAST_WORDS) as silence:
                await self._next_change()
            if silence.cancelled_caught and self._answers == before:
                break

    async def _room(self) -> None:
        """Returns when both sides can take more, or the client has vanished: not being read, it cannot tell us."""
        while not self._gone:
            with anyio.move_on_after(_GLANCE) as waiting:
                if self._connection is not None:
                    await self._connection.ready()
                await self.ready()  # our own answers to what we refuse
            if not waiting.cancelled_caught:
                return
            if not self._two_pipes and _hung_up(self.socket()):
                self.drop()

    async def close(self) -> None:
        """Tell the driver, then let go of both streams. What the server says at its end is still delivered."""
        with anyio.CancelScope(shield=True):
            if self._connection is not None:
                await self._connection.close()
            for transport in (self._writing, self._reading):
                if transport is not None:
                    transport.close()
            with anyio.move_on_after(_FLUSH):
                await self._let_go.wait()
        self._gone = True

    def drop(self) -> None:
        """End it from our side; its task does the rest."""
        self._ended = self._gone = True
        self._look()

    def _resume(self) -> None:
        if self._reading is not None:
            with contextlib.suppress(RuntimeError):
                self._reading.resume_reading()

    async def _next_change(self) -> None:
        await self._changed.wait()
        self._changed.clear()


def _hung_up(peer: socket.socket) -> bool:
    """Has the peer closed its whole socket, rather than said that it sends no more? Only Linux tells them apart."""
    if sys.platform != "linux":
        return False
    poll = select.poll()
    poll.register(peer.fileno(), 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


class _WritingSide(asyncio.BaseProtocol):
    """stdout is a transport of its own: its congestion and its end are the client's."""

    def __init__(self, client: StdioClient) -> None:
        self._client = client

    def pause_writing(self) -> None:
        self._client.pause_writing()

    def resume_writing(self) -> None:
        self._client.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.reader_gone()
