"""A server that is a command, with real processes."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from stdio_rig import SERVER, Client, alive, eventually, upstream

from inspector.core.errors import UpstreamError
from inspector.core.events import Event, FrameRejected, StderrLine, UpstreamChanged, UpstreamState
from inspector.core.upstream import CommandSpec
from inspector.proxy.links import ClientSide
from inspector.proxy.upstream_stdio import Backoff

# ---------------------------------------------------------------- a process of its own


def test_messages_pass_in_both_directions_byte_by_byte(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            raw = b'{"jsonrpc": "2.0", "id" :"x", "method":"raw","params":{"n":1.00, "t":"h\\u00e9 \xe2\x80\xa8"}}'
            link.send(client.raw(raw))
            assert (await client.until(1))[0]["result"] == raw.decode() + "\n"
            assert client.routes == [None]

    run(test)


def test_a_line_break_between_tokens_cannot_become_a_second_message(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            link.send(client.raw(b'{"jsonrpc":"2.0","id":1,"method":"raw",\n"params":{}}'))
            assert (await client.until(1))[0]["result"] == '{"jsonrpc":"2.0","id":1,"method":"raw","params":{}}\n'

    run(test)


def test_the_server_gets_the_clients_environment_and_folder_and_the_specs_own_variables(
    run: Any, tmp_path: Path
) -> None:
    async def test() -> None:
        command = CommandSpec(SERVER, env=(("OURS", "spec"),))
        async with upstream(command=command) as opened:
            client = Client()
            side = ClientSide(str(tmp_path), {"PATH": os.environ["PATH"], "THEIRS": "client", "OURS": "client"})
            link = await opened.open(client, shared=False, client=side)
            for number, name in enumerate(("THEIRS", "OURS", "HOME")):
                link.send(client.message("env", number, name=name))
            link.send(client.message("cwd", 3))
            assert [said["result"] for said in await client.until(4)] == ["client", "spec", None, str(tmp_path)]

    run(test)


def test_stdout_that_is_no_message_is_reported_with_its_text_and_the_connection_is_kept(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            link.send(client.message("noise", 1, text="Debug: hello\n{'a': 1}\n[1]\n{\"a\":\r1}\n"))
            link.send(client.message("echo", 2))
            assert [said["id"] for said in await client.until(2)] == [1, 2]
            rejected = [event for event in events if isinstance(event, FrameRejected)]
            assert [event.raw for event in rejected] == [b"Debug: hello", b"{'a': 1}", b"[1]", b'{"a":\r1}']
            assert all("corrupts the stream" in event.reason for event in rejected)

    run(test)


def test_stderr_arrives_line_by_line_in_pieces_of_bounded_length(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            link.send(client.message("complain", 1, text="one\ntwo\n" + "x" * 20_000))
            link.send(client.message("exit", 2, code=0))
            await eventually(lambda: client.lost)
            lines = [event.text for event in events if isinstance(event, StderrLine)]
            assert lines[:2] == ["one", "two"]
            assert "".join(lines[2:]) == "x" * 20_000
            assert max(map(len, lines)) == 8192

    run(test)


def test_a_dying_server_is_reported_with_its_code_and_last_words_after_everything_it_said(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            link.send(client.message("complain", 1, text="out of luck"))
            link.send(client.message("exit", 2, code=3))
            await eventually(lambda: client.lost)
            assert client.lost == "demo exited with code 3; last stderr lines: out of luck"
            assert [said["id"] for said in client.said] == [1]
            changes = [(e.state, e.exit_code) for e in events if isinstance(e, UpstreamChanged)]
            assert changes == [
                (UpstreamState.STARTING, None),
                (UpstreamState.READY, None),
                (UpstreamState.EXITED, 3),
            ]
            link.send(client.message("echo", 4))
            await eventually(lambda: client.ended)
            assert client.ended == [client.lost]

    run(test)


def test_a_server_that_is_killed_is_reported_by_the_signals_name(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            client = Client()
            await opened.open(client, shared=False, client=None)
            (pid,) = [event.pid for event in events if isinstance(event, UpstreamChanged)]
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await eventually(lambda: client.lost)
            assert client.lost == "demo was ended by SIGKILL"

    run(test)


def test_servers_that_are_gone_before_the_start_of_all_is_over_are_reported_each(run: Any) -> None:
    async def test() -> None:
        clients = [Client() for _ in range(30)]
        async with upstream(command=CommandSpec(("true",))) as opened:
            async with anyio.create_task_group() as starts:
                for client in clients:
                    starts.start_soon(partial(opened.open, client, shared=False, client=None))
            await eventually(lambda: all(client.lost for client in clients))
        assert {client.lost for client in clients} == {"demo exited with code 0"}

    run(test)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (CommandSpec(("/nowhere/server",)), "no such command"),
        (CommandSpec((sys.executable,), cwd="/nowhere"), "there is no folder '/nowhere'"),
        (CommandSpec((SERVER[1],)), "Permission denied"),
    ],
)
def test_a_server_that_cannot_be_started_says_why(run: Any, command: CommandSpec, why: str) -> None:
    async def test() -> None:
        events: list[Event] = []
        before = len(list(Path("/proc/self/fd").iterdir()))
        async with upstream(events=events, command=command) as opened:
            with pytest.raises(UpstreamError, match=why):
                await opened.open(Client(), shared=False, client=None)
            assert [e.state for e in events if isinstance(e, UpstreamChanged)] == [UpstreamState.FAILED]
            assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1  # uvloop's own

    run(test)


def test_closing_ends_stubborn_servers_and_their_children(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        pids: list[int] = []
        async with upstream("linger", events=events) as opened:
            for _ in range(4):
                client = Client()
                link = await opened.open(client, shared=False, client=None)
                link.send(client.message("child", 1))
                pids.append((await client.until(1))[0]["result"])
            pids += {e.pid for e in events if isinstance(e, UpstreamChanged) and e.pid}
            assert len(pids) == 8
            assert all(map(alive, pids))
            with anyio.fail_after(20):
                await opened.close()
        await eventually(lambda: not any(map(alive, pids)))
        assert client.lost is None

    run(test)


def test_what_a_server_says_while_it_ends_is_still_heard(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            for number in range(200):
                link.send(client.message("echo", number))
            await link.close()
            assert [said["id"] for said in client.said] == list(range(200))

    run(test)


def test_a_slow_client_stops_the_servers_output_and_loses_nothing_of_it(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            client = Client()
            client.open = anyio.Event()
            link = await opened.open(client, shared=False, client=None)
            for number in range(3):
                link.send(client.message("progress", number, steps=5000, _meta={"progressToken": "t"}))
            quick = Client()
            other = await opened.open(quick, shared=False, client=None)
            for number in range(300):  # time enough to hear all of it
                other.send(quick.message("echo", number))
                await quick.until(number + 1)
            assert 0 < len(client.frames) < 5000
            client.open.set()
            said = await client.until(15_003)
            assert [m["params"]["progress"] for m in said if "params" in m] == [*range(5000)] * 3

    run(test)


def test_a_server_that_does_not_read_makes_the_sender_wait(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        door = tmp_path / "door"
        os.mkfifo(door)
        command = CommandSpec((sys.executable, "-c", f"import sys; open({str(door)!r}).close(); sys.stdin.read()"))
        async with upstream(command=command) as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            await link.ready()
            for number in range(40):
                link.send(client.message("echo", number, text="x" * 10_000))
            with anyio.move_on_after(0.1) as early:
                await link.ready()
            assert early.cancelled_caught
            door.write_bytes(b"")  # it comes through, and reads
            await link.ready()
            door.unlink()

    run(test)


def test_an_endless_line_ends_the_server_and_costs_little_memory(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        script = "import sys\nwhile True: sys.stdout.buffer.write(b'x' * 65536)"
        async with upstream(events=events, command=CommandSpec((sys.executable, "-c", script))) as opened:
            client = Client()
            before = resident()
            await opened.open(client, shared=False, client=None)
            highest = 0
            while client.lost is None:
                highest = max(highest, resident())
                await anyio.sleep(0.002)
            assert "more than 16 MiB" in client.lost
            assert highest - before < 64 << 20
            (rejected,) = [event for event in events if isinstance(event, FrameRejected)]
            assert len(rejected.raw) == 4096

    run(test)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


# ---------------------------------------------------------------- back-off


def test_a_server_that_keeps_failing_is_started_less_and_less_often() -> None:
    backoff = Backoff()
    now, delays = 100.0, []
    for _ in range(6):
        backoff.ended(now, now + 1)
        now += 1
        delays.append(backoff.delay(now))
        now += delays[-1]
    assert delays == [0.0, 0.5, 1.0, 2.0, 5.0, 5.0]
    backoff.ended(now, now + 60)
    assert backoff.delay(now + 60) == 0.0
