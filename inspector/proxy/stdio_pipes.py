"""This process's own stdin and stdout, taken out of everybody else's reach, as pipes that an event loop can serve."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

import anyio

_CHUNK = 64 << 10


@asynccontextmanager
async def own_pipes(stdin: int, stdout: int) -> AsyncIterator[tuple[BinaryIO, BinaryIO]]:
    """Inside, file descriptor `stdin` reads nothing and `stdout` leads to stderr; both are restored at the end.

    What no event loop can wait for (a regular file, /dev/null: uvloop aborts the process there) is copied by a thread.
    """
    private_in, private_out = os.dup(stdin), os.dup(stdout)
    blocking = os.get_blocking(private_in), os.get_blocking(private_out)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123, ASYNC230 - a device, not a path of anybody's
        os.dup2(nothing.fileno(), stdin)
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), stdout)
    copies: list[threading.Thread] = []
    reader = os.fdopen(_copied_in(private_in), "rb", 0)
    writer = os.fdopen(_copied_out(private_out, copies), "wb", 0)
    try:
        yield reader, writer
    finally:
        reader.close()
        writer.close()
        for copy in copies:
            await anyio.to_thread.run_sync(copy.join, 1.0)
        # A terminal's descriptors are shared with the shell, which expects them as they were.
        for fd, private, mode in ((stdin, private_in, blocking[0]), (stdout, private_out, blocking[1])):
            os.set_blocking(private, mode)
            os.dup2(private, fd)
            os.close(private)


def _waitable(fd: int) -> bool:
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)


def _copied_in(fd: int) -> int:
    if _waitable(fd):
        return os.dup(fd)
    reading, writing = os.pipe()
    _copy(fd, writing, writing)
    return reading


def _copied_out(fd: int, copies: list[threading.Thread]) -> int:
    if _waitable(fd):
        return os.dup(fd)
    reading, writing = os.pipe()
    copies.append(_copy(reading, fd, reading))
    return writing


def _copy(source: int, target: int, pipe: int) -> threading.Thread:
    """`pipe` is the one of the two that is ours to close."""

    def run() -> None:
        try:
            while data := os.read(source, _CHUNK):
                view = memoryview(data)
                while view:
                    view = view[os.write(target, view) :]
        except OSError:
            pass  # the other side is gone
        finally:
            os.close(pipe)

    thread = threading.Thread(target=run, daemon=True, name="stdio copy")
    thread.start()
    return thread
