"""opencode as a process: `python opencode_loop.py PROGRAM MODEL_URL PROMPT URL` or `… PROMPT COMMAND…`.

As `openai_loop.py`, which says more, it prints the model's last word as its last line.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

program, model_url, prompt, *target = sys.argv[1:]
env = {name: os.environ[name] for name in os.environ if name.startswith(("PATH", "MCP_INSPECT_", "PYTHON"))}
at = {"type": "remote", "url": target[0]} if target[0].startswith("http://") else {"type": "local", "command": target}
config = {
    "autoupdate": False,
    "share": "disabled",
    "model": "scripted/scripted",
    "small_model": "scripted/scripted",
    "provider": {
        "scripted": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": model_url, "apiKey": "none"},
            "models": {"scripted": {"tool_call": True, "limit": {"context": 100_000, "output": 1000}}},
        }
    },
    "mcp": {"tools": {**at, "timeout": 60_000}},
    "permission": {"*": "allow"},
}
env |= {
    "HOME": tempfile.mkdtemp(dir=os.environ["MCP_INSPECT_HOME"]),
    "OPENCODE_CONFIG_CONTENT": json.dumps(config),
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
}
os.execve(program, [program, "run", "-m", "scripted/scripted", prompt], env)
