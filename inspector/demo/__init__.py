"""A small Kestra in memory, spoken to over MCP, and scripted agents that use it.

`python -m inspector.demo` is the server on stdio, `python -m inspector.demo.agent URL` the agents. Both need the MCP
SDK, whose import takes a second, so the program starts them as processes of their own.
"""

from __future__ import annotations

from inspector.core.upstream import CommandSpec
from inspector.own_module import own_module

URL_VARIABLE = "MCP_INSPECT_DEMO_URL"


def agent_command(url: str, *, parent: int) -> CommandSpec:
    """How to start the agents at `url` as a process that ends with process `parent`, however that one ends.

    The URL goes by the environment: it holds the token, and every user can read a command line.
    """
    argv = (*own_module("inspector.demo.agent"), "--parent", str(parent))
    return CommandSpec(argv, ((URL_VARIABLE, url),))
