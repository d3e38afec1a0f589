"""What breaks in the middle: servers, clients, the disk; with real processes on every side (docs/security.md)."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_rig import House, Lines

from inspector.core.events import CallArrived, FrameRejected, HoldEnded, UpstreamChanged, UpstreamState

FAULTY = (sys.executable, "-S", str(Path(__file__).parents[1] / "servers" / "faulty_server.py"))
ROOM = 64 << 20  # bytes by which a process may grow


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text('{"version": "1", "default": "allow", "tools": {"ask": {"action": "approve"}}}')
    return path


def call(number: int, tool: str, **arguments: Any) -> bytes:
    params = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode()


def ask(client: Lines, number: int, tool: str, **arguments: Any) -> dict[str, Any]:
    client.send(call(number, tool, **arguments) + b"\n")
    return answer(client, number)


def answer(client: Lines, number: int) -> dict[str, Any]:
    while (message := client.hear()) is not None:
        if message.get("id") == number:
            return message
    raise AssertionError("the line ended without an answer")


def text(message: dict[str, Any]) -> str:
    return str(message["result"]["content"][0]["text"])


def until(true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def has(house: House, kind: type) -> bool:
    return any(isinstance(event, kind) for event in house.recorded())


def test_a_server_that_is_killed_under_a_call_fails_it_with_its_signal_and_its_last_words(
    house: House, policy: Path
) -> None:
    client = house.standalone(*FAULTY, policy=policy)
    pid = int(text(ask(client, 1, "pid")))
    client.send(call(2, "hang") + b"\n")
    until(lambda: "hang" in house.log.read_text())
    until(lambda: "last words three" in str(house.recorded()))
    os.kill(pid, signal.SIGKILL)
    error = answer(client, 2)["error"]["message"]
    assert "SIGKILL" in error
    assert "last words one | last words two | last words three" in error
    assert "SIGKILL" in ask(client, 3, "echo")["error"]["message"]  # and nothing is sent to nobody
    client.close()
    (exited,) = [e for e in house.recorded() if isinstance(e, UpstreamChanged) and e.state is UpstreamState.EXITED]
    assert (exited.exit_code, exited.pid) == (-signal.SIGKILL, pid)


def test_a_stdio_client_that_is_killed_takes_its_held_call_along(house: House, policy: Path) -> None:
    with house.serving("--unattended", "wait", command=FAULTY, policy=policy):
        client = house.shim("faulty_server")
        assert text(ask(client, 1, "echo")) == "done"
        client.send(call(2, "ask") + b"\n")
        until(lambda: "Held(" in str(house.recorded()))
        client.process.kill()
        until(lambda: has(house, HoldEnded))
        client.close()
        other = house.shim("faulty_server")
        assert text(ask(other, 1, "echo")) == "done"
        other.close()
    (end,) = [event for event in house.recorded() if isinstance(event, HoldEnded)]
    assert (end.end, end.by) == ("withdrawn", "the client")
    assert house.log.read_text().split() == ["echo", "echo"]


def test_an_http_client_that_is_cut_off_takes_its_held_call_along(house: House, policy: Path) -> None:
    with house.serving("--unattended", "wait", command=FAULTY, policy=policy) as program:
        web = house.web(program, "faulty_server")
        body = call(2, "ask")
        head = (
            f"POST {web.path} HTTP/1.1\r\nhost: {web.host}\r\nmcp-session-id: {web.session}\r\n"
            f"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        line = socket.create_connection(("127.0.0.1", web.port))
        line.sendall(head.encode() + body)
        until(lambda: "Held(" in str(house.recorded()))
        # Linger 0: the connection is reset, as by a machine that went down and came back.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        line.close()
        until(lambda: has(house, HoldEnded))
        assert text(web.post(call(3, "echo")).messages[0]) == "done"
    assert house.log.read_text().split() == ["echo"]


def test_half_sent_requests_keep_nobody_waiting(house: House, policy: Path) -> None:
    with house.serving(command=FAULTY, policy=policy) as program:
        web = house.web(program, "faulty_server")
        heads = (b"", b"POST ", f"POST {web.path} HTTP/1.1\r\nhost: {web.host}\r\ncontent-length: 9\r\n\r\n{{".encode())
        lines = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(90)]
        for number, line in enumerate(lines):
            line.sendall(heads[number % 3])
        assert [text(web.post(call(n, "echo", text=str(n))).messages[0]) for n in range(20)] == [*map(str, range(20))]
        for line in lines:
            line.close()


def test_a_server_that_never_answers_meets_the_call_timeout(house: House, policy: Path) -> None:
    with house.serving("--call-timeout", "0.5", command=FAULTY, policy=policy) as program:
        web = house.web(program, "faulty_server")
        error = web.post(call(1, "hang")).messages[0]["error"]["message"]
        assert "did not answer within 0.5 s (--call-timeout)" in error
        assert text(web.post(call(2, "echo")).messages[0]) == "done"


def test_once_the_disk_is_full_no_call_goes_unrecorded(house: House, policy: Path) -> None:
    # As a full disk: no file of this process may grow beyond 400 kB (SQLite sees EFBIG).
    inspect = [sys.executable, "-m", "inspector", "stdio", "--standalone", "--policy", str(policy)]
    quoted = " ".join(f"'{word}'" for word in [*inspect, "--", *FAULTY])
    client = Lines(["bash", "-c", f"ulimit -f 400; exec {quoted}"], house.env)
    refused: list[str] = []
    sent = 0
    while len(refused) < 5:
        sent += 1
        assert sent < 500
        said = ask(client, sent, "echo", text="x" * 2000)
        if "error" in said:
            refused.append(said["error"]["message"])
    assert "cannot be written" in refused[0]
    assert "make room on its disk" in refused[0]
    client.process.kill()
    client.close()
    ran = len(house.log.read_text().split())
    assert ran == sent - len(refused)
    arrived = sum(isinstance(event, CallArrived) for event in house.recorded())
    assert arrived >= ran


def test_a_flood_of_notifications_starves_no_call_and_grows_no_memory(house: House, policy: Path) -> None:
    client = house.standalone(*FAULTY, policy=policy)
    assert text(ask(client, 1, "flood")) == "done"
    for number in range(2, 6):
        ask(client, number, "echo")
    before, heard, number = resident(client.process.pid), 0, 10
    while heard < 40_000:
        number += 1
        client.send(call(number, "echo") + b"\n")
        while (message := client.hear()) is not None and message.get("id") != number:
            heard += 1
        assert message is not None, "it is answered before the client's patience ends"
    assert number > 12, "and not only when the flood lets it"
    assert resident(client.process.pid) - before < ROOM
    client.process.kill()
    client.close()


@pytest.mark.parametrize("who", ["the server, on stderr", "the client"])
def test_other_floods_starve_no_call_and_grow_no_memory_either(house: House, policy: Path, who: str) -> None:
    client = house.standalone(*FAULTY, policy=policy)
    assert text(ask(client, 1, "echo" if who == "the client" else "complain")) == "done"
    note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}}
    burst = (json.dumps(note).encode() + b"\n") * 2000 if who == "the client" else b""
    for number in range(2, 6):
        ask(client, number, "echo")
    before, number, room = resident(client.process.pid), 10, ROOM // 4
    while house.recording_size() < room:  # until more has come than the process may grow by
        number += 1
        client.send(burst)
        assert text(ask(client, number, "echo")) == "done"
    assert number > 15, "calls are answered in between, and not only when the flood lets them"
    assert resident(client.process.pid) - before < room
    client.process.kill()
    client.close()


def test_an_http_server_that_takes_a_call_and_falls_silent_meets_the_call_timeout(house: House, policy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connections are made by the kernel; nobody reads them
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/mcp"
        flags = ("--upstream", url, "--name", "silent", "--call-timeout", "0.5")
        with house.serving(*flags, command=FAULTY, policy=policy) as program:
            path = program.wait_said(r"silent at http://127.0.0.1:(\d+)(/\S+)")
            web = house.web(program, "faulty_server")
            head = [("host", web.host), ("content-type", "application/json")]
            reply = web.request("POST", path.group(2), head, call(1, "echo"))
            assert "did not answer within 0.5 s (--call-timeout)" in reply.messages[0]["error"]["message"]
            assert text(web.post(call(2, "echo")).messages[0]) == "done"


def test_a_flood_before_a_client_that_does_not_read_grows_no_memory(house: House, policy: Path) -> None:
    client = house.standalone(*FAULTY, policy=policy)
    assert text(ask(client, 1, "echo")) == "done"
    before = resident(client.process.pid)
    client.send(call(2, "flood") + b"\n")
    highest, begun = 0, time.monotonic()
    while time.monotonic() - begun < 1.5:
        highest = max(highest, resident(client.process.pid))
        time.sleep(0.02)
    assert highest - before < ROOM
    assert answer(client, 2)
    client.process.kill()
    client.close()


@pytest.mark.parametrize("size", [64 << 20, pytest.param(1 << 30, marks=pytest.mark.slow)])
def test_a_client_s_line_without_an_end_is_refused_at_four_mebibytes(house: House, policy: Path, size: int) -> None:
    client = house.standalone(*FAULTY, policy=policy)
    assert text(ask(client, 1, "echo")) == "done"
    before, highest, chunk = resident(client.process.pid), 0, b"x" * (1 << 20)
    for _ in range(size >> 20):
        client.send(chunk)
        if client.process.poll() is not None:
            break
        highest = max(highest, resident(client.process.pid) if client.process.poll() is None else 0)
    said = client.hear()
    assert said is not None
    assert said["error"]["code"] == -32600
    assert client.hear() is None
    client.close()
    assert highest - before < ROOM
    (rejected,) = [event for event in house.recorded() if isinstance(event, FrameRejected)]
    assert len(rejected.raw) == 4096


def test_stdout_that_is_no_message_is_shown_and_costs_nothing_else(house: House, policy: Path) -> None:
    client = house.standalone(*FAULTY, policy=policy)
    assert text(ask(client, 1, "garbage")) == "done"
    assert text(ask(client, 2, "echo")) == "done"
    client.close()
    (rejected,) = [event for event in house.recorded() if isinstance(event, FrameRejected)]
    assert "corrupts the stream" in rejected.reason
    assert rejected.raw == b"Traceback (most recent call last):"
