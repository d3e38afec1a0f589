"""Stdio clients at the Unix socket, with a real server process behind."""

from __future__ import annotations

import base64
import json
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from stdio_rig import SERVER, House, Peer, attached, eventually, hello, request

from inspector.core.errors import ConfigError
from inspector.core.events import UpstreamChanged
from inspector.proxy.front_stdio import identity

ROOT = Path(__file__).parents[2]
SAMPLES = [json.loads(line) for line in (ROOT / "tests/data/hostile_inputs_sample.jsonl").read_text().splitlines()]
REFUSED = [
    s
    for s in SAMPLES
    if s["channel"] == "stdio.client"
    and isinstance(s["required"].get("client_receives"), dict)
    and s["required"]["client_receives"].get("error_code") in (-32700, -32600)
]


def test_after_the_hello_both_ways_carry_messages_and_the_server_gets_the_clients_surroundings(
    run: Any, tmp_path: Path
) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)
            await peer.say(request("env", 1, name="WHO"))
            await peer.say(request("cwd", "2"))
            assert await peer.hear() == {"jsonrpc": "2.0", "id": 1, "result": "client"}
            assert await peer.hear() == {"jsonrpc": "2.0", "id": "2", "result": "/"}
            assert house.hub.grants == ["stdio:demo"]

    run(test)


def test_what_follows_the_hello_in_one_piece_is_not_lost(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await Peer.at(house)
            lines = [hello(grant="mine"), *(request("echo", number) for number in range(100))]
            await peer.say(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
            assert await peer.hear() == {"ok": True}
            assert [(await peer.hear())["id"] for _ in range(100)] == list(range(100))
            assert house.hub.grants == ["mine"]

    run(test)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"GET / HTTP/1.1\n", "no JSON"),
        (b"[]\n", "no JSON object"),
        (hello(version=2), "different versions; restart mcp-inspect"),
        (hello(surprise=1), "unknown member 'surprise'"),
        (hello(name="no such"), "the name must be made of"),
        (hello(name="other"), "no upstream is named 'other' here; there are: demo"),
        (hello(grant="x\ny"), "the grant must be"),
        (hello(command=[]), "command must be"),
        (hello(command=["a\0b"]), "command must be"),
        (hello(env={"a": 1}), "env must be"),
        (hello(cwd=None), "the grant must be|cwd"),
        (hello(name="refused", command=["x"]), "that name is taken"),
        (hello(name="new", command=["/nowhere/server"]), "no such command"),
        (b"x" * (1 << 20) + b"xx\n", "more than 1 MiB"),
    ],
    ids=range(14),
)
def test_a_hello_that_does_not_fit_is_refused_in_one_clear_line(tmp_path: Path, line: Any, why: str) -> None:
    async def test() -> None:
        with anyio.fail_after(10):
            async with House(tmp_path).open() as house:
                peer = await Peer.at(house)
                with suppress(anyio.BrokenResourceError):  # refused before all of it was read
                    await peer.say(line)
                answer = await peer.hear()
                assert answer["ok"] is False
                assert any(part in answer["error"] for part in why.split("|"))
                assert await peer.ended()
                if why == "no such command":
                    assert house.hub.refused == []  # a server that does not start has an event of its own
                else:
                    (bad,) = house.hub.refused
                    assert bad.reason == answer["error"]
                    assert b"WHO" not in bad.raw and b"PATH" not in bad.raw  # no environment in the recording

    anyio.run(test)


