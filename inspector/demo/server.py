"""The sample server: the tools over a World, as an MCP server on stdio."""

from __future__ import annotations

import inspect
import logging
import sys
import time

import anyio
from mcp.server.mcpserver import MCPServer

from inspector import __version__
from inspector.demo.tools import DOMAINS
from inspector.demo.world import World

_INSTRUCTIONS = """A sample Kestra that lives in memory and forgets everything when it ends.
Flows run for a few seconds, some wait in a queue, some fail, some wait for a person."""


class WallTime:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


def build_server(world: World) -> MCPServer:
    """All 39 tools over `world`. Descriptions are the methods' docstrings.

    A tool that answers a text has no output schema, like the real server's.
    """
    server = MCPServer("Kestra MCP (demo)", version=__version__, instructions=_INSTRUCTIONS)
    for domain in DOMAINS:
        tools = domain(world)
        for name, function in inspect.getmembers(tools, inspect.ismethod):
            if name.startswith("_"):
                continue
            answers_text = function.__annotations__["return"] == "str"
            server.add_tool(
                function,
                description=" ".join((inspect.getdoc(function) or "").split()),
                structured_output=not answers_text,
            )
    return server


def main() -> None:
    """Serve on stdin and stdout until stdin ends; a few log lines go to stderr."""
    # Before the server is made: it would set up its own handler, which draws in columns as on a terminal.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(message)s")
    logging.getLogger("kestra").setLevel(logging.INFO)
    # Several processes of it may run at once: an execution's id must not mean another one elsewhere.
    build_server(World(WallTime(), random_seed=time.time_ns())).run("stdio")
