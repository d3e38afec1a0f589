"""A real agent (LangChain and its MCP adapters) as a process: `python langchain_loop.py MODEL_URL PROMPT URL` or
`… PROMPT COMMAND…`.

As `openai_loop.py`, which says more, it prints the model's last word as its last line.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from langchain_openai import ChatOpenAI


def connection(target: list[str]) -> Any:
    if target[0].startswith("http://"):
        return {"transport": "streamable_http", "url": target[0]}
    command, *arguments = target
    return {"transport": "stdio", "command": command, "args": arguments, "env": dict(os.environ)}


async def run(model_url: str, prompt: str, target: list[str]) -> str:
    model = ChatOpenAI(model="scripted", base_url=model_url, api_key="none", max_retries=0)
    client = MultiServerMCPClient({"tools": connection(target)})
    async with client.session("tools") as session:
        agent = create_agent(model, await load_mcp_tools(session))
        state = await agent.ainvoke({"messages": [{"role": "user", "content": prompt}]})
    return str(state["messages"][-1].content)


if __name__ == "__main__":
    _, url, words, *at = sys.argv
    print(asyncio.run(run(url, words, at)), flush=True)
