"""Hostile bytes before real processes: both fronts, servers that write down what reaches them, and the recording.

Each input is followed by a `ping` of its own, a mark: it answers when the input is dealt with, and it divides the
server's log and the recording into what belongs to which input.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.processes import Program

from inspector.core.decision import Decision
from inspector.core.events import Decided, Event, FrameRejected, FrameSeen
from inspector.record.reader import Recording

TESTS = Path(__file__).parents[1]
POLICY = TESTS / "data" / "hostile_base_policy.json"
TINY = (sys.executable, "-S", str(TESTS / "servers" / "tiny_server.py"))
RECORDER = (sys.executable, "-S", str(TESTS / "servers" / "http_recorder.py"))
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
MARK = "mark-"


@dataclass
class Seen:
    """What became of one input."""

    status: int | None = None  # over HTTP
    answers: list[dict[str, Any]] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)  # by the server: messages, or what a recorder writes
    decisions: list[Decision] = field(default_factory=list)
    rejected: list[FrameRejected] = field(default_factory=list)
    closed: bool = False  # the line was closed on us

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [line.get("message", line) for line in self.received]

    @property
    def error(self) -> int | None:
        return next((answer["error"]["code"] for answer in self.answers if "error" in answer), None)


def mark(name: str) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": MARK + name, "method": "ping", "params": {}}).encode()


class Lines:
    """A stdio client: its process, and what it was answered."""

    def __init__(self, argv: Sequence[str], env: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **env})
        assert self.process.stdin is not None
        self._stdin = self.process.stdin
        self._watch = threading.Timer(60, self.process.kill)
        self._watch.start()

    def send(self, raw: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(raw)
            self._stdin.flush()

    def hear(self) -> dict[str, Any] | None:
        """The next message; None when there will be none."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def ask(self, name: str, raw: bytes, answers: int) -> Seen:
        """Send an input and its mark; several `answers` are waited for in between."""
        seen = Seen()
        self.send(raw)
        while answers > 1 and len(seen.answers) < answers and (message := self.hear()):
            seen.answers.append(message)
        self.send(mark(name) + b"\n")
        while (message := self.hear()) and message.get("id") != MARK + name:
            seen.answers.append(message)
        seen.closed = message is None
        return seen

    def close(self) -> tuple[int, str]:
        """The exit code and what stood on stderr."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        assert self.process.stdout is not None and self.process.stderr is not None
        self.process.stdout.close()
        said = self.process.stderr.read().decode()
        self.process.stderr.close()
        code = self.process.wait(10)
        self._watch.cancel()
        return code, said


class House:
    """A home of its own, and the logs in it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mi-", dir="/tmp"))
        self.log = self.folder / "server.log"
        self.env = {"MCP_INSPECT_HOME": str(self.folder), "SERVER_LOG": str(self.log)}

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def recording_size(self) -> int:
        """Bytes on disk so far."""
        return sum(path.stat().st_size for path in (self.folder / "state" / "recordings").iterdir())

    def recorded(self) -> list[Event]:
        (path,) = (self.folder / "state" / "recordings").glob("*.sqlite")
        with Recording.open(path) as recording:
            return list(recording.events())

    def standalone(self, *command: str, policy: Path = POLICY) -> Lines:
        """`mcp-inspect stdio --standalone`, ready."""
        inspect = [sys.executable, "-m", "inspector", "stdio", "--standalone", "--policy", str(policy)]
        return Lines([*inspect, "--name", "up", "--", *(command or TINY)], self.env)

    def shim(self, name: str) -> Lines:
        """`mcp-inspect stdio NAME` before the engine that runs in this home."""
        return Lines([sys.executable, "-m", "inspector", "stdio", name], self.env)

    @contextmanager
    def serving(self, *flags: str, command: Sequence[str], policy: Path = POLICY) -> Iterator[Program]:
        """A headless engine before `command`."""
        ours = [sys.executable, "-m", "inspector", "--headless", "--port", "0", "--policy", str(policy), *flags]
        with Program([*ours, "--", *command], env=self.env) as program:
            program.wait_said("recording to")
            yield program

    def web(self, program: Program, name: str) -> Web:
        """A session at one of its upstreams."""
        found = program.wait_said(rf"{name} at http://127.0.0.1:(\d+)(/(\S+)/{name}/mcp)")
        return Web(int(found.group(1)), found.group(2), found.group(3), name)

    @contextmanager
    def engine(self) -> Iterator[dict[str, Web]]:
        """One with two upstreams: `tiny_server`, a command, and `web`, the recorder."""
        with Program(RECORDER, env=self.env) as recorder:
            port = recorder.wait_said(r"listening on (\d+)").group(1)
            flags = ["--upstream", f"http://127.0.0.1:{port}/mcp", "--name", "web"]
            with self.serving(*flags, command=TINY) as program:
                yield {name: self.web(program, name) for name in ("tiny_server", "web")}

    def divide(self, seen: dict[str, Seen]) -> None:
        """Give each input what the server and the recording have between its mark and the one before."""
        here: list[dict[str, Any]] = []
        for line in self.log.read_text().splitlines():
            entry = json.loads(line)
            name = str(entry.get("message", entry).get("id", "")) if entry.get("message", entry) else ""
            if name.startswith(MARK):
                seen[name.removeprefix(MARK)].received = here
                here = []
            elif not _handshake(entry):
                here.append(entry)
        decisions: list[Decision] = []
        rejected: list[FrameRejected] = []
        for event in self.recorded():
            match event:
                case Decided(_, decision):
                    decisions.append(decision)
                case FrameRejected():
                    rejected.append(event)
                case FrameSeen(raw=raw) if (at := _marked(raw)) is not None and event.direction == "c→":
                    seen[at].decisions, seen[at].rejected = decisions, rejected
                    decisions, rejected = [], []


