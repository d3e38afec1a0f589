"""Remembered approvals: a person's "this session", "these arguments", "this tool"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from inspector.core.call import Call
from inspector.core.holds import Remember
from inspector.policy.values import digest

DEFAULT_APPROVE = "(default approve)"


@dataclass(frozen=True, slots=True)
class Ask:
    """A phase-12 trigger that fired, and how its hold would go."""

    rule: str
    entry: str  # pointer of the entry it stands in; "" for `(default approve)`
    entry_digest: str
    reason: str  # shown to the person
    on_deny: str | None  # read by the agent when the answer is no
    timeout: int  # seconds
    allow_on_timeout: bool
    rememberable: bool  # False for an exceeded limit: every time is asked anew


class Approvals(Protocol):
    """What `decide` asks of the remembered ones."""

    def covers(self, call: Call, rule: str, entry_digest: str) -> bool:
        """Did a person already say yes to this trigger, for calls like this one?"""
        ...


@dataclass(frozen=True, slots=True)
class _Key:
    grant: str
    server: str
    tool: str
    rule: str
    session: str | None
    arguments: str | None  # their digest


class Remembered:
    """All remembered approvals of a run. They end with it, or when the entry they were given for changes."""

    def __init__(self) -> None:
        self._entries: dict[_Key, Ask] = {}

    def add(self, call: Call, ask: Ask, remember: Remember) -> None:
        """`call` with its arguments as approved."""
        session = call.caller.session if remember is Remember.SESSION else None
        arguments = digest(call.arguments) if remember is Remember.ARGUMENTS else None
        key = _Key(call.caller.grant, call.server, call.tool, ask.rule, session, arguments)
        self._entries[key] = ask

    def covers(self, call: Call, rule: str, entry_digest: str) -> bool:
        if not self._entries:
            return False
        caller = call.caller
        for session, arguments in (
            (None, None),
            (caller.session, None),
            (None, digest(call.arguments)),
        ):
            found = self._entries.get(_Key(caller.grant, call.server, call.tool, rule, session, arguments))
            if found is not None and found.entry_digest == entry_digest:
                return True
        return False

    def keep(self, digest_of: Callable[[str, str, str], str | None]) -> None:
        """Drop those whose entry is another one now. `digest_of(server, tool, entry pointer)`: None when it is gone."""
        self._entries = {
            key: ask
            for key, ask in self._entries.items()
            if digest_of(key.server, key.tool, ask.entry) == ask.entry_digest
        }
