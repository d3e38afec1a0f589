"""A real agent (openai-agents) as a process: `python openai_loop.py MODEL_URL PROMPT URL` or `… PROMPT COMMAND…`.

It connects to the MCP server as any user's agent does (a URL: Streamable HTTP; a command: it spawns it and speaks
stdio), lets the model choose tools until it says its last word, and prints that word as the last line.
"""

from __future__ import annotations

import asyncio
import os
import sys

from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from agents.mcp import MCPServer, MCPServerStdio, MCPServerStreamableHttp
from openai import AsyncOpenAI

# Its default is 5 s; a call that waits for a person takes longer.
CALL_TAKES = 60.0


def server_at(target: list[str]) -> MCPServer:
    if target[0].startswith("http://"):
        return MCPServerStreamableHttp({"url": target[0]}, client_session_timeout_seconds=CALL_TAKES)
    command, *arguments = target
    # As clients do, the SDK hands down a few variables only: what the server needs has to be said.
    env = {name: value for name, value in os.environ.items() if name.startswith(("MCP_INSPECT_", "PYTHON"))}
    return MCPServerStdio(
        {"command": command, "args": arguments, "env": env}, client_session_timeout_seconds=CALL_TAKES
    )


async def run(model_url: str, prompt: str, target: list[str]) -> str:
    set_tracing_disabled(True)
    model = OpenAIChatCompletionsModel("scripted", AsyncOpenAI(base_url=model_url, api_key="none", max_retries=0))
    async with server_at(target) as server:
        agent = Agent(name="tester", instructions="Do as the model says.", model=model, mcp_servers=[server])
        result = await Runner.run(agent, prompt, max_turns=100)
        return str(result.final_output)


if __name__ == "__main__":
    _, url, words, *at = sys.argv
    print(asyncio.run(run(url, words, at)), flush=True)
