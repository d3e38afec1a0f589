"""The server of the soak: a stdio server that notes what it runs, answers late now and then, and dies on demand.

    python -S benchmarks/soak_server.py LOG

Tools: `echo` (text, after `delay` ms), `die`. Each text that is run becomes a line of LOG.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

LOG = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
LOCK = threading.Lock()


def say(message_id: Any, result: Any) -> None:
    line = json.dumps({"jsonrpc": "2.0", "id": message_id, "result": result}) + "\n"
    with LOCK:
        sys.stdout.write(line)
        sys.stdout.flush()


def run(message_id: Any, name: str, arguments: dict[str, Any]) -> None:
    text = str(arguments.get("text"))
    os.write(LOG, text.encode() + b"\n")
    if name == "die":
        os._exit(3)
    time.sleep(arguments.get("delay", 0) / 1000)
    say(message_id, {"resultType": "complete", "content": [{"type": "text", "text": text}]})


for line in sys.stdin:
    message = json.loads(line)
    method, message_id, params = message.get("method"), message.get("id"), message.get("params") or {}
    if message_id is None or method is None:
        continue
    if method == "tools/call":
        threading.Thread(target=run, args=(message_id, params["name"], params["arguments"]), daemon=True).start()
    elif method == "initialize":
        version = params["protocolVersion"]
        say(message_id, {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": {"name": "soak"}})
    else:
        say(message_id, {"resultType": "complete"})
