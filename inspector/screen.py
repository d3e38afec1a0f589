"""The screen of a run, beside the engine's process, or of a recording. Imported only when there is a screen."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import anyio

from inspector import paths
from inspector.config_file import read_files
from inspector.core.errors import ConfigError, UsageError
from inspector.engine_process import EngineProcess
from inspector.port_socket import EngineGoneError
from inspector.running import SIGNALS, on_a_loop
from inspector.settings import Settings
from inspector.ui import theme, themed
from inspector.ui.app import InspectApp
from inspector.ui.preferences import AUTO, Preferences, read
from inspector.ui.terminal import refuse_poor_terminal
from inspector.ui.visiting import Opened

SWITCH: Final = 0.0005  # seconds


def show(settings: Settings, process: EngineProcess) -> int:
    """The app over a live engine. Returns the exit code."""
    return on_a_loop(_show, settings, process)


async def _show(settings: Settings, process: EngineProcess) -> int:
    preferences = _preferences(settings.theme)  # first of all: what is wrong with them is said before anything begins
    async with process.started(settings) as port:
        app = InspectApp(
            port,
            token_mask=settings.token,
            open_recording=opened,
            preferences=preferences,
            theme_folders=_theme_folders(),
            awaits_clients=not settings.demo,
        )

        async def follow_engine() -> None:
            await port.listen()
            app.exit()  # without it there is nothing to show, and nothing is forwarded

        code = await _run_app(app, follow_engine)
        if port.gone and (how := process.how_it_ended()):
            recording = app.board.views.run.recording
            raise EngineGoneError(f"the engine {how}, and the run has ended with it.\nIts recording is {recording}")
        return code


def show_recording(path: Path, theme_wanted: str = "") -> int:
    """The app over a recording, read-only, in the wanted theme or that of the settings. Returns the exit code.

    Raises:
        ConfigError: the file is no recording that can be read.
        UsageError: there is no such theme.
    """
    return on_a_loop(_show_recording, path, theme_wanted)


async def _show_recording(path: Path, theme_wanted: str) -> int:
    preferences = _preferences(theme_wanted)
    said: list[Callable[[str], None]] = []
    async with opened(str(path), lambda why: [say(why) for say in said]) as found:
        app = InspectApp(
            found.port,
            source=found.source,
            clock=found.clock,
            preferences=preferences,
            theme_folders=_theme_folders(),
        )
        said.append(lambda why: app.say(why, wrong=True))
        return await _run_app(app)


@asynccontextmanager
async def opened(path: str, failed: Callable[[str], object]) -> AsyncIterator[Opened]:
    """A recording behind a port: its newest calls at once, then the rest; `failed` hears why, if that does not come.

    Raises:
        ConfigError: the file is no recording that can be read.
    """
    from inspector.recorded_port import RecordedPort
    from inspector.ui.archive_listing import ArchiveSource  # a live run may never want them

    port = RecordedPort(Path(path))

    async def load_rest() -> None:
        try:
            await port.load_rest()
        except ConfigError as error:  # what is shown already stays
            failed(str(error))

    # Each row that the screen reads gives the interpreter away; what works beside it must not keep it for long then.
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(load_rest)
            yield Opened(port, ArchiveSource(port.archive), lambda: port.now)
            tasks.cancel_scope.cancel()
    finally:
        sys.setswitchinterval(usual)
        port.close()


def _theme_folders() -> tuple[Path, ...]:
    """Ours, then the person's own, whose themes win."""
    return theme.directory(), paths.config_dir() / "themes"


def _preferences(theme_wanted: str) -> Preferences:
    """What `[ui]` and `[keys]` say, with the theme of the command line where it names one.

    Raises:
        ConfigError: every mistake in the files.
        UsageError: there is no such theme.
    """
    if theme_wanted and theme_wanted not in (known := sorted({*themed.names(_theme_folders()), AUTO})):
        raise UsageError(f"--theme: there is no {theme_wanted!r}.\nThere are {', '.join(known)}.")
    files = read_files(paths.config_dir(), Path.cwd())

    def check_keys(keymap: Mapping[str, str], from_project: Collection[str]) -> Iterable[tuple[str, str]]:
        if not keymap:
            return ()
        from inspector.ui.keymap import problems  # it imports every screen there is

        return problems(keymap, from_project)

    found = read(files, lambda: themed.names(_theme_folders()), check_keys)
    return replace(found, theme=theme_wanted) if theme_wanted else found


async def _run_app(app: InspectApp, *beside: Callable[[], Coroutine[object, object, None]]) -> int:
    """`beside`: what goes on for as long as it is shown."""
    refuse_poor_terminal(os.environ)
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:

        async def end_on_signal() -> None:
            # Ctrl+C arrives as a key: only the signals that other programs send end the app.
            with anyio.open_signal_receiver(*(s for s in SIGNALS if s is not signal.SIGINT)) as signals:
                async for _ in signals:
                    app.exit()

        async def follow_themes() -> None:
            async for path in themed.changed_themes(_theme_folders(), stop):
                app.theme_changed(path)

        for follow in (end_on_signal, follow_themes, *beside):
            tasks.start_soon(follow)
        try:
            await app.run_async(mouse=app.preferences.mouse)
        finally:
            stop.set()
        tasks.cancel_scope.cancel()
    return app.return_code or 0
