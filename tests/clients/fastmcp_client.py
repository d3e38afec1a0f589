"""fastmcp's client: with a URL, or a command and its arguments, it lists the tools and calls `slow` and `echo`."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


async def main(target: str, *arguments: str) -> None:
    stdio = not target.startswith("http")
    reached = StdioTransport(target, [*arguments], env=dict(os.environ)) if stdio else target
    progress: list[float] = []

    async def progressed(done: float, total: float | None, message: str | None) -> None:
        progress.append(done)

    async with Client(reached) as client:
        tools = [tool.name for tool in await client.list_tools()]
        await client.call_tool("slow", {"seconds": 0.1, "steps": 2}, progress_handler=progressed)
        result = await client.call_tool("echo", {"text": "grüß dich"})
    print(json.dumps({"tools": tools, "progress": progress, "said": result.content[0].text}))


asyncio.run(main(*sys.argv[1:]))
