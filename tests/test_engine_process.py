"""The engine beside the screen: how it begins, how it ends, and what is heard of either."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from e2e.processes import engine_of, family, wait_ended

from inspector.core.commands import Shutdown
from inspector.core.errors import ConfigError
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.engine_process import EngineProcess
from inspector.policy.model import Default
from inspector.port_socket import EngineGoneError, RemotePort
from inspector.settings import Settings

pytestmark = pytest.mark.anyio
TINY = Path(__file__).parent / "servers" / "tiny_server.py"
SPEC = UpstreamSpec("tiny", CommandSpec((sys.executable, "-S", str(TINY))))
SETTINGS = Settings(upstreams=(SPEC,), token="t0ken", default=Default.DENY, port=0)
PATIENCE = 20.0  # seconds


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def with_its_server(port: RemotePort) -> frozenset[int]:
    """The engine, its server and the watchdog, once they run."""
    while (await port.views(0)).upstreams[0].pid is None:
        await anyio.sleep(0.02)
    processes = family(engine_of(os.getpid()))
    assert len(processes) == 3
    return processes


async def test_it_serves_until_it_is_told_to_end_and_takes_its_server_with_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with anyio.fail_after(PATIENCE), EngineProcess() as process:
        async with process.started(SETTINGS) as port, anyio.create_task_group() as tasks:
            tasks.start_soon(port.listen)
            run = (await port.views(0)).run
            assert run.endpoint.startswith("http://127.0.0.1:")
            assert Path(run.recording).is_file()
            processes = await with_its_server(port)
            await port.command(Shutdown())
        assert port.gone
        assert process.how_it_ended() == ""
        wait_ended(processes, 5)
    assert capfd.readouterr() == ("", "")


LISTS_SOCKETS = """
import os, stat, sys
open_ = [handle for handle in map(int, os.listdir("/dev/fd")) if handle > 2]
sockets = []
for handle in open_:
    try:
        if stat.S_ISSOCK(os.fstat(handle).st_mode):
            sockets.append(handle)
    except OSError:
        pass  # that of the folder itself
with open(sys.argv[1], "w") as seen:
    print(sockets, file=seen)
sys.stdin.read()
"""


async def test_a_server_inherits_nothing_of_it(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    spec = UpstreamSpec("lists", CommandSpec((sys.executable, "-c", LISTS_SOCKETS, str(seen))))
    settings = Settings((spec,), "t", default=Default.DENY, port=0)
    with anyio.fail_after(PATIENCE), EngineProcess() as process:
        async with process.started(settings) as port, anyio.create_task_group() as tasks:
            tasks.start_soon(port.listen)
            while not (seen.exists() and seen.read_text()):
                await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()
    assert seen.read_text() == "[]\n"


async def test_it_ends_with_the_socket(capfd: pytest.CaptureFixture[str]) -> None:
    with anyio.fail_after(PATIENCE):
        with EngineProcess() as process:
            async with process.started(SETTINGS) as port, anyio.create_task_group() as tasks:
                tasks.start_soon(port.listen)
                processes = await with_its_server(port)
                tasks.cancel_scope.cancel()
        wait_ended(processes, 5)
    assert capfd.readouterr() == ("", "")


async def test_that_it_was_killed_is_heard_and_said_and_its_server_goes_too() -> None:
    with anyio.fail_after(PATIENCE), EngineProcess() as process:
        async with process.started(SETTINGS) as port, anyio.create_task_group() as tasks:
            tasks.start_soon(port.listen)
            processes = await with_its_server(port)
            os.kill(engine_of(os.getpid()), signal.SIGKILL)
        assert port.gone
        assert process.how_it_ended() == "was ended by SIGKILL"
        wait_ended(processes, 5)


SCREEN = """
import sys, anyio
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.engine_process import EngineProcess
from inspector.policy.model import Default
from inspector.settings import Settings

async def main():
    spec = UpstreamSpec("tiny", CommandSpec((sys.executable, "-S", sys.argv[1])))
    settings = Settings((spec,), "t", default=Default.DENY, port=0)
    async with EngineProcess().started(settings) as port, anyio.create_task_group() as tasks:
        tasks.start_soon(port.listen)
        while (await port.views(0)).upstreams[0].pid is None:
            await anyio.sleep(0.02)
        print("ready", flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


def test_it_outlives_a_screen_that_was_killed_by_no_more_than_its_end_takes() -> None:
    screen = subprocess.Popen([sys.executable, "-c", SCREEN, str(TINY)], stdout=subprocess.PIPE)
    try:
        assert screen.stdout is not None
        assert screen.stdout.readline() == b"ready\n"
        processes = family(screen.pid)
        assert len(processes) == 4, "screen, engine, server and watchdog"
        screen.kill()
        screen.wait(5)
        wait_ended(processes, 5)
    finally:
        screen.kill()
        screen.wait(5)


async def test_why_it_does_not_begin_comes_over_as_the_same_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, anyio.fail_after(PATIENCE), EngineProcess() as process:
        settings = Settings(upstreams=(), token="t", default=Default.DENY, port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match=r"port \d+ on 127\.0\.0\.1 is in use"):
            async with process.started(settings):
                pytest.fail("it began")


async def test_one_that_cannot_even_load_says_why(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as nowhere:
        nowhere.setattr(sys, "path", ["/nowhere\x1b]0;title\x07"])
        process = EngineProcess()
    why = "the engine has failed with exit code 1 before it began"
    with anyio.fail_after(PATIENCE), process, pytest.raises(EngineGoneError, match=why):
        async with process.started(SETTINGS):
            pytest.fail("it began")
    printed = capfd.readouterr().err
    assert "ModuleNotFoundError" in printed
    assert "\x1b" not in printed
