"""A server that is a command, with real processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import stdio_rig
from stdio_rig import alive, eventually

from inspector.core.call import Era
from inspector.core.errors import UpstreamError
from inspector.core.events import Event, FrameRejected, StderrLine, UpstreamChanged, UpstreamState
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.proxy.links import ClientSide, Headers, Outgoing, Route
from inspector.proxy.upstream_stdio import Backoff, StdioUpstream
from inspector.proxy.watchdog import Watchdog
from inspector.wire.jsonrpc import Frame, parse_client

PYTHON, SERVER = stdio_rig.SERVER


class Client:
    """The driver's side of a link, and a Route: keeps what comes, and can be congested."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.routes: list[Route | None] = []
        self.ended: list[str | None] = []
        self.lost: str | None = None
        self.open = anyio.Event()
        self.open.set()
        self._count = 0

    def upstream_frame(self, raw: bytes, route: Route | None, fields: tuple[bytes, ...] = ()) -> None:
        self.frames.append(raw)
        self.routes.append(route)

    def upstream_ended(self, outgoing: Outgoing, why: str | None) -> None:
        self.ended.append(why)

    def upstream_lost(self, why: str) -> None:
        self.lost = why

    def upstream_head(self, route: Route, status: int, headers: Headers) -> None: ...

    def upstream_event(self, route: Route, fields: tuple[bytes, ...]) -> None: ...

    def upstream_plain(self, outgoing: Outgoing, status: int, headers: Headers, body: bytes) -> None: ...

    async def ready(self) -> None:
        await self.open.wait()

    # Route

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None: ...

    def head(self, status: int, headers: Headers) -> None: ...

    def event(self, fields: tuple[bytes, ...]) -> None: ...

    def plain(self, status: int, headers: Headers, body: bytes) -> None: ...

    def hold(self) -> None: ...

    def end(self) -> None: ...

    # what tests say and see

    def message(self, method: str, frame_id: Any = None, **params: Any) -> Outgoing:
        body = {"jsonrpc": "2.0", "method": method, "params": params}
        if frame_id is not None:
            body["id"] = frame_id
        return self.raw(json.dumps(body).encode())

    def raw(self, raw: bytes) -> Outgoing:
        frame = parse_client(raw)
        assert isinstance(frame, Frame)
        return Outgoing(raw, frame, self, None, Era.MODERN)

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for raw in self.frames]

    async def until(self, count: int) -> list[dict[str, Any]]:
        await eventually(lambda: len(self.frames) >= count)
        return self.said


@asynccontextmanager
async def upstream(
    *arguments: str, events: list[Event] | None = None, command: CommandSpec | None = None
) -> AsyncIterator[StdioUpstream]:
    target = command or CommandSpec((sys.executable, SERVER, *arguments))
    watchdog = Watchdog()
    async with anyio.create_task_group() as tasks:
        emit = (events if events is not None else []).append
        opened = StdioUpstream(UpstreamSpec("demo", target), emit=emit, now=time.time, tasks=tasks, watchdog=watchdog)
        try:
            yield opened
        finally:
            with anyio.CancelScope(shield=True):
                await opened.close()
            watchdog.close()


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
        command = CommandSpec((sys.executable, SERVER), env=(("OURS", "spec"),))
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


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (CommandSpec(("/nowhere/server",)), "no such command"),
        (CommandSpec((sys.executable,), cwd="/nowhere"), "there is no folder '/nowhere'"),
        (CommandSpec((SERVER,)), "Permission denied"),
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


def test_closing_ends_stubborn_servers_and_their_children_within_two_seconds(run: Any) -> None:
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
            began = time.monotonic()
            await opened.close()
            assert time.monotonic() - began < 2
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


def test_a_server_that_does_not_read_makes_the_sender_wait(run: Any) -> None:
    async def test() -> None:
        command = CommandSpec((sys.executable, "-c", "import sys, time; time.sleep(0.5); sys.stdin.read()"))
        async with upstream(command=command) as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            await link.ready()
            for number in range(40):
                link.send(client.message("echo", number, text="x" * 10_000))
            with anyio.move_on_after(0.1) as early:
                await link.ready()
            assert early.cancelled_caught
            await link.ready()

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


# ---------------------------------------------------------------- the shared process


