"""A person stops, starts and restarts a server, with real processes behind and real clients before it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import anyio
import http_rig
from stdio_rig import SERVER, Client, Peer, alive, eventually, hello, request, upstream
from test_stdio_session import attached

from inspector.core.commands import ServerAction
from inspector.core.events import Decided, Event, Forwarded, Held, UpstreamChanged, UpstreamState
from inspector.core.holds import Resolution
from inspector.core.upstream import CommandSpec

STOP, START, RESTART = ServerAction.STOP, ServerAction.START, ServerAction.RESTART
ECHO = {"name": "echo", "arguments": {"text": "hi"}}
HANG = {"name": "hang", "arguments": {}}


def pids(events: list[Event]) -> list[int]:
    """Every process that was started, in order."""
    changes = [event for event in events if isinstance(event, UpstreamChanged)]
    return [event.pid for event in changes if event.state is UpstreamState.STARTING and event.pid]


def state(events: list[Event]) -> UpstreamState:
    return [event for event in events if isinstance(event, UpstreamChanged)][-1].state


async def welcomed(peer: Peer) -> None:
    await peer.say(request("initialize", "hello", **http_rig.HELLO))
    assert (await peer.hear())["id"] == "hello"
    await peer.say({"jsonrpc": "2.0", "method": "notifications/initialized"})


async def answered(peer: Peer, number: int) -> dict[str, Any]:
    while (said := await peer.hear()).get("id") != number:
        pass
    return said


# ---------------------------------------------------------------- stop and start


def test_calls_of_a_stopped_server_are_denied_at_once_and_its_clients_stay(run: Any, home: Path) -> None:
    async def test() -> None:
        async with attached(home) as (rig, peer):
            await welcomed(peer)
            await rig.driver.roster.control("up", STOP)
            assert state(rig.events) is UpstreamState.STOPPED
            assert not any(map(alive, pids(rig.events)))
            await peer.say(request("tools/call", 1, **ECHO))
            result = (await answered(peer, 1))["result"]
            assert result["isError"]
            assert "has stopped this server" in result["content"][0]["text"]
            assert rig.seen(Decided)[0].decision.rule == "(server stopped)"
            await peer.say(request("tools/list", 2))
            assert "was stopped in mcp-inspect" in (await answered(peer, 2))["error"]["message"]
            assert rig.seen(Forwarded) == []

            await rig.driver.roster.control("up", START)
            await peer.say(request("tools/call", 3, **ECHO))
            assert (await answered(peer, 3))["result"]["content"][0]["text"] == "hi"

    run(test)


def test_stopping_fails_what_is_in_flight_and_leaves_held_calls_to_the_person(run: Any, home: Path) -> None:
    async def test() -> None:
        async with attached(home) as (rig, peer):
            await welcomed(peer)
            await peer.say(request("tools/call", 1, name="pay", arguments={}))
            await peer.say(request("tools/call", 2, **HANG))
            await rig.until(lambda: rig.forwarded() == 1 and bool(rig.seen(Held)))
            await rig.driver.roster.control("up", STOP)
            assert "was stopped in mcp-inspect" in (await answered(peer, 2))["error"]["message"]
            assert rig.driver.resolve(rig.seen(Held)[0].hold.call_id, Resolution(approve=True))
            assert "has stopped this server" in (await answered(peer, 1))["result"]["content"][0]["text"]
            assert rig.forwarded() == 1

    run(test)


def test_a_new_client_of_a_stopped_server_is_told_so(run: Any, home: Path) -> None:
    async def test() -> None:
        async with attached(home) as (rig, _):
            await rig.driver.roster.control("up", STOP)
            late = Peer(await anyio.connect_unix(str(home / "s.sock")))
            await late.say(hello(name="up"))
            assert "was stopped in mcp-inspect" in (await late.hear())["error"]
            refused = await rig.ask("initialize", http_rig.HELLO)
            assert (refused.status, "was stopped" in refused.json["error"]["message"]) == (502, True)

    run(test)


# ---------------------------------------------------------------- restart


def test_a_restarted_server_is_greeted_in_the_clients_name_and_the_next_call_works(run: Any, home: Path) -> None:
    async def test() -> None:
        async with attached(home) as (rig, peer):
            await welcomed(peer)
            await peer.say(request("tools/call", 1, **HANG))
            await rig.until(lambda: rig.forwarded() == 1)
            await rig.driver.roster.control("up", RESTART)
            assert "whether the request ran is not known" in (await answered(peer, 1))["error"]["message"]
            await peer.say(request("tools/call", 2, **ECHO))
            said = [await peer.hear(), await peer.hear()]
            assert [message.get("method") or message["id"] for message in said] == [
                "notifications/tools/list_changed",
                2,
            ]
            first, second = pids(rig.events)
            assert (alive(first), alive(second)) == (False, True)
            sent = [message.get("method") for message in rig.received()]
            assert sent == [
                *("initialize", "notifications/initialized", "tools/call"),
                *("initialize", "notifications/initialized", "tools/call"),
            ]

    run(test)


def test_a_restarted_server_is_asked_again_for_what_was_asked_of_the_whole_session(run: Any, home: Path) -> None:
    async def test() -> None:
        async with attached(home) as (rig, peer):
            await welcomed(peer)
            asked = [
                ("logging/setLevel", {"level": "info"}),
                ("logging/setLevel", {"level": "debug"}),
                ("resources/subscribe", {"uri": "a://1"}),
                ("resources/subscribe", {"uri": "a://2"}),
                ("resources/unsubscribe", {"uri": "a://1"}),
            ]
            for number, (method, params) in enumerate(asked, 1):
                await peer.say(request(method, number, **params))
                await answered(peer, number)
            before = len(rig.received())
            await rig.driver.roster.control("up", RESTART)
            await peer.say(request("tools/call", 9, **ECHO))
            said = [await peer.hear(), await peer.hear()]
            assert [message.get("method", message.get("id")) for message in said] == [
                "notifications/tools/list_changed",  # and no answer to what the client did not ask
                9,
            ]
            again = rig.received()[before:]
            assert [(message.get("method"), message.get("params")) for message in again[2:4]] == [asked[1], asked[3]]
            assert [message.get("method") for message in (*again[:2], *again[4:])] == [
                *("initialize", "notifications/initialized", "tools/call"),
            ]
            await peer.say(request("tools/call", 10, **ECHO))
            assert (await peer.hear())["id"] == 10

    run(test)


def test_an_http_session_outlives_the_restart_of_its_server(run: Any, home: Path) -> None:
    async def test() -> None:
        async with http_rig.running(home, http_rig.tiny(home)) as rig:
            session = await rig.initialize()
            assert (await rig.ask("tools/call", ECHO, mcp_session_id=session)).said == "hi"
            await rig.driver.roster.control("up", RESTART)
            assert (await rig.ask("tools/call", ECHO, mcp_session_id=session)).said == "hi"
            assert len(pids(rig.events)) == 2

    run(test)


def test_a_server_that_modern_clients_share_is_restarted_for_all_of_them(run: Any, home: Path) -> None:
    async def test() -> None:
        async with http_rig.running(home, http_rig.tiny(home)) as rig, anyio.create_task_group() as tasks:
            replies: list[http_rig.Reply] = []

            async def hang() -> None:
                replies.append(await rig.modern("tools/call", HANG))

            tasks.start_soon(hang)
            await rig.until(lambda: rig.forwarded() == 1 and pids(rig.events))
            await rig.driver.roster.control("up", RESTART)
            await rig.until(lambda: bool(replies))
            assert "was restarted in mcp-inspect" in str(replies[0].body)
            assert (await rig.modern("tools/call", ECHO)).said == "hi"
            assert len(pids(rig.events)) == 2  # the one that was started anew is the one that is used

    run(test)


def test_a_restart_brings_back_a_connection_whose_server_died(run: Any, home: Path) -> None:
    async def test() -> None:
        async with attached(home) as (rig, peer):
            await welcomed(peer)
            os.kill(pids(rig.events)[0], signal.SIGKILL)
            await rig.until(lambda: state(rig.events) is UpstreamState.EXITED)
            await peer.say(request("tools/call", 1, **ECHO))
            assert "SIGKILL" in (await answered(peer, 1))["error"]["message"]
            await rig.driver.roster.control("up", RESTART)
            await peer.say(request("tools/call", 2, **ECHO))
            assert (await answered(peer, 2))["result"]["content"][0]["text"] == "hi"

    run(test)


def test_what_a_client_says_while_its_server_is_restarted_waits_for_the_new_one(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            link.send(client.message("initialize", 1))
            await client.until(1)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(opened.restart, "anew")
                await eventually(lambda: client.cuts == ["anew"])
                link.send(client.message("echo", 2, text="kept"))
            await eventually(lambda: client.back == 1)
            assert (await client.until(2))[1]["result"] == {"text": "kept"}
            assert client.lost is None

    run(test)


def test_a_server_that_cannot_be_started_again_loses_its_clients_with_the_reason(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        program = tmp_path / "server"
        program.write_text(f"#!/bin/sh\nexec {sys.executable} {SERVER[1]}\n")
        program.chmod(0o755)
        async with upstream(command=CommandSpec((str(program),))) as opened:
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            program.unlink()
            await opened.restart("anew")
            await eventually(lambda: client.lost)
            assert client.lost is not None and "no such command" in client.lost
            link.send(client.message("echo", 2))
            await eventually(lambda: client.ended)

    run(test)


# ---------------------------------------------------------------- before the first client


def test_a_prepared_server_runs_before_its_first_client_which_then_gets_it(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            opened.prepare()
            await eventually(lambda: pids(events) and opened.has_spare)
            client = Client()
            link = await opened.open(client, shared=False, client=None)
            link.send(client.message("pid", 1))
            assert (await client.until(1))[0]["result"] == pids(events)[0]
            assert len(pids(events)) == 1

    run(test)


def test_a_server_that_was_not_prepared_starts_with_its_first_client(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            assert events == []
            await opened.open(Client(), shared=False, client=None)
            assert len(pids(events)) == 1

    run(test)


def test_a_prepared_server_that_keeps_dying_is_started_again_with_back_off_and_then_left_alone(
    run: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("inspector.proxy.upstream_stdio._DELAYS", (0.0, 0.01, 0.02, 0.03))

    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events, command=CommandSpec((sys.executable, "-c", "raise SystemExit(4)"))) as it:
            it.prepare()

            def deaths() -> list[UpstreamChanged]:
                return [e for e in events if isinstance(e, UpstreamChanged) and e.state is UpstreamState.EXITED]

            await eventually(lambda: len(deaths()) == 4 and not it.has_spare)
            assert {(death.exit_code, death.asked) for death in deaths()} == {(4, False)}
            assert all(death.retry_at is not None for death in deaths())
            await it.restart("again")  # a person has it tried again
            await eventually(lambda: len(deaths()) == 8)

    run(test)


def test_stopping_ends_the_spare_process_too(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            opened.prepare()
            await eventually(lambda: pids(events) and opened.has_spare)
            await opened.stop("enough")
            assert not any(map(alive, pids(events)))
            opened.resume()
            await eventually(lambda: len(pids(events)) == 2)

    run(test)
