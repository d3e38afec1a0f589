"""The engine in a process of its own beside the screen: each has an interpreter, and neither waits for the other's.

    with EngineProcess() as process:                     # it loads while we load the screen
        async with process.started(settings) as port:    # what the screen asks
            ...

It ends when our end of their socket is closed, be it by our death, and ends its servers.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import IO, Final

from inspector.core.errors import InspectError
from inspector.core.printable import printable
from inspector.own_module import own_module
from inspector.port_socket import EngineGoneError, RemotePort, channel
from inspector.settings import Settings

ENDS_WITHIN: Final = 3.0  # seconds: it gives its servers two


class EngineProcess:
    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._begun = False
        # A file, since nobody reads a pipe while the screen is shown.
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the process
        with theirs:
            self._process = subprocess.Popen(
                [*own_module("inspector.served"), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                start_new_session=True,  # Ctrl+C and a closed terminal are the screen's to hear of
            )

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Has it end, and makes it after a while. What it said on stderr is said on ours."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        self._ours.close()
        if not self._begun or self._wait() is None:
            self._process.kill()
            self._process.wait()
        with self._stderr as said:
            said.seek(0)
            for line in said.read().decode(errors="replace").splitlines():
                print(printable(line), file=sys.stderr)

    @asynccontextmanager
    async def started(self, settings: Settings) -> AsyncIterator[RemotePort]:
        """A run with these settings, for as long as the block lasts. `listen` of its port returns when the engine ends.

        Raises:
            InspectError: why it does not begin.
        """
        link = await channel(self._ours)
        try:
            self._begun = True
            link.send(settings)
            said = await link.receive()
            if isinstance(said, InspectError):
                raise said
            yield RemotePort(link)
        except (EOFError, ConnectionError):
            raise EngineGoneError(f"the engine {self.how_it_ended() or 'has ended'} before it began") from None
        finally:
            link.close()

    def how_it_ended(self) -> str:
        """By itself, in words; "" when somebody ended it as one should. Waits for it."""
        match self._wait():
            case None:
                return "has closed its socket and lives on"
            case 0:
                return ""
            case code if code > 0:
                return f"has failed with exit code {code}"
            case code:
                return f"was ended by {signal.Signals(-code).name}"

    def _wait(self) -> int | None:
        """Its exit code; None when it does not end in time."""
        try:
            return self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            return None
