"""Immutable snapshots: what a screen reads. Nothing here is safe for a terminal yet: that is `ui/text.py`'s work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from inspector.core.call import CallId, Era, Outcome
from inspector.core.commands import Command, CommandResult
from inspector.core.decision import CounterKey
from inspector.core.events import Direction, ToolChange, UpstreamState
from inspector.core.fact import fact
from inspector.core.holds import Hold, HoldEnd, Remember
from inspector.core.problems import Problem
from inspector.core.risk import Risk
from inspector.core.word import Word as Word  # noqa: PLC0414 -- who reads views reads it from here


@fact(frozen=True, slots=True)
class CallView:
    """One row. `rev` grows with every change of the row."""

    id: CallId
    rev: int
    at: float
    client: str
    server: str
    tool: str
    arguments: str  # compact JSON, at most 400 characters
    word: Word
    rule: str
    outcome: Outcome | None  # None while it runs
    ms: float | None  # from forwarding to the end; None before
    forwarded_at: float | None
    legs: int = 1
    edited: bool = False
    note: str = ""  # latest progress
    risk: Risk = Risk.OTHER  # of its tool
    repeats: int = 1  # how often its client made this very call among its last ones, this one included


@dataclass(frozen=True, slots=True)
class HoldView:
    hold: Hold
    client: str
    server: str
    tool: str
    arguments: str  # compact JSON, at most 400 characters
    seen_before: int  # calls of this tool by this client before


@dataclass(frozen=True, slots=True)
class LimitView:
    key: CounterKey
    rule: str
    label: str  # "force_run_execution · minute"
    used: float
    max: float
    resets_at: float | None
    history: tuple[float, ...] = ()  # in use over the last window, in equal steps, oldest first
    users: tuple[tuple[str, float], ...] = ()  # client and what it took in this run, the greediest first
    raised: Raised | None = None
    reset: Reset | None = None  # the last time that a person did


@dataclass(frozen=True, slots=True)
class Raised:
    """A person gave a limit another `max` for this run."""

    policy_max: float
    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Reset:
    at: float
    by: str
    used: float  # what it stood at


@dataclass(frozen=True, slots=True)
class AnsweredView:
    """How a call's wait ended. A call that was held twice has two."""

    call_id: CallId
    at: float
    end: HoldEnd
    by: str
    reason: str
    edited: bool
    client: str
    server: str
    tool: str
    arguments: str  # as the client sent them: compact JSON, at most 400 characters


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """A remembered approval, and what became of it."""

    id: int
    at: float
    by: str
    remember: Remember
    rule: str
    grant: str
    server: str
    tool: str
    call_id: CallId  # which it was given for
    client: str
    session: str  # "": every session of the grant
    arguments: str  # compact JSON, at most 400 characters; "": any
    uses: int = 0  # calls that went without being asked about
    used_at: float | None = None
    ended_at: float | None = None
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class UpstreamView:
    name: str
    state: UpstreamState
    detail: str
    pid: int | None
    stderr: tuple[str, ...]  # the last 200 lines
    tools: int | None  # listed; None when never listed
    hidden: int
    drift: tuple[ToolChange, ...] = ()  # what has changed since its tools were first seen or accepted
    drift_since: float = 0.0  # when that was; 0: not noted
    drift_news: bool = False  # found in this run, and not told in an earlier one
    processes: int = 0  # that run now
    exit_code: int | None = None  # of the last process that ended by itself
    retry_at: float | None = None  # it is not started again before
    ended: str = ""  # how the last process ended that ended by itself
    about: str = ""  # the name and version that it gives itself
    era: Era | None = None  # None: it has not said anything yet
    protocol: str = ""  # the version that it chose last
    capabilities: tuple[str, ...] = ()  # what it offers
    used: tuple[str, ...] = ()  # what clients made use of
    log_level: str = ""  # asked for last; "" when no client has
    p50_ms: float | None = None  # of its last 200 calls that were forwarded and ended
    p95_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ToolView:
    """One tool that was listed or called: what it may do, what it costs an agent's context, and how it fares."""

    server: str
    name: str
    risk: Risk
    listed: bool
    hidden: bool  # by the policy
    definition_bytes: int  # 0 when it was never listed
    result_bytes: int  # of all answers together
    calls: int
    refused: int  # denied, limited or withdrawn
    errors: int
    p50_ms: float | None  # of its last 200 calls that were forwarded and ended
    p95_ms: float | None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ClientView:
    connection: str
    name: str
    version: str
    grant: str
    era: Era
    transport: str
    upstream: str
    since: float
    gone: bool
    calls: int
    capabilities: tuple[str, ...] = ()  # what it offers its server
    used: tuple[str, ...] = ()  # what its server made use of


