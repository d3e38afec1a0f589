"""What passes between one client and one upstream, as a machine without IO: message in, steps out.

It correlates (which response belongs to which request, which stream a server's own message takes) and refuses what must
not pass; it judges nothing. A `tools/call` leaves as `Judge` and comes back as `forward` or `refuse`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from inspector.core.call import Call, Caller, CallId, Era, Outcome
from inspector.core.decision import Decision
from inspector.core.events import Direction, FrameRejected, FrameSeen, Progressed, ServerIntroduced, UncoveredMethod
from inspector.core.json import JsonObject
from inspector.proxy import tool_lists
from inspector.proxy.links import Headers, HttpRequest, Outgoing, Route, Rules
from inspector.proxy.listening import Listening
from inspector.proxy.open_tasks import TasksInReach, unshared
from inspector.proxy.pending import Pending, PendingTable
from inspector.proxy.steps import (
    Abandon,
    Answer,
    End,
    Ended,
    Judge,
    Note,
    Plain,
    Send,
    Step,
    ToolsChanged,
    Used,
    Withdraw,
)
from inspector.wire import capabilities, mcp, tasks
from inspector.wire.jsonrpc import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    UPSTREAM_FAILED,
    BadFrame,
    Frame,
    Kind,
    dump,
    parse_upstream,
)


@dataclass(slots=True)
class Exchange:
    """One connection's conversation. `connection` names its client on screen."""

    connection: str
    upstream: str
    caller: Caller
    rules: Rules
    next_call: Callable[[], CallId]
    speaks_http: bool  # the upstream answers every HTTP exchange itself
    tasks: TasksInReach = field(default_factory=unshared)
    lost: str | None = None  # why the upstream is gone
    pending: PendingTable = field(default_factory=PendingTable)
    listening: Listening = field(default_factory=Listening)

    # ------------------------------------------------------------------ from the client

    def from_client(self, frame: Frame, route: Route, http: HttpRequest | None, now: float) -> list[Step]:
        match frame.kind:
            case Kind.REQUEST:
                return self._request(frame, route, http, now)
            case Kind.NOTIFICATION:
                return self._notification(frame, route, http, now)
            case Kind.RESPONSE:
                return [self._seen(now, Direction.FROM_CLIENT, frame.raw), *self._pass_on(frame, route, http)]

    def _request(self, frame: Frame, route: Route, http: HttpRequest | None, now: float) -> list[Step]:
        if self.pending.of_id(frame.id) is not None:
            bad = BadFrame(frame.raw, INVALID_REQUEST, "this id is already in flight", frame.id)
            return self._reject(bad, route, now)
        if mcp.disguised_call(frame.method):
            return self._reject(mcp.unknown_method(frame), route, now)
        pending = Pending(frame, route, http, mcp.era_of(frame), mcp.progress_token(frame))
        if frame.method == "tools/call":
            return self._call(pending, now)
        badge, denied = self._uncovered(frame.method, now)
        steps = [self._seen(now, Direction.FROM_CLIENT, frame.raw, self.tasks.asked_about(frame)), *badge]
        if denied:
            return [*steps, *self._reject(mcp.unknown_method(frame), route, now)]
        if self.lost is not None:
            return [*steps, Answer(route, mcp.rpc_error(frame.id, UPSTREAM_FAILED, self.lost), True)]
        pending.forwarded = True
        self.pending.add(pending)
        return [*steps, Send(Outgoing(mcp.one_line(frame.raw), frame, route, http, pending.era))]

    def _call(self, pending: Pending, now: float) -> list[Step]:
        frame = pending.frame
        asked = mcp.tool_call(frame)
        if isinstance(asked, BadFrame):
            return self._reject(asked, pending.route, now)
        pending.call_id = call_id = self.next_call()
        self.pending.add(pending)
        call = Call(
            call_id, now, self.caller, self.upstream, asked.tool, asked.arguments, asked.request_state, frame.raw
        )
        return [Judge(call)]

    def _notification(self, frame: Frame, route: Route, http: HttpRequest | None, now: float) -> list[Step]:
        if unrun := mcp.call_without_id(frame):
            return [self._rejected(unrun, now), Plain(route, 202)]
        seen = self._seen(now, Direction.FROM_CLIENT, frame.raw)
        if frame.method == "notifications/cancelled":
            return [seen, *self._cancelled(frame, route, http)]
        badge, denied = self._uncovered(frame.method, now)
        if denied:
            return [seen, *badge, self._rejected(mcp.unknown_method(frame), now), Plain(route, 202)]
        return [seen, *badge, *self._pass_on(frame, route, http)]

    def _uncovered(self, method: str, now: float) -> tuple[list[Step], bool]:
        """The badge of a method that no policy judges, and whether this policy refuses it as a stranger's."""
        if mcp.is_covered(method):
            return [], False
        denied = method not in mcp.KNOWN_METHODS and self.rules.unknown_methods_denied
        return [Note(UncoveredMethod(now, self.connection, self.upstream, method[:200], not denied))], denied

    def _cancelled(self, frame: Frame, route: Route, http: HttpRequest | None) -> list[Step]:
        """The client gave a request up. A forwarded call has its end now: its server need not answer any more, and
        what it says all the same is passed on as the answer of no call."""
        steps = self._pass_on(frame, route, http)
        pending = self.pending.of_id(frame.params.get("requestId"))
        if pending is None:
            return steps
        if not pending.forwarded and pending.call_id is not None:
            return [Withdraw(pending.call_id), Plain(route, 202)]
        call_id = self.pending.conclude(pending)
        if call_id is not None:
            steps.append(Ended(call_id, Outcome.CANCELLED, b""))
        if pending.era is Era.MODERN and self.speaks_http and pending.http is None:
            self.pending.remove(pending)  # the link closes its request, and with it the way of an answer
        return steps

    def _pass_on(self, frame: Frame, route: Route, http: HttpRequest | None) -> list[Step]:
        send = Send(Outgoing(mcp.one_line(frame.raw), frame, route, http, mcp.era_of(frame)))
        # Over HTTP a notification or response is accepted with 202: by the server, where it speaks HTTP itself.
        return [send] if self.speaks_http else [send, Plain(route, 202)]

    def open_stream(self, route: Route) -> list[Step]:
        """The client listens for what the server says on its own; what was kept for it goes first."""
        return [*self.listening.open(route)]

    def route_gone(self, route: Route) -> list[Step]:
        """The client closed this exchange. A held call never runs; a modern request in flight is cancelled, while a
        legacy one goes on (MCP specification, Streamable HTTP: a disconnect is no cancellation there)."""
        self.listening.gone(route)
        steps: list[Step] = []
        for pending in self.pending.all():
            if pending.route is not route:
                continue
            if not pending.forwarded and pending.call_id is not None:
                steps.append(Withdraw(pending.call_id))
            elif pending.era is Era.MODERN and pending.frame.id is not None:
                self.pending.remove(pending)
                steps.append(Abandon(route, pending.frame.id))
                if pending.call_id is not None:
                    steps.append(Ended(pending.call_id, Outcome.CANCELLED, b""))
        return steps

    def closed(self) -> list[Step]:
        """The client is gone for good: nothing held may run, and nobody learns the ends of what was forwarded."""
        steps: list[Step] = []
        for pending in self.pending.all():
            if pending.call_id is None:
                continue
            if pending.forwarded:
                steps.append(Ended(pending.call_id, Outcome.UNKNOWN, b""))
                self.pending.remove(pending)
            else:
                steps.append(Withdraw(pending.call_id))
        return [*steps, *self.tasks.client_gone()]

    # ------------------------------------------------------------------ what the gate decided

    def forward(
        self, call_id: CallId, arguments: JsonObject | None, definition: JsonObject | None, now: float
    ) -> list[Step]:
        """The call may go. Empty when its client has gone meanwhile."""
        pending = self.pending.of_call(call_id)
        if pending is None:
            return []
        if self.lost is not None:
            return self._fail(pending, self.lost, Outcome.NOT_SENT)
        pending.forwarded = True
        raw = mcp.call_frame(pending.frame, arguments)
        outgoing = Outgoing(raw, pending.frame, pending.route, pending.http, pending.era, definition, arguments)
        steps: list[Step] = [Send(outgoing)]
        if arguments is not None:
            steps.append(self._seen(now, Direction.TO_UPSTREAM, raw, call_id))
        return steps

    def refuse(self, call_id: CallId, decision: Decision, decision_id: str) -> Answer | None:
        """The denial for the client; None when it has gone."""
        pending = self.pending.of_call(call_id)
        if pending is None:
            return None
        self.pending.remove(pending)
        raw = mcp.denial(pending.frame.id, pending.era, decision.message, decision_id, decision.rule)
        return Answer(pending.route, raw, True)

    def hold(self, call_id: CallId) -> Route | None:
        """The call waits for a person; its route must be kept open."""
        pending = self.pending.of_call(call_id)
        if pending is None:
            return None
        pending.committed = True
        return pending.route

    def waiting(self, call_id: CallId, step: int) -> Answer | None:
        """A sign of life for a held call, when its client asked for progress."""
        pending = self.pending.of_call(call_id)
        if pending is None or pending.token is None:
            return None
        pending.waited = step * mcp.WAITING_STEP
        return Answer(pending.route, mcp.waiting(pending.token, step), False)

    def drop(self, call_id: CallId) -> Route | None:
        """The call was withdrawn: nothing is answered."""
        pending = self.pending.of_call(call_id)
        if pending is None:
            return None
        self.pending.remove(pending)
        return pending.route

    # ------------------------------------------------------------------ from the upstream

    def from_upstream(self, raw: bytes, route: Route | None, fields: tuple[bytes, ...], now: float) -> list[Step]:
        """One message of the server's. `route`: the exchange it came on, when it came on one."""
        frame = self.pending.answer_to_call(raw) or parse_upstream(raw)
        if isinstance(frame, BadFrame):
            return [self._rejected(frame, now, Direction.FROM_UPSTREAM)]
        if frame.kind is Kind.RESPONSE:
            return self._response(frame, route, fields, now)
        if frame.kind is Kind.REQUEST and self.rules.server_requests_denied:
            return self._refuse_server(frame, route, now)
        return self._server_message(frame, route, fields, now)

    def _response(self, frame: Frame, route: Route | None, fields: tuple[bytes, ...], now: float) -> list[Step]:
        pending = self.pending.of_id(frame.id)
        raw = mcp.one_line(frame.raw)
        ours = pending is not None and pending.forwarded and pending.call_id is not None
        task = tasks.created(frame) if ours else None
        relayed = ours and raw is frame.raw and task is None
        call_id = (pending.call_id or self.tasks.asked_about(pending.frame)) if pending else None
        steps: list[Step] = [] if relayed else [self._seen(now, Direction.FROM_UPSTREAM, frame.raw, call_id)]
        if pending is None or not pending.forwarded:
            # A replayed stream may bring a response again. On that of another request it would end this one.
            return [*steps, Answer(route, raw, True, fields)] if route and not self.pending.has_stream(route) else steps
        self.pending.remove(pending)
        steps += self._introduced(pending, frame, now)
        if pending.frame.method == "tools/list" and "result" in frame.body:
            raw, listed = self._tool_list(frame, pending, now)
            steps += listed
        steps.append(Answer(route or pending.route, raw, True, fields))
        if pending.call_id is None:
            steps += self.tasks.answered(pending.frame, frame, raw, now)
        elif task is not None:
            steps += self.tasks.made(pending.call_id, task, raw, now)
        else:
            outcome, state = mcp.call_outcome(frame)
            if outcome is Outcome.INPUT_REQUIRED:
                steps += [Used(capability) for capability in capabilities.asked_of_client(frame)]
            steps.append(Ended(pending.call_id, outcome, raw, relayed, state))
        return steps

    def _introduced(self, pending: Pending, frame: Frame, now: float) -> list[Step]:
        said = capabilities.introduction(frame) if pending.frame.method in ("initialize", "server/discover") else None
        if said is None:
            return []
        about = (said.protocol, said.name, said.version, said.capabilities)
        return [Note(ServerIntroduced(now, self.connection, self.upstream, pending.era, *about))]

    def _tool_list(self, frame: Frame, pending: Pending, now: float) -> tuple[bytes, list[Step]]:
        shown = tool_lists.shown(frame, pending, partial(self.rules.visible, self.upstream))
        steps: list[Step] = [shown.listed] if shown.listed is not None else []
        if shown.refused:
            bad, side = BadFrame(frame.raw, INTERNAL_ERROR, shown.refused), Direction.FROM_UPSTREAM
            steps.append(self._rejected(bad, now, side))
        if shown.listed is None or shown.listed.hidden:
            steps.append(self._seen(now, Direction.TO_CLIENT, shown.raw))
        return shown.raw, steps

    def _refuse_server(self, frame: Frame, route: Route | None, now: float) -> list[Step]:
        refusal = mcp.rpc_error(frame.id, METHOD_NOT_FOUND, "refused by policy (settings.server_requests)")
        target = route or self.listening.latest(self.pending)
        bad = BadFrame(frame.raw, METHOD_NOT_FOUND, "the server's own request, refused by settings.server_requests")
        side = Direction.FROM_UPSTREAM
        steps: list[Step] = [self._seen(now, side, frame.raw), self._rejected(bad, now, side)]
        if target is not None:
            steps.append(Send(Outgoing(refusal, None, target, None, Era.LEGACY)))
        return steps

    def _server_message(self, frame: Frame, route: Route | None, fields: tuple[bytes, ...], now: float) -> list[Step]:
        owner: Pending | None = None
        if frame.method == "notifications/progress":
            owner = self.pending.of_token(frame.params.get("progressToken"))
        call_id = owner.call_id if owner else self.tasks.said_about(frame)
        steps: list[Step] = [self._seen(now, Direction.FROM_UPSTREAM, frame.raw, call_id)]
        if call_id is not None and frame.method == "notifications/progress":
            steps.append(Note(Progressed(now, call_id, mcp.progress_text(frame))))
        steps += self.tasks.notified(frame, frame.raw, now)
        if owner and owner.waited and not mcp.progress_above(frame, owner.waited):
            return steps  # progress may only grow, and ours has grown already
        if frame.method == "notifications/tools/list_changed":
            steps.append(ToolsChanged())
        if frame.kind is Kind.REQUEST and (used := capabilities.OF_CLIENT.get(frame.method)) is not None:
            steps.append(Used(used))
        raw = mcp.one_line(frame.raw)
        target = route or (owner.route if owner else self.listening.choose(frame, self.pending))
        if target is None:
            self.listening.keep(raw, fields)
            return steps
        return [*steps, Answer(target, raw, False, fields)]

    def list_changed(self) -> list[Step]:
        """What this client may see has changed by a new policy: it should list again."""
        return [*self.listening.list_changed(self.pending)]

    # ------------------------------------------------------------------ when it fails

    def plain(self, outgoing: Outgoing, status: int, headers: Headers, body: bytes) -> list[Step]:
        """The upstream answered by HTTP alone: the client gets the same, unless a status can no longer be chosen."""
        pending = self.pending.of_outgoing(outgoing)
        if pending is None:
            return [Plain(outgoing.route, status, headers, body)]
        if pending.http is not None and not pending.committed:
            self.pending.remove(pending)
            ended = [Ended(pending.call_id, Outcome.RPC_ERROR, body)] if pending.call_id is not None else []
            return [Plain(outgoing.route, status, headers, body), *ended]
        said = parse_upstream(body)
        if isinstance(said, Frame) and "error" in said.body:
            raw = dump({**said.body, "id": pending.frame.id})
        else:
            raw = mcp.rpc_error(pending.frame.id, UPSTREAM_FAILED, f"the server answered with HTTP status {status}")
        return self._finish(pending, raw, Outcome.RPC_ERROR)

    def ended(self, outgoing: Outgoing, why: str | None) -> list[Step]:
        """The HTTP exchange that carried `outgoing` is over; `why` when it broke."""
        if (pending := self.pending.of_outgoing(outgoing)) is None:
            return [Plain(outgoing.route, 502, body=why.encode())] if why else [End(outgoing.route)]
        if why is None and pending.era is Era.LEGACY and pending.http is not None:
            return [End(outgoing.route)]  # the client may come back for the rest with Last-Event-ID
        return self._fail(pending, why or "the server ended its answer without a result", Outcome.UNKNOWN)

    def upstream_lost(self, why: str, *, for_good: bool = True) -> list[Step]:
        """The server is gone: whatever waits for it fails, now and, when it is gone `for_good`, later."""
        self.lost = why if for_good else None
        waiting = (p for p in self.pending.all() if p.forwarded)
        return [*(step for p in waiting for step in self._fail(p, why, Outcome.UNKNOWN)), *self.tasks.server_lost()]

    def upstream_back(self) -> list[Step]:
        """It is there again, maybe with other tools."""
        self.lost = None
        return [ToolsChanged(), *self.list_changed()]

    def time_out(self, call_id: CallId, seconds: float) -> list[Step]:
        """The server has kept this call for too long: the client learns it, and the server is told to stop."""
        pending = self.pending.of_call(call_id)
        if pending is None or pending.frame.id is None:
            return []
        why = f"the server did not answer within {seconds:g} s (--call-timeout)"
        return [*self._fail(pending, why, Outcome.UNKNOWN), Abandon(pending.route, pending.frame.id)]

    def contradicted(self, pending: Pending, why: str, now: float) -> list[Step]:
        """Its headers turn out to say something else than its arguments, which are judged."""
        self.pending.remove(pending)
        return self._reject(BadFrame(pending.frame.raw, HEADER_MISMATCH, why, pending.frame.id), pending.route, now)

    def not_recorded(self, call_id: CallId, why: str) -> list[Step]:
        """A call whose decision could not be written never goes."""
        pending = self.pending.of_call(call_id)
        return self._fail(pending, why, Outcome.NOT_SENT) if pending else []

    def _fail(self, pending: Pending, why: str, outcome: Outcome) -> list[Step]:
        return self._finish(pending, mcp.rpc_error(pending.frame.id, UPSTREAM_FAILED, why), outcome)

    def _finish(self, pending: Pending, raw: bytes, outcome: Outcome) -> list[Step]:
        self.pending.remove(pending)
        steps: list[Step] = [Answer(pending.route, raw, True)]
        if pending.call_id is not None:
            steps.append(Ended(pending.call_id, outcome, raw))
        return steps

    def _reject(self, bad: BadFrame, route: Route, now: float) -> list[Step]:
        return [self._rejected(bad, now), Answer(route, mcp.rpc_error(bad.id, bad.code, bad.reason), True)]

    def _rejected(self, bad: BadFrame, now: float, direction: Direction = Direction.FROM_CLIENT) -> Note:
        raw = bad.raw[:4096]
        return Note(FrameRejected(now, self.connection, self.upstream, direction, bad.code, bad.reason, raw))

    def _seen(self, now: float, direction: Direction, raw: bytes, call_id: CallId | None = None) -> Note:
        return Note(FrameSeen(now, self.connection, self.upstream, direction, call_id, raw))
