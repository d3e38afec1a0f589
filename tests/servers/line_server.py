"""A server by lines that does what its argument says; for tests of processes, without any SDK.

Understands requests by method: `echo` answers its params; `exit` leaves with params.code; `noise` writes params.text as
it is on stdout, then answers; `complain` writes params.text on stderr; `env` answers a variable, `cwd` the folder;
`progress` sends a notification per step; `child` starts a grandchild that ignores SIGTERM and answers its pid;
`silent` answers nothing; `cancels` answers the requestIds of all cancellations so far.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
cancelled: list[Any] = []


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def child() -> int:
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process.pid


def result(method: str, params: dict[str, Any], raw: str) -> Any:
    match method:
        case "exit":
            os._exit(params["code"])
        case "noise":
            sys.stdout.write(params["text"])
            sys.stdout.flush()
        case "complain":
            print(params["text"], file=sys.stderr, flush=True)
        case "env":
            return os.environ.get(params["name"])
        case "cwd":
            return str(Path.cwd())
        case "pid":
            return os.getpid()
        case "child":
            return child()
        case "cancels":
            return list(cancelled)
        case "raw":
            return raw
        case "progress":
            for step in range(params["steps"]):
                token = params["_meta"]["progressToken"]
                say(
                    {
                        "jsonrpc": "2.0",
                        "method": "notifications/progress",
                        "params": {"progressToken": token, "progress": step},
                    }
                )
        case "listen":
            return {"_meta": {"io.modelcontextprotocol/subscriptionId": params["id"]}}
    return params


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        method, params = message.get("method"), message.get("params") or {}
        if method == "notifications/cancelled":
            cancelled.append(params.get("requestId"))
        if "id" not in message or method in (None, "silent"):
            continue
        if method == "server/discover":
            say({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "Method not found"}})
        elif method == "listen":
            meta = {"io.modelcontextprotocol/subscriptionId": message["id"]}
            say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": {"_meta": meta}})
            say({"jsonrpc": "2.0", "id": message["id"], "result": {"_meta": meta}})
        else:
            say({"jsonrpc": "2.0", "id": message["id"], "result": result(method, params, line)})
    if "linger" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)


if __name__ == "__main__":
    main()
