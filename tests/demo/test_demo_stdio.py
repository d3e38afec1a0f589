"""`python -m inspector.demo` as a client starts it: a process of its own, in both protocol eras."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from inspector.core.upstream import CommandSpec
from inspector.demo import agent_command
from inspector.upstreams.config import Config
from inspector.upstreams.resolve import resolve

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_the_server_serves_both_eras_over_stdio(mode: str, tmp_path: Path) -> None:
    argv = demo_command()
    command = StdioServerParameters(command=argv[0], args=[*argv[1:]], cwd=str(Path.cwd()))
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    stderr = tmp_path / "stderr"
    with stderr.open("w+") as log, anyio.fail_after(30):
        async with Client(stdio_client(command, errlog=log), mode=mode) as client:
            assert len((await client.list_tools()).tools) == 39
            done = await client.call_tool(
                "execute_flow",
                {"namespace": "ops.alerts", "flow_id": "page-on-call", "wait": True},
                progress_callback=hear,
            )
            assert done.structured_content["state"]["current"] == "SUCCESS"
            assert len(heard) >= 3
            started = await client.call_tool("execute_flow", {"namespace": "shop.media", "flow_id": "transcode-videos"})
            wanted = {"execution_id": started.structured_content["id"]}
            assert not (await client.call_tool("force_run_execution", wanted)).is_error
            refused = await client.call_tool("force_run_execution", wanted)
            assert refused.is_error
            assert "is RUNNING" in refused.content[0].text
    assert "page-on-call ended: SUCCESS" in stderr.read_text()


def test_a_package_of_the_current_folder_that_has_our_name_is_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "inspector").mkdir()
    (tmp_path / "inspector" / "__init__.py").write_text("raise SystemExit('not ours')")
    agent = agent_command("http://127.0.0.1:9/mcp", parent=os.getpid()).argv
    for command in (demo_command(), (*agent, "--help")):
        done = subprocess.run(command, cwd=tmp_path, input="", capture_output=True, text=True, timeout=30, check=False)
        assert "not ours" not in done.stderr
        assert done.returncode == 0


def demo_command() -> tuple[str, ...]:
    """As `--upstream demo` starts it."""
    target = resolve("demo", config=Config({}), cwd=Path.cwd(), environ={}).target
    assert isinstance(target, CommandSpec)
    return target.argv
