"""A Streamable HTTP server of the standard library alone that writes down what reaches it, headers included.

    python tests/servers/http_recorder.py      (`listening on PORT` goes to stderr)

Each request is appended to `$SERVER_LOG` as `{"http": METHOD, "headers": [[name, value], …], "message": …}`. It answers
every request of either era, has no sessions, and lists the tools `safe`, `delete`, `pay`, `ask` and `secret`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOG = Path(os.environ["SERVER_LOG"])
LOCK = threading.Lock()
TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("safe", "delete", "pay", "ask", "secret")]


def result(message: dict[str, Any]) -> dict[str, Any]:
    match message["method"]:
        case "initialize":
            version = message["params"]["protocolVersion"]
            return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": {"name": "recorder"}}
        case "tools/list":
            return {"tools": TOOLS}
        case "tools/call":
            return {"content": [{"type": "text", "text": "done"}]}
    return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._record(message)
        if "method" in message and "id" in message:
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": {"resultType": "complete", **result(message)}}
            self._say(200, json.dumps(answer).encode())
        else:
            self._say(202)

    def do_GET(self) -> None:
        self._record(None)
        self._say(405)

    do_DELETE = do_GET

    def _record(self, message: Any) -> None:
        line = {"http": self.command, "headers": self.headers.items(), "message": message}
        with LOCK, LOG.open("a") as log:
            log.write(json.dumps(line) + "\n")

    def _say(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None: ...


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"listening on {server.server_address[1]}", file=sys.stderr, flush=True)
    server.serve_forever()
