"""In front of a stdio server the proxy keeps HTTP's rules itself: sessions, streams, statuses, both eras."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from http_rig import BOTH, HELLO, META, VERSION, Reply, Rig, raw, request, running, tiny
from http_rig import status as answered

from inspector.core.call import Outcome
from inspector.core.events import ClientGone, Finished, HoldEnded, UncoveredMethod, UpstreamChanged, UpstreamState
from inspector.core.holds import HoldEnd
from inspector.proxy.http_listener import Limits

pytestmark = pytest.mark.anyio
ASK = 'version: "1"\ndefault: allow\ntools:\n  echo:\n    action: approve\n'
EVENTS = {"accept": "text/event-stream"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, tiny(tmp_path), limits=Limits(sessions=2, idle_seconds=0.2)) as made:
        yield made


@pytest.fixture
async def pulsing(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, tiny(tmp_path), limits=Limits(pulse=0.1)) as made:
        yield made


async def call(rig: Rig, session: str, tool: str, id_: Any = 1, **params: Any) -> Reply:
    return await rig.ask("tools/call", {"name": tool, **params}, id_=id_, mcp_session_id=session)


async def get(rig: Rig, session: str) -> Reply:
    async with rig.http.get(rig.url, headers={**EVENTS, "mcp-session-id": session}) as response:
        return await Reply.of(response)


async def delete(rig: Rig, session: str) -> int:
    async with rig.http.delete(rig.url, headers={"mcp-session-id": session}) as response:
        return response.status


# legacy


async def test_a_session_begins_with_initialize_and_ends_with_delete(rig: Rig) -> None:
    session = await rig.initialize()
    assert (await call(rig, session, "echo", arguments={"text": "hi"})).said == "hi"
    assert await delete(rig, session) == 200
    reply = await call(rig, session, "echo")
    assert (reply.status, reply.error) == (404, -32600)


async def test_without_a_session_only_initialize_is_answered(rig: Rig) -> None:
    assert (await rig.ask("tools/list")).status == 400
    assert (await call(rig, "unheard-of", "echo")).status == 404
    assert rig.received() == []


async def test_two_sessions_have_a_process_each(rig: Rig) -> None:
    one, two = await rig.initialize(), await rig.initialize()
    assert one != two
    assert (await call(rig, one, "die")).error == -32000
    assert (await call(rig, two, "echo", arguments={"text": "alive"})).said == "alive"


async def test_a_session_whose_server_died_is_over_so_that_its_client_begins_anew(rig: Rig) -> None:
    session = await rig.initialize()
    await call(rig, session, "die")
    assert (await call(rig, session, "echo")).status == 404
    assert (await call(rig, await rig.initialize(), "echo", arguments={"text": "again"})).said == "again"


async def test_a_session_belongs_to_the_grant_that_began_it(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), grants={"other": "other"}) as rig:
        session = await rig.initialize()
        reply = await rig.ask("ping", url=f"{rig.base}/other/up/mcp", mcp_session_id=session)
        assert reply.status == 404


async def test_a_failed_initialize_leaves_no_session(rig: Rig) -> None:
    reply = await rig.ask("initialize", {**HELLO, "protocolVersion": "bad"})
    assert reply.error == -32602
    assert (await call(rig, reply.headers["mcp-session-id"], "echo")).status == 404


async def test_the_longest_unused_session_makes_room_for_a_new_one(rig: Rig) -> None:
    first, second = await rig.initialize(), await rig.initialize()
    assert (await rig.ask("ping", mcp_session_id=first)).status == 200
    third = await rig.initialize()
    statuses = [(await rig.ask("ping", mcp_session_id=s)).status for s in (first, second, third)]
    assert statuses == [200, 404, 200]


async def test_when_all_sessions_are_in_use_a_new_one_is_503(rig: Rig) -> None:
    sessions = [await rig.initialize(), await rig.initialize()]
    streams = [await rig.http.get(rig.url, headers={**EVENTS, "mcp-session-id": s}) for s in sessions]
    assert (await rig.ask("initialize", HELLO)).status == 503
    for stream in streams:
        stream.close()


async def test_an_idle_session_ends_and_one_with_a_stream_does_not(rig: Rig) -> None:
    idle, listening = await rig.initialize(), await rig.initialize()
    stream = await rig.http.get(rig.url, headers={**EVENTS, "mcp-session-id": listening})
    rig.clock.now += 1
    await rig.until(lambda: len(rig.seen(ClientGone)) == 1)
    assert (await rig.ask("ping", mcp_session_id=idle)).status == 404
    assert (await rig.ask("ping", mcp_session_id=listening)).status == 200
    stream.close()


async def test_notifications_and_responses_are_202_and_reach_the_server(rig: Rig) -> None:
    session = await rig.initialize()
    done = await rig.post({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}, mcp_session_id=session)
    assert (done.status, done.body) == (202, b"")
    await rig.until(lambda: rig.received()[-1]["method"] == "notifications/roots/list_changed")


async def test_progress_comes_on_the_requests_own_stream(rig: Rig) -> None:
    session = await rig.initialize()
    reply = await call(rig, session, "progress", _meta={"progressToken": "p"})
    assert reply.headers["content-type"] == "text/event-stream"
    assert [event.get("method", "response") for event in reply.events] == ["notifications/progress"] * 2 + ["response"]


async def test_what_the_server_asks_goes_out_on_the_call_and_the_answer_comes_back(rig: Rig) -> None:
    session = await rig.initialize()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask"}})
    headers = {"content-type": "application/json", "accept": BOTH, "mcp-session-id": session}
    async with rig.http.post(rig.url, data=body, headers=headers) as response:
        asked = json.loads((await _event(response.content))[6:])
        assert asked["method"] == "elicitation/create"
        answer = {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept"}}
        assert (await rig.post(answer, mcp_session_id=session)).status == 202
        assert "accept" in (await response.text())


async def _event(stream: asyncio.StreamReader | Any) -> bytes:
    while not (line := await stream.readline()).startswith(b"data:"):
        assert line, "the stream ended"
    return bytes(line)


async def test_the_get_stream_carries_what_belongs_to_no_request_and_is_kept_alive(pulsing: Rig) -> None:
    rig = pulsing
    session = await rig.initialize()
    async with rig.http.get(rig.url, headers={**EVENTS, "mcp-session-id": session}) as stream:
        assert (stream.status, stream.content_type) == (200, "text/event-stream")
        assert (await stream.content.readline()).startswith(b": ping")
        assert (await call(rig, session, "shout")).status == 200
        assert json.loads((await _event(stream.content))[6:])["method"] == "notifications/resources/list_changed"


async def test_there_is_one_get_stream_at_a_time(pulsing: Rig) -> None:
    rig = pulsing
    session = await rig.initialize()
    async with rig.http.get(rig.url, headers={**EVENTS, "mcp-session-id": session}) as first:
        assert first.status == 200
        assert (await get(rig, session)).status == 409
    reopened = 0
    with anyio.fail_after(20):
        while reopened != 200:
            async with rig.http.get(rig.url, headers={**EVENTS, "mcp-session-id": session}) as again:
                reopened = again.status


async def test_deleting_the_session_ends_its_stream(rig: Rig) -> None:
    session = await rig.initialize()
    async with rig.http.get(rig.url, headers={**EVENTS, "mcp-session-id": session}) as stream:
        assert await delete(rig, session) == 200
        with anyio.fail_after(20):
            await stream.content.read()
    assert (await get(rig, session)).status == 404


async def test_a_client_that_cannot_read_our_answers_is_406(rig: Rig) -> None:
    session = await rig.initialize()
    assert (await rig.ask("ping", mcp_session_id=session, accept="text/html")).status == 406
    async with rig.http.get(rig.url, headers={"accept": "application/json", "mcp-session-id": session}) as response:
        assert response.status == 406


async def test_a_call_of_a_client_that_left_still_runs_in_the_legacy_era(rig: Rig) -> None:
    session = await rig.initialize()
    await _leave_during(rig, {"name": "hang"}, mcp_session_id=session)
    assert (await call(rig, session, "echo", id_=2, arguments={"text": "after"})).said == "after"
    assert not any(m.get("method") == "notifications/cancelled" for m in rig.received())


async def test_a_held_call_is_withdrawn_when_its_client_leaves_and_never_runs(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=ASK) as rig:
        session = await rig.initialize()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}})
        headers = {"content-type": "application/json", "accept": BOTH, "mcp-session-id": session}
        response = await rig.http.post(rig.url, data=body, headers=headers)
        assert response.content_type == "text/event-stream"  # the line is kept open while a person is asked
        response.close()
        await rig.until(lambda: bool(rig.seen(HoldEnded)))
        assert rig.seen(HoldEnded)[0].end is HoldEnd.WITHDRAWN
        assert not any(m.get("method") == "tools/call" for m in rig.received())


async def _leave_during(rig: Rig, params: dict[str, Any], **headers: str) -> None:
    """Send a call, and close the connection once the server has it."""
    async with anyio.create_task_group() as client:
        client.start_soon(lambda: rig.ask("tools/call", params, id_=77, **headers))
        await rig.until(lambda: any(m.get("method") == "tools/call" for m in rig.received()))
        client.cancel_scope.cancel()


# modern


async def test_a_modern_request_needs_no_session(rig: Rig) -> None:
    reply = await rig.modern("tools/call", {"name": "echo", "arguments": {"text": "hi"}})
    assert (reply.status, reply.said) == (200, "hi")
    assert "mcp-session-id" not in reply.headers


async def test_modern_clients_share_a_process_without_mixing_up_equal_ids(rig: Rig) -> None:
    said: dict[int, str] = {}

    async def one(n: int) -> None:
        said[n] = (await rig.modern("tools/call", {"name": "echo", "arguments": {"text": str(n)}}, id_=1)).said

    async with anyio.create_task_group() as clients:
        for n in range(20):
            clients.start_soon(one, n)
    assert said == {n: str(n) for n in range(20)}


async def test_error_codes_become_http_statuses_in_the_modern_era(rig: Rig) -> None:
    reply = await rig.modern("no/such")
    assert (reply.status, reply.error) == (404, -32601)


@pytest.mark.parametrize(
    ("meta", "headers", "code"),
    [
        ({VERSION: "2099-01-01"}, {"mcp_protocol_version": "2099-01-01"}, -32022),
        ({}, {"mcp_protocol_version": "2025-11-25"}, -32020),
        ({}, {"mcp_method": "tools/list"}, -32020),
    ],
)
async def test_what_a_modern_server_objects_to_is_400(
    rig: Rig, meta: dict[str, Any], headers: dict[str, str], code: int
) -> None:
    named = {"mcp_protocol_version": "2026-07-28", "mcp_method": "server/discover", **headers}
    reply = await rig.ask("server/discover", {"_meta": {**META, **meta}}, **named)
    assert (reply.status, reply.error, reply.json["id"]) == (400, code, 1)
    assert rig.received() == []


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("h\u00e9".encode(), 400),
        (b"=?base64?aMOp?=", 200),
        (b"  =?base64?aMOp?= ", 200),
        (b"=?base64?aMOp=?=", 400),
        (b"", 400),
    ],
)
async def test_parameter_headers_say_what_the_arguments_say(rig: Rig, header: bytes, status: int) -> None:
    await rig.modern("tools/list")
    params = {"name": "send", "arguments": {"text": "h\u00e9"}, "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    lines = [f"accept: {BOTH}", "mcp-protocol-version: 2026-07-28", "mcp-method: tools/call", "mcp-name: \tsend "]
    sent = request(rig, body, f"content-length: {len(body)}", *lines, *([f"mcp-param-text:{header.decode('latin-1')}"]))
    assert answered(await raw(rig.front.port, sent)) == status


async def test_a_parameter_header_that_is_missing_is_400(rig: Rig) -> None:
    await rig.modern("tools/list")
    reply = await rig.modern("tools/call", {"name": "send", "arguments": {"text": "x"}})
    assert (reply.status, reply.error) == (400, -32020)
    assert not any(m.get("method") == "tools/call" for m in rig.received())


async def test_a_modern_request_without_its_envelope_is_400(rig: Rig) -> None:
    reply = await rig.ask("server/discover", mcp_protocol_version="2026-07-28", mcp_method="server/discover")
    assert (reply.status, reply.error) == (400, -32602)


async def test_there_is_no_handshake_in_the_modern_era(rig: Rig) -> None:
    reply = await rig.modern("initialize")
    assert (reply.status, reply.error) == (404, -32601)
    assert rig.received() == []


async def test_get_and_delete_are_405_in_the_modern_era(rig: Rig) -> None:
    headers = {**EVENTS, "mcp-protocol-version": "2026-07-28"}
    async with rig.http.get(rig.url, headers=headers) as response:
        assert (response.status, response.headers["allow"]) == (405, "POST")
    async with rig.http.delete(rig.url, headers=headers) as response:
        assert response.status == 405


async def test_a_modern_notification_is_202_and_a_response_400(rig: Rig) -> None:
    version = {"mcp_protocol_version": "2026-07-28"}
    assert (await rig.post({"jsonrpc": "2.0", "method": "notifications/cancelled"}, **version)).status == 202
    assert (await rig.post({"jsonrpc": "2.0", "id": 1, "result": {}}, **version)).status == 400


async def test_a_modern_notification_that_somebody_else_has_defined_goes_on(rig: Rig) -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/vendor/x", "params": {"n": 1, "_meta": META}}
    assert (await rig.post(body, mcp_protocol_version="2026-07-28", mcp_method=body["method"])).status == 202
    await rig.until(lambda: [line for line in rig.received() if line == body])
    assert [event.method for event in rig.seen(UncoveredMethod)] == ["notifications/vendor/x"]


async def test_a_modern_client_that_leaves_cancels_its_call_at_the_server(rig: Rig) -> None:
    named = {"mcp_protocol_version": "2026-07-28", "mcp_method": "tools/call", "mcp_name": "hang"}
    await _leave_during(rig, {"name": "hang", "_meta": META}, **named)
    await rig.until(lambda: rig.received()[-1].get("method") == "notifications/cancelled")


async def test_a_modern_call_that_takes_long_becomes_a_stream(pulsing: Rig) -> None:
    rig = pulsing
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "hang", "_meta": META}})
    headers = {"content-type": "application/json", "accept": BOTH, "mcp-protocol-version": "2026-07-28",
               "mcp-method": "tools/call", "mcp-name": "hang"}  # fmt: skip
    async with rig.http.post(rig.url, data=body, headers=headers) as response:
        assert response.content_type == "text/event-stream"
        assert (await response.content.readline()).startswith(b": ping")


async def test_a_task_ends_at_once_when_the_shared_process_dies_with_nothing_in_flight(rig: Rig) -> None:
    reply = await rig.modern("tools/call", {"name": "job"})
    assert reply.json["result"]["resultType"] == "task"
    assert rig.seen(Finished) == []
    (process,) = {event.pid for event in rig.seen(UpstreamChanged) if event.state is UpstreamState.STARTING}
    assert process is not None
    os.kill(process, signal.SIGKILL)
    await rig.until(lambda: bool(rig.seen(Finished)))
    assert [event.outcome for event in rig.seen(Finished)] == [Outcome.UNKNOWN]
    assert (await rig.modern("tools/call", {"name": "echo", "arguments": {"text": "again"}}, id_=2)).said == "again"
