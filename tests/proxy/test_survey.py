"""Definitions that are needed before the client has listed any: we ask for them ourselves, beside its session."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from http_rig import HELLO, META, Rig, at, running, sdk_over_http, serving, tiny
from http_upstream import Exchange, Script, session
from pipe_rig import Pipe, pipe

from inspector.core.call import Era
from inspector.core.events import CallArrived, Decided, Direction, Finished, FrameRejected, ToolsListed
from inspector.core.upstream import UpstreamSpec
from inspector.policy.load import load_text
from inspector.proxy import survey
from inspector.proxy.links import ClientSide, Link, Outgoing, Receiver, Route
from inspector.wire.jsonrpc import FrameId, Kind

pytestmark = pytest.mark.anyio
CHECKED = '{"version": "1", "default": "allow", "all_tools": {"validate": "input_schema"}}'
ALLOW = '{"version": "1", "default": "allow"}'
TOOL = {
    "name": "x",
    "inputSchema": {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}},
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def piped(rig: Rig) -> AsyncIterator[Pipe]:
    client = await pipe(rig)
    try:
        yield client
    finally:
        await client.connection.close()


@asynccontextmanager
async def upstream(kind: str, folder: Path) -> AsyncIterator[tuple[UpstreamSpec, str]]:
    """A server, and the name of a tool of it whose `text` must be a string."""
    if kind == "command":
        yield tiny(folder), "send"
    else:
        async with sdk_over_http() as url:
            yield at(url), "echo"


async def calls(rig: Rig, front: str, era: str, tool: str) -> list[str]:
    """The texts that a call with a wrong and one with a right argument are answered by; nothing was listed before."""
    wanted = [{"text": 5}, {"text": "right"}]
    if front == "http":
        if era == "modern":
            replies = [
                await rig.modern("tools/call", {"name": tool, "arguments": a}, mcp_param_text=str(a["text"]))
                for a in wanted
            ]
        else:
            headers = {"mcp_session_id": await rig.initialize()}
            replies = [await rig.ask("tools/call", {"name": tool, "arguments": a}, **headers) for a in wanted]
        return [reply.said for reply in replies]
    async with piped(rig) as client:
        meta = {"_meta": META} if era == "modern" else {}
        if not meta:
            await client.ask(0, "initialize", **HELLO)
            client.send(method="notifications/initialized")
        answers = [await client.ask(n, "tools/call", name=tool, arguments=a, **meta) for n, a in enumerate(wanted, 1)]
        return [answer["result"]["content"][0]["text"] for answer in answers]


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("kind", ["command", "url"])
@pytest.mark.parametrize("front", ["stdio", "http"])
async def test_the_first_call_is_checked_against_a_schema_that_its_client_never_asked_for(
    tmp_path: Path, front: str, kind: str, era: str
) -> None:
    async with upstream(kind, tmp_path) as (spec, tool), running(tmp_path, spec, policy=CHECKED) as rig:
        wrong, right = await calls(rig, front, era, tool)
        assert wrong.startswith("[POLICY DENIED]")
        assert right == "right"
        assert len(rig.seen(ToolsListed)) == 1


async def test_it_is_asked_on_a_session_of_its_own_and_the_clients_hears_nothing_of_it(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=CHECKED) as rig, piped(rig) as client:
        await client.ask(0, "initialize", **HELLO)
        await client.ask(1, "tools/call", name="echo", arguments={})
        await client.ask(2, "tools/call", name="echo", arguments={})
        methods = [message["method"] for message in rig.received()]
        assert sorted(methods) == sorted(
            ["initialize", "initialize", "notifications/initialized", "tools/list", "tools/call", "tools/call"]
        )
        assert [frame["id"] for frame in client.frames] == [0, 1, 2]


async def test_nothing_is_asked_while_no_rule_needs_it(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=ALLOW) as rig, piped(rig) as client:
        await client.ask(1, "tools/call", name="echo", arguments={})
        assert [message["method"] for message in rig.received()] == ["tools/call"]


async def test_what_the_client_listed_itself_is_not_asked_again_until_it_has_changed(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=CHECKED) as rig, piped(rig) as client:
        await client.ask(1, "tools/list")
        await client.ask(2, "tools/call", name="echo", arguments={})
        assert len(rig.seen(ToolsListed)) == 1
        changed = b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'
        client.connection.inbound.upstream_frame(changed, None)
        await client.ask(3, "tools/call", name="echo", arguments={})
        assert len(rig.seen(ToolsListed)) == 2


async def test_calls_that_wait_are_judged_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=CHECKED) as rig, piped(rig) as client:
        for id_ in range(1, 6):
            client.send(id=id_, method="tools/call", params={"name": "echo", "arguments": {"text": str(id_)}})
        await client.until(id=5)
        assert [event.arguments["text"] for event in rig.seen(CallArrived)] == [*"12345"]
        assert len(rig.seen(ToolsListed)) == 1


async def test_a_call_that_is_given_up_while_it_waits_is_never_judged(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=CHECKED) as rig, piped(rig) as client:
        client.send(id=1, method="tools/call", params={"name": "echo", "arguments": {}})
        client.send(method="notifications/cancelled", params={"requestId": 1})
        await client.ask(2, "tools/call", name="echo", arguments={})
        assert len(rig.seen(CallArrived)) == len(rig.seen(Decided)) == len(rig.seen(Finished)) == 1


async def test_a_server_that_lists_nothing_keeps_a_call_waiting_for_a_bounded_time_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "PATIENCE", 0.2)

    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/list":
            await exchange.until_left()
        else:
            await session(exchange)

    script = Script(handle)
    async with serving(script) as url, running(tmp_path, at(url), policy=CHECKED) as rig, piped(rig) as client:
        for id_ in (1, 2):  # the second does not wait again
            answer = await client.ask(id_, "tools/call", name="x", arguments={})
            assert "its input schema is not known" in answer["result"]["content"][0]["text"]
        assert len(script.of("tools/list")) == 1
        assert script.of("tools/call") == []


async def test_a_server_that_cannot_be_reached_denies_what_depends_on_its_tools(tmp_path: Path) -> None:
    spec = at("http://127.0.0.1:9/mcp")
    async with running(tmp_path, spec, policy=CHECKED) as rig, piped(rig) as client:
        answer = await client.ask(1, "tools/call", name="x", arguments={})
        assert "its input schema is not known" in answer["result"]["content"][0]["text"]


@pytest.mark.parametrize(
    ("said", "code"),
    [(b'{"jsonrpc":"2.0","id":2,"result":{"tools":5}}', -32600), (b'{"jsonrpc":"2.0","id":2,"result":', -32700)],
)
async def test_an_answer_that_is_no_list_of_tools_is_a_refusal_like_any_other(
    tmp_path: Path, said: bytes, code: int
) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/list":
            await exchange.answer(200, said, content_type="application/json")
        else:
            await session(exchange)

    async with serving(Script(handle)) as url, running(tmp_path, at(url), policy=CHECKED) as rig, piped(rig) as client:
        await client.ask(1, "tools/call", name="x", arguments={})
        (refused,) = rig.seen(FrameRejected)
        assert (refused.upstream, refused.direction, refused.code) == ("up", Direction.FROM_UPSTREAM, code)
        assert refused.raw == said


async def test_all_pages_are_read_and_a_twin_on_a_later_page_is_a_duplicate(tmp_path: Path) -> None:
    pages: dict[str, dict[str, Any]] = {
        "": {"tools": [{"name": "a", "inputSchema": {}}], "nextCursor": "2"},
        "2": {"tools": [{"name": "b", "inputSchema": {}}, {"name": "a", "inputSchema": {}}]},
    }

    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/list":
            await exchange.result(pages[exchange.message["params"].get("cursor", "")])
        else:
            await session(exchange)

    async with serving(Script(handle)) as url, running(tmp_path, at(url), policy=CHECKED) as rig, piped(rig) as client:
        assert "result" in await client.ask(1, "tools/call", name="b", arguments={})
        answer = await client.ask(2, "tools/call", name="a", arguments={})
        assert answer["result"]["_meta"]["mcp-inspect/decision"]["rule"] == "(duplicate tool)"


async def test_a_list_that_begins_again_after_its_last_page_is_read_once(tmp_path: Path) -> None:
    pages: dict[str, dict[str, Any]] = {
        "": {"tools": [{"name": "a", "inputSchema": {}}], "nextCursor": "2"},
        "2": {"tools": [{"name": "b", "inputSchema": {}}], "nextCursor": ""},
    }

    async def handle(exchange: Exchange) -> None:
        if exchange.message.get("method") == "tools/list":
            await exchange.result(pages[exchange.message["params"].get("cursor", "")])
        else:
            await session(exchange)

    script = Script(handle)
    async with serving(script) as url, running(tmp_path, at(url), policy=CHECKED) as rig, piped(rig) as client:
        for id_, tool in enumerate("ab", 1):
            assert "result" in (answer := await client.ask(id_, "tools/call", name=tool, arguments={}))
            assert "mcp-inspect/decision" not in json.dumps(answer), "neither of them is a duplicate"
        assert len(script.of("tools/list")) == 3


class Lingering:
    """An upstream whose links only end once `gone` is set, and which answers whatever it is asked."""

    name, has_url, speaks_http = "up", False, False

    def __init__(self) -> None:
        self.gone = anyio.Event()

    async def open(self, receiver: Receiver, *, shared: bool, client: ClientSide | None = None) -> Link:
        self.receiver = receiver
        return self

    def send(self, outgoing: Outgoing) -> None:
        if outgoing.frame is not None and outgoing.frame.kind is Kind.REQUEST:
            answer = {"jsonrpc": "2.0", "id": outgoing.frame.id, "result": {"tools": []}}
            self.receiver.upstream_frame(json.dumps(answer).encode(), None)

    def cancel(self, route: Route, frame_id: FrameId | None) -> None: ...
    async def ready(self) -> None: ...

    async def close(self) -> None:
        with anyio.fail_after(5):
            await self.gone.wait()


async def test_a_call_does_not_wait_for_the_end_of_the_link_that_asked() -> None:
    upstream, learned = Lingering(), list[str]()
    surveys = survey.Surveys(lambda name, _: learned.append(name), lambda: 0.0, lambda *_: None)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            surveys.before(upstream, survey.Behalf(Era.LEGACY, None), tasks, upstream.gone.set)
    assert learned == ["up"]


async def test_a_modern_http_server_gets_its_parameter_headers_with_the_first_call_of_a_stdio_client(
    tmp_path: Path,
) -> None:
    async def handle(exchange: Exchange) -> None:
        match exchange.message.get("method"):
            case "server/discover":
                await exchange.result({"resultType": "complete"})
            case "tools/list":
                await exchange.result({"tools": [TOOL]})
            case _:
                await exchange.result({"content": []})

    script = Script(handle)
    async with serving(script) as url, running(tmp_path, at(url), policy=ALLOW) as rig, piped(rig) as client:
        await client.ask(1, "tools/call", name="x", arguments={"region": "north"}, _meta=META)
        assert script.of("tools/call")[0].headers["mcp-param-region"] == "north"
        assert [exchange.headers["mcp-method"] for exchange in script.seen] == [
            "server/discover",
            "tools/list",
            "tools/call",
        ]


@pytest.mark.parametrize(("region", "passes"), [("north", True), ("south", False)])
async def test_headers_that_repeat_arguments_are_compared_before_the_first_call_too(
    tmp_path: Path, region: str, passes: bool
) -> None:
    async def handle(exchange: Exchange) -> None:
        tools = {"tools": [TOOL]} if exchange.message.get("method") == "tools/list" else {"resultType": "complete"}
        await exchange.result({**tools, "content": []})

    script = Script(handle)
    async with serving(script) as url, running(tmp_path, at(url), policy=ALLOW) as rig:
        call = {"name": "x", "arguments": {"region": "north"}}
        reply = await rig.modern("tools/call", call, mcp_param_region=region)
        assert (reply.status, len(script.of("tools/call"))) == ((200, 1) if passes else (400, 0))
        if not passes:
            assert reply.error == -32020
            assert [code for code, _ in rig.refusals()] == [-32020]
            assert rig.seen(Decided) == []


async def test_an_http_clients_credential_is_lent_to_the_listing_and_to_nothing_else(tmp_path: Path) -> None:
    async def handle(exchange: Exchange) -> None:
        if exchange.headers.get("authorization") != "Bearer theirs":
            await exchange.answer(401)
        elif exchange.message.get("method") == "tools/list":
            await exchange.result({"tools": [TOOL]})
        else:
            await session(exchange)

    script = Script(handle)
    async with serving(script) as url, running(tmp_path, at(url), policy=CHECKED) as rig:
        wrong, right = ({"name": "x", "arguments": {"region": region}} for region in (5, "north"))
        assert (await rig.ask("tools/call", wrong, authorization="Bearer theirs")).said.startswith("[POLICY DENIED]")
        assert len(rig.seen(ToolsListed)) == 1
        assert (await rig.ask("tools/call", right, authorization="Bearer theirs")).said == "done"
        assert (await rig.ask("tools/call", right)).status == 401


async def test_a_reload_that_brings_the_first_such_rule_has_the_next_call_ask(tmp_path: Path) -> None:
    async with running(tmp_path, tiny(tmp_path), policy=ALLOW) as rig, piped(rig) as client:
        await client.ask(1, "tools/call", name="send", arguments={"text": 5})
        rig.driver.reload(load_text(CHECKED), "editor")
        answer = await client.ask(2, "tools/call", name="send", arguments={"text": 5})
        assert answer["result"]["content"][0]["text"].startswith("[POLICY DENIED]")
