"""An agent that a test drives while it presses keys: the SDK's client on a thread of its own.

with SdkAgent(url) as agent:
    answer = agent.call("echo", text="hi")      # does not wait
    terminal.send("a")
    assert said(answer.result(10)) == "hi"
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, Implementation

CONNECTS_WITHIN = 30.0  # seconds: the server behind it starts in that time


class SdkAgent:
    """`mode` is the SDK's: "legacy" or a protocol version. Connected while the `with` block lasts."""

    def __init__(self, target: str | StdioServerParameters, *, mode: str = "legacy", name: str = "tester") -> None:
        self._client = Client(target, mode=mode, client_info=Implementation(name=name, version="1"))  # type: ignore[arg-type]
        self._portal: BlockingPortal
        self._open = contextlib.ExitStack()

    def __enter__(self) -> SdkAgent:
        with contextlib.ExitStack() as opened:
            self._portal = opened.enter_context(start_blocking_portal())
            opened.enter_context(self._portal.wrap_async_context_manager(self._client))
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def call(self, tool: str, **arguments: Any) -> Future[CallToolResult]:
        """Begin a call; its answer comes with `.result(seconds)`."""
        return self._portal.start_task_soon(self._call, tool, arguments)

    def ask(self, tool: str, timeout: float = 20, **arguments: Any) -> CallToolResult:
        """A call, and its answer."""
        return self.call(tool, **arguments).result(timeout)

    def tools(self) -> list[str]:
        """The names that the server lists."""
        return [tool.name for tool in self._portal.call(self._client.list_tools).tools]

    async def _call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        return await self._client.call_tool(tool, arguments)


def said(result: CallToolResult) -> str:
    """What the agent reads."""
    return "".join(str(getattr(content, "text", "")) for content in result.content)


def denial(result: CallToolResult) -> str:
    """The same of a call that was not done; fails for one that was."""
    assert result.is_error, said(result)
    return said(result)


@contextlib.contextmanager
def cut_off(target: str | StdioServerParameters, **options: Any) -> Iterator[SdkAgent]:
    """An agent whose server goes away under it: how the SDK takes that at the end is no matter of ours."""
    agent = SdkAgent(target, **options)
    agent.__enter__()
    try:
        yield agent
    finally:
        with contextlib.suppress(Exception):
            agent.__exit__(None, None, None)
