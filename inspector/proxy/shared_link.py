"""One server process for many clients without connections of their own (modern HTTP, 2026-07-28).

Request ids, progress tokens, subscription ids and the ids in `notifications/cancelled` are each client's own, so on
the shared process they are ours: a running number, as a string where the client's was one. Everything else of a
message keeps its tokens; mostly it is the same bytes with another id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import anyio

from inspector.core.errors import UpstreamError
from inspector.core.json import Json, JsonObject, Number
from inspector.proxy.links import Outgoing, Receiver, Route
from inspector.proxy.process import Deaf, Death, Host, Listener, ServerProcess
from inspector.wire.jsonrpc import (
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    UPSTREAM_FAILED,
    BadFrame,
    Frame,
    FrameId,
    Kind,
    dump,
    parse_upstream,
)
from inspector.wire.mcp import cancelled, escape_separators, one_line, rpc_error

SUBSCRIPTION_META = "io.modelcontextprotocol/subscriptionId"
_IDLE = 1.0  # seconds without a request before a server that refuses discovery is ended again
_REFUSALS = 64  # remembered ones

_T = TypeVar("_T")
OurId: TypeAlias = int | str


@dataclass(eq=False, slots=True)
class _Pending:
    """A request that the server has not answered."""

    link: SharedLink
    outgoing: Outgoing
    frame: Frame
    ours: OurId
    token: FrameId | None = None  # the client's progress token
    our_token: OurId | None = None


@dataclass(eq=False, slots=True)
class SharedLink:
    """One client's share of the process."""

    process: SharedProcess
    receiver: Receiver
    pending: dict[OurId, _Pending] = field(default_factory=dict)

    def send(self, outgoing: Outgoing) -> None:
        frame = outgoing.frame or parse_upstream(outgoing.raw)  # no frame: it is not the client's but our driver's
        if isinstance(frame, Frame):
            self.process.submit(self, outgoing, frame)

    def cancel(self, route: Route, frame_id: FrameId | None) -> None:
        for pending in tuple(self.pending.values()):
            if pending.outgoing.route is route and frame_id in (None, pending.frame.id):
                self.process.abandon(pending)

    async def ready(self) -> None:
        await self.process.ready()

    async def close(self) -> None:
        for pending in tuple(self.pending.values()):
            self.process.abandon(pending)
        self.process.forget(self)


