"""What an HTTP client has to remember and to say, when the client itself speaks stdio (MCP, Streamable HTTP)."""

from __future__ import annotations

from typing import TypeAlias

import anyio

from inspector.core.call import Era
from inspector.proxy import sdk_rules
from inspector.proxy.links import Outgoing
from inspector.wire.framing import SseEvent
from inspector.wire.jsonrpc import Frame, FrameId, Kind, parse_upstream

_ACCEPT = "application/json, text/event-stream"

Turn: TypeAlias = tuple[anyio.Event | None, anyio.Event | None]
"""Whom to wait for, and what to set when the server has taken the message."""


class Reading:
    """Of the stream that answers one request: has the response come, and if not, where would one go on reading?"""

    def __init__(self, frame_id: FrameId | None) -> None:
        self._frame_id = frame_id
        self.response: Frame | None = None
        self.last_id: str | None = None
        self.retry = 1.0  # seconds

    def note(self, event: SseEvent) -> None:
        for field in event.fields:
            name, _, value = field.partition(b":")
            text = value.removeprefix(b" ").decode("utf-8", "replace")
            if name == b"id":
                self.last_id = text
            elif name == b"retry" and text.isdecimal():
                self.retry = min(int(text) / 1000, 60.0)
        if event.data and self._frame_id is not None:
            frame = parse_upstream(event.data)
            if isinstance(frame, Frame) and frame.kind is Kind.RESPONSE and frame.id == self._frame_id:
                self.response = frame


class ClientRole:
    """The session, the negotiated version, and whose turn it is."""

    def __init__(self) -> None:
        self.session_id: str | None = None
        self.version: str | None = None
        self._turn: anyio.Event | None = None

    async def headers(self, outgoing: Outgoing | None, era: Era) -> dict[str, str]:
        """For a POST; `outgoing` None: of something that is no message of the client's."""
        headers = {**self.listening(), "accept": _ACCEPT, "content-type": "application/json"}
        frame = outgoing.frame if outgoing is not None else None
        if outgoing is None or frame is None or era is Era.LEGACY:
            return headers
        await sdk_rules.loaded()
        headers |= sdk_rules.modern_headers(frame)
        if outgoing.definition is not None and frame.method == "tools/call":
            arguments = outgoing.arguments if outgoing.arguments is not None else frame.params.get("arguments")
            headers |= sdk_rules.param_headers(outgoing.definition, arguments if isinstance(arguments, dict) else {})
        return headers

    def listening(self, last_id: str | None = None) -> dict[str, str]:
        """For a GET or a DELETE of the session."""
        headers = {"accept": "text/event-stream", "user-agent": "mcp-inspect"}
        if self.session_id is not None:
            headers["mcp-session-id"] = self.session_id
        if self.version is not None:
            headers["mcp-protocol-version"] = self.version
        if last_id is not None:
            headers["last-event-id"] = last_id
        return headers

    def learn_version(self, response: Frame | None) -> None:
        """From the result of `initialize`."""
        result = response.body.get("result") if response is not None else None
        version = result.get("protocolVersion") if isinstance(result, dict) else None
        self.version = version if isinstance(version, str) else None

    def take_turn(self, frame: Frame) -> Turn:
        """Over a pipe messages arrive in order, over several connections they do not: what comes after `initialize`, a
        notification or a response waits until the server has taken that."""
        before, mine = self._turn, None
        if frame.kind is not Kind.REQUEST or frame.method == "initialize":
            mine = self._turn = anyio.Event()
        return before, mine
