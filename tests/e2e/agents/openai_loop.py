"""A real agent (openai-agents) as a process: `python openai_loop.py MCP_URL MODEL_URL PROMPT`.

It connects to the MCP server as any user's agent does, lets the model choose tools until it says its last word, and
prints that word as the last line.
"""

from __future__ import annotations

import asyncio
import sys

from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai import AsyncOpenAI


async def run(mcp_url: str, model_url: str, prompt: str) -> str:
    set_tracing_disabled(True)
    model = OpenAIChatCompletionsModel("scripted", AsyncOpenAI(base_url=model_url, api_key="none", max_retries=0))
    # Its default is 5 s; a call that waits for a person takes longer.
    async with MCPServerStreamableHttp({"url": mcp_url}, client_session_timeout_seconds=60) as server:
        agent = Agent(name="tester", instructions="Do as the model says.", model=model, mcp_servers=[server])
        result = await Runner.run(agent, prompt, max_turns=100)
        return str(result.final_output)


if __name__ == "__main__":
    print(asyncio.run(run(*sys.argv[1:4])), flush=True)
