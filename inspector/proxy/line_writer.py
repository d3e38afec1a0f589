"""Lines out: those of one turn of the event loop leave in one write, since each write may wake the reader."""

from __future__ import annotations

import asyncio


class LineWriter:
    """Lines for a transport, which keeps its own account of congestion."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._lines: list[bytes] = []

    def write(self, line: bytes) -> None:
        """`line` without its LF."""
        if not self._lines:
            self._loop.call_soon(self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines and not self._transport.is_closing():
            self._transport.write(b"\n".join([*lines, b""]))

    def close(self) -> None:
        """What was written still leaves."""
        self.flush()
        self._transport.close()