class SharedProcess:
    """Started by the first request, again after it died; a Listener of its process."""

    def __init__(self, host: Host, start: Callable[[Listener], Awaitable[ServerProcess]]) -> None:
        self._host, self._start = host, start
        self._process: ServerProcess | None = None
        self._starting = False
        self._cuts = 0
        self._latest: Receiver | None = None  # who is told of its death when nobody waits for an answer
        self._waiting: list[bytes] = []
        self._count = 0
        self._pending: dict[OurId, _Pending] = {}
        self._tokens: dict[OurId, _Pending] = {}
        self._asked: dict[FrameId, SharedLink] = {}  # the server's own requests
        self._refused = False  # its last answer to server/discover was an error
        self._refusals: dict[bytes, JsonObject] = {}

    def link(self, receiver: Receiver) -> SharedLink:
        self._latest = receiver
        return SharedLink(self, receiver)

    # -- towards the server

    def submit(self, link: SharedLink, outgoing: Outgoing, frame: Frame) -> None:
        """Send one client message, its ids replaced."""
        match frame.kind:
            case Kind.REQUEST:
                self._request(link, outgoing, frame)
            case Kind.NOTIFICATION if frame.method == "notifications/cancelled":
                for pending in link.pending.values():
                    if pending.frame.id == frame.params.get("requestId"):
                        params: JsonObject = {**frame.params, "requestId": pending.ours}
                        self._write(_line({**frame.body, "params": params}))
            case Kind.NOTIFICATION:
                self._write(one_line(outgoing.raw))
            case Kind.RESPONSE:
                if frame.id is not None and self._asked.get(frame.id) is link:
                    del self._asked[frame.id]
                    self._write(one_line(outgoing.raw))

    def _request(self, link: SharedLink, outgoing: Outgoing, frame: Frame) -> None:
        if self._process is None and (refusal := self._refusal(frame)) is not None:
            # Not from inside `send`: who calls it may not have noted the request yet.
            self._host.tasks.start_soon(_answer, link, outgoing, dump({**refusal, "id": frame.id}))
            return
        self._count += 1
        pending = _Pending(link, outgoing, frame, _our_id(self._count, frame.id))
        meta = frame.params.get("_meta")
        token = _id(meta.get("progressToken")) if isinstance(meta, dict) else None
        if token is not None:
            pending.token, pending.our_token = token, _our_id(self._count, token)
            self._tokens[pending.our_token] = pending
        self._pending[pending.ours] = link.pending[pending.ours] = pending
        self._write(_outbound(pending))

    def _write(self, line: bytes) -> None:
        if self._process is not None:
            self._process.write(line)
            return
        self._waiting.append(line)
        self._begin_soon()

    def _begin_soon(self) -> None:
        if not self._starting:
            self._starting = True
            self._host.tasks.start_soon(self._begin)

    def cut(self, why: str) -> None:
        """Its process is ended by whoever started it: what is in flight fails, the next request starts another one."""
        self._cuts += 1
        if self._process is not None:
            self._process.hand_to(Deaf())
        self._process = None
        self._waiting.clear()
        self._refusals.clear()
        self._refused = False
        self._fail(why)

    async def _begin(self) -> None:
        cuts = self._cuts
        try:
            process = await self._start(self)
        except UpstreamError as error:
            self._waiting.clear()
            self._fail(str(error))
        else:
            if cuts == self._cuts:
                self._use(process)
            else:
                process.hand_to(Deaf())
                await process.end()
        finally:
            self._starting = False
        if self._waiting:  # they came after a cut
            self._begin_soon()

    def _use(self, process: ServerProcess) -> None:
        self._process = process
        for line in self._waiting:
            process.write(line)
        self._waiting.clear()
        if process.death is not None:
            self.lost(process.death)

    async def ready(self) -> None:
        if self._process is not None:
            await self._process.ready()

    def abandon(self, pending: _Pending) -> None:
        """Nobody waits for this answer any more: the server may stop working on it."""
        if self._drop(pending) and self._process is not None:
            self._process.write(cancelled(pending.ours))

    def forget(self, link: SharedLink) -> None:
        for theirs in [key for key, asked in self._asked.items() if asked is link]:
            del self._asked[theirs]

    def _drop(self, pending: _Pending) -> bool:
        if self._pending.pop(pending.ours, None) is None:
            return False
        pending.link.pending.pop(pending.ours, None)
        if pending.our_token is not None:
            self._tokens.pop(pending.our_token, None)
        if self._refused and not self._pending:
            self._host.tasks.start_soon(self._end_when_idle)
        return True

    # -- from the server (Listener)

    def heard(self, raw: bytes) -> None:
        frame = parse_upstream(raw)
        if isinstance(frame, BadFrame):
            self._host.reject(frame.code, frame.reason, raw)
            return
        match frame.kind:
            case Kind.RESPONSE:
                self._answered(frame)
            case Kind.REQUEST:
                self._asks(frame)
            case Kind.NOTIFICATION:
                self._notifies(frame)

    async def caught_up(self) -> None:
        for link in {pending.link.receiver: pending.link for pending in self._pending.values()}.values():
            await link.receiver.ready()

    def lost(self, death: Death) -> None:
        self._process = None
        self._fail(death.why)

    def _fail(self, why: str) -> None:
        links = {pending.link.receiver: pending.link for pending in self._pending.values()}
        self._pending.clear()
        self._tokens.clear()
        self._asked.clear()
        for receiver, link in links.items():
            link.pending.clear()
            receiver.upstream_lost(why)
        if not links and self._latest is not None:
            # Tasks may be open that lived in it. Whoever made them has no connection any more; any of ours ends them.
            self._latest.upstream_lost(why, for_good=False)

    def _answered(self, frame: Frame) -> None:
        pending = self._pending.get(frame.id) if isinstance(frame.id, int | str) else None
        if pending is None:
            if not self._was_ours(frame.id):  # else a late answer to what was cancelled
                self._host.reject(INVALID_REQUEST, "an answer to nothing that was asked", frame.raw)
            return
        if pending.frame.method == "server/discover":
            self._discovered(pending.frame, frame)
        self._drop(pending)
        body = frame.body
        result = body.get("result")
        if isinstance(result, dict) and (mended := _subscribed(result, pending)) is not None:
            body = {**body, "result": mended}
        self._deliver(pending.link, pending, frame, {**body, "id": pending.frame.id})

    def _asks(self, frame: Frame) -> None:
        sole = self._sole()
        if sole is None or frame.id is None:
            self._write(rpc_error(frame.id, METHOD_NOT_FOUND, "no client is there to answer this"))
            return
        self._asked[frame.id] = sole.link
        sole.link.receiver.upstream_frame(frame.raw, sole.outgoing.route)

    def _notifies(self, frame: Frame) -> None:
        """Progress and subscriptions name their request; anything else belongs to a request only if there is one."""
        params = frame.params
        if frame.method == "notifications/progress" and (pending := _find(self._tokens, params.get("progressToken"))):
            self._deliver(pending.link, pending, frame, _with(frame, {**params, "progressToken": pending.token}))
        elif frame.method == "notifications/cancelled" and (asked := _find(self._asked, params.get("requestId"))):
            asked.receiver.upstream_frame(frame.raw, None)
        elif frame.method == "notifications/cancelled" and (pending := _find(self._pending, params.get("requestId"))):
            self._deliver(pending.link, pending, frame, _with(frame, {**params, "requestId": pending.frame.id}))
        elif (pending := self._subscriber(params)) and (mended := _subscribed(params, pending)) is not None:
            self._deliver(pending.link, pending, frame, _with(frame, mended))
        elif (sole := self._sole()) is not None:
            sole.link.receiver.upstream_frame(frame.raw, sole.outgoing.route)
        else:
            self._host.reject(INVALID_REQUEST, f"{frame.method[:80]}: no telling which client it is for", frame.raw)

    def _deliver(self, link: SharedLink, pending: _Pending, frame: Frame, body: JsonObject) -> None:
        raw = None
        if frame.kind is Kind.RESPONSE and body.get("result") is frame.body.get("result"):
            raw = _splice(frame.raw, frame.id, pending.frame.id)
        if raw is None:
            try:
                raw = dump(body)
            except TypeError:
                raw = rpc_error(pending.frame.id, UPSTREAM_FAILED, "the server's answer holds a lone surrogate")
                self._host.reject(INVALID_REQUEST, "lone surrogate", frame.raw)
                if frame.kind is not Kind.RESPONSE:
                    return
        link.receiver.upstream_frame(raw, pending.outgoing.route)

    def _sole(self) -> _Pending | None:
        return next(iter(self._pending.values())) if len(self._pending) == 1 else None

    def _subscriber(self, params: JsonObject) -> _Pending | None:
        meta = params.get("_meta")
        theirs = meta.get(SUBSCRIPTION_META) if isinstance(meta, dict) else None
        found = _find(self._pending, theirs)
        if found is None and isinstance(theirs, str) and theirs.isdecimal() and len(theirs) < 18:
            found = self._pending.get(int(theirs))  # a server that makes a string of every id
        return found

    def _was_ours(self, theirs: FrameId | None) -> bool:
        number = theirs.removeprefix("c") if isinstance(theirs, str) else str(theirs)
        return number.isdecimal() and len(number) < 18 and 1 <= int(number) <= self._count

    # -- discovery refused

    def _discovered(self, asked: Frame, answer: Frame) -> None:
        self._refused = "error" in answer.body
        if self._refused and len(self._refusals) < _REFUSALS:
            self._refusals[dump(asked.params)] = answer.body

    def _refusal(self, frame: Frame) -> JsonObject | None:
        """What the server said to this very `server/discover` before: no need to start it again for that."""
        return self._refusals.get(dump(frame.params)) if frame.method == "server/discover" else None

    async def _end_when_idle(self) -> None:
        await anyio.sleep(_IDLE)
        if self._refused and not self._pending and self._process is not None:
            process, self._process = self._process, None
            await process.end()


