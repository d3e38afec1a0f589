"""One server process, spoken to by lines: started, read, written, watched, ended with its whole group.

Callbacks of the event loop's protocols do the work at once; there is no task per message. A task runs only where
something has to be waited for: after every 64 KiB (is the client keeping up?) and at the process's end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import anyio
import orjson
from anyio.abc import TaskGroup

from inspector.core.errors import UpstreamError
from inspector.core.events import Direction, Event, FrameRejected, StderrLine, UpstreamChanged, UpstreamState
from inspector.proxy.line_writer import LineWriter
from inspector.proxy.watchdog import Watchdog
from inspector.wire.framing import UPSTREAM_LINE, Broken, BrokenLine, LineReader
from inspector.wire.jsonrpc import INVALID_REQUEST, PARSE_ERROR, BadFrame, parse_upstream

_WINDOW = 64 << 10  # bytes read before we look whether the reader of them keeps up
_STDERR_LINE = 8 << 10  # longer lines arrive in pieces
_TAIL = 5  # stderr lines that the message about a dead server quotes

_CLOSE_GRACE = 0.9  # seconds from closed stdin to SIGTERM
_TERM_GRACE = 0.4  # … to SIGKILL
_KILL_GRACE = 0.2  # … to giving up on it: 1.5 s in all
_DRAIN_GRACE = 0.5  # a grandchild may hold the dead server's pipes open


@dataclass(frozen=True, slots=True)
class Launch:
    """What is started, and where."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str | None


@dataclass(frozen=True, slots=True)
class Host:
    """Whom a process belongs to."""

    name: str  # of the upstream
    emit: Callable[[Event], None]
    now: Callable[[], float]  # Unix seconds
    tasks: TaskGroup
    watchdog: Watchdog

    def reject(self, code: int, reason: str, raw: bytes) -> None:
        """Report something of its stdout that goes no further."""
        self.emit(FrameRejected(self.now(), "", self.name, Direction.FROM_UPSTREAM, code, reason, raw[:4096]))


@dataclass(frozen=True, slots=True)
class Death:
    code: int | None  # negative: the signal that ended it
    why: str  # one line, fit to be shown


class Listener(Protocol):
    """Who reads the process's stdout."""

    def heard(self, raw: bytes) -> None:
        """A line that holds a JSON object."""
        ...

    def lost(self, death: Death) -> None:
        """The process ended by itself; everything that it wrote has been heard."""
        ...

    async def caught_up(self) -> None:
        """Returns when more can be taken."""
        ...


class Deaf:
    """A Listener for a process that is on its way out."""

    def heard(self, raw: bytes) -> None: ...

    def lost(self, death: Death) -> None: ...

    async def caught_up(self) -> None: ...


class _Pipe(asyncio.Protocol):
    """The loop's protocol for one of the three pipes, as callables."""

    def __init__(self, data: Callable[[bytes], None], lost: Callable[[], None], full: Callable[[bool], None]) -> None:
        self._data, self._lost, self._full = data, lost, full

    def data_received(self, data: bytes) -> None:
        self._data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()

    def pause_writing(self) -> None:
        self._full(True)

    def resume_writing(self) -> None:
        self._full(False)


