"""A connection with a process of its own, which outlives the process: a new one is greeted in the client's name.

    begin ─► GREETING ─ welcomed ─► OPEN ─ its process dies, or `cut` ─► DOWN
                ▲                                                         │
                └─────────────────────── hold, renew ◄────────────────────┘

While GREETING, what the client says is kept. A process that is new to the connection gets the client's own
`initialize` again, under an id of ours, and `notifications/initialized`; then what the client had asked of the session
as a whole, the level of its log and its subscriptions to resources. A client that never shook hands (modern, or not
yet) needs none of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from anyio.abc import TaskGroup

from inspector.core.errors import UpstreamError
from inspector.core.json import JsonObject
from inspector.proxy.links import ClientSide, Outgoing, Receiver, Route
from inspector.proxy.process import Death, Listener, ServerProcess
from inspector.wire.jsonrpc import Frame, FrameId, Kind, dump, parse_upstream
from inspector.wire.mcp import INITIALIZED, cancelled, escape_separators, one_line

GREETING = "mcp-inspect/greeting"  # the id of an `initialize` that we repeat
WISHES = 1024  # remembered ones: a client must not fill our memory

Start: TypeAlias = Callable[[Listener, ClientSide | None], Awaitable[ServerProcess]]


class OwnLink:
    """A `links.Link`; ids pass as they are. `start` makes a process, or raises UpstreamError."""

    def __init__(
        self,
        receiver: Receiver,
        tasks: TaskGroup,
        *,
        start: Start,
        client: ClientSide | None,
        forget: Callable[[OwnLink], None],
    ) -> None:
        self._receiver, self._tasks = receiver, tasks
        self._start, self._client, self._forget = start, client, forget
        self._ear: _Ear | None = None  # of the process that counts; an earlier one is no longer listened to
        self._process: ServerProcess | None = None
        self._hello: Frame | None = None  # the client's `initialize`
        self._wishes: dict[tuple[str, str], Frame] = {}  # of the whole session: method and resource → the request
        self._repeated: set[str] = set()  # ids of wishes that we repeated, and that are not answered yet
        self._down: str | None = None  # why nothing can be sent
        self._kept: list[bytes] | None = None  # while a new process is made and greeted
        self._begun = self._closed = False

    async def begin(self) -> None:
        """The first process.

        Raises:
            UpstreamError: it cannot be started.
        """
        self._kept = []
        await self._revive()

    # -- a links.Link

    def send(self, outgoing: Outgoing) -> None:
        if self._down is not None:
            # Not from inside `send`: who calls it may not have noted the request yet.
            self._tasks.start_soon(self._refuse, outgoing, self._down)
            return
        if outgoing.frame is not None and outgoing.frame.method == "initialize":
            self._hello = outgoing.frame
        if outgoing.frame is not None:
            self._note(outgoing.frame)
        if outgoing.raw:
            self._write(one_line(outgoing.raw))

    def _note(self, frame: Frame) -> None:
        uri = frame.params.get("uri")
        match frame.method:
            case "logging/setLevel":
                self._wishes[frame.method, ""] = frame
            case "resources/subscribe" if isinstance(uri, str) and len(self._wishes) < WISHES:
                self._wishes[frame.method, uri] = frame
            case "resources/unsubscribe" if isinstance(uri, str):
                self._wishes.pop(("resources/subscribe", uri), None)

    def _write(self, line: bytes) -> None:
        if self._kept is not None:
            self._kept.append(line)
        elif self._process is not None:
            self._process.write(line)

    async def _refuse(self, outgoing: Outgoing, why: str) -> None:
        self._receiver.upstream_ended(outgoing, why)

    def cancel(self, route: Route, frame_id: FrameId | None) -> None:
        if frame_id is not None and self._down is None:
            self._write(cancelled(frame_id))

    async def ready(self) -> None:
        if self._process is not None:
            await self._process.ready()

    async def close(self) -> None:
        self._closed = True
        self._forget(self)
        if self._process is not None:
            await self._process.end()

    # -- by a person's will; who started the process ends it

    @property
    def is_down(self) -> bool:
        return self._down is not None

    @property
    def is_waiting(self) -> bool:
        """Is it without the process that it needs?"""
        return self._ear is None and self._kept is not None

    def cut(self, why: str) -> None:
        """What is in flight, and what comes from now on, fails with `why`."""
        self._part(why)
        self._down, self._kept = why, None

    def hold(self, why: str) -> None:
        """What is in flight fails with `why`; what comes from now on is kept for the process that `renew` makes."""
        self._part(why)
        self._down, self._kept = None, []

    async def renew(self) -> None:
        kept = self._kept
        try:
            await self._revive()
        except UpstreamError as error:
            if self._kept is kept:
                self._lose(str(error))

    def _part(self, why: str) -> None:
        self._process = self._ear = None
        self._receiver.upstream_lost(why, for_good=False)

    async def _revive(self) -> None:
        kept, self._ear = self._kept, _Ear(self)
        self._repeated.clear()
        process = await self._start(self._ear, self._client)
        if kept is None or self._kept is not kept or self._closed:  # cut, held again, or closed meanwhile
            await process.end()
            return
        self._process = process
        if self._hello is None:
            self._go_on()
        else:
            hello: JsonObject = {**self._hello.body, "id": GREETING}
            process.write(escape_separators(dump(hello)))

    def _welcomed(self, answer: Frame) -> None:
        if "error" in answer.body:
            self._lose("the server was started anew, and refuses to begin again")
            if self._process is not None:
                self._tasks.start_soon(self._process.end)
        elif self._process is not None:
            self._process.write(INITIALIZED)
            for number, wish in enumerate(self._wishes.values()):
                again = f"{GREETING}/{number}"
                self._repeated.add(again)
                self._process.write(escape_separators(dump({**wish.body, "id": again})))
            self._go_on()

    def _go_on(self) -> None:
        kept, self._kept = self._kept or [], None
        for line in kept:
            self._write(line)
        if self._begun:
            self._receiver.upstream_back()
        self._begun = True

    def _lose(self, why: str) -> None:
        self._down, self._kept = why, None
        self._receiver.upstream_lost(why)

    # -- from the process that counts

    def heard(self, ear: _Ear, raw: bytes) -> None:
        if ear is not self._ear:
            return
        if self._kept is not None or self._repeated:
            frame = parse_upstream(raw)
            if isinstance(frame, Frame) and frame.kind is Kind.RESPONSE and self._is_ours(frame):
                return
        self._receiver.upstream_frame(raw, None)

    def _is_ours(self, answer: Frame) -> bool:
        if answer.id == GREETING and self._kept is not None:
            self._welcomed(answer)
            return True
        if answer.id in self._repeated:
            self._repeated.discard(str(answer.id))
            return True
        return False

    async def caught_up(self) -> None:
        await self._receiver.ready()

    def lost(self, ear: _Ear, death: Death) -> None:
        if ear is self._ear:
            self._lose(death.why)


class _Ear:
    """A `process.Listener` that knows whose process it listens to."""

    def __init__(self, link: OwnLink) -> None:
        self._link = link

    def heard(self, raw: bytes) -> None:
        self._link.heard(self, raw)

    async def caught_up(self) -> None:
        await self._link.caught_up()

    def lost(self, death: Death) -> None:
        self._link.lost(self, death)
