"""Claude Code as a process: `python claude_loop.py PROGRAM MODEL_URL PROMPT URL` or `… PROMPT COMMAND…`.

As `openai_loop.py`, which says more, it prints the model's last word as its last line.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

program, model_url, prompt, *target = sys.argv[1:]
home = Path(tempfile.mkdtemp(dir=os.environ["MCP_INSPECT_HOME"]))
stdio = not target[0].startswith("http://")
at = {"command": target[0], "args": target[1:]} if stdio else {"type": "http", "url": target[0]}
config = home / "mcp.json"
config.write_text(json.dumps({"mcpServers": {"tools": at}}))
env = {name: os.environ[name] for name in os.environ if name.startswith(("PATH", "MCP_INSPECT_", "PYTHON"))}
env |= {
    "HOME": str(home),
    "ANTHROPIC_BASE_URL": model_url.removesuffix("/v1"),
    "ANTHROPIC_API_KEY": "none",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    # The model is asked when the tools are there, and offered all of them.
    "MCP_CONNECTION_NONBLOCKING": "false",
    "MCP_CONNECT_TIMEOUT_MS": "60000",
    "MCP_TIMEOUT": "60000",
    "ENABLE_TOOL_SEARCH": "false",
}
line = [program, "-p", prompt, "--strict-mcp-config", "--mcp-config", str(config), "--allowedTools", "mcp__tools"]
os.execve(program, [*line, "--model", "scripted"], env)
