"""The engine's process: what `engine_process.py` starts, and where the screen's questions are answered."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from inspector import runs
from inspector.core.errors import InspectError
from inspector.live_port import LivePort
from inspector.port_socket import answer, channel, framed
from inspector.record.reader import Recording
from inspector.record.shelf import Shelf
from inspector.running import on_a_loop
from inspector.settings import Settings
from inspector.store import Store
from inspector.wiring import engine, listening, scripted_agents, spare_the_collector, start_policy


def main(handle: int) -> None:
    """`handle`: of the socket to the screen. Its first message is `Settings`; our first one None, or why not."""
    with socket.socket(fileno=handle) as link:
        try:
            on_a_loop(_serve, link.dup())
        except InspectError as error:
            link.setblocking(True)
            link.sendall(framed(error))


async def _serve(link: socket.socket) -> int:
    screen = await channel(link)
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with anyio.create_task_group() as tasks:

            async def end_on_signal() -> None:
                async for _ in signals:
                    tasks.cancel_scope.cancel()

            tasks.start_soon(end_on_signal)
            try:
                settings: Settings = await screen.receive()
            except (EOFError, ConnectionError):  # given up before it began
                return 0
            async with live(settings) as port:
                screen.send(None)
                spare_the_collector()
                await answer(port, screen)
            tasks.cancel_scope.cancel()
    return 0


@asynccontextmanager
async def live(settings: Settings) -> AsyncIterator[LivePort]:
    """A run that serves clients, and its port. Raises InspectError: why it does not begin."""
    store = Store()
    async with engine(settings, store.fold) as made:
        store.recording = str(made.recorder.path)
        shelf = Shelf(made.recorder.path.parent, time.monotonic)
        start_policy(made)
        made.attend(True)
        made.tasks.start_soon(made.policy_file.watch)
        async with listening(made) as endpoint, scripted_agents(made, endpoint):
            yield LivePort(
                store=store,
                driver=made.driver,
                policy_file=made.policy_file,
                endpoint=lambda: endpoint,
                recording=lambda: Recording.open(made.recorder.path),
                clock=time.time,
                shut_down=lambda: made.driver.close_holds("the inspector was closed"),
                accept_tools=made.accept_tools,
                recordings=lambda: shelf.entries({live.run for live in runs.live()}),
            )
