"""A stdio server of the standard library alone, for tests that start many: it answers within 50 ms of its start.

Tools: `echo` (its text), `send` (the same, its text also stands in a header), `hang` (never answers), `ask` (sends the
client a request first), `shout` (a notification that belongs to no request), `progress` (two steps under the caller's
token, then done), `job` (answered by a task, which works on until its result is asked for), `die`.
Each message that it receives is appended to `$SERVER_LOG`, as it came.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

LOG = os.environ.get("SERVER_LOG")
ASKED: dict[str, Any] = {}  # our request ids → the call that waits for the answer


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def text(said: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": said}]}


def call(request_id: Any, params: dict[str, Any]) -> None:
    arguments = params.get("arguments") or {}
    match params.get("name"):
        case "hang":
            return
        case "ask":
            ASKED["s1"] = request_id
            say(id="s1", method="elicitation/create", params={"message": "sure?"})
            return
        case "job":
            task = {"taskId": f"job-{request_id}", "status": "working"}
            modern = "io.modelcontextprotocol/protocolVersion" in (params.get("_meta") or {})
            said = {"resultType": "task", **task, "ttlMs": 120_000} if modern else {"task": {**task, "ttl": 120_000}}
            say(id=request_id, result=said)
            return
        case "shout":
            say(method="notifications/resources/list_changed")
        case "progress":
            token = params["_meta"]["progressToken"]
            for step in (1, 2):
                say(method="notifications/progress", params={"progressToken": token, "progress": step})
        case "die":
            sys.exit(3)
    say(id=request_id, result=text(str(arguments.get("text", "done"))))


def handle(message: dict[str, Any]) -> None:
    request_id, method, params = message.get("id"), message.get("method"), message.get("params") or {}
    if method is None:
        say(id=ASKED.pop(request_id), result=text(json.dumps(message.get("result"))))
    elif request_id is None:
        return
    elif method == "initialize":
        if params.get("protocolVersion") == "bad":
            say(id=request_id, error={"code": -32602, "message": "no such version"})
            return
        info = {"name": "tiny", "version": "1"}
        version = params.get("protocolVersion", "2025-11-25")
        say(id=request_id, result={"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info})
    elif method == "tools/list":
        schema = {"type": "object"}
        tools = [{"name": name, "inputSchema": schema} for name in ("echo", "hang", "ask", "shout", "progress", "die")]
        named = {"type": "object", "properties": {"text": {"type": "string", "x-mcp-header": "Text"}}}
        tools.append({"name": "send", "inputSchema": named})
        say(id=request_id, result={"tools": tools})
    elif method == "tools/call":
        call(request_id, params)
    elif method in ("tasks/get", "tasks/cancel"):
        status = "working" if method == "tasks/get" else "cancelled"
        say(id=request_id, result={"taskId": params["taskId"], "status": status, "ttl": 120_000})
    elif method == "tasks/result":
        say(id=request_id, result=text("the job is done"))
    elif method in ("ping", "server/discover"):
        say(id=request_id, result={"resultType": "complete"})
    else:
        say(id=request_id, error={"code": -32601, "message": f"no method {method}"})


for line in sys.stdin:
    if LOG:
        with open(LOG, "a") as log:  # noqa: PTH123 -- pathlib would double the start time
            log.write(line)
    handle(json.loads(line))
