"""`mcp-inspect stdio …` as a client spawns it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CreateMessageResult, ElicitResult, ListRootsResult, Root, TextContent
from stdio_rig import SDK_SERVER, SERVER, House, alive, eventually, request

from inspector import runs
from inspector.core.errors import UsageError
from inspector.core.events import UpstreamChanged
from inspector.proxy.shim import name_of, parse

SHIM = [sys.executable, "-m", "inspector", "stdio"]
HEAVY = {"asyncio", "anyio", "argparse", "mcp", "orjson", "pydantic", "sqlite3", "ssl", "subprocess", "textual"}
MODES = ["legacy", pytest.param("auto", marks=pytest.mark.slow), "2026-07-28"]


@asynccontextmanager
async def running(home: Path) -> AsyncIterator[House]:
    """An inspector that shims find."""
    folder = home / "runtime"
    folder.mkdir(mode=0o700)
    async with House(folder).open() as house:
        with runs.register("r1", None, ("demo",), str(house.path), folder):
            yield house


def spawn(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*SHIM, *arguments], **{**pipes, **options})


async def finish(process: subprocess.Popen[bytes], said: bytes = b"") -> tuple[int, bytes, str]:
    """(exit code, stdout, stderr) after `said` and a closed stdin."""
    out, err = await anyio.to_thread.run_sync(lambda: process.communicate(said, timeout=15))
    return process.returncode, out, err.decode()


def lines(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


# ---------------------------------------------------------------- the start


def test_it_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "inspector", "stdio", "no/such"]
    report = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20).stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in report.splitlines() if "|" in line}
    assert "inspector" in imported
    assert not imported & HEAVY


def test_it_starts_in_well_under_a_tenth_of_a_second() -> None:
    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def once() -> float:
        """Processor time: nothing is waited for, and other work on the machine does not count."""
        before = spent()
        subprocess.run([*SHIM, "--help"], capture_output=True, check=True, timeout=20)
        return spent() - before

    assert min(once() for _ in range(7)) < 0.1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "give the NAME of an upstream"),
        (["a", "b"], "a command goes behind --"),
        (["a", "--"], "a command must follow --"),
        (["--name"], "--name needs a value"),
        (["--fast", "a"], "unknown flag --fast"),
        (["Upper"], "cannot be a name"),
        (["all"], "cannot be a name"),
    ],
)
def test_a_wrong_command_line_is_an_error_that_says_what_to_do(arguments: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse(arguments)


def test_what_follows_the_two_dashes_is_the_servers_alone() -> None:
    asked = parse(
        ["--policy=p.yaml", "--name", "files", "--grant", "g", "--standalone", "--", "npx", "x", "--name", "y"]
    )
    assert (asked.name, asked.policy, asked.grant, asked.standalone) == ("files", "p.yaml", "g", True)
    assert asked.command == ["npx", "x", "--name", "y"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["npx", "-y", "@modelcontextprotocol/server-everything"], "server-everything"),
        (["uvx", "mcp-server-git@2026.1"], "mcp-server-git"),
        (["/usr/bin/python3.12", "/srv/My Server.py", "stdio"], "my-server"),
        (["node", "dist/index.js"], "index"),
        (["all"], "server"),
        (["-"], "server"),
    ],
)
def test_a_server_is_named_after_what_is_run_and_not_after_what_runs_it(command: list[str], name: str) -> None:
    assert name_of(command) == name


# ---------------------------------------------------------------- with a running inspector


def test_what_was_piped_in_is_answered_before_it_ends(home: Path) -> None:
    async def test() -> None:
        with anyio.fail_after(20):
            async with running(home) as house:
                said = lines(*(request("echo", number, text="x" * 10_000) for number in range(100)))
                code, out, err = await finish(spawn("demo", "--grant", "me"), said)
                assert (code, err) == (0, "")
                assert [json.loads(line)["id"] for line in out.splitlines()] == list(range(100))
                assert house.hub.grants == ["me"]

    anyio.run(test)


def test_the_server_gets_the_folder_and_environment_of_the_client(home: Path, tmp_path: Path) -> None:
    async def test() -> None:
        with anyio.fail_after(20):
            async with running(home):
                root = str(Path(__file__).parents[2])
                env = {**os.environ, "ONLY": "client", "PYTHONPATH": root}
                process = spawn("demo", cwd=tmp_path, env=env)
                _, out, _ = await finish(process, lines(request("cwd", 1), request("env", 2, name="ONLY")))
                assert [json.loads(line)["result"] for line in out.splitlines()] == [str(tmp_path), "client"]

    anyio.run(test)


def test_a_refusal_is_passed_on_in_the_inspectors_words(home: Path) -> None:
    async def test() -> None:
        with anyio.fail_after(20):
            async with running(home):
                code, out, err = await finish(spawn("other"))
                assert (code, out) == (2, b"")
                assert err == (
                    "mcp-inspect: the running mcp-inspect refuses: no upstream is named 'other' here; there are: demo\n"
                )

    anyio.run(test)


def test_a_policy_that_is_not_used_is_said_so(home: Path) -> None:
    async def test() -> None:
        with anyio.fail_after(20):
            async with running(home):
                code, out, err = await finish(spawn("--policy", "p.yaml", "--name", "x", "--", *SERVER))
                assert (code, out) == (0, b"")
                assert "--policy is not used" in err

    anyio.run(test)


def test_when_the_inspector_ends_the_shim_ends(home: Path) -> None:
    async def test() -> None:
        with anyio.fail_after(20):
            async with running(home) as house:
                process = spawn("demo")
                await eventually(lambda: house.hub.connections)
            assert await anyio.to_thread.run_sync(lambda: process.wait(10)) in (0, 1)
            process.communicate()

    anyio.run(test)


def test_a_client_that_vanishes_takes_shim_and_server_along(home: Path) -> None:
    async def test() -> None:
        with anyio.fail_after(20):
            async with running(home) as house:
                process = spawn("demo")
                assert process.stdin and process.stdout
                process.stdin.write(lines(request("silent", 1)))
                process.stdin.flush()
                await eventually(lambda: house.hub.connections)
                (server,) = {event.pid for event in house.events if isinstance(event, UpstreamChanged)}
                process.stdin.close()
                process.stdout.close()
                await anyio.to_thread.run_sync(lambda: process.wait(10))
                assert server
                await eventually(lambda: not alive(server))

    anyio.run(test)


def test_kill_nine_of_the_shim_takes_its_server_along(home: Path) -> None:
    async def test() -> None:
        with anyio.fail_after(20):
            async with running(home) as house:
                process = spawn("demo")
                await eventually(lambda: house.hub.connections)
                process.kill()
                await eventually(lambda: house.exits)
                process.communicate()

    anyio.run(test)


# ---------------------------------------------------------------- the SDK's client


class Talk:
    """What an SDK client is asked by the server, and its answers."""

    def __init__(self) -> None:
        self.progress: list[float] = []
        self.heard: list[str] = []

    async def elicit(self, _: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"ok": True})

    async def sample(self, _: Any, params: Any) -> CreateMessageResult:
        content = TextContent(type="text", text="from the model")
        return CreateMessageResult(role="assistant", content=content, model="scripted")

    async def roots(self, _: Any) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri="file:///x")])

    async def on_progress(self, progress: float, total: float | None, message: str | None) -> None:
        self.progress.append(progress)

    async def on_message(self, message: Any) -> None:
        self.heard.append(type(message).__name__)

    def client(self, mode: str, *arguments: str) -> Client:
        env = {"MCP_INSPECT_HOME": os.environ["MCP_INSPECT_HOME"]}
        target = StdioServerParameters(command=SHIM[0], args=[*SHIM[1:], *arguments], env=env)
        return Client(
            target,
            mode=mode,  # type: ignore[arg-type]
            elicitation_callback=self.elicit,
            sampling_callback=self.sample,
            list_roots_callback=self.roots,
            message_handler=self.on_message,
        )


async def everything(talk: Talk, client: Client, mode: str) -> None:
    """Each feature once, as a person would see it."""

    async def text(tool: str, **arguments: Any) -> str:
        result = await client.call_tool(tool, arguments, progress_callback=talk.on_progress)
        return str(result.content[0].text)  # type: ignore[union-attr]

    assert "echo" in {tool.name for tool in (await client.list_tools()).tools}
    assert await text("echo", text="hé \u2028") == "hé \u2028"
    assert await text("slow") == "slow done"
    await eventually(lambda: talk.progress == [1, 2, 3, 4])
    assert (await text("ask")).startswith("accept")
    assert await text("sample") == "from the model"
    assert await text("roots") == "file:///x"
    assert await text("fail") == "Error executing tool fail: it failed"
    assert len(await text("big", size=2_000_000)) == 2_000_000
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: text("slow", seconds=30))
        while '"seconds": 30' not in await calls(client):
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    while not any("cancelled" in call for call in json.loads("[" + await calls(client) + "]")):
        await anyio.sleep(0.01)

    async def one(number: int) -> None:
        assert await text("add", a=number, b=1) == str(number + 1)

    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(one, number)
    if mode == "legacy":
        await text("toggle_tool")
        await eventually(lambda: "ToolListChangedNotification" in talk.heard)
        return
    async with client.listen(tools_list_changed=True) as subscription:
        await text("toggle_tool")
        async for event in subscription:
            assert type(event).__name__ == "ToolsListChanged"
            break


async def calls(client: Client) -> str:
    result = await client.call_tool("calls")
    return ",".join(block.text for block in result.content)  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", MODES)
def test_the_sdks_client_notices_nothing_of_shim_and_inspector(home: Path, mode: str) -> None:
    async def test() -> None:
        with anyio.fail_after(40):
            async with running(home):
                talk = Talk()
                async with talk.client(mode, "--name", "sdk", "--", *SDK_SERVER) as client:
                    await everything(talk, client, mode)

    anyio.run(test)


# ---------------------------------------------------------------- alone


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text('version: "1"\ndefault: allow\ntools:\n  fail: {action: deny, reason: "not today"}\n')
    return str(path)


@pytest.mark.parametrize("mode", [pytest.param("legacy", marks=pytest.mark.slow), "2026-07-28"])
def test_alone_it_enforces_the_policy_on_the_sdks_client(mode: str, policy: str) -> None:
    async def test() -> None:
        with anyio.fail_after(40):
            talk = Talk()
            async with talk.client(mode, "--standalone", "--policy", policy, "--", *SDK_SERVER) as client:
                assert (await client.call_tool("add", {"a": 1, "b": 2})).content[0].text == "3"  # type: ignore[union-attr]
                denied = await client.call_tool("fail")
                assert denied.is_error
                assert "not today" in denied.content[0].text  # type: ignore[union-attr]
                assert '"fail"' not in await calls(client)

    anyio.run(test)


def test_without_an_inspector_it_runs_alone_and_reads_and_writes_files_too(policy: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    call = request("tools/call", "c", name="echo", arguments={"n": 1})
    source.write_bytes(lines(request("echo", 1), call))
    with source.open("rb") as stdin, target.open("wb") as stdout:
        process = spawn("--policy", policy, "--", *SERVER, stdin=stdin, stdout=stdout)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert [json.loads(line)["id"] for line in target.read_text().splitlines()] == [1, "c"]


def test_alone_with_a_server_that_cannot_start_it_says_so(policy: str) -> None:
    process = spawn("--standalone", "--policy", policy, "--", "/nowhere/server", stdin=subprocess.DEVNULL)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, b"")
    assert "cannot start '/nowhere/server': no such command" in err.decode()


def test_kill_nine_of_the_engine_leaves_no_server_behind(policy: str) -> None:
    process = spawn("--policy", policy, "--", *SERVER, "linger")
    assert process.stdin and process.stdout
    process.stdin.write(lines(request("child", 1), request("pid", 2)))
    process.stdin.flush()
    pids = [json.loads(process.stdout.readline())["result"] for _ in range(2)]
    assert all(map(alive, pids))
    process.kill()
    process.communicate()

    async def all_dead() -> None:
        with anyio.fail_after(10):
            await eventually(lambda: not any(map(alive, pids)))

    anyio.run(all_dead)
