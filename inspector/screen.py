"""A run with its screen: the store and the port between engine and app. Imported only when there is a screen."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final

import anyio

from inspector.core.errors import ConfigError
from inspector.live_port import LivePort
from inspector.record.reader import Recording
from inspector.recorded_port import RecordedPort
from inspector.settings import Settings
from inspector.store import Store
from inspector.ui.app import InspectApp
from inspector.ui.archive_listing import ArchiveSource
from inspector.wiring import SIGNALS, engine, listening, scripted_agents, start_policy

SWITCH: Final = 0.0005  # seconds


async def show(settings: Settings) -> int:
    """The app over a live engine. Returns the exit code."""
    store = Store()
    async with engine(settings, store.fold) as made:
        store.recording = str(made.recorder.path)
        start_policy(made)
        made.attend(True)
        made.tasks.start_soon(made.policy_file.watch)
        async with listening(made) as endpoint:
            port = LivePort(
                store=store,
                driver=made.driver,
                policy_file=made.policy_file,
                endpoint=lambda: endpoint,
                recording=lambda: Recording.open(made.recorder.path),
                clock=time.time,
                shut_down=lambda: made.driver.close_holds("the inspector was closed"),
            )
            app = InspectApp(port, token_mask=settings.token)
            async with scripted_agents(made, endpoint):
                return await _run_app(app)


async def show_recording(path: Path) -> int:
    """The app over a recording, read-only. Returns the exit code.

    Raises:
        ConfigError: the file is no recording that can be read.
    """
    # Each row that the screen reads gives the interpreter away; what works beside it must not keep it for long then.
    sys.setswitchinterval(SWITCH)
    port = RecordedPort(path)
    try:
        app = InspectApp(port, source=ArchiveSource(port.archive), clock=lambda: port.now)

        async def load_rest() -> None:
            try:
                await port.load_rest()
            except ConfigError as error:  # what is shown already stays
                app.say(str(error), wrong=True)

        return await _run_app(app, load_rest)
    finally:
        port.close()


async def _run_app(app: InspectApp, *beside: Callable[[], Coroutine[None, None, None]]) -> int:
    async with anyio.create_task_group() as tasks:

        async def end_on_signal() -> None:
            # Ctrl+C arrives as a key: only the signals that other programs send end the app.
            with anyio.open_signal_receiver(*(s for s in SIGNALS if s is not signal.SIGINT)) as signals:
                async for _ in signals:
                    app.exit()

        tasks.start_soon(end_on_signal)
        for task in beside:
            tasks.start_soon(task)
        await app.run_async()
        tasks.cancel_scope.cancel()
    return app.return_code or 0
