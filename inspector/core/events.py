"""Past facts. The event log is the truth: recording, store and what-if are all made of these.

An `Event` is immutable and serialisable; bytes are exact. `at` is Unix seconds.
A `Decided` is durable before its call is forwarded; the rest may be dropped under overload, and `Dropped` says so.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from inspector.core.call import Caller, CallId, Era, Outcome
from inspector.core.decision import CounterKey, Decision, Reading
from inspector.core.fact import fact
from inspector.core.holds import Hold, HoldEnd, Remember
from inspector.core.json import JsonObject
from inspector.core.problems import Problem


class Direction(StrEnum):
    FROM_CLIENT = "c→"  # as the client sent it
    TO_UPSTREAM = "→u"  # as we sent it on (only recorded when it differs)
    FROM_UPSTREAM = "u→"
    TO_CLIENT = "→c"  # written by us, or changed by us


class UpstreamState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    LOGIN = "log in"  # waits until a person has logged in; `detail` is where
    EXITED = "exited"
    FAILED = "failed"
    STOPPED = "stopped"  # by a person: nothing passes until it is started again
    IDLE = "idle"  # no process runs; the next client has one started


@fact(frozen=True, slots=True)
class RunStarted:
    at: float
    run: str
    version: str
    pid: int
    endpoint: str  # "http://127.0.0.1:7337", never with the token
    upstreams: tuple[str, ...]


@fact(frozen=True, slots=True)
class UpstreamChanged:
    at: float
    upstream: str
    state: UpstreamState
    detail: str  # the command or URL; why it failed
    pid: int | None = None
    exit_code: int | None = None
    asked: bool = False  # EXITED: we ended it, with its client or for a person
    retry_at: float | None = None  # EXITED: not started again before


@fact(frozen=True, slots=True)
class ServerIntroduced:
    """What a server said of itself, in answer to `initialize` or `server/discover`."""

    at: float
    connection: str
    upstream: str
    era: Era
    protocol: str  # the version that it chose; "" when it names none
    name: str
    version: str
    capabilities: tuple[str, ...]  # "tools", "resources.subscribe", …


@fact(frozen=True, slots=True)
class CapabilityUsed:
    """One side of a connection made use of what the other one offers, for the first time. Same names as above."""

    at: float
    connection: str
    upstream: str
    capability: str
    of_client: bool  # the client's, used by its server; else the server's
    log_level: str = ""  # of "logging": what was asked for; another level is told again


@fact(frozen=True, slots=True)
class ClientConnected:
    at: float
    connection: str  # unique within the run
    caller: Caller
    version: str  # clientInfo.version
    era: Era
    transport: str  # "http" | "stdio"
    upstream: str
    capabilities: tuple[str, ...] = ()  # what it offers its server: "sampling", "roots.listChanged", …


@fact(frozen=True, slots=True)
class ClientGone:
    at: float
    connection: str


@fact(frozen=True, slots=True)
class CallArrived:
    at: float
    call_id: CallId
    connection: str
    caller: Caller
    server: str
    tool: str
    arguments: JsonObject
    root: CallId  # the first leg of an MRTR call; itself otherwise
    leg: int = 1
    frame: bytes = b""  # as the client wrote it; in its place, not beside it, no `FrameSeen` is made


@fact(frozen=True, slots=True)
class Decided:
    at: float
    decision: Decision


@fact(frozen=True, slots=True)
class Held:
    at: float
    hold: Hold


@fact(frozen=True, slots=True)
class HoldExtended:
    at: float
    call_id: CallId
    deadline: float


@fact(frozen=True, slots=True)
class HoldEnded:
    at: float
    call_id: CallId
    end: HoldEnd
    by: str  # "you", "time-out", "the client", "policy"
    reason: str = ""
    arguments: JsonObject | None = None  # as edited


@fact(frozen=True, slots=True)
class Forwarded:
    """The call left for the upstream. Always after its `Decided`."""

    at: float
    call_id: CallId


@fact(frozen=True, slots=True)
class Progressed:
    at: float
    call_id: CallId
    text: str  # "3/10 loading"


@fact(frozen=True, slots=True)
class Finished:
    """A forwarded call ended, or a refused one was answered. `response` is the JSON-RPC frame the client got.

    There is a second one of a call that was answered by a task, when what it came to is fetched after its end was told.
    """

    at: float
    call_id: CallId
    outcome: Outcome
    response: bytes
    relayed: bool = False  # the server wrote exactly these bytes; there is no `FrameSeen` of them


@fact(frozen=True, slots=True)
class Counted:
    """Counters as they stand after a refund or a release. Where they stand after a charge, the `Decided` of the charged
    call says: its readings, `before` and `amount` added."""

    at: float
    readings: tuple[Reading, ...]  # `before` is the amount in use now, `amount` 0


@fact(frozen=True, slots=True)
class ApprovalRemembered:
    at: float
    call_id: CallId
    remember: Remember
    rule: str
    grant: str
    server: str
    tool: str
    approval: int = 0  # its number in this run; a second yes to the same has the number of the first
    by: str = "you"
    session: str = ""  # the only one that it is for; "" for every session
    arguments: JsonObject | None = None  # the only ones that it is for, as approved


@fact(frozen=True, slots=True)
class ApprovalEnded:
    """A remembered approval answers nothing any more."""

    at: float
    approval: int
    by: str  # "you", "policy": its entry has changed


@fact(frozen=True, slots=True)
class CounterReset:
    """A person let a counter begin again at nothing."""

    at: float
    reading: Reading  # as it stood: `before` is what was in use, `amount` and `max` 0, `rule` ""
    by: str


@fact(frozen=True, slots=True)
class LimitRaised:
    """A person gave one limit another `max` on one counter. The policy's file keeps its own."""

    at: float
    key: CounterKey
    rule: str
    max: Decimal
    policy_max: Decimal
    by: str


