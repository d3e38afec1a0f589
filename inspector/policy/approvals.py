"""Remembered approvals: a person's "this session", "these arguments", "this tool"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from inspector.core.call import Call
from inspector.core.effects import Effect, Emit
from inspector.core.events import ApprovalEnded, ApprovalRemembered
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

    def answer(self, call: Call, rule: str, entry_digest: str) -> int | None:
        """Did a person already say yes to this trigger, for calls like this one? The number of that approval."""
        ...


@dataclass(frozen=True, slots=True)
class _Key:
    grant: str
    server: str
    tool: str
    rule: str
    session: str | None
    arguments: str | None  # their digest


@dataclass(frozen=True, slots=True)
class _Given:
    number: int
    ask: Ask


class Remembered:
    """All remembered approvals of a run. They end with it, when a person revokes them, or when the entry they were
    given for changes."""

    def __init__(self) -> None:
        self._entries: dict[_Key, _Given] = {}
        self._given = 0

    def remember(self, call: Call, asks: Iterable[Ask], remember: Remember, by: str, now: float) -> list[Effect]:
        """A person said yes to these. `call` with its arguments as approved."""
        if remember is Remember.ONCE:
            return []
        return [Emit(self._remember(call, ask, remember, by, now)) for ask in asks if ask.rememberable]

    def answer(self, call: Call, rule: str, entry_digest: str) -> int | None:
        if not self._entries:
            return None
        for key in self._keys(call, rule):
            found = self._entries.get(key)
            if found is not None and found.ask.entry_digest == entry_digest:
                return found.number
        return None

    def _keys(self, call: Call, rule: str) -> Iterator[_Key]:
        """Of every approval that could answer. A digest of megabytes takes a second: only where one could be equal."""
        wide = _Key(call.caller.grant, call.server, call.tool, rule, None, None)
        yield wide
        yield replace(wide, session=call.caller.session)
        if any(key.arguments is not None and replace(key, arguments=None) == wide for key in self._entries):
            yield replace(wide, arguments=digest(call.arguments))

    def revoke(self, number: int, by: str, now: float) -> list[Effect] | None:
        """None: there is none of that number any more."""
        key = next((key for key, given in self._entries.items() if given.number == number), None)
        if key is None:
            return None
        del self._entries[key]
        return [Emit(ApprovalEnded(now, number, by))]

    def keep(self, digest_of: Callable[[str, str, str], str | None], now: float) -> list[Effect]:
        """Drop those whose entry is another one now. `digest_of(server, tool, entry pointer)`: None when it is gone."""
        gone = {
            key: given
            for key, given in self._entries.items()
            if digest_of(key.server, key.tool, given.ask.entry) != given.ask.entry_digest
        }
        for key in gone:
            del self._entries[key]
        return [Emit(ApprovalEnded(now, given.number, "policy")) for given in gone.values()]

    def _remember(self, call: Call, ask: Ask, remember: Remember, by: str, now: float) -> ApprovalRemembered:
        caller = call.caller
        session = caller.session if remember is Remember.SESSION else None
        arguments = call.arguments if remember is Remember.ARGUMENTS else None
        digested = None if arguments is None else digest(arguments)
        key = _Key(caller.grant, call.server, call.tool, ask.rule, session, digested)
        known = self._entries.get(key)
        if known is None:
            self._given += 1
        number = self._given if known is None else known.number
        self._entries[key] = _Given(number, ask)
        return ApprovalRemembered(
            now, call.id, remember, ask.rule, caller.grant, call.server, call.tool, number, by, session or "", arguments
        )
