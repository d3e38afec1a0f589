"""Who calls, as far as they say: names for connections that have one, and for clients that never keep one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from inspector.core.call import Caller
from inspector.core.events import CapabilityUsed, ClientConnected, ClientGone, Event
from inspector.proxy.connection import ClientConnection
from inspector.wire.capabilities import client_capabilities
from inspector.wire.jsonrpc import Frame
from inspector.wire.mcp import client_info, era_of

KEPT: Final = 1_000  # clients that keep no connection; one may call itself something else with every request


class Presence:
    """A stdio client and a legacy HTTP session are connections of their own. A modern client has none: it is known by
    grant, upstream and what it says of itself, so that its limits and its row on screen outlive single requests."""

    def __init__(self, emit: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self._emit = emit
        self._clock = clock
        self._count = 0
        # Of those that keep no connection; who called last stands last.
        self._labels: dict[tuple[str, str, str, str], str] = {}
        self._shared: set[str] = set()  # the same labels
        self._latest: dict[tuple[str, str], str] = {}  # client name by grant and upstream
        self._used: dict[str, set[tuple[str, bool]]] = {}  # capabilities by label
        self._log_levels: dict[str, str] = {}  # asked for last, by label

    def label(self) -> str:
        self._count += 1
        return f"c{self._count}"

    def caller(self, label: str, transport: str, grant: str, upstream: str) -> Caller:
        """What is known before the client's first request."""
        name = self._latest.get((grant, upstream), "")
        return Caller(grant, label if transport == "stdio" else _session(grant, upstream, name), name)

    def introduce(self, connection: ClientConnection, frame: Frame) -> bool:
        """Settle the connection's label and caller by an early request; False when it says nothing of them."""
        exchange, info = connection.exchange, client_info(frame)
        if info is None and frame.method != "tools/call":
            return False
        grant, upstream = exchange.caller.grant, exchange.upstream
        own = connection.transport == "stdio" or frame.method == "initialize"
        name = info.name if info else self._latest.get((grant, upstream), "")
        version = info.version if info else ""
        if info:
            self._latest[grant, upstream] = name
        known = (grant, upstream, name, version)
        kept = None if own else self._labels.pop(known, None)
        label = exchange.connection if kept is None else kept
        session = label if connection.transport == "stdio" else _session(grant, upstream, name)
        caller = Caller(grant, session, name)
        connection.identify(label, caller)
        if not own:
            self._keep(known, label)
        if kept is None:
            offered, now = client_capabilities(frame), self._clock()
            about = (caller, version, era_of(frame), connection.transport, upstream, offered)
            self._emit(ClientConnected(now, label, *about))
        return True

    def client_used(self, connection: ClientConnection, capability: str, log_level: str = "") -> None:
        """The client makes use of what its server offers."""
        label = connection.exchange.connection
        if log_level and self._log_levels.get(label) != log_level:
            self._log_levels[label] = log_level
            self._used.setdefault(label, set()).discard((capability, False))
        self._used_by(connection, capability, of_client=False)

    def server_used(self, connection: ClientConnection, capability: str) -> None:
        """The server makes use of what its client offers."""
        self._used_by(connection, capability, of_client=True)

    def part(self, connection: ClientConnection) -> None:
        """Its client has gone, unless it is one that keeps no connection."""
        if (label := connection.exchange.connection) not in self._shared:
            self._gone(label)

    def _keep(self, known: tuple[str, str, str, str], label: str) -> None:
        self._labels[known] = label
        self._shared.add(label)
        if len(self._labels) > KEPT:
            oldest = self._labels.pop(next(iter(self._labels)))
            self._shared.discard(oldest)
            self._gone(oldest)

    def _gone(self, label: str) -> None:
        self._used.pop(label, None)
        self._log_levels.pop(label, None)
        self._emit(ClientGone(self._clock(), label))

    def _used_by(self, connection: ClientConnection, capability: str, *, of_client: bool) -> None:
        label, use = connection.exchange.connection, (capability, of_client)
        known = self._used.setdefault(label, set())
        if use not in known:
            known.add(use)
            level = self._log_levels.get(label, "") if capability == "logging" and not of_client else ""
            self._emit(CapabilityUsed(self._clock(), label, connection.exchange.upstream, capability, of_client, level))


def _session(grant: str, upstream: str, client: str) -> str:
    """The `session` scope over HTTP: a new Mcp-Session-Id, which some clients take for each call, resets no limit."""
    return "\x1f".join((grant, upstream, client))