def _handshake(entry: dict[str, Any]) -> bool:
    message = entry.get("message", entry) or {}
    return message.get("method") in ("initialize", "notifications/initialized") and message.get("id", "init") == "init"


def _marked(raw: bytes) -> str | None:
    try:
        message = json.loads(raw)
    except ValueError:
        return None
    name = message.get("id") if isinstance(message, dict) else None
    return name.removeprefix(MARK) if isinstance(name, str) and name.startswith(MARK) else None


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def messages(self) -> list[dict[str, Any]]:
        if "event-stream" in self.headers.get("content-type", ""):
            return [json.loads(line[6:]) for line in self.body.splitlines() if line.startswith(b"data: {")]
        return [json.loads(self.body)] if self.body.startswith(b"{") else []


class Web:
    """One upstream's endpoint at the HTTP front, and a session of ours there."""

    def __init__(self, port: int, path: str, token: str, name: str) -> None:
        self.port, self.path, self.token, self.name = port, path, token, name
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.session = ""
        self.session = self._begin()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _begin(self) -> str:
        body = {"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": HELLO}
        reply = self.post(json.dumps(body).encode())
        assert reply.status == 200, reply
        return reply.headers.get("mcp-session-id", "")

    def post(self, body: bytes) -> Reply:
        """A POST of our session, as a well-behaved client writes it."""
        session = {"mcp-session-id": self.session} if self.session else {}
        media = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        self._line.request("POST", self.path, body, media | session)
        response = self._line.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, response.read())

    def request(self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> Reply:
        """Exactly these headers, with a Content-Length when there is a body and none is given."""
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        if body and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
            lines.append(f"content-length: {len(body)}")
        return self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def raw(self, request: bytes) -> Reply:
        """Exactly these bytes. Status 0: the line was closed without an answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                line.sendall(request)
            method = request.split(b" ", 1)[0].decode("latin-1")
            response = http.client.HTTPResponse(line, method=method)
            try:
                response.begin()
                return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, response.read())
            except (http.client.HTTPException, ConnectionResetError):
                return Reply(0, {}, b"")

    def ask(self, name: str, reply: Reply) -> Seen:
        """What became of the request that got `reply`; sends the mark."""
        marked = self.post(mark(name))
        assert marked.status == 200, marked
        return Seen(reply.status, reply.messages)