@dataclass(frozen=True, slots=True)
class PolicyView:
    path: str  # "" when it is no file
    version: int  # 0: none was ever loaded
    hash: str
    text: str  # in force
    disk_text: str | None = None  # what lies on disk when it is not what is in force: rejected or offered
    problems: tuple[Problem, ...] = ()  # of disk_text, else warnings of text
    offered: bool = False  # disk_text waits for a key
    deleted: bool = False
    origin: str = "start"
    previous_text: str = ""  # for the diff of an outside edit


@dataclass(frozen=True, slots=True)
class RejectedView:
    at: float
    connection: str
    upstream: str
    code: int
    reason: str
    raw: bytes  # at most 4 KiB
    direction: Direction = Direction.FROM_CLIENT
    peer: str = ""  # who sent it, as far as that is known: a client's name, an address, a process


@dataclass(frozen=True, slots=True)
class UncoveredView:
    """A method that no policy judges, and what became of it."""

    upstream: str
    method: str
    forwarded: bool  # else refused, by `settings.unknown_methods`
    times: int
    at: float  # of the last time
    connection: str  # that used it then


@dataclass(frozen=True, slots=True)
class RunView:
    run: str
    endpoint: str  # without the token
    started_at: float
    version: str
    recording: str  # the file's path
    per_second: tuple[int, ...]  # arrivals in each of the last 60 whole seconds, oldest first
    words: tuple[tuple[Word, int], ...]  # totals
    p95_ms: float | None
    calls: int
    dropped: int
    read_only: bool = False  # a recording that was opened
    read: float = 1.0  # the share of a recording whose rows can be shown
    folded: int = 0  # limits and rates are those of so many of its newest calls; 0: of all


@dataclass(frozen=True, slots=True)
class Views:
    """`calls` holds the rows that changed after `since` (oldest first; all of them for 0); the rest is whole.

    Those of a recording are in its `Archive`.
    """

    version: int
    run: RunView
    calls: tuple[CallView, ...] = ()
    holds: tuple[HoldView, ...] = ()
    limits: tuple[LimitView, ...] = ()
    upstreams: tuple[UpstreamView, ...] = ()
    clients: tuple[ClientView, ...] = ()
    policy: PolicyView = field(default_factory=lambda: PolicyView("", 0, "", ""))
    rejected: tuple[RejectedView, ...] = ()  # the oldest first
    uncovered: tuple[UncoveredView, ...] = ()  # the latest last
    tools: tuple[ToolView, ...] = ()  # the busiest first
    answered: tuple[AnsweredView, ...] = ()  # the latest first
    approvals: tuple[ApprovalView, ...] = ()  # those in force first, each the latest first


class Port(Protocol):
    """All that a screen knows of the engine, in its own process or over a socket."""

    async def views(self, since: int) -> Views:
        """What changed after version `since`. Cheap when nothing did."""
        ...

    async def command(self, command: Command) -> CommandResult:
        """Carry out a person's wish. Never raises for a wish that cannot be: that is `Rejected`."""
        ...
