"""The port between two processes of ours: `answer` on the engine's side, `RemotePort` on the screen's.

Messages are pickles behind their length. That is safe on this socket and on no other: it is one of a pair that was made
for the two, so nobody else can speak on it, and each is what the other has started.

Of the views goes over what has changed since the last ones.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import pickle
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeAlias

import anyio
from anyio.abc import TaskGroup

from inspector.core.commands import Command, CommandResult
from inspector.core.errors import InspectError
from inspector.core.views import Port, Views

_SIZE: Final = 8  # bytes of a message's length
_ROOM: Final = 1 << 20  # bytes that may lie unread
_PARTS: Final = tuple(field.name for field in dataclasses.fields(Views))
_ROWS: Final = "calls"  # never left out: they are those since a version that was asked for

_Change: TypeAlias = dict[str, Any]


class EngineGoneError(InspectError):
    """The engine's process has ended, or its end of the socket is closed."""

    exit_code = 1


class Asked(NamedTuple):
    """`what`: since which version views are wanted, a person's wish, or None when the answer is wanted no more."""

    number: int
    what: int | Command | None


class Answered(NamedTuple):
    number: int
    what: _Change | CommandResult | str  # str: why the port could not answer


class Channel:
    """Values in both directions, one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, value: object) -> None:
        """Into the buffer; `drained` waits until the other end has taken most of it."""
        self._writer.write(framed(value))

    async def drained(self) -> None:
        """Raises ConnectionError when there is nobody."""
        await self._writer.drain()

    async def receive(self) -> Any:
        """The next value; raises EOFError or ConnectionError when there is none to come."""
        size = int.from_bytes(await self._reader.readexactly(_SIZE))
        return pickle.loads(await self._reader.readexactly(size))  # noqa: S301 -- from our own other half

    def close(self) -> None:
        self._writer.close()


async def channel(link: socket.socket) -> Channel:
    """One end of a pair of sockets, which from now on is the channel's."""
    return Channel(*await asyncio.open_unix_connection(sock=link, limit=_ROOM))


def framed(value: object) -> bytes:
    """A message, as it goes over the socket."""
    said = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return len(said).to_bytes(_SIZE) + said


class RemotePort(Port):
    """Asks the other process. `gone`: it has ended, and every question raises EngineGoneError."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._views: Views | None = None
        self.gone = False

    async def listen(self) -> None:
        """Takes the answers; returns when none will come any more."""
        try:
            while True:
                self._take(await self._channel.receive())
        except (EOFError, ConnectionError):
            pass
        finally:
            self.gone = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(_gone())

    async def views(self, since: int) -> Views:
        views: Views = await self._answer(since)
        return views

    async def command(self, command: Command) -> CommandResult:
        answer: CommandResult = await self._answer(command)
        return answer

    async def _answer(self, what: int | Command) -> Any:
        if self.gone:
            raise _gone()
        number = next(self._numbers)
        self._waiting[number] = future = asyncio.get_running_loop().create_future()
        self._channel.send(Asked(number, what))
        try:
            return await future
        except asyncio.CancelledError:
            if not self.gone:
                self._channel.send(Asked(number, None))
            raise
        finally:
            del self._waiting[number]

    def _take(self, answered: Answered) -> None:
        # Views are of use even when nobody waits for them any more: the next ones say what has changed since.
        what = self._whole(answered.what) if isinstance(answered.what, dict) else answered.what
        future = self._waiting.get(answered.number)
        if future is None or future.done():
            return
        if isinstance(what, str):
            future.set_exception(InspectError(what))
        else:
            future.set_result(what)

    def _whole(self, change: _Change) -> Views:
        self._views = Views(**change) if self._views is None else dataclasses.replace(self._views, **change)
        return self._views


async def answer(port: Port, channel: Channel) -> None:
    """Do for the other end what it asks; returns when that is gone."""
    answering = _Answering(port, channel)
    try:
        async with anyio.create_task_group() as tasks:
            while True:
                await answering.take(await channel.receive(), tasks)
    except* (EOFError, ConnectionError):
        pass


class _Answering:
    def __init__(self, port: Port, channel: Channel) -> None:
        self._port = port
        self._channel = channel
        self._sent: Views | None = None
        self._wishes: dict[int, anyio.CancelScope] = {}

    async def take(self, asked: Asked, tasks: TaskGroup) -> None:
        match asked:
            case Asked(number, int(since)):
                await self._say(number, self._news, since)
            case Asked(number, None):
                if number in self._wishes:
                    self._wishes[number].cancel()
            case _:
                self._wishes[asked.number] = anyio.CancelScope()  # it may be taken back before it has begun
                tasks.start_soon(self._carry_out, asked)

    async def _carry_out(self, asked: Asked) -> None:
        with self._wishes[asked.number]:
            await self._say(asked.number, self._port.command, asked.what)
        del self._wishes[asked.number]

    async def _say(self, number: int, ask: Callable[[Any], Awaitable[Any]], what: object) -> None:
        try:
            said = await ask(what)
        except (OSError, InspectError) as error:
            said = str(error) or type(error).__name__
        self._channel.send(Answered(number, said))
        await self._channel.drained()

    async def _news(self, since: int) -> _Change:
        before, self._sent = self._sent, await self._port.views(since)
        parts = {name: getattr(self._sent, name) for name in _PARTS}
        if before is None:
            return parts
        return {name: part for name, part in parts.items() if name == _ROWS or part != getattr(before, name)}


def _gone() -> EngineGoneError:
    return EngineGoneError("the engine has ended")
