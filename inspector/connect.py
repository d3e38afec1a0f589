"""Ready-made configuration for MCP clients: what a person pastes so that a client speaks to us.

Files and shapes are those of the clients' public documentation; `docs/connect.md` says which were tried.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from inspector.core.errors import UsageError

CLIENTS = ("claude-code", "cursor", "vscode", "codex", "gemini", "url", "stdio")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where our HTTP front listens: `base` is "http://127.0.0.1:7337"."""

    base: str
    token: str

    def url(self, upstream: str) -> str:
        return f"{self.base}/{self.token}/{upstream}/mcp"


def client_config(client: str, endpoint: Endpoint, upstream: str) -> str:
    """The text for one client, with the place it belongs to in its first line.

    Raises:
        UsageError: for a client that is not in CLIENTS.
    """
    url = endpoint.url(upstream)
    match client:
        case "claude-code":
            return f"claude mcp add --transport http {upstream} {shlex.quote(url)}"
        case "cursor":
            return _json({"mcpServers": {upstream: {"url": url}}})
        case "vscode":
            return _json({"servers": {upstream: {"type": "http", "url": url}}})
        case "gemini":
            return _json({"mcpServers": {upstream: {"httpUrl": url}}})
        case "codex":
            return f'[mcp_servers.{upstream}]\nurl = "{url}"'
        case "url":
            return url
        case "stdio":
            return _json({"mcpServers": {upstream: {"command": "mcp-inspect", "args": ["stdio", upstream]}}})
        case _:
            raise UsageError(f"no configuration is known for {client!r}; choose one of {', '.join(CLIENTS)}")


def _json(value: object) -> str:
    return json.dumps(value, indent=2)
