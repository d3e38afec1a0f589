"""A model that says what a script tells it to: chat completions on loopback, for real agents without a real model.

with ScriptedModel([Use("echo", text="hi"), Say("done")]) as model:
    ...  # an agent with `model.url` as its base URL
assert model.tool_results == ["hi"]
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, TypeAlias

from e2e.agents.messages import as_chat, as_events


@dataclass(frozen=True, slots=True)
class Say:
    """The model's last word: the agent's loop ends with it."""

    text: str


class Use:
    """A wish to call one tool."""

    def __init__(self, tool: str, **arguments: Any) -> None:
        self.tool = tool
        self.arguments = arguments


Move: TypeAlias = Say | Use | Sequence[Use]
"""What the model answers once; several `Use` are calls at the same time."""

Turn: TypeAlias = Move | Callable[[list[str]], Move]
"""A move, or how to choose one from the tool results that were read so far."""


class ScriptedModel:
    """Serves `POST …/chat/completions`, streamed or whole, and `POST …/messages`, streamed; each request that offers
    tools takes the next turn of the script.

    When the script has run out, the model says so and the agent's loop ends.
    """

    def __init__(self, script: Sequence[Turn]) -> None:
        self._turns = list(script)
        self._lock = threading.Lock()
        self.requests: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def offered(self) -> list[str]:
        """The tools that the agent offered with its latest request."""
        return _offered(self.requests[-1])

    @property
    def tool_results(self) -> list[str]:
        """What the agent read from its tools, oldest first."""
        return _tool_results(self.requests[-1]) if self.requests else []

    def __enter__(self) -> ScriptedModel:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The completion for one request."""
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
            if not request.get("tools"):  # on the side: some agents want a title
                turn: Turn = Say("an agent at work")
            else:
                turn = self._turns.pop(0) if self._turns else Say("the script has run out")
        move = turn(_tool_results(request)) if callable(turn) else turn
        message: dict[str, Any] = {"role": "assistant", "content": None}
        match move:
            case Say(text):
                message["content"] = text
            case Use():
                message["tool_calls"] = [_tool_call(move, f"call-{number}", request)]
            case _:
                message["tool_calls"] = [_tool_call(use, f"call-{number}-{i}", request) for i, use in enumerate(move)]
        finish = "stop" if message["content"] is not None else "tool_calls"
        return {
            "id": f"completion-{number}",
            "object": "chat.completion",
            "created": 0,
            "model": request.get("model", "scripted"),
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                path = self.path.partition("?")[0]
                if path.endswith("/messages"):
                    said = as_events(model.answer(as_chat(request)))
                    self._send(200, "text/event-stream", said.encode())
                    return
                if not path.endswith("/chat/completions"):
                    self._send(404, "application/json", b'{"error":{"message":"only completions and messages"}}')
                    return
                completion = model.answer(request)
                if request.get("stream"):
                    chunk = json.dumps(_as_chunk(completion))
                    self._send(200, "text/event-stream", f"data: {chunk}\n\ndata: [DONE]\n\n".encode())
                else:
                    self._send(200, "application/json", json.dumps(completion).encode())

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet: the requests are kept."""

        return Handler


def _tool_call(use: Use, call_id: str, request: dict[str, Any]) -> dict[str, Any]:
    offered = _offered(request)
    # Some agents put the server's name before the tool's.
    longer = [name for name in offered if name.endswith(f"_{use.tool}")]
    name = longer[0] if longer and use.tool not in offered else use.tool
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": json.dumps(use.arguments)}}


def _offered(request: dict[str, Any]) -> list[str]:
    return [tool["function"]["name"] for tool in request.get("tools", [])]


def _as_chunk(completion: dict[str, Any]) -> dict[str, Any]:
    """The whole answer as the one piece of a stream."""
    (choice,) = completion["choices"]
    delta = dict(choice["message"])
    if calls := delta.get("tool_calls"):
        delta["tool_calls"] = [{"index": i, **call} for i, call in enumerate(calls)]
    choices = [{"index": 0, "delta": delta, "finish_reason": choice["finish_reason"]}]
    return {**completion, "object": "chat.completion.chunk", "choices": choices}


def _tool_results(request: dict[str, Any]) -> list[str]:
    contents = [message["content"] for message in request["messages"] if message["role"] == "tool"]
    return [
        content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        for content in contents
    ]
