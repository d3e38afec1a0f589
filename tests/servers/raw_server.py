"""A server that says exactly what its script says, for tests of fidelity; the standard library alone.

    python tests/servers/raw_server.py SCRIPT stdio
    python tests/servers/raw_server.py SCRIPT http PORT     (PORT 0: any; `listening on PORT` goes to stderr)

SCRIPT is a JSON file: a method, a method with a cursor, `call NAME` for a tool, or `GET` for the stream of a session →
the texts that answer it, one message each, sent byte for byte. `$ID` and `$TOKEN` in them stand for the request's id
and progress token as it wrote them. The text `WAIT` waits until the client has answered a request of ours.
Everything received is appended to `$SERVER_LOG`, a line each.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SCRIPT: dict[str, list[str]] = json.loads(Path(sys.argv[1]).read_text())
LOG = os.environ.get("SERVER_LOG")
LOCK = threading.Lock()
ANSWERS: queue.Queue[str] = queue.Queue()  # to what we asked


def receive(text: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(text)
    if LOG:
        with LOCK, Path(LOG).open("a") as log:
            log.write(text.replace("\r", " ").replace("\n", " ") + "\n")
    if "method" not in message:
        ANSWERS.put(text)
    return message


def script_of(message: dict[str, Any]) -> list[str]:
    params = message.get("params") or {}
    key = f"call {params.get('name')}" if message["method"] == "tools/call" else message["method"]
    page = f"{key} {params.get('cursor')}"
    return (
        SCRIPT.get(page)
        or SCRIPT.get(key)
        or [f'{{"jsonrpc":"2.0","id":$ID,"error":{{"code":-32601,"message":{json.dumps(f"no {key}")}}}}}']
    )


def texts(message: dict[str, Any]) -> Iterator[str]:
    meta = (message.get("params") or {}).get("_meta") or {}
    written = {"$ID": json.dumps(message["id"]), "$TOKEN": json.dumps(meta.get("progressToken"))}
    for text in script_of(message):
        if text == "WAIT":
            ANSWERS.get(timeout=10)
        else:
            yield text.replace("$ID", written["$ID"]).replace("$TOKEN", written["$TOKEN"])


# ---- over a pipe


def stdio() -> None:
    def write(text: str) -> None:
        with LOCK:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def answer(message: dict[str, Any]) -> None:
        for text in texts(message):
            write(text)

    for line in sys.stdin:
        message = receive(line.rstrip("\n"))
        if message.get("method") == "notifications/initialized":
            for text in SCRIPT.get("GET", []):
                write(text)
        elif "method" in message and "id" in message:
            threading.Thread(target=answer, args=(message,), daemon=True).start()


# ---- over HTTP


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        message = receive(body)
        if "method" not in message or "id" not in message:
            self._plain(202, b"")
            return
        session = {"mcp-session-id": "raw-session"} if message["method"] == "initialize" else {}
        if len(script_of(message)) == 1:
            self._plain(200, next(texts(message)).encode(), **{"content-type": "application/json", **session})
            return
        self._stream(session, texts(message))

    def do_GET(self) -> None:
        def said() -> Iterator[str]:
            yield from SCRIPT.get("GET", [])
            threading.Event().wait(60)  # until the client leaves

        self._stream({}, said())

    def do_DELETE(self) -> None:
        self._plain(200, b"")

    def _plain(self, status: int, body: bytes, **headers: str) -> None:
        self._head(status, {**headers, "content-length": str(len(body))})
        self.wfile.write(body)

    def _stream(self, headers: dict[str, str], said: Iterator[str]) -> None:
        self._head(200, {"content-type": "text/event-stream", "connection": "close", **headers})
        self.close_connection = True
        for number, text in enumerate(said, 1):
            event = f"id: e{number}\r\nevent: message\r\ndata: {text}\r\n\r\n"
            self.wfile.write(event.encode())
            self.wfile.flush()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None: ...


def http(port: int) -> None:
    class Server(ThreadingHTTPServer):
        daemon_threads = True
        handle_error: Callable[..., None] = lambda *_: None  # a client that left is no error

    server = Server(("127.0.0.1", port), Handler)
    print(f"listening on {server.server_address[1]}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    match sys.argv[2:]:
        case ["stdio"]:
            stdio()
        case ["http", wanted]:
            http(int(wanted))
        case _:
            sys.exit(__doc__)