def test_clients_that_use_the_same_ids_each_get_their_own_answers(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            clients = [Client() for _ in range(3)]
            links = [await opened.open(client, shared=True, client=None) for client in clients]
            for number, (client, link) in enumerate(zip(clients, links, strict=True)):
                link.send(client.message("echo", 1, who=number))
                link.send(client.message("echo", "1", who=f"{number}"))
            for number, client in enumerate(clients):
                said = await client.until(2)
                assert [(m["id"], m["result"]["who"]) for m in said] == [(1, number), ("1", f"{number}")]
                assert client.routes == [client, client]
            assert len({e.pid for e in events if isinstance(e, UpstreamChanged)}) == 1

    run(test)


def test_everything_but_the_id_keeps_its_tokens_on_the_shared_process(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            client = Client()
            link = await opened.open(client, shared=True, client=None)
            link.send(client.raw(b'{"jsonrpc":"2.0","id":"a","method":"raw","params":{"n": 1.00, "u":"\\u00e9"}}'))
            link.send(
                client.raw(b'{"params":{"n":1.00,"big":12345678901234567890},"method":"raw","jsonrpc":"2.0","id":7}')
            )
            link.send(client.raw(b'{"id":8,"jsonrpc":"2.0","method":"raw","params":{"n":1.00,"s":"\xe2\x80\xa8"}}'))
            assert [m["result"] for m in await client.until(3)] == [
                '{"jsonrpc":"2.0","id":"c1","method":"raw","params":{"n": 1.00, "u":"\\u00e9"}}\n',
                '{"params":{"n":1.00,"big":12345678901234567890},"method":"raw","jsonrpc":"2.0","id":2}\n',
                '{"id":3,"jsonrpc":"2.0","method":"raw","params":{"n":1.00,"s":"\\u2028"}}\n',
            ]

    run(test)


def test_progress_finds_its_client_under_the_clients_token(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            first, second = Client(), Client()
            for client, token in ((first, 1), (second, "1")):
                link = await opened.open(client, shared=True, client=None)
                link.send(client.message("progress", 5, steps=2, _meta={"progressToken": token}))
            for client, token in ((first, 1), (second, "1")):
                said = await client.until(3)
                assert [m["params"]["progressToken"] for m in said[:2]] == [token, token]
                assert said[2]["id"] == 5
                assert client.routes == [client] * 3

    run(test)


def test_subscription_ids_are_the_clients_own_in_notifications_and_results(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            first, second = Client(), Client()
            for client, frame_id in ((first, 9), (second, "nine")):
                link = await opened.open(client, shared=True, client=None)
                link.send(client.message("listen", frame_id))
            key = "io.modelcontextprotocol/subscriptionId"
            for client, frame_id in ((first, 9), (second, "nine")):
                notification, answer = await client.until(2)
                assert notification["params"]["_meta"][key] == frame_id
                assert answer["result"]["_meta"][key] == frame_id
                assert answer["id"] == frame_id

    run(test)


def test_a_client_that_leaves_cancels_only_its_own_requests_and_hears_no_late_answer(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            leaver, stayer = Client(), Client()
            leaving = await opened.open(leaver, shared=True, client=None)
            staying = await opened.open(stayer, shared=True, client=None)
            staying.send(stayer.message("silent", 1))
            leaving.send(leaver.message("silent", 1))
            leaving.send(leaver.message("silent", "x"))
            staying.send(stayer.message("cancels", 2))
            assert (await stayer.until(1))[0]["result"] == []
            leaving.cancel(leaver, 1)
            leaving.send(leaver.message("notifications/cancelled", requestId=1))  # already done
            await leaving.close()
            staying.send(stayer.message("cancels", 3))
            assert (await stayer.until(2))[1]["result"] == [2, "c3"]
            assert leaver.frames == []

    run(test)


def test_a_clients_own_cancellation_names_the_request_as_the_server_knows_it(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            other, client = Client(), Client()
            (await opened.open(other, shared=True, client=None)).send(other.message("silent", 1))
            link = await opened.open(client, shared=True, client=None)
            link.send(client.message("silent", 1))
            link.send(client.message("notifications/cancelled", requestId=1, reason="enough"))
            link.send(client.message("cancels", 2))
            assert (await client.until(1))[0]["result"] == [2]

    run(test)


def test_when_the_shared_process_dies_everybody_in_flight_hears_it_and_the_next_request_starts_it_again(
    run: Any,
) -> None:
    async def test() -> None:
        async with upstream() as opened:
            first, second = Client(), Client()
            one = await opened.open(first, shared=True, client=None)
            two = await opened.open(second, shared=True, client=None)
            one.send(first.message("silent", 1))
            two.send(second.message("exit", 1, code=4))
            await eventually(lambda: first.lost and second.lost)
            assert first.lost == second.lost == "demo exited with code 4"
            third = Client()
            (await opened.open(third, shared=True, client=None)).send(third.message("echo", 1))
            await third.until(1)

    run(test)


def test_a_shared_process_that_cannot_start_fails_its_requests(run: Any) -> None:
    async def test() -> None:
        async with upstream(command=CommandSpec(("/nowhere/server",))) as opened:
            client = Client()
            (await opened.open(client, shared=True, client=None)).send(client.message("echo", 1))
            await eventually(lambda: client.lost)
            assert "no such command" in str(client.lost)

    run(test)


def test_a_server_that_refuses_discovery_is_ended_again_and_its_answer_is_remembered(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            client = Client()
            link = await opened.open(client, shared=True, client=None)
            link.send(client.message("server/discover", "probe", a=1))
            (answer,) = await client.until(1)
            assert (answer["id"], answer["error"]["code"]) == ("probe", -32601)
            await eventually(lambda: [e for e in events if getattr(e, "state", None) is UpstreamState.EXITED])
            link.send(client.message("server/discover", 2, a=1))
            assert (await client.until(2))[1] == {**answer, "id": 2}
            assert len({e.pid for e in events if isinstance(e, UpstreamChanged)}) == 1

    run(test)


# ---------------------------------------------------------------- back-off, watchdog


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
        async with await anyio.open_process([sys.executable, "-c", OWNER.format(root=root, server=SERVER)]) as owner:
            assert owner.stdout is not None
            pids = [int(word) for word in (await owner.stdout.receive()).split()]
            assert all(map(alive, pids))
            owner.kill()
            await eventually(lambda: not any(map(alive, pids)))

    run(test)