async def _answer(link: SharedLink, outgoing: Outgoing, raw: bytes) -> None:
    link.receiver.upstream_frame(raw, outgoing.route)


def _our_id(number: int, theirs: FrameId | None) -> OurId:
    return f"c{number}" if isinstance(theirs, str) else number


def _id(value: Json) -> FrameId | None:
    return value if isinstance(value, str | int | Number) and not isinstance(value, bool) else None


def _find(known: Mapping[Any, _T], value: Json) -> _T | None:
    found = _id(value)
    return None if found is None else known.get(found)


def _with(frame: Frame, params: JsonObject) -> JsonObject:
    return {**frame.body, "params": params}


def _subscribed(holder: JsonObject, pending: _Pending) -> JsonObject | None:
    """`params` or `result` with the client's subscription id in place of ours; None when it has none of ours."""
    meta = holder.get("_meta")
    if not isinstance(meta, dict) or (theirs := meta.get(SUBSCRIPTION_META)) is None:
        return None
    if theirs == pending.ours:
        return {**holder, "_meta": {**meta, SUBSCRIPTION_META: pending.frame.id}}
    if theirs == str(pending.ours):
        return {**holder, "_meta": {**meta, SUBSCRIPTION_META: str(pending.frame.id)}}
    return None


def _line(body: JsonObject) -> bytes:
    return escape_separators(dump(body))


def _outbound(pending: _Pending) -> bytes:
    raw, frame = one_line(pending.outgoing.raw), pending.frame
    if pending.our_token is None and (spliced := _splice(raw, frame.id, pending.ours)) is not None:
        return spliced
    sent = frame if raw == frame.raw else parse_upstream(raw)
    if isinstance(sent, BadFrame):  # cannot be: it was written from a frame
        raise ValueError(sent.reason)
    body: JsonObject = {**sent.body, "id": pending.ours}
    meta = sent.params.get("_meta")
    if pending.our_token is not None and isinstance(meta, dict):
        body["params"] = {**sent.params, "_meta": {**meta, "progressToken": pending.our_token}}
    return _line(body)


def _splice(raw: bytes, old: FrameId | None, new: FrameId | None) -> bytes | None:
    """`raw` with its top-level id replaced, where it stands as the SDKs write it: first after the version, or last.

    Nowhere else could these bytes be anything but that id: at the start nothing precedes them; at the end the brace
    closes the message, what stands before it is no part of a string, and a key before it ends in an unescaped quote.
    """
    was, now = dump(old), dump(new)
    head = b'{"jsonrpc":"2.0","id":' + was + b","
    if raw.startswith(head):
        return b'{"jsonrpc":"2.0","id":' + now + raw[len(head) - 1 :]
    tail = b',"jsonrpc":"2.0","id":' + was + b"}"
    if raw.endswith(tail):
        return raw[: -len(tail)] + b',"jsonrpc":"2.0","id":' + now + b"}"
    return None