@fact(frozen=True, slots=True)
class RaiseEnded:
    """The policy's own max holds again."""

    at: float
    key: CounterKey
    rule: str
    max: Decimal | None  # the policy's own; None: it has no such limit any more
    by: str  # "you", "policy": it was edited


@fact(frozen=True, slots=True)
class PolicyLoaded:
    at: float
    path: str  # "" for one that is not a file (--default)
    hash: str
    version: int  # 1, 2, … within the run
    text: str
    origin: str  # "start" | "editor" | "outside"
    warnings: tuple[Problem, ...] = ()


@fact(frozen=True, slots=True)
class PolicyRejected:
    """The text on disk does not load: the last good policy stays in force."""

    at: float
    path: str
    text: str
    problems: tuple[Problem, ...]


@fact(frozen=True, slots=True)
class PolicyOffered:
    """An outside edit that waits for a person's key (--reload confirm), or a file that vanished (`text` None)."""

    at: float
    path: str
    text: str | None


@fact(frozen=True, slots=True)
class FrameSeen:
    at: float
    connection: str
    upstream: str
    direction: Direction
    call_id: CallId | None
    raw: bytes


@fact(frozen=True, slots=True)
class FrameRejected:
    """Something that was not let through: no JSON-RPC of MCP, too large, from the wrong origin, for nobody."""

    at: float
    connection: str
    upstream: str
    direction: Direction
    code: int  # JSON-RPC error code, or the HTTP status
    reason: str
    raw: bytes
    peer: str = ""  # who sent it, when no connection says so: "127.0.0.1:50123", "process 4711 of user 1000"


@fact(frozen=True, slots=True)
class UncoveredMethod:
    """A method that the policy does not cover was forwarded (or refused, by `settings.unknown_methods`)."""

    at: float
    connection: str
    upstream: str
    method: str
    forwarded: bool


@fact(frozen=True, slots=True)
class StderrLine:
    at: float
    upstream: str
    text: str


@fact(frozen=True, slots=True)
class ToolsListed:
    """What an upstream listed (definitions as JSON text by name), and what the policy hid of it."""

    at: float
    upstream: str
    definitions: tuple[tuple[str, bytes], ...]
    hidden: tuple[str, ...]
    complete: bool = False  # all that it has, not a page of it


@fact(frozen=True, slots=True)
class ToolChange:
    """One difference to what was known of a tool. Values are JSON text (ASCII); "": not there. A text of more than
    4,000 characters is cut around the difference, with … where its beginning is missing.

    `field` "" is the tool itself: added when `before` is "", removed when `after` is.
    """

    tool: str
    field: str  # "description", "inputSchema.properties.amount.maximum", …
    before: str
    after: str


@fact(frozen=True, slots=True)
class ToolsDrifted:
    """An upstream's tools are not what they were when they were first seen, or accepted. Said once for each state."""

    at: float
    upstream: str
    changes: tuple[ToolChange, ...]
    since: float = 0.0  # when what is known of them was seen, or accepted; 0: not noted
    again: bool = False  # said before, in an earlier run, and still not accepted


@fact(frozen=True, slots=True)
class ToolsSettled:
    """Nothing of an upstream's tools waits to be accepted any more."""

    at: float
    upstream: str
    accepted: bool  # by a person; else they are again what was known


@fact(frozen=True, slots=True)
class Dropped:
    at: float
    count: int
    what: str


Event: TypeAlias = (
    RunStarted
    | UpstreamChanged
    | ServerIntroduced
    | CapabilityUsed
    | ClientConnected
    | ClientGone
    | CallArrived
    | Decided
    | Held
    | HoldExtended
    | HoldEnded
    | Forwarded
    | Progressed
    | Finished
    | Counted
    | ApprovalRemembered
    | ApprovalEnded
    | CounterReset
    | LimitRaised
    | RaiseEnded
    | PolicyLoaded
    | PolicyRejected
    | PolicyOffered
    | FrameSeen
    | FrameRejected
    | UncoveredMethod
    | StderrLine
    | ToolsListed
    | ToolsDrifted
    | ToolsSettled
    | Dropped
)
