"""A client whose line broke comes back for the rest of its answer, in front of a server that speaks no HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from http_rig import BOTH, SERVERS, Reply, Rig, running

from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.proxy.http_replay import KEPT, STREAMS, Replays

pytestmark = pytest.mark.anyio

ASKED = '{"jsonrpc":"2.0","id":"s1","method":"elicitation/create","params":{"message":"sure?"}}'
DONE = '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"done"}]}}'
SCRIPT = {
    "initialize": ['{"jsonrpc":"2.0","id":$ID,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}'],
    "call ask": [ASKED, "WAIT", DONE],
    "call quick": [DONE],
}
ANSWER = {"jsonrpc": "2.0", "id": "s1", "result": {"action": "accept"}}
CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "ask", "arguments": {}}}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    command = (sys.executable, "-S", str(SERVERS / "raw_server.py"), str(script), "stdio")
    async with running(tmp_path, UpstreamSpec("up", CommandSpec(command))) as made:
        yield made


def headers(session: str, version: str = "2025-11-25", **more: str) -> dict[str, str]:
    named = {"content-type": "application/json", "accept": BOTH, "mcp-session-id": session, **more}
    return {**named, "mcp-protocol-version": version}


class Stream:
    """The events of a response, as fields, while it is still open."""

    def __init__(self, response: Any) -> None:
        self._response = response

    async def next(self) -> dict[str, str]:
        event: dict[str, str] = {}
        async for line in self._response.content:
            text = line.decode().rstrip("\r\n")
            if not text and event:
                return event
            name, _, value = text.partition(":")
            event[name] = value.removeprefix(" ")
        return event

    def cut(self) -> None:
        self._response.close()


async def begin(rig: Rig, session: str, **more: str) -> Stream:
    return Stream(await rig.http.post(rig.url, json=CALL, headers=headers(session, **more)))


async def resume(rig: Rig, session: str, last: str) -> Stream:
    return Stream(await rig.http.get(rig.url, headers=headers(session, **{"last-event-id": last})))


async def test_a_stream_opens_with_an_id_to_come_back_with(rig: Rig) -> None:
    stream = await begin(rig, await rig.initialize())
    first = await stream.next()
    assert (first["data"], first["retry"]) == ("", "1000")
    assert first["id"]
    assert json.loads((await stream.next())["data"])["method"] == "elicitation/create"


async def test_what_was_said_after_an_event_is_said_again_and_then_the_rest(rig: Rig) -> None:
    session = await rig.initialize()
    stream = await begin(rig, session)
    first, asked = await stream.next(), await stream.next()
    stream.cut()
    again = await resume(rig, session, first["id"])
    assert await again.next() == asked
    await rig.post(ANSWER, mcp_session_id=session)
    assert json.loads((await again.next())["data"])["result"]["content"][0]["text"] == "done"
    assert await again.next() == {}  # it ends with the response


async def test_an_answer_that_came_while_nobody_listened_waits(rig: Rig) -> None:
    session = await rig.initialize()
    stream = await begin(rig, session)
    await stream.next()
    asked = await stream.next()
    stream.cut()
    await rig.post(ANSWER, mcp_session_id=session)
    await rig.until(lambda: any(b'"done"' in getattr(event, "response", b"") for event in rig.events))
    rest = await resume(rig, session, asked["id"])
    assert json.loads((await rest.next())["data"])["id"] == 7
    assert await rest.next() == {}


async def test_who_comes_back_takes_the_stream_over(rig: Rig) -> None:
    session = await rig.initialize()
    stream = await begin(rig, session)
    first, _ = await stream.next(), await stream.next()
    later = await resume(rig, session, first["id"])
    assert await stream.next() == {}  # ended here
    await later.next()
    await rig.post(ANSWER, mcp_session_id=session)
    assert "done" in (await later.next())["data"]


async def test_an_event_id_of_another_session_is_400(rig: Rig) -> None:
    one, two = await rig.initialize(), await rig.initialize()
    first = await (await begin(rig, one)).next()
    for last in (first["id"], "x", "1-x", "1-" + "9" * 5000, ""):
        response = await rig.http.get(rig.url, headers=headers(two, **{"last-event-id": last}))
        assert response.status == 400


async def test_earlier_versions_get_no_event_without_data(rig: Rig) -> None:
    stream = await begin(rig, await rig.initialize(), version="2025-06-18")
    first = await stream.next()
    assert json.loads(first["data"])["method"] == "elicitation/create"
    assert "id" not in first


async def test_a_quick_answer_stays_one_piece_of_json(rig: Rig) -> None:
    call = {**CALL, "params": {"name": "quick"}}
    async with rig.http.post(rig.url, json=call, headers=headers(await rig.initialize())) as response:
        reply = await Reply.of(response)
    assert reply.headers["content-type"] == "application/json"
    assert reply.said == "done"


# what is kept


class Line:
    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.over = False

    def frame(self, raw: bytes, *, final: bool, fields: tuple[bytes, ...] = ()) -> None:
        self.said.append(raw)
        self.over = self.over or final

    def end(self) -> None:
        self.over = True

    give_way = end

    async def ready(self) -> None: ...


def test_of_too_many_or_too_large_streams_the_oldest_are_forgotten() -> None:
    replays = Replays()
    made = [replays.new() for _ in range(STREAMS + 1)]
    ids = [replay.begin(Line()).split(b"\r\n")[0].removeprefix(b"id: ").decode() for replay in made]
    assert replays.find(ids[0]) is None
    assert replays.find(ids[1]) is not None
    made[1].keep(b"x" * 10, False)
    made[2].keep(b"x" * KEPT, False)
    assert replays.find(ids[1]) is None
    assert replays.find(ids[2]) is not None
    made[2].keep(b"x", True)  # it alone is more than is kept
    assert replays.find(ids[2]) is None


async def test_a_withdrawn_request_ends_the_line_of_who_came_back() -> None:
    with anyio.fail_after(20):
        replay, later = Replays().new(), Line()
        replay.begin(Line())
        replay.keep(b"one", False)
        replay.resume(later, 0)
        replay.over()
        assert (later.said, later.over) == ([b"one"], True)
