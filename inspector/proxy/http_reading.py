"""An HTTP server's answer → what the driver is told of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from inspector.proxy.headers import response_headers
from inspector.proxy.http_response import Response
from inspector.proxy.links import Outgoing, Receiver, Route
from inspector.wire.framing import UPSTREAM_LINE, SseEvent, SseReader
from inspector.wire.jsonrpc import Kind
from inspector.wire.mcp import one_line


async def read_answer(
    outgoing: Outgoing,
    response: Response,
    receiver: Receiver,
    seen: Callable[[SseEvent], None] | None = None,
) -> bool:
    """Tell everything of `response`, but that a stream has ended: that is what True returned means.

    `seen` hears of each event, and of a lone JSON body as of one, before the driver does.

    Raises:
        ValueError: it is a redirect, or too large.
        DisconnectedError: it broke off.
    """
    _refuse_redirect(response)
    if is_stream(response):
        receiver.upstream_head(outgoing.route, response.status, response_headers(response.headers))
        await read_events(response, partial(tell_event, receiver, outgoing.route, seen=seen))
        return True
    tell_whole(outgoing, response, await read_body(response), receiver, seen)
    return False


def tell_whole(
    outgoing: Outgoing,
    response: Response,
    body: bytes,
    receiver: Receiver,
    seen: Callable[[SseEvent], None] | None = None,
) -> None:
    """Tell of an answer that is no stream, and all there is of it. Raises ValueError: it is a redirect."""
    _refuse_redirect(response)
    status, headers = response.status, response_headers(response.headers)
    asks = outgoing.frame is not None and outgoing.frame.kind is Kind.REQUEST
    if body and asks and status < 300 and response.media_type == "application/json":
        if seen is not None:
            seen(SseEvent(body))
        receiver.upstream_head(outgoing.route, status, headers)
        receiver.upstream_frame(one_line(body), outgoing.route)
        # Nothing more comes: a body that answers something else, or nothing, must not keep the request waiting.
        receiver.upstream_ended(outgoing, "what the server answered is not the answer to this request")
    else:
        receiver.upstream_plain(outgoing, status, headers, body)


def _refuse_redirect(response: Response) -> None:
    """Handed on, it would lead the client around us."""
    if 300 <= response.status < 400:
        target = response.header(b"location") or "elsewhere"
        said = f"it redirects (HTTP {response.status}) to {target[:200]}"
        raise ValueError(f"{said}; if that is the server, configure that URL")


async def tell_event(
    receiver: Receiver, route: Route, event: SseEvent, *, seen: Callable[[SseEvent], None] | None = None
) -> None:
    """One event of the stream that answers a request; waits while its client lags behind."""
    if seen is not None:
        seen(event)
    if event.data:
        receiver.upstream_frame(one_line(event.data), route, event.fields)
    else:
        # An empty `data` makes a client take note of the id; without it there would be no event.
        receiver.upstream_event(route, event.fields + (() if event.data is None else (b"data: ",)))
    await route.ready()


def is_stream(response: Response) -> bool:
    return response.status < 300 and response.media_type == "text/event-stream"


async def read_events(response: Response, tell: Callable[[SseEvent], Awaitable[None]]) -> None:
    """Every event as it comes, until the stream ends.

    Raises:
        ValueError: an event is too large.
        DisconnectedError: the stream broke off.
    """
    reader = SseReader()
    while chunk := await response.read():
        for event in reader.feed(chunk):
            await tell(event)


async def read_body(response: Response) -> bytes:
    """All of it.

    Raises:
        ValueError: it is larger than 16 MiB.
        DisconnectedError: it broke off.
    """
    parts: list[bytes] = []
    size = 0
    while chunk := await response.read():
        size += len(chunk)
        if size > UPSTREAM_LINE:
            raise ValueError("an answer of more than 16 MiB")
        parts.append(chunk)
    return b"".join(parts)
