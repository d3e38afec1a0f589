"""Both eras through all ways: HTTP and stdio clients; HTTP, stdio and HTTP+SSE upstreams; every process a real one.

The SDK's own client and server stand at the ends; what passes here passes directly too (the two direct ways run with
`-m slow`, as the control).
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from e2e.processes import Program
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.types import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    TextContent,
    ToolListChangedNotification,
)

SERVER = Path(__file__).parent.parent / "servers" / "sdk_server.py"
TOOLS = {
    "echo",
    "add",
    "slow",
    "ask",
    "sample",
    "roots",
    "fail",
    "big",
    "complain",
    "die",
    "calls",
    "pid",
    "toggle_tool",
}
MODES = ("legacy", "2026-07-28")
WAYS = (
    "http-http",
    "http-stdio",
    "stdio-http",
    "stdio-stdio",
    "http-sse",
    "stdio-sse",
    pytest.param("direct-http", marks=pytest.mark.slow),
    pytest.param("direct-stdio", marks=pytest.mark.slow),
    pytest.param("direct-sse", marks=pytest.mark.slow),
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Ground:
    """One headless engine with an HTTP upstream `web`, a stdio upstream `pipe`, and `old`, which speaks HTTP+SSE."""

    home: Path
    engine: Program
    web: str
    old: str

    def target(self, way: str) -> Any:
        client, upstream = way.split("-")
        name = {"http": "web", "stdio": "pipe", "sse": "old"}[upstream]
        match client:
            case "http":
                return self.engine.wait_said(rf"{name} at (http://\S+)").group(1)
            case "stdio":
                return self._spawned(["-m", "inspector", "stdio", name])
            case _ if upstream == "sse":
                return sse_client(self.old)
            case _:
                return self.web if upstream == "http" else self._spawned([str(SERVER), "stdio"])

    def _spawned(self, arguments: list[str]) -> StdioServerParameters:
        env = {"MCP_INSPECT_HOME": str(self.home)}
        return StdioServerParameters(command=sys.executable, args=arguments, env=env)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    home = Path(tempfile.mkdtemp(prefix="mi-", dir="/tmp"))
    policy, config = home / "policy.yaml", home / "config" / "mcp-inspect.toml"
    policy.write_text('version: "1"\ndefault: allow\n')
    config.parent.mkdir()
    serve = [sys.executable, str(SERVER)]
    with Program([*serve, "http", "0"]) as server, Program([*serve, "sse", "0"]) as older:
        ports = [program.wait_said(r"listening on (\d+)").group(1) for program in (server, older)]
        web, old = f"http://127.0.0.1:{ports[0]}/mcp", f"http://127.0.0.1:{ports[1]}/sse"
        pipe = f'command = ["{sys.executable}", "{SERVER}", "stdio"]'
        config.write_text(f'[upstreams.web]\nurl = "{web}"\n[upstreams.pipe]\n{pipe}\n[upstreams.old]\nurl = "{old}"\n')
        flags = [word for name in ("web", "pipe", "old") for word in ("--upstream", name)]
        flags += ["--policy", str(policy), "--headless", "--port", "0"]
        engine = Program([sys.executable, "-m", "inspector", *flags], env={"MCP_INSPECT_HOME": str(home)})
        with engine:
            engine.wait_said("recording to")
            yield Ground(home, engine, web, old)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Connect = Any


@pytest.fixture
def connect(ground: Ground, way: str, mode: str) -> Connect:
    """`async with connect(**callbacks) as client`, with a bound on all that happens inside."""

    @asynccontextmanager
    async def connected(**callbacks: Any) -> AsyncIterator[Client]:
        with anyio.fail_after(30):
            async with Client(ground.target(way), mode=mode, **callbacks) as client:
                yield client

    def start(**callbacks: Any) -> AbstractAsyncContextManager[Client]:
        return connected(**callbacks)

    return start


def text_of(result: Any) -> str:
    (content,) = result.content
    return str(content.text)


async def test_a_client_sees_the_servers_own_face_and_tools(connect: Connect, mode: str) -> None:
    async with connect() as client:
        assert client.protocol_version == (mode if mode != "legacy" else "2025-11-25")
        listed = await client.list_tools()
        assert {tool.name for tool in listed.tools} - {"extra"} == TOOLS
        if mode == "legacy":
            assert client.server_info.name == "sdk-server"
            assert client.instructions == "Tools to test a proxy with."


async def test_a_call_comes_back_with_its_result(connect: Connect) -> None:
    async with connect() as client:
        echoed = await client.call_tool("echo", {"text": "grüß dich \u2028 \U0001f600"})
        assert text_of(echoed) == "grüß dich \u2028 \U0001f600"
        added = await client.call_tool("add", {"a": 2, "b": 3})
        assert added.structured_content == {"result": 5}
        failed = await client.call_tool("fail", {"message": "no such flow"})
        assert failed.is_error
        assert "no such flow" in text_of(failed)
        assert len(text_of(await client.call_tool("big", {"size": 300_000}))) == 300_000


async def test_progress_arrives_in_order_while_the_call_runs(connect: Connect) -> None:
    seen: list[tuple[float, float | None, str | None]] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))

    async with connect() as client:
        result = await client.call_tool("slow", {"seconds": 0.1, "steps": 3}, progress_callback=progressed)
        assert text_of(result) == "slow done"
    assert seen == [(1, 3, "step 1"), (2, 3, "step 2"), (3, 3, "step 3")]


async def test_a_cancelled_call_is_cancelled_at_the_server_and_the_client_goes_on(connect: Connect) -> None:
    async with connect() as client:

        async def cancelled() -> int:
            received = (await client.call_tool("calls")).structured_content["result"]
            return sum(call.get("cancelled") == "slow" for call in received)

        before = await cancelled()
        with anyio.CancelScope() as scope:

            async def started(progress: float, total: float | None, message: str | None) -> None:
                scope.cancel()

            await client.call_tool("slow", {"seconds": 20, "steps": 200}, progress_callback=started)
        assert scope.cancelled_caught
        while await cancelled() == before:  # each look is a round trip
            pass
        assert text_of(await client.call_tool("echo", {"text": "still here"})) == "still here"


async def test_a_server_asks_the_person_behind_the_client(connect: Connect, mode: str) -> None:
    asked: list[str] = []

    async def answer(context: Any, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"ok": True})

    async with connect(elicitation_callback=answer) as client:
        result = text_of(await client.call_tool("ask", {"question": "really?"}))
    assert asked == ["really?"]
    assert result == ("accept ok=True" if mode == "legacy" else "accept state=asked")


async def test_a_server_asks_the_model_behind_the_client(connect: Connect) -> None:
    prompts: list[str] = []

    async def sample(context: Any, params: CreateMessageRequestParams) -> CreateMessageResult:
        prompts.extend(str(getattr(m.content, "text", "")) for m in params.messages)
        return CreateMessageResult(role="assistant", model="m", content=TextContent(type="text", text="forty-two"))

    async with connect(sampling_callback=sample) as client:
        assert text_of(await client.call_tool("sample", {"prompt": "what is it?"})) == "forty-two"
    assert prompts == ["what is it?"]


async def test_a_changed_tool_list_is_announced(connect: Connect, mode: str) -> None:
    announced = anyio.Event()

    async def heard(message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            announced.set()

    async with connect(message_handler=heard) as client:
        before = {tool.name for tool in (await client.list_tools(cache_mode="reload")).tools}
        if mode == "legacy":
            toggled = 0
            # Over HTTP the client's stream for it opens in its own time: what is said before that is lost.
            while not announced.is_set() or toggled % 2 == 0:
                await client.call_tool("toggle_tool")
                toggled += 1
                with anyio.move_on_after(0.2):
                    await announced.wait()
        else:
            async with client.listen(tools_list_changed=True) as changes:
                await client.call_tool("toggle_tool")
                await anext(aiter(changes))
        after = {tool.name for tool in (await client.list_tools(cache_mode="reload")).tools}
        assert before ^ after == {"extra"}


async def test_forty_calls_at_once_each_get_their_own_answer(connect: Connect) -> None:
    answers: dict[int, str] = {}

    async with connect() as client:

        async def call(number: int) -> None:
            answers[number] = text_of(await client.call_tool("echo", {"text": f"call {number}"}))

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(call, number)
    assert answers == {number: f"call {number}" for number in range(40)}


async def test_every_decision_was_printed(ground: Ground) -> None:
    assert re.search(r"allow\s+web›echo", "\n".join(ground.engine.stdout))
    assert re.search(r"allow\s+pipe›echo", "\n".join(ground.engine.stdout))
