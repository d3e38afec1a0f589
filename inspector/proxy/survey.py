"""What tools an upstream has, asked by ourselves on a link of our own: never on the client's session.

A policy that looks at tool definitions (`validate`, `pin`) and the `Mcp-Param-*` headers of a modern HTTP server need
them before the first call, and not every client lists before it calls.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import anyio
from anyio.abc import TaskGroup

from inspector import __version__
from inspector.core.call import Era
from inspector.core.errors import UpstreamError
from inspector.core.json import JsonObject
from inspector.proxy.links import ClientSide, Headers, Link, Outgoing, Route, Upstream
from inspector.proxy.unheard import Unheard
from inspector.wire.jsonrpc import (
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    BadFrame,
    Frame,
    FrameId,
    Kind,
    dump,
    parse_client,
    parse_upstream,
)
from inspector.wire.mcp import (
    CLIENT_CAPABILITIES_META,
    CLIENT_INFO_META,
    PROTOCOL_VERSION_META,
    ToolList,
    merged,
    rpc_error,
    tool_list,
)

PATIENCE = 15.0  # seconds that a call waits for a survey, the start of a server included
AGAIN = 30.0  # seconds until one that failed is tried again
PAGES = 100

_INFO: JsonObject = {"name": "mcp-inspect", "version": __version__}
_HELLO: JsonObject = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": _INFO}
_META: JsonObject = {
    PROTOCOL_VERSION_META: "2026-07-28",
    CLIENT_INFO_META: _INFO,
    CLIENT_CAPABILITIES_META: {},
}


@dataclass(frozen=True, slots=True)
class Behalf:
    """For whom it is asked: in which era, and in which surroundings or with which credentials."""

    era: Era
    side: ClientSide | None


class Surveys:
    """One for the engine. `learn` gets what was listed, `reject` what cannot be read; `clock` gives seconds."""

    def __init__(
        self,
        learn: Callable[[str, ToolList], None],
        clock: Callable[[], float],
        reject: Callable[[str, BadFrame], None],
    ) -> None:
        self._learn = learn
        self._reject = reject
        self._clock = clock
        self._stale: set[str] = set()
        self._done: set[str] = set()
        self._failed: dict[str, float] = {}
        self._waiting: dict[str, list[Callable[[], None]]] = {}

    def outdate(self, upstream: str) -> None:
        """It said that its tools have changed."""
        self._done.discard(upstream)
        self._stale.add(upstream)

    def due(self, upstream: str, *, known: bool) -> bool:
        """Must a call that needs a definition wait? `known`: the client's own listing had it."""
        if upstream in self._waiting:
            return True
        failed = self._failed.get(upstream)
        if failed is not None and 0 <= self._clock() - failed < AGAIN:
            return False
        return upstream in self._stale or not (known or upstream in self._done)

    def before(self, upstream: Upstream, behalf: Behalf, tasks: TaskGroup, then: Callable[[], None]) -> None:
        """Do `then` when it is known, or will not be for now; in the order in which it was asked for."""
        waiting = self._waiting.setdefault(upstream.name, [])
        waiting.append(then)
        if len(waiting) == 1:
            tasks.start_soon(self._ask, upstream, behalf)

    async def _ask(self, upstream: Upstream, behalf: Behalf) -> None:
        asking = _Asking(behalf.era, partial(self._reject, upstream.name))
        self._stale.discard(upstream.name)
        try:
            self._settle(upstream.name, await _listed(asking, upstream, behalf.side))
        finally:
            if asking.link is not None:
                with anyio.CancelScope(shield=True):
                    await asking.link.close()

    def _settle(self, name: str, listed: ToolList | None) -> None:
        """Calls go before our link is closed: a process may take its time to end."""
        if listed is None:
            self._failed[name] = self._clock()
        else:
            self._done.add(name)
            self._learn(name, listed)
        for then in self._waiting.pop(name):
            then()


async def _listed(asking: _Asking, upstream: Upstream, side: ClientSide | None) -> ToolList | None:
    """All of an upstream's tools as it lists them to a client of that era; None when it does not."""
    with anyio.move_on_after(PATIENCE), suppress(UpstreamError):  # its own event says why
        asking.link = await upstream.open(asking, shared=False, client=side)
        return await _pages(asking)
    return None


