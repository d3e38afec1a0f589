"""A person's wishes, and what comes back. All values are serialisable: the port may be a socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from inspector.core.call import CallId
from inspector.core.decision import CounterKey, Decision
from inspector.core.events import ToolChange
from inspector.core.holds import Remember
from inspector.core.problems import Problem
from inspector.core.word import Word


@dataclass(frozen=True, slots=True)
class Approve:
    """`arguments`: edited JSON text, None when unchanged."""

    call_id: CallId
    arguments: str | None = None
    remember: Remember = Remember.ONCE


@dataclass(frozen=True, slots=True)
class Deny:
    call_id: CallId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Extend:
    call_id: CallId
    seconds: float = 60


@dataclass(frozen=True, slots=True)
class HoldNext:
    """Hold the next call of a tool once, whatever the policy allows."""

    server: str
    tool: str


@dataclass(frozen=True, slots=True)
class RevokeApproval:
    """End a remembered approval: the next call that it would have answered asks again."""

    approval: int


@dataclass(frozen=True, slots=True)
class ResetCounter:
    """Let one counter begin again at nothing, for every run that shares it."""

    key: CounterKey


@dataclass(frozen=True, slots=True)
class RaiseLimit:
    """Another `max` for one limit on one counter, until the run ends or the policy's own max is another one. The
    policy's own max takes it back."""

    key: CounterKey
    rule: str
    max: Decimal


@dataclass(frozen=True, slots=True)
class CheckArguments:
    """Do these arguments conform to what the server listed of the tool? Answers `Text`: why not, or nothing."""

    server: str
    tool: str
    arguments: str  # JSON text


@dataclass(frozen=True, slots=True)
class Inspect:
    """Everything about one call; answers `CallDetail`."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """Would this text load? Answers `PolicyCheck`. Writes nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class SavePolicy:
    """Write the file atomically and put it in force. `base_hash` is the hash of the text the editor began with:
    when the file has another content by now, nothing is written and the answer is `Conflict`, unless `overwrite`."""

    text: str
    base_hash: str
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class TakeOffered:
    """Put the outside edit in force that `--reload confirm` holds back."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Judge the recorded calls again under this text; answers `WhatIfResult`. Takes its time in slices: cancel the
    await when the answer is no longer wanted."""

    text: str


class RuleKind(StrEnum):
    """What a new rule does with calls like a given one."""

    ALLOW = "allow"
    DENY = "deny"
    ASK = "ask"
    LIMIT = "limit"
    PIN = "pin"  # only with these arguments


@dataclass(frozen=True, slots=True)
class RuleWish:
    """`max` per `window` ("second", "minute", "hour", "day") are those of LIMIT."""

    kind: RuleKind
    max: int = 10
    window: str = "minute"


@dataclass(frozen=True, slots=True)
class MakeRule:
    """`text` with a rule made of a recorded call; answers `Text`. Writes nothing."""

    text: str
    call_id: CallId
    wish: RuleWish


@dataclass(frozen=True, slots=True)
class Learn:
    """`text` narrowed to what this run's calls needed; answers `Text`. Writes nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class PolicyHistory:
    """Every policy that was in force in this run; answers `PolicyVersions`."""


@dataclass(frozen=True, slots=True)
class Complete:
    """What could be written at a place of this policy text; answers `Completions`. `line` and `column` count from 0."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Ready-made configuration for a client; answers `Text`. `upstream` "" means the only one."""

    client: str  # "claude-code" | "cursor" | "vscode" | "codex" | "url" | "stdio"
    upstream: str = ""


class ServerAction(StrEnum):
    """What a person can do with an upstream as a whole."""

    STOP = "stop"  # end it, and refuse its calls until it is started again; clients stay
    START = "start"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class ControlServer:
    """Ends calls in flight with an error when it stops or restarts; answers when that is done."""

    upstream: str
    action: ServerAction


@dataclass(frozen=True, slots=True)
class AcceptTools:
    """Take an upstream's tools as they are listed now. `changes`: what the person looked at; when it is something
    else by now, nothing is accepted."""

    upstream: str
    changes: tuple[ToolChange, ...]


@dataclass(frozen=True, slots=True)
class ListRecordings:
    """What was recorded, this run included; answers `Recordings`."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Answer held calls, end every child process, stop."""


Command: TypeAlias = (
    Approve
    | Deny
    | Extend
    | HoldNext
    | RevokeApproval
    | ResetCounter
    | RaiseLimit
    | CheckArguments
    | Inspect
    | CheckPolicy
    | SavePolicy
    | TakeOffered
    | WhatIf
    | MakeRule
    | Learn
    | PolicyHistory
    | Complete
    | ClientConfig
    | ControlServer
    | AcceptTools
    | ListRecordings
    | Shutdown
)


@dataclass(frozen=True, slots=True)
class Done:
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """It could not be done; `why` is fit to be shown."""

    why: str


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    problems: tuple[Problem, ...]
    loads: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """The file changed under the editor: what stands there now."""

    text: str
    hash: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Flip:
    """A call that the other policy would decide otherwise. `rule`: what decides it there; when nothing does, what did
    before."""

    call_id: CallId
    server: str
    tool: str
    before: Word
    after: Word
    rule: str


@dataclass(frozen=True, slots=True)
class WhatIfResult:
    """`totals`: (before, after, calls), the most frequent first; `flips`: the newest 200 first."""

    calls: int
    flipped: int
    totals: tuple[tuple[Word, Word, int], ...] = ()
    flips: tuple[Flip, ...] = ()
    newest_only: bool = False  # there were older calls, which are no longer at hand


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    version: int
    at: float
    origin: str  # "start" | "editor" | "outside"
    hash: str
    text: str


@dataclass(frozen=True, slots=True)
class PolicyVersions:
    """The oldest first."""

    versions: tuple[PolicyVersion, ...]


@dataclass(frozen=True, slots=True)
class Completion:
    """`insert` replaces what stands from `Completions.start` to the cursor."""

    insert: str
    label: str
    detail: str  # its type, or where it comes from
    help: str = ""


@dataclass(frozen=True, slots=True)
class Completions:
    """`help`: what the field at the cursor means, "" when nothing is known of it."""

    start: int  # column, counts from 0
    items: tuple[Completion, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One recording, as a list shows it. `calls` and `denied` are None where counting would take too long."""

    path: str
    run: str
    started: float  # Unix seconds
    upstreams: tuple[str, ...]
    calls: int | None
    denied: int | None
    size: int  # bytes, its WAL included
    alive: bool  # its run goes on
    trouble: str = ""  # why it cannot be read


@dataclass(frozen=True, slots=True)
class Recordings:
    """The newest first. `more`: older ones that are not among them."""

    entries: tuple[RecordingEntry, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class FrameLine:
    """One recorded frame of a call, for the raw view."""

    at: float
    direction: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class CallDetail:
    """One call, whole. Texts are JSON, not yet made safe for a terminal."""

    call_id: CallId
    arguments: str
    sent_arguments: str | None  # when a person edited them
    decisions: tuple[Decision, ...]  # in order: a held call has more than one
    response: str
    response_by_us: bool
    progress: tuple[str, ...] = ()
    frames: tuple[FrameLine, ...] = field(default=())


CommandResult: TypeAlias = (
    Done
    | Rejected
    | PolicyCheck
    | Conflict
    | Text
    | CallDetail
    | WhatIfResult
    | PolicyVersions
    | Completions
    | Recordings
)
