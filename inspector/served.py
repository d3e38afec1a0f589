"""The engine's process: what `engine_process.py` starts, and where the screen's questions are answered."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
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
    os.set_inheritable(handle, False)  # by our servers
    with socket.socket(fileno=handle) as link:
        try:
            on_a_loop(_serve, link.dup())
        except InspectError as error:
            link.setblocking(True)
            link.sendall(framed(error))
    # All is closed and written. A thread that still imports would hold up the end by a second or two.
    sys.stderr.flush()
    os._exit(0)


async def _serve(link: socket.socket) -> int:
    screen = await channel(link)
    try:
        settings: Settings = await screen.receive()
    except (EOFError, ConnectionError):  # given up before it began
        return 0
    attended = anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_end_on_signal, attended.cancel)
        async with live(settings, shut_down=attended.cancel) as port:
            screen.send(None)
            spare_the_collector()
            with attended:
                await answer(port, screen)
        tasks.cancel_scope.cancel()
    return 0


async def _end_on_signal(end: Callable[[], None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            end()


@asynccontextmanager
async def live(settings: Settings, shut_down: Callable[[], None]) -> AsyncIterator[LivePort]:
    """A run that serves clients, and its port. Raises InspectError: why it does not begin.

    `shut_down`: called when a person wants it to end; held calls have their answer then.
    """

    def close() -> None:
        made.driver.close_holds("the inspector was closed")
        shut_down()

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
                shut_down=close,
                accept_tools=made.accept_tools,
                recordings=lambda: shelf.entries({live.run for live in runs.live()}),
            )


if __name__ == "__main__":
    main(int(sys.argv[1]))
