"""A call that waits for a person, and the ways it can end."""

from __future__ import annotations

from enum import StrEnum

from inspector.core.call import CallId
from inspector.core.fact import fact
from inspector.core.json import JsonObject


class HoldEnd(StrEnum):
    """Of these the first wins, once."""

    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # the client cancelled or went away
    RELOADED = "reloaded"  # a new policy forbids it


class Remember(StrEnum):
    """How far an approval reaches (remembered ones: "Approvals" in `docs/policy.md`)."""

    ONCE = "once"
    SESSION = "session"
    ARGUMENTS = "arguments"  # equal arguments only
    TOOL = "tool"  # every call of this tool by this grant, until the run ends


@fact(frozen=True, slots=True)
class Hold:
    call_id: CallId
    since: float
    deadline: float  # inclusive: at it, `on_timeout` decides
    allow_on_timeout: bool
    rule: str  # the first trigger
    triggers: tuple[str, ...]
    reason: str  # shown to the person


YOU = "you"  # the person at the screen
CLOSING = "mcp-inspect"  # who answers when the program ends


@fact(frozen=True, slots=True)
class Resolution:
    """A person's answer. `arguments` are the edited ones, None when unchanged."""

    approve: bool
    reason: str = ""
    arguments: JsonObject | None = None
    remember: Remember = Remember.ONCE
    by: str = YOU