class ServerProcess(asyncio.SubprocessProtocol):
    """Made by `start`; ends by itself or through `end`, after which `gone` was called exactly once: it answers when
    another one may be started (Unix seconds), None for at once."""

    def __init__(self, host: Host, listener: Listener, gone: Callable[[ServerProcess, Death], float | None]) -> None:
        self.pid = 0
        self.ending = False  # we asked for it
        self.death: Death | None = None
        self._host, self._listener, self._gone = host, listener, gone
        self._context = copy_context()
        self._reader = LineReader(UPSTREAM_LINE)
        self._unchecked = 0
        self._paused = False
        self._answered = False
        self._stderr_rest = b""
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._burying = False
        self._code: int | None = None
        self._exited = asyncio.Event()
        self._buried = asyncio.Event()
        self._open_pipes = 2  # stdout and stderr
        self._drained = asyncio.Event()
        self._stdin: LineWriter | None = None
        self._outputs: list[asyncio.ReadTransport] = []
        self._writable = asyncio.Event()
        self._writable.set()

    async def start(self, launch: Launch) -> None:
        """Start it.

        Raises:
            UpstreamError: there is no such command or folder, or it may not be run.
        """
        loop = asyncio.get_running_loop()
        # Real pipes: the loops' own helper makes sockets, and a server that opens /dev/stdin fails on those.
        child_in, our_in = os.pipe()
        our_out, child_out = os.pipe()
        our_err, child_err = os.pipe()
        try:
            with anyio.CancelScope(shield=True):
                await loop.subprocess_exec(
                    lambda: self,
                    *launch.argv,
                    stdin=child_in,
                    stdout=child_out,
                    stderr=child_err,
                    env=launch.env,
                    cwd=launch.cwd,
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:
            for fd in (our_in, our_out, our_err):
                os.close(fd)
            raise self._cannot_start(launch, error) from None
        finally:
            for fd in (child_in, child_out, child_err):
                os.close(fd)
        with anyio.CancelScope(shield=True):
            await self._connect(loop, our_in, our_out, our_err)
        self._changed(UpstreamState.STARTING, " ".join(launch.argv))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not what `subprocess_exec` returns: a process that dies at once has exited before that does.
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()

    async def _connect(self, loop: asyncio.AbstractEventLoop, our_in: int, our_out: int, our_err: int) -> None:
        with contextlib.suppress(OSError):  # worse protected, but running
            self._host.watchdog.guard(self.pid)
        ignore = _nothing
        stdin, _ = await loop.connect_write_pipe(
            lambda: _Pipe(ignore, self._stdin_lost, self._congested), os.fdopen(our_in, "wb", 0)
        )
        self._stdin = LineWriter(stdin)
        for receive, fd in ((self._stdout, our_out), (self._stderr, our_err)):
            protocol = _Pipe(receive, self._pipe_lost, ignore)
            transport, _ = await loop.connect_read_pipe(lambda p=protocol: p, os.fdopen(fd, "rb", 0))  # type: ignore[misc]
            self._outputs.append(transport)

    def _cannot_start(self, launch: Launch, error: Exception) -> UpstreamError:
        command, reason = launch.argv[0], getattr(error, "strerror", None) or str(error)
        if launch.cwd is not None and not Path(launch.cwd).is_dir():
            why = f"{self._host.name}: cannot start {command!r}: there is no folder {launch.cwd!r}"
        elif isinstance(error, FileNotFoundError):
            why = f"{self._host.name}: cannot start {command!r}: no such command; is it installed, and on the PATH?"
        else:
            why = f"{self._host.name}: cannot start {command!r}: {reason}"
        self._changed(UpstreamState.FAILED, why)
        return UpstreamError(why)

    # -- towards it

    def hand_to(self, listener: Listener) -> None:
        """Somebody else listens from now on."""
        self._listener = listener

    def write(self, line: bytes) -> None:
        """One message; `line` is free of CR and LF. Never waits; a process that is gone hears nothing."""
        if self._stdin is not None:
            self._stdin.write(line)

    async def ready(self) -> None:
        """Returns when it has taken most of what was written."""
        if self._stdin is not None:
            self._stdin.flush()
        if not self._writable.is_set():
            await self._writable.wait()

    def _congested(self, full: bool) -> None:
        if full:
            self._writable.clear()
        else:
            self._writable.set()

    def _stdin_lost(self) -> None:
        self._stdin = None
        self._writable.set()

    # -- from it

    def _stdout(self, chunk: bytes) -> None:
        for line in self._reader.feed(chunk):
            if isinstance(line, Broken):
                self._broken(line)
            elif _is_object(line):
                if not self._answered:
                    self._answered = True
                    self._changed(UpstreamState.READY, "")
                self._listener.heard(line)
            elif isinstance(bad := parse_upstream(line), BadFrame):
                self._host.reject(bad.code, f"not a message, and it corrupts the stream: {bad.reason}", line)
            else:
                self._listener.heard(line)
        self._unchecked += len(chunk)
        # The first of it may come before the pipe's transport is known here.
        if self._unchecked >= _WINDOW and self._outputs and not self._paused and not self._exited.is_set():
            self._paused = True
            self._outputs[0].pause_reading()
            self._host.tasks.start_soon(self._let_through)

    async def _let_through(self) -> None:
        await self._listener.caught_up()
        self._unchecked, self._paused = 0, False
        with contextlib.suppress(RuntimeError):  # closed meanwhile
            self._outputs[0].resume_reading()

    def _broken(self, line: Broken) -> None:
        if line.why is BrokenLine.TOO_LONG:
            self._host.reject(INVALID_REQUEST, "a line of more than 16 MiB; the server is ended", line.raw)
            self._tail.append("(sent a line of more than 16 MiB)")
            self._signal(signal.SIGKILL)
        else:
            self._host.reject(PARSE_ERROR, f"not a message, and it corrupts the stream: {line.why}", line.raw)

    def _stderr(self, chunk: bytes) -> None:
        *lines, rest = (self._stderr_rest + chunk).split(b"\n")
        while len(rest) > _STDERR_LINE:
            lines.append(rest[:_STDERR_LINE])
            rest = rest[_STDERR_LINE:]
        self._stderr_rest = rest
        for line in lines:
            for start in range(0, len(line) or 1, _STDERR_LINE):
                self._complaint(line[start : start + _STDERR_LINE])

    def _complaint(self, line: bytes) -> None:
        text = line.removesuffix(b"\r").decode(errors="replace")
        if text.strip():
            self._tail.append(text.strip()[:200])
        self._host.emit(StderrLine(self._host.now(), self._host.name, text))

    # -- its end

    def process_exited(self) -> None:
        self._code = self._transport.get_returncode()
        self._exited.set()
        # asyncio's child watcher calls from a thread's empty context, in which anyio does not know its event loop.
        self._context.run(self._bury_soon)

    def _pipe_lost(self) -> None:
        self._open_pipes -= 1
        if self._open_pipes == 0:
            if self._stderr_rest:
                self._complaint(self._stderr_rest)
            self._drained.set()
            self._bury_soon()

    def _bury_soon(self) -> None:
        if not self._burying:
            self._burying = True
            self._host.tasks.start_soon(self._bury)

    async def _bury(self) -> None:
        # Closed pipes and no exit: it cannot answer any more, so it is ended.
        with anyio.move_on_after(_CLOSE_GRACE):
            await self._exited.wait()
        if not self._exited.is_set():
            self._signal(signal.SIGKILL)
            await self._exited.wait()
        # What it wrote before it ended is still in the pipes, more of it than fits when the client is slow.
        while not self._drained.is_set():
            with anyio.move_on_after(_DRAIN_GRACE):
                await self._drained.wait()
            if not self._paused:
                break
        self._finish()

    def _finish(self) -> None:
        if self._buried.is_set():
            return
        # Members that outlived the first process keep the group's number from being given to anybody else.
        self._signal(signal.SIGKILL)
        self._host.watchdog.release(self.pid)
        for transport in (self._stdin, *self._outputs, self._transport):
            if transport is not None:
                transport.close()
        self._stdin = None
        self.death = death = Death(self._code, self._epitaph())
        self._buried.set()
        retry_at = self._gone(self, death)
        self._changed(UpstreamState.EXITED, "closed" if self.ending else death.why, self._code, retry_at)
        if not self.ending:
            self._listener.lost(death)

    def _epitaph(self) -> str:
        match self._code:
            case None:
                how = "ended"
            case code if code < 0:
                how = f"was ended by {_signal_name(-code)}"
            case code:
                how = f"exited with code {code}"
        tail = f"; last stderr lines: {' | '.join(self._tail)}" if self._tail else ""
        return f"{self._host.name} {how}{tail}"

    async def end(self) -> None:
        """Close its stdin, then ask, then force: at most 1.5 s. What it still says in that time is heard."""
        self.ending = True
        with anyio.CancelScope(shield=True):
            if self._stdin is not None:
                self._stdin.close()
            for grace, then in ((_CLOSE_GRACE, signal.SIGTERM), (_TERM_GRACE, signal.SIGKILL), (_KILL_GRACE, None)):
                with anyio.move_on_after(grace):
                    await self._buried.wait()
                    return
                if then is not None:
                    self._signal(then)
            self._finish()

    def _signal(self, number: signal.Signals) -> None:
        if not self.pid:  # 0 would be our own group
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _changed(
        self, state: UpstreamState, detail: str, code: int | None = None, retry_at: float | None = None
    ) -> None:
        host = self._host
        asked = state is UpstreamState.EXITED and self.ending
        host.emit(UpstreamChanged(host.now(), host.name, state, detail, self.pid or None, code, asked, retry_at))


def _nothing(_: object) -> None:
    return None


def _is_object(line: bytes) -> bool:
    """A quick yes; a no is looked at again by the parser that decides, which takes more than orjson does."""
    try:
        return type(orjson.loads(line)) is dict
    except orjson.JSONDecodeError:
        return False


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