async def _pages(asking: _Asking) -> ToolList | None:
    if not await _begin(asking):
        return None
    pages: list[ToolList] = []
    cursor: JsonObject = {}
    while len(pages) < PAGES:
        frame = await asking.ask("tools/list", cursor)
        page = tool_list(frame) if frame is not None else None
        if frame is None or page is None:
            if frame is not None and "error" not in frame.body:
                asking.reject(BadFrame(frame.raw, INVALID_REQUEST, "an answer to tools/list that lists no tools"))
            return None
        if page.definitions and page in pages:
            break  # many servers end with the cursor "", and take it for the first page's
        pages.append(page)
        result = frame.body["result"]
        following = result.get("nextCursor") if isinstance(result, dict) else None
        if not isinstance(following, str):
            break
        cursor = {"cursor": following}
    return merged(pages)


async def _begin(asking: _Asking) -> bool:
    """A modern server is only discovered; one that is not modern after all, and a legacy one, shake hands."""
    if asking.era is Era.MODERN:
        found = await asking.ask("server/discover", {})
        if found is not None and "result" in found.body:
            return True
        asking.era = Era.LEGACY
    welcome = await asking.ask("initialize", _HELLO)
    if welcome is None or "result" not in welcome.body:
        return False
    asking.tell("notifications/initialized")
    return True


class _Asking(Unheard):
    """One question at a time. It is the Route of its own requests too, whose answers come to the Receiver."""

    def __init__(self, era: Era, reject: Callable[[BadFrame], None]) -> None:
        self.era = era
        self.reject = reject
        self.link: Link | None = None
        self._id = 0
        self._answer: Frame | None = None
        self._heard = anyio.Event()
        self._over = False

    async def ask(self, method: str, params: JsonObject) -> Frame | None:
        """The response; None when there is none."""
        self._id += 1
        self._answer, self._heard = None, anyio.Event()
        if self._over:
            return None
        self._send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        await self._heard.wait()
        return self._answer

    def tell(self, method: str) -> None:
        self._send({"jsonrpc": "2.0", "method": method})

    def _send(self, body: JsonObject) -> None:
        params = body.get("params")
        if self.era is Era.MODERN and isinstance(params, dict):
            body = {**body, "params": {**params, "_meta": _META}}
        raw = dump(body)
        frame = parse_client(raw)
        if isinstance(frame, Frame) and self.link is not None:
            self.link.send(Outgoing(raw, frame, self, None, self.era))

    def _hear(self, frame: Frame | None) -> None:
        if not self._heard.is_set():
            self._answer = frame
            self._heard.set()

    def _is_ours(self, frame_id: FrameId | None) -> bool:
        return frame_id == self._id and not isinstance(frame_id, str)

    # Receiver

    def upstream_frame(self, raw: bytes, route: Route | None, fields: tuple[bytes, ...] = ()) -> None:
        frame = parse_upstream(raw)
        if isinstance(frame, BadFrame):
            self.reject(frame)
            return
        if frame.kind is Kind.RESPONSE and self._is_ours(frame.id):
            self._hear(frame)
        elif frame.kind is Kind.REQUEST and self.link is not None:
            no = rpc_error(frame.id, METHOD_NOT_FOUND, "this client only lists tools")
            yes = dump({"jsonrpc": "2.0", "id": frame.id, "result": {}})
            reply = yes if frame.method == "ping" else no
            self.link.send(Outgoing(reply, None, self, None, Era.LEGACY))

    def upstream_plain(self, outgoing: Outgoing, status: int, headers: Headers, body: bytes) -> None:
        self.upstream_ended(outgoing, str(status))

    def upstream_ended(self, outgoing: Outgoing, why: str | None) -> None:
        if outgoing.frame is not None and outgoing.frame.kind is Kind.REQUEST and self._is_ours(outgoing.frame.id):
            self._hear(None)

    def upstream_lost(self, why: str, *, for_good: bool = True) -> None:
        self._over = True
        self._hear(None)