def test_the_257th_client_is_refused_until_one_of_the_others_has_left(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peers = [await Peer.at(house) for _ in range(256)]
            late = await Peer.at(house)
            await late.say(hello())
            assert await late.hear() == {"ok": False, "error": "this mcp-inspect serves 256 stdio clients already"}
            assert await late.ended()
            await peers[0].say(hello())
            assert await peers[0].hear() == {"ok": True}
            await peers[1].stream.aclose()
            with anyio.fail_after(10):
                while not (await greeted(house))["ok"]:  # our end learns of it when the loop comes round to it
                    pass
            for peer in peers[2:]:
                await peer.stream.aclose()

    run(test)


async def greeted(house: House) -> Any:
    peer = await Peer.at(house)
    await peer.say(hello())
    return await peer.hear()


def test_who_only_looks_whether_we_are_there_is_no_refusal(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await Peer.at(house)
            await peer.stream.aclose()
            other = await attached(house)
            await other.say(request("echo", 1))
            assert (await other.hear())["id"] == 1
            assert house.hub.refused == []

    run(test)


def test_a_client_may_bring_its_own_command(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house, name="mine", command=list(SERVER))
            await peer.say(request("echo", 1, text="hi"))
            assert (await peer.hear())["result"] == {"text": "hi"}
            assert house.adopted == [("mine", SERVER, "/", hello()["env"])]
            assert house.hub.grants == ["stdio:mine"]

    run(test)


def test_identity_differs_by_command_and_environment_and_by_nothing_else() -> None:
    one = identity("a", ("x", "y"), {"k": "v", "l": "w"})
    assert one == identity("a", ("x", "y"), {"l": "w", "k": "v"})
    assert len({one, identity("a", ("x y",), {"k": "v", "l": "w"}), identity("a", ("x", "y"), {"k": "v"})}) == 3
    assert one.startswith("a-")


@pytest.mark.parametrize("sample", REFUSED, ids=[sample["id"] for sample in REFUSED])
def test_hostile_lines_are_answered_by_an_error_and_never_reach_the_server(
    tmp_path: Path, sample: dict[str, Any]
) -> None:
    async def test() -> None:
        with anyio.fail_after(10):
            async with House(tmp_path).open() as house:
                peer = await attached(house)
                raw = base64.b64decode(sample["input"]["bytes_b64"])
                if "generate" in sample.get("note", ""):  # "one line of 4194305 bytes", of which this is the start
                    raw = raw.ljust(4_194_305, b"a") + b"\n"
                await peer.say(raw)
                answer = await peer.hear()
                assert answer["error"]["code"] == sample["required"]["client_receives"]["error_code"]
                (bad,) = house.hub.refused
                assert bad.code == answer["error"]["code"]
                if len(bad.raw) < 4096:
                    await peer.say(request("cancels", 99))  # the server has nothing to say but this
                    assert (await peer.hear())["id"] == 99

    anyio.run(test)


def test_a_carriage_return_inside_a_line_is_refused_and_the_next_line_is_served(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)
            await peer.say(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\r{"jsonrpc":"2.0","id":2,"method":"ping"}\n')
            await peer.say(json.dumps(request("echo", 3)).encode() + b"\r\n")
            assert (await peer.hear())["error"]["code"] == -32700
            assert (await peer.hear())["id"] == 3
            assert house.hub.refused[0].reason == "a carriage return inside the line"

    run(test)


def test_a_line_of_more_than_four_mebibytes_is_refused_unread_and_ends_the_connection(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)

            async def flood() -> None:
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    for _ in range(200):
                        await peer.stream.send(b"x" * 65536)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(flood)
                answer = await peer.hear()
                assert (answer["id"], answer["error"]["code"]) == (None, -32600)
                assert await peer.ended()
            assert len(house.hub.refused[0].raw) == 4096
            await eventually(lambda: house.exits)

    run(test)


def test_an_incomplete_call_without_id_is_recorded_and_not_answered(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)
            await peer.say({"jsonrpc": "2.0", "method": "tools/call", "params": []})
            await peer.say(request("echo", 1))
            assert (await peer.hear())["id"] == 1
            assert [bad.code for bad in house.hub.refused] == [-32602]

    run(test)


def test_a_client_that_closed_its_end_still_gets_its_answers_and_then_the_end(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)
            for number in range(50):
                await peer.say(request("echo", number, text="x" * 1000))
            await peer.stream.send_eof()
            assert [(await peer.hear())["id"] for _ in range(50)] == list(range(50))
            assert await peer.ended()
            await eventually(lambda: house.exits)

    run(test)


def test_a_client_that_closed_its_end_does_not_wait_for_an_answer_that_never_comes(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)
            await peer.say(request("silent", 1))
            await peer.stream.send_eof()
            assert await peer.ended()

    run(test)


def test_a_vanished_client_takes_its_server_along(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)
            await peer.say(request("silent", 1))
            await peer.stream.aclose()
            await eventually(lambda: house.exits)
            assert house.hub.connections == []

    run(test)


def test_a_client_that_does_not_read_stops_its_server_and_loses_nothing(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)
            await peer.say(request("progress", 1, steps=20_000, _meta={"progressToken": "t"}))
            other = await attached(house)
            for number in range(100):
                await other.say(request("echo", number))
                await other.hear()
            steps = [(await peer.hear())["params"]["progress"] for _ in range(20_000)]
            assert steps == list(range(20_000))
            assert (await peer.hear())["id"] == 1

    run(test)


def test_a_server_that_dies_fails_the_requests_of_its_client(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peer = await attached(house)
            await peer.say(request("exit", 1, code=3))
            answer = await peer.hear()
            assert (answer["id"], answer["error"]["message"]) == (1, "demo exited with code 3")
            await peer.say(request("echo", 2))
            assert (await peer.hear())["error"]["message"] == "demo exited with code 3"

    run(test)


def test_the_socket_is_ours_alone(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            assert stat.S_IMODE(house.path.stat().st_mode) == 0o600
        assert not house.path.exists()

    run(test)


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="the kernel's word for who connects, on Linux")
def test_another_user_who_got_at_the_socket_is_refused_by_the_kernel_s_word(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            ours = os.getuid()
            with monkeypatch.context() as patch:
                patch.setattr(os, "getuid", lambda: ours + 1)  # to us, whoever connects is somebody else
                peer = await Peer.at(house)
                await peer.say(hello())
                assert (await peer.hear())["error"] == "another user runs this mcp-inspect"
                assert await peer.ended()
            assert house.hub.grants == []
            assert [bad.reason for bad in house.hub.refused] == ["another user runs this mcp-inspect"]

    run(test)


def test_a_folder_that_others_can_enter_is_refused(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        house = House(tmp_path)
        tmp_path.chmod(0o755)
        with pytest.raises(ExceptionGroup) as caught:
            async with house.open():
                pass
        (error,) = caught.value.exceptions
        assert isinstance(error, ConfigError)
        assert "must be yours alone" in str(error)

    run(test)


def test_closing_the_front_lets_go_of_its_clients(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            peers = [await attached(house) for _ in range(3)]
            pids = {event.pid for event in house.events if isinstance(event, UpstreamChanged)}
            assert len(pids) == 3
        for peer in peers:
            assert await peer.ended()

    run(test)


def test_a_half_open_connection_without_a_hello_costs_nothing_but_itself(run: Any, tmp_path: Path) -> None:
    async def test() -> None:
        async with House(tmp_path).open() as house:
            silent = socket.socket(socket.AF_UNIX)
            silent.connect(str(house.path))
            peer = await attached(house)
            await peer.say(request("echo", 1))
            assert (await peer.hear())["id"] == 1
            silent.close()

    run(test)
