"""No orphans, also after kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
from stdio_rig import SERVER, alive, eventually

from inspector.proxy.watchdog import Watchdog

OWNER = """
import sys, time
sys.path.insert(0, {root!r})
from inspector.proxy.watchdog import Watchdog
import subprocess
server = subprocess.Popen([sys.executable, {server!r}, "linger"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          start_new_session=True)
server.stdin.write(b'{{"jsonrpc":"2.0","id":1,"method":"child"}}\\n'); server.stdin.flush()
child = __import__("json").loads(server.stdout.readline())["result"]
Watchdog().guard(server.pid)
print(server.pid, child, flush=True)
time.sleep(60)
"""


def test_kill_nine_of_ours_leaves_no_server_and_no_grandchild_behind(run: Any) -> None:
    async def test() -> None:
        root = str(Path(__file__).parents[2])
        async with await anyio.open_process([sys.executable, "-c", OWNER.format(root=root, server=SERVER[1])]) as owner:
            assert owner.stdout is not None
            pids = [int(word) for word in (await owner.stdout.receive()).split()]
            assert all(map(alive, pids))
            owner.kill()
            await eventually(lambda: not any(map(alive, pids)))

    run(test)


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)


def children() -> set[int]:
    """Our own watchdogs."""
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    pids = {int(pid) for task in tasks for pid in (task / "children").read_text().split()}
    return {pid for pid in pids if b"watchdog.py" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def test_a_group_that_was_released_is_left_alone_and_one_that_was_not_is_ended(run: Any) -> None:
    async def test() -> None:
        watchdog, kept, released = Watchdog(), sleeper(), sleeper()
        watchdog.guard(kept.pid)
        watchdog.guard(released.pid)
        watchdog.release(released.pid)
        watchdog.close()
        await eventually(lambda: not alive(kept.pid))
        assert alive(released.pid)
        for process in (kept, released):
            process.kill()
            process.wait()

    run(test)


def test_a_watchdog_that_was_killed_is_replaced_and_the_new_one_knows_the_groups(run: Any) -> None:
    async def test() -> None:
        before = children()
        watchdog, first, second = Watchdog(), sleeper(), sleeper()
        watchdog.guard(first.pid)
        # The kernel's list of children may leave out one of them now and then.
        seen: set[int] = set()
        await eventually(lambda: bool(seen.update(children() - before) or seen))
        (pid,) = seen
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: not alive(pid))
        watchdog.guard(second.pid)
        watchdog.close()
        await eventually(lambda: not alive(first.pid) and not alive(second.pid))
        for process in (first, second):
            process.wait()

    run(test)
