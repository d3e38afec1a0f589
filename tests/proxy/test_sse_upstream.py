"""Servers of the HTTP+SSE transport of 2024-11-05: found out, spoken to, and lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from http_rig import HELLO, SERVERS, Rig, running, sdk_over_http, serving
from http_upstream import Exchange, Script, session
from login_rig import Guarded, Person, before, guarded
from pipe_rig import Pipe, pipe

from inspector.core.events import Finished, UpstreamChanged, UpstreamState
from inspector.core.upstream import UpstreamSpec, UrlSpec, UrlTransport
from inspector.proxy import sse_link

pytestmark = pytest.mark.anyio
AUTO, HTTP, SSE = UrlTransport
ENDPOINT = "/post?session=1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Older:
    """A scripted server of that transport, with one stream at a time. `answer` makes the result of a request."""

    def __init__(self, refuses_with: int = 405, endpoint: str = ENDPOINT) -> None:
        self.refuses_with = refuses_with
        self.endpoint = endpoint
        self.stream: Exchange | None = None
        self.accepts_with = 202
        self.answer: Callable[[dict[str, Any]], Awaitable[None]] = self.echo

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.method == "GET":
            await self.open(exchange)
        elif exchange.path == "/post":
            await exchange.answer(self.accepts_with, b"Accepted", content_type="text/plain")
            if "id" in exchange.message and "method" in exchange.message and self.accepts_with < 300:
                await self.answer(exchange.message)
        else:
            await exchange.answer(self.refuses_with, {"detail": "Method Not Allowed"})

    async def open(self, exchange: Exchange) -> None:
        await exchange.stream()
        await exchange.write(f": hello\r\n\r\nevent: endpoint\r\ndata: {self.endpoint}\r\n\r\n")
        self.stream = exchange
        await exchange.until_left()

    async def say(self, message: Any) -> None:
        assert self.stream is not None
        await self.stream.say(message, "event: message")

    async def echo(self, message: dict[str, Any]) -> None:
        result: Any = {"content": [{"type": "text", "text": "done"}]}
        if message["method"] == "initialize":
            version = message["params"]["protocolVersion"]
            result = {"protocolVersion": version, "capabilities": {}, "serverInfo": {"name": "old", "version": "1"}}
        await self.say({"id": message["id"], "result": result})


@asynccontextmanager
async def ahead(
    folder: Path, handle: Any, *headers: tuple[str, str], transport: UrlTransport = AUTO, path: str = "/mcp"
) -> AsyncIterator[tuple[Rig, Script]]:
    script = Script(handle)
    async with serving(script) as url:
        spec = UpstreamSpec("up", UrlSpec(url.removesuffix("/mcp") + path, headers, transport=transport))
        async with running(folder, spec) as rig:
            yield rig, script


async def call(rig: Rig, session_id: str, id_: Any = 1) -> Any:
    return await rig.ask("tools/call", {"name": "x", "arguments": {}}, id_=id_, mcp_session_id=session_id)


@pytest.mark.parametrize("status", [400, 404, 405])
async def test_a_server_that_knows_no_post_is_asked_by_get_and_served_in_sessions_of_ours(
    tmp_path: Path, status: int
) -> None:
    async with ahead(tmp_path, Older(status)) as (rig, script):
        session_id = await rig.initialize()
        assert (await call(rig, session_id)).said == "done"
        assert [(e.method, e.path) for e in script.seen[:4]] == [
            ("POST", "/mcp"),
            ("GET", "/mcp"),
            ("GET", "/mcp"),
            ("POST", "/post"),
        ]
        second = await rig.initialize()
        assert second != session_id
        assert sum((e.method, e.path) == ("POST", "/mcp") for e in script.seen) == 1
        assert rig.seen(UpstreamChanged)[-1].state is UpstreamState.READY


async def test_a_modern_client_falls_back_by_the_servers_own_answer(tmp_path: Path) -> None:
    older = Older()

    async def unknown(message: dict[str, Any]) -> None:
        await older.say({"id": message["id"], "error": {"code": -32601, "message": "Method not found"}})

    older.answer = unknown
    async with ahead(tmp_path, older) as (rig, _):
        reply = await rig.modern("server/discover")
        assert (reply.status, reply.error) == (404, -32601)


async def test_a_client_that_speaks_stdio_is_carried_over_too(tmp_path: Path) -> None:
    async with ahead(tmp_path, Older()) as (rig, script):
        client = await pipe(rig)
        await client.handshake()
        client.call(1)
        assert (await client.until(id=1))["result"]["content"][0]["text"] == "done"
        said = [e.message["method"] for e in script.seen if e.path == "/post"]
        assert said == ["initialize", "notifications/initialized", "tools/call"]


async def test_a_place_that_opens_a_stream_by_post_as_well_is_found_by_its_name(tmp_path: Path) -> None:
    older = Older()

    async def any_method(exchange: Exchange) -> None:
        if exchange.path == "/sse":
            await older.open(exchange)
        else:
            await older(exchange)

    async with ahead(tmp_path, any_method, path="/sse") as (rig, script):
        assert (await call(rig, await rig.initialize())).said == "done"
        assert [e.method for e in script.seen if e.path == "/sse"] == ["GET", "GET"]


async def test_a_newer_server_with_such_a_name_is_spoken_to_as_what_it_is(tmp_path: Path) -> None:
    async with ahead(tmp_path, session, path="/sse") as (rig, _):
        assert await rig.initialize() == "their-session"


@pytest.mark.parametrize("status", [400, 404, 405, 500])
async def test_a_refusal_of_a_newer_server_is_passed_on(tmp_path: Path, status: int) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(status, b"no", content_type="text/plain")

    async with ahead(tmp_path, refuse) as (rig, script):
        reply = await rig.ask("initialize", HELLO)
        assert (reply.status, reply.body) == (status, b"no")
        assert len(script.of("GET")) == (status != 500)


@pytest.mark.parametrize(("transport", "method"), [(SSE, "POST"), (HTTP, "GET")])
async def test_a_configured_transport_is_not_doubted(tmp_path: Path, transport: UrlTransport, method: str) -> None:
    async with ahead(tmp_path, Older(), transport=transport) as (rig, script):
        reply = await rig.ask("initialize", HELLO)
        assert reply.status == (200 if transport is SSE else 405)
        assert not [e for e in script.seen if (e.method, e.path) == (method, "/mcp")]


async def test_our_headers_and_the_clients_go_with_stream_and_messages_but_not_our_session(tmp_path: Path) -> None:
    async with ahead(tmp_path, Older(), ("x-own", "1"), transport=SSE) as (rig, script):
        session_id = await rig.initialize(authorization="Bearer theirs")
        await rig.ask("tools/list", mcp_session_id=session_id, authorization="Bearer theirs")
        for exchange in (script.of("GET")[0], script.of("initialize")[0], script.of("tools/list")[0]):
            pairs = exchange.headers
            assert (pairs["x-own"], pairs["authorization"]) == ("1", "Bearer theirs")
            assert not [name for name in pairs if name.startswith("mcp-")]
        assert script.of("GET")[0].headers["accept"] == "text/event-stream"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1/post", "//127.0.0.1:1/post", "https://127.0.0.1/post"])
async def test_an_endpoint_of_another_origin_is_refused(tmp_path: Path, endpoint: str) -> None:
    async with ahead(tmp_path, Older(endpoint=endpoint), transport=SSE) as (rig, script):
        error = (await rig.ask("initialize", HELLO)).json["error"]
        assert "another origin" in error["message"]
        assert any("another origin" in reason for _, reason in rig.refusals())
        assert script.of("POST") == []
        assert rig.seen(UpstreamChanged)[-1].state is UpstreamState.FAILED


async def test_an_endpoint_may_be_an_url_of_the_same_origin(tmp_path: Path) -> None:
    older = Older()

    async def handle(exchange: Exchange) -> None:
        older.endpoint = f"http://{exchange.headers['host']}/post?a=b%20c"
        await older(exchange)

    async with ahead(tmp_path, handle, transport=SSE) as (rig, _):
        assert (await call(rig, await rig.initialize())).said == "done"


async def test_a_stream_without_an_endpoint_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.stream()
        await exchange.until_left()

    monkeypatch.setattr(sse_link, "OPENING", 0.1)
    async with ahead(tmp_path, silent, transport=SSE) as (rig, _):
        assert "named no endpoint within" in (await rig.ask("initialize", HELLO)).json["error"]["message"]


async def test_a_refused_stream_is_passed_on_with_its_status_and_challenge(tmp_path: Path) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(401, b"who?", www_authenticate="Bearer x")

    async with ahead(tmp_path, refuse, transport=SSE) as (rig, _):
        reply = await rig.ask("initialize", HELLO)
        assert (reply.status, reply.body, reply.headers["www-authenticate"]) == (401, b"who?", "Bearer x")


async def test_a_refused_message_is_its_calls_error_and_the_others_go_on(tmp_path: Path) -> None:
    older = Older()
    async with ahead(tmp_path, older, transport=SSE) as (rig, _):
        client = await pipe(rig)
        await client.handshake()
        older.accepts_with = 413
        client.call(1)
        assert "HTTP status 413" in (await client.until(id=1))["error"]["message"]
        older.accepts_with = 307
        client.call(2)
        assert "it redirects (HTTP 307)" in (await client.until(id=2))["error"]["message"]
        older.accepts_with = 202
        client.call(3)
        assert "result" in await client.until(id=3)


async def test_what_the_server_asks_is_answered_while_it_still_takes_the_call(tmp_path: Path) -> None:
    older = Older()
    answered = anyio.Event()

    async def busy(exchange: Exchange) -> None:
        """It says 202 to a call only when it is done with it."""
        match exchange.message if exchange.path == "/post" else {}:
            case {"method": "tools/call", "id": id_}:
                await older.say({"id": "s", "method": "sampling/createMessage", "params": {}})
                await answered.wait()
                await exchange.answer(202)
                await older.say({"id": id_, "result": {"content": [{"type": "text", "text": "sampled"}]}})
            case {"id": "s", "result": _}:
                answered.set()
                await exchange.answer(202)
            case _:
                await older(exchange)

    async with ahead(tmp_path, busy, transport=SSE) as (rig, _):
        client = await pipe(rig)
        await client.handshake()
        client.call(1)
        await client.until(method="sampling/createMessage")
        client.send(id="s", result={})
        assert (await client.until(id=1))["result"]["content"][0]["text"] == "sampled"


async def test_a_modern_clients_departure_is_told_in_words(tmp_path: Path) -> None:
    older = Older()

    async def never(message: dict[str, Any]) -> None:
        await anyio.sleep_forever()

    older.answer = never
    async with ahead(tmp_path, older, transport=SSE) as (rig, script):
        async with anyio.create_task_group() as group:
            group.start_soon(rig.modern, "tools/call", {"name": "x", "arguments": {}})
            await script.arrived("tools/call")
            group.cancel_scope.cancel()
        assert (await script.arrived("notifications/cancelled")).message["params"]["requestId"] == 1


async def test_a_call_in_flight_fails_when_the_stream_ends_and_the_next_session_is_a_new_one(tmp_path: Path) -> None:
    older = Older()
    async with ahead(tmp_path, older, transport=SSE) as (rig, script):
        session_id = await rig.initialize()
        works = older.answer

        async def end(message: dict[str, Any]) -> None:
            assert older.stream is not None
            await older.stream.write("", last=True)

        older.answer = end
        message = (await call(rig, session_id)).json["error"]["message"]
        assert "has ended its event stream" in message
        assert rig.seen(UpstreamChanged)[-1].state is UpstreamState.FAILED
        older.answer = works
        assert (await call(rig, session_id)).status == 404  # a client begins a new session then
        assert (await call(rig, await rig.initialize())).said == "done"
        assert len(script.of("GET")) == 2
        assert rig.seen(UpstreamChanged)[-1].state is UpstreamState.READY


@pytest.mark.parametrize("way", ["http", "stdio"])
async def test_a_killed_server_fails_its_calls(tmp_path: Path, way: str) -> None:
    command = [sys.executable, str(SERVERS / "sdk_server.py"), "sse", "0"]
    log = tmp_path / "calls.log"
    env = {**os.environ, "SERVER_LOG": str(log)}
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=env)
    assert process.stderr is not None
    port = (await asyncio.wait_for(process.stderr.readline(), 30)).split()[-1].decode()
    spec = UpstreamSpec("up", UrlSpec(f"http://127.0.0.1:{port}/sse"))
    async with running(tmp_path, spec) as rig:
        client = await pipe(rig)
        params = {"name": "slow", "arguments": {"seconds": 60}}

        async def kill_once_it_has_the_call() -> None:
            await rig.until(log.exists)
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()

        async with anyio.create_task_group() as group:
            if way == "http":
                session_id = await rig.initialize()
                group.start_soon(kill_once_it_has_the_call)
                error = (await rig.ask("tools/call", params, mcp_session_id=session_id)).json["error"]
            else:
                await client.handshake()
                group.start_soon(kill_once_it_has_the_call)
                client.send(id=1, method="tools/call", params=params)
                error = (await client.until(id=1))["error"]
        assert "event stream" in error["message"]
        assert len(rig.seen(Finished)) == 1


async def test_a_cancelled_call_is_cancelled_at_the_server(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    async with (
        sdk_over_http(kind="sse", log=log) as url,
        running(tmp_path, UpstreamSpec("up", UrlSpec(url))) as rig,
    ):
        client = await pipe(rig)
        await client.handshake()
        client.call(1, "slow", arguments={"seconds": 60, "steps": 600}, _meta={"progressToken": "p"})
        await client.until(method="notifications/progress")
        client.send(method="notifications/cancelled", params={"requestId": 1})
        await rig.until(lambda: '{"cancelled": "slow"}' in log.read_text())
        assert await echoed(client, 2) == "still here"


async def echoed(client: Pipe, id_: int) -> str:
    client.call(id_, "echo", arguments={"text": "still here"})
    return str((await client.until(id=id_))["result"]["content"][0]["text"])


@pytest.mark.parametrize("way", ["http", "stdio"])
async def test_one_logs_in_at_such_a_server_too(tmp_path: Path, way: str) -> None:
    person = Person()
    async with guarded("sse") as server, before(server, tmp_path, person) as rig:
        if way == "http":
            session_id = await rig.initialize()
            params = {"name": "echo", "arguments": {"text": "still here"}}
            assert (await rig.ask("tools/call", params, mcp_session_id=session_id)).said == "still here"
        else:
            client = await pipe(rig)
            await client.handshake()
            assert await echoed(client, 1) == "still here"
        assert len(person.visits) == 1
        assert all(await server.credentials("resource/messages/"))


async def test_a_login_that_cannot_be_made_is_the_calls_error(tmp_path: Path) -> None:
    async def wants_one(exchange: Exchange) -> None:
        await exchange.answer(
            401 if exchange.method == "POST" or exchange.path == "/sse" else 404, www_authenticate="Bearer"
        )

    async with serving(Script(wants_one)) as url:
        server = Guarded(url.replace("/mcp", "/sse"), "")
        async with before(server, tmp_path, Person()) as rig:
            error = json.loads((await rig.ask("initialize", HELLO)).body)["error"]["message"]
            assert error.startswith("log in: ")
