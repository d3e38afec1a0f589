"""A real agent (pydantic-ai) as a process: `python pydantic_loop.py MODEL_URL PROMPT URL` or `… PROMPT COMMAND…`.

As `openai_loop.py`, which says more, it prints the model's last word as its last line.
"""

from __future__ import annotations

import asyncio
import os
import sys

from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


def server_at(target: list[str]) -> MCPToolset[None]:
    # What a tool refuses is for the model to read; by default it would be asked to try again.
    if target[0].startswith("http://"):
        return MCPToolset(target[0], tool_error_behavior="failed")
    command, *arguments = target
    return MCPToolset(StdioTransport(command, arguments, env=dict(os.environ)), tool_error_behavior="failed")


async def run(model_url: str, prompt: str, target: list[str]) -> str:
    model = OpenAIChatModel("scripted", provider=OpenAIProvider(base_url=model_url, api_key="none"))
    async with Agent(model, toolsets=[server_at(target)]) as agent:
        return str((await agent.run(prompt)).output)


if __name__ == "__main__":
    _, url, words, *at = sys.argv
    print(asyncio.run(run(url, words, at)), flush=True)
