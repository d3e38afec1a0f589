"""Clients that send the very bytes a test wrote and give back the very texts that came, over HTTP and over a pipe."""

from __future__ import annotations

import http.client
import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

VERSION = "io.modelcontextprotocol/protocolVersion"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
SECONDS = 15

Answers = Mapping[str, str]  # to the server's own requests, by method; `$ID` stands for their id


def reply_to(message: Mapping[str, Any], answers: Answers) -> str | None:
    if "method" not in message or "id" not in message:
        return None
    return answers[message["method"]].replace("$ID", json.dumps(message["id"]))


class HttpWire:
    """`exchange` may be used from several threads."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._session: dict[str, str] = {}

    def begin(self, hello: str, announcements: int) -> tuple[list[str], list[str]]:
        """A legacy handshake: what answered `initialize`, and so many texts of the server's own stream."""
        connection, response = self._send("POST", hello)
        self._session = {"mcp-session-id": response.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
        answered = list(_texts(response))
        connection.close()
        self.notify('{"jsonrpc":"2.0","method":"notifications/initialized"}')
        connection, response = self._send("GET", None, accept="text/event-stream")
        announced = [*islice(_texts(response), announcements)]
        connection.close()
        return answered, announced

    def notify(self, text: str) -> None:
        connection, response = self._send("POST", text)
        assert response.status == 202, response.read()
        connection.close()

    def exchange(self, text: str, answers: Answers | None = None, stop_after: int = 0) -> list[str]:
        """Everything that came on the exchange of one request, the response last (or so many texts)."""
        said: list[str] = []
        connection, response = self._send("POST", text)
        for got in _texts(response):
            said.append(got)
            reply = reply_to(json.loads(got), answers or {})
            if reply is not None:
                self.notify(reply)
            if len(said) == stop_after:
                break
        connection.close()
        return said

    def close(self) -> None:
        if self._session:
            connection, response = self._send("DELETE", None)
            assert response.status == 200
            connection.close()

    def _send(
        self, method: str, text: str | None, accept: str = "application/json, text/event-stream"
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        headers = {"accept": accept, "content-type": "application/json", **self._session}
        message = json.loads(text) if text else {}
        params = message.get("params") or {}
        if isinstance(meta := params.get("_meta"), dict) and VERSION in meta:
            headers |= {"mcp-protocol-version": meta[VERSION], "mcp-method": message["method"]}
            if message["method"] in NAMED_BY:
                headers["mcp-name"] = params[NAMED_BY[message["method"]]]
        connection = http.client.HTTPConnection(self._url.netloc, timeout=SECONDS)
        connection.request(method, self._url.path, text.encode() if text else None, headers)
        return connection, connection.getresponse()


def _texts(response: http.client.HTTPResponse) -> Iterator[str]:
    if "event-stream" not in response.headers.get("content-type", ""):
        yield response.read().decode()
        return
    for line in iter(response.readline, b""):
        data = line.decode().rstrip("\r\n").removeprefix("data:").removeprefix(" ")
        if line.startswith(b"data:") and data:
            yield data


class StdioWire:
    """One process, one exchange at a time."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def begin(self, hello: str, announcements: int) -> tuple[list[str], list[str]]:
        answered = self.exchange(hello)
        self.notify('{"jsonrpc":"2.0","method":"notifications/initialized"}')
        return answered, self.hear(announcements)

    def hear(self, count: int) -> list[str]:
        """The next so many texts."""
        return [self._lines.get(timeout=SECONDS) for _ in range(count)]

    def notify(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")
        self._process.stdin.flush()

    def exchange(self, text: str, answers: Answers | None = None, stop_after: int = 0) -> list[str]:
        self.notify(text)
        said: list[str] = []
        while True:
            got = self._lines.get(timeout=SECONDS)
            said.append(got)
            message = json.loads(got)
            reply = reply_to(message, answers or {})
            if reply is not None:
                self.notify(reply)
            if "method" not in message or len(said) == stop_after:
                return said

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(SECONDS)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.decode().rstrip("\n"))
