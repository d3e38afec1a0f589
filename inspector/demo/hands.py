"""An agent's hands: call a tool, at a human pace, and read what came back, a denial included."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, CallToolResult, TextContent

DENIED = "[POLICY DENIED]"
_GIVES_UP_AFTER = 300.0  # seconds for one call: longer than a person is usually asked
_FAILURES_IN_A_ROW = 3  # then the connection is thought to be bad, and a new one is made

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call brought. `data` is its structured content, {} when it has none or failed."""

    text: str
    ok: bool
    denied: bool = False
    data: dict[str, Any] = field(default_factory=dict)

    def results(self) -> list[dict[str, Any]]:
        found = self.data.get("results", [])
        return found if isinstance(found, list) else []


class Hands:
    """One connection's worth of an agent. `pause` is the mean time between two calls, in seconds."""

    def __init__(self, client: Client, rng: random.Random, *, pause: float, sleep: Sleep = anyio.sleep) -> None:
        self.rng = rng
        self.pause = pause
        self.denials: list[str] = []  # what the policy told us, for whoever asks afterwards
        self._client = client
        self._sleep = sleep
        self._failures = 0

    async def look_around(self) -> None:
        """List the tools, as every agent does when it comes in."""
        await self._client.list_tools()

    async def rest(self, share: float = 1.0) -> None:
        """About `share` of a pause; never quite the same."""
        await self._sleep(self.pause * share * self.rng.uniform(0.4, 1.6))

    async def call(self, tool: str, /, **arguments: Any) -> Reply:
        """Pause, then call. Raises MCPError only when the connection is gone or keeps failing."""
        await self.rest()
        return await self.call_now(tool, **arguments)

    async def call_now(self, tool: str, /, **arguments: Any) -> Reply:
        """Call without a pause, for bursts."""
        try:
            # Asking for progress is what lets a held call report that it is being held.
            result = await self._client.call_tool(
                tool, arguments, read_timeout_seconds=_GIVES_UP_AFTER, progress_callback=_heard
            )
        except MCPError as error:
            self._failures += 1
            if error.code == CONNECTION_CLOSED or self._failures >= _FAILURES_IN_A_ROW:
                raise
            return Reply(str(error), ok=False)
        self._failures = 0
        reply = _read(result)
        if reply.denied:
            self.denials.append(reply.text)
            await self.rest(1.5)  # reading it takes a moment
        return reply

    async def burst(self, tool: str, arguments: list[dict[str, Any]]) -> list[Reply]:
        """All at once; the replies in the order of `arguments`."""
        replies: list[Reply | None] = [None] * len(arguments)

        async def one(number: int) -> None:
            replies[number] = await self.call_now(tool, **arguments[number])

        async with anyio.create_task_group() as group:
            for number in range(len(arguments)):
                group.start_soon(one, number)
        return [reply for reply in replies if reply is not None]


async def _heard(progress: float, total: float | None, message: str | None) -> None:
    """A callback is what makes the client send a progress token."""


def _read(result: CallToolResult) -> Reply:
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if result.is_error:
        return Reply(text, ok=False, denied=text.startswith(DENIED))
    data: object = result.structured_content
    if data is None:
        try:
            data = json.loads(text)
        except ValueError:
            data = None
    return Reply(text, ok=True, data=data if isinstance(data, dict) else {})
