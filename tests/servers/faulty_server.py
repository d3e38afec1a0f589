"""A stdio server that fails on demand; the standard library alone.

Tools: `echo`; `pid`; `hang` (says three lines on stderr, then nothing); `flood` (writes notifications as fast as it can
from now on, and goes on answering); `complain` (likewise, on stderr);
`garbage` (a line that is no JSON, then its answer).
The names of the calls that reach it are appended to `$SERVER_LOG`, a line each.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

LOCK = threading.Lock()
NOISE = json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x" * 40}})


def write(text: str) -> None:
    with LOCK:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def flood() -> None:
    burst = "\n".join([NOISE] * 500)
    while True:
        write(burst)


def complain() -> None:
    burst = b"\n".join([b"x" * 200] * 100)
    while True:
        os.write(2, burst)


def call(name: str, arguments: dict[str, Any]) -> str | None:
    match name:
        case "pid":
            return str(os.getpid())
        case "hang":
            for word in ("one", "two", "three"):
                print(f"last words {word}", file=sys.stderr, flush=True)
            return None
        case "flood":
            threading.Thread(target=flood, daemon=True).start()
        case "complain":
            threading.Thread(target=complain, daemon=True).start()
        case "garbage":
            write("Traceback (most recent call last):")
    return str(arguments.get("text", "done"))


for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "tools/call":
        if log := os.environ.get("SERVER_LOG"):
            with Path(log).open("a") as file:
                file.write(message["params"]["name"] + "\n")
        text = call(message["params"]["name"], message["params"].get("arguments") or {})
        if text is not None:
            result = {"content": [{"type": "text", "text": text}]}
            write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}))
    elif "id" in message and "method" in message:
        write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {}}))
