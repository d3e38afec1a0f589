"""kill -9 in mid-traffic: what the server has seen is on record, and no server is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import anyio
from e2e.processes import Program, engine_of, family, wait_ended
from e2e.sdk_agent import cut_off
from e2e.stage import INSPECT, SDK_SERVER, app, received
from mcp import Client

from inspector.core.decision import Verdict
from inspector.core.events import CallArrived, Decided
from inspector.record.reader import Recording

CALLERS = 16
ENOUGH = 100  # calls that the server has seen when the engine is killed
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "pipe", "version": "1"}}


def policy_in(folder: Path) -> Path:
    path = folder / "policy.yaml"
    path.write_text('version: "1"\ndefault: allow\n')
    return path


def assert_all_on_record(home: Path, log: Path) -> None:
    """Every call in the server's log was decided in the one recording."""
    (path,) = (home / "state" / "recordings").glob("*.sqlite")
    with Recording.open(path) as recording:
        events = list(recording.events())
    texts = {event.call_id: event.arguments["text"] for event in events if isinstance(event, CallArrived)}
    decided = Counter(
        texts[event.decision.call_id]
        for event in events
        if isinstance(event, Decided) and event.decision.verdict is Verdict.ALLOW
    )
    seen = Counter(call["arguments"]["text"] for call in received(log))
    assert seen.total() >= ENOUGH
    assert seen <= decided, f"not on record: {seen - decided}"


def test_of_the_headless_engine_with_sixteen_callers(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    flags = ["--headless", "--port", "0", "--policy", str(policy_in(tmp_path)), "--env", f"SERVER_LOG={log}"]
    with Program([*INSPECT, *flags, "--", *SDK_SERVER]) as engine:
        url = engine.wait_said(r"at (http://\S+/mcp)").group(1)
        processes = anyio.run(kill_under_load, url, engine.pid, log)
        assert len(processes) >= 3, "the engine, its server and the watchdog"
        wait_ended(processes, 5)
    assert_all_on_record(home, log)


async def kill_under_load(url: str, engine: int, log: Path) -> frozenset[int]:
    """Sixteen agents call until the engine dies under them. Returns its processes as they were before."""
    processes: frozenset[int] = frozenset()

    async def call_on_and_on(client: Client, caller: int) -> None:
        for number in range(10_000):
            await client.call_tool("echo", {"text": f"{caller}/{number}"})

    async def kill() -> None:
        nonlocal processes
        while len(received(log)) < ENOUGH:
            await anyio.sleep(0.005)
        processes = family(engine)
        os.kill(engine, signal.SIGKILL)
        tasks.cancel_scope.cancel()

    with anyio.fail_after(25), contextlib.suppress(Exception):
        async with Client(url, mode="2026-07-28") as client, anyio.create_task_group() as tasks:
            for caller in range(CALLERS):
                tasks.start_soon(call_on_and_on, client, caller)
            tasks.start_soon(kill)
    return processes


def test_of_an_engine_that_a_stdio_client_spawned(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    command = [*INSPECT, "stdio", "--standalone", "--policy", str(policy_in(tmp_path)), "--", *SDK_SERVER]
    engine = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "SERVER_LOG": str(log)}
    )
    try:
        assert engine.stdin and engine.stdout
        writer = threading.Thread(target=write, args=(engine, lines()), daemon=True)
        reader = threading.Thread(target=engine.stdout.read, daemon=True)
        writer.start()
        reader.start()
        deadline = time.monotonic() + 20
        while len(received(log)) < ENOUGH:
            assert time.monotonic() < deadline, f"only {len(received(log))} calls came through in 20 s"
            assert engine.poll() is None
        processes = family(engine.pid)
        engine.kill()
        assert len(processes) >= 3, "the engine, its server and the watchdog"
        engine.wait(5)
        wait_ended(processes, 5)
        writer.join(5)
        reader.join(5)
    finally:
        engine.kill()
        engine.wait(5)
    assert_all_on_record(home, log)


def lines() -> Iterable[bytes]:
    """A session that does not run out of calls."""
    yield line(id=0, method="initialize", params=HELLO)
    yield line(method="notifications/initialized")
    for number in range(1, 100_000):
        yield line(id=number, method="tools/call", params={"name": "echo", "arguments": {"text": str(number)}})


def line(**message: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


def write(engine: subprocess.Popen[bytes], said: Iterable[bytes]) -> None:
    assert engine.stdin
    with contextlib.suppress(BrokenPipeError):
        for words in said:
            engine.stdin.write(words)
            engine.stdin.flush()


def test_of_the_engine_beside_a_screen_which_says_so_and_where_the_run_is_kept(
    tmp_path: Path, needs: Callable[[str], str]
) -> None:
    needs("tmux")
    with app(tmp_path, 'version: "1"\ndefault: allow\n') as stage, cut_off(stage.url) as agent:
        assert agent.ask("echo", text="the last one")
        stage.see("the last one")
        processes = stage.processes
        os.kill(engine_of(stage.terminal.pid), signal.SIGKILL)
        assert stage.terminal.wait_exit() == 1
        printed = stage.terminal.capture(history=True).replace("\n", "")
        wait_ended(processes, 5)
    assert "mcp-inspect: the engine was ended by SIGKILL, and the run has ended with it." in printed
    (path,) = (Path(os.environ["MCP_INSPECT_HOME"]) / "state" / "recordings").glob("*.sqlite")
    assert path.name in printed
    with Recording.open(path) as recording:
        assert any(isinstance(event, Decided) for event in recording.events())
