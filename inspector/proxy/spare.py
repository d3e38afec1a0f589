"""A process that waits, started and untouched, for the first client: whatever its era, it has said nothing yet."""

from __future__ import annotations

import anyio

from inspector.proxy.process import Death, Listener, ServerProcess

_EARLY = 100  # lines that a server says before it is asked anything


class Spare:
    """Its Listener, until somebody takes it."""

    def __init__(self) -> None:
        self.process: ServerProcess | None = None  # None: still being started, or it could not be
        self.settled = anyio.Event()  # it is known which
        self._said: list[bytes] = []

    def take(self, listener: Listener) -> ServerProcess | None:
        """The process, with what it has said so far; None when there is none to take."""
        process = self.process
        if process is None or process.death is not None or process.ending:
            return None
        process.hand_to(listener)
        for raw in self._said:
            listener.heard(raw)
        return process

    def heard(self, raw: bytes) -> None:
        if len(self._said) < _EARLY:
            self._said.append(raw)

    async def caught_up(self) -> None:
        """Nobody is behind it yet."""

    def lost(self, death: Death) -> None:
        """Its upstream learns it from the process itself."""
