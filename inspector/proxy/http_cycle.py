"""How uvicorn writes an answer here: head and body in one piece, and headers checked once, all together.

Its own way is general: every name and value goes through two regular expressions, and head and body leave by writes of
their own, each of which costs a system call here and an awakening there.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_BODILESS = frozenset({204, 304})


class Cycle(RequestResponseCycle):
    """One request and its answer. A head that nothing follows leaves at the end of its turn of the loop."""

    _head = b""

    async def send(self, message: MutableMapping[str, Any]) -> None:  # type: ignore[override]
        """As ASGI has it, but for trailers.

        Raises:
            RuntimeError: a header that could end the head early, a body of another length than said, or more of it.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            self._begin(message["status"], message["headers"])
        elif self.response_complete:
            raise RuntimeError("the answer is over")
        else:
            self._go_on(message["body"], more=message.get("more_body", False))

    def _begin(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.response_started, self.waiting_for_100_continue = True, False
        lines = [b"%b: %b\r\n" % pair for pair in headers if pair[0] != b"connection"]
        named = dict(headers)
        if b"connection" in named:  # uvicorn's own, to say that something went wrong
            self.keep_alive = False
        length = named.get(b"content-length", b"0" if status in _BODILESS else None)
        self.chunked_encoding = length is None
        self.expected_content_length = int(length or b"0")
        if self.chunked_encoding:
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join([STATUS_LINE[status], *lines, b"\r\n"])
        if not head.count(b"\n") == head.count(b"\r") == len(lines) + 2 or head.find(b"\0") >= 0:
            raise RuntimeError("a header with a line break in it")
        self._head = head
        if self.chunked_encoding:
            asyncio.get_running_loop().call_soon(self.flush)

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body, self.expected_content_length = b"", 0
        elif self.chunked_encoding:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body = chunk if more else chunk + b"0\r\n\r\n"
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0 or (self.expected_content_length and not more):
                raise RuntimeError("the body is not as long as was said")
        body, self._head = self._head + body, b""
        if body:
            self.transport.write(body)
        if not more:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()

    def flush(self) -> None:
        head, self._head = self._head, b""
        if head and not self.transport.is_closing():
            self.transport.write(head)
