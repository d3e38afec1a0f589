"""Who calls, as far as they say: names for connections that have one, and for clients that never keep one."""

from __future__ import annotations

from inspector.core.call import Caller
from inspector.core.events import ClientConnected
from inspector.proxy.connection import ClientConnection
from inspector.wire.capabilities import client_capabilities
from inspector.wire.jsonrpc import Frame
from inspector.wire.mcp import client_info, era_of


class Presence:
    """A stdio client and a legacy HTTP session are connections of their own. A modern client has none: it is known by
    grant, upstream and what it says of itself, so that its limits and its row on screen outlive single requests."""

    def __init__(self) -> None:
        self._count = 0
        self._labels: dict[tuple[str, str, str, str], str] = {}
        self._latest: dict[tuple[str, str], str] = {}  # client name by grant and upstream
        self._used: dict[str, set[tuple[str, bool]]] = {}  # capabilities by label

    def label(self) -> str:
        self._count += 1
        return f"c{self._count}"

    def caller(self, label: str, transport: str, grant: str, upstream: str) -> Caller:
        """What is known before the client's first request."""
        name = self._latest.get((grant, upstream), "")
        return Caller(grant, label if transport == "stdio" else _session(grant, upstream, name), name)

    def introduce(self, connection: ClientConnection, frame: Frame, now: float) -> ClientConnected | None:
        """Settle the connection's label and caller by an early request; the event when the client is new."""
        exchange, info = connection.exchange, client_info(frame)
        grant, upstream = exchange.caller.grant, exchange.upstream
        own = connection.transport == "stdio" or frame.method == "initialize"
        name = info.name if info else self._latest.get((grant, upstream), "")
        version = info.version if info else ""
        if info:
            self._latest[grant, upstream] = name
        known = (grant, upstream, name, version)
        label = exchange.connection if own else self._labels.get(known, exchange.connection)
        session = label if connection.transport == "stdio" else _session(grant, upstream, name)
        caller = Caller(grant, session, name)
        connection.identify(label, caller)
        if not own and known in self._labels:
            return None
        if not own:
            self._labels[known] = label
        offered = client_capabilities(frame)
        return ClientConnected(now, label, caller, version, era_of(frame), connection.transport, upstream, offered)

    def first_use(self, label: str, capability: str, *, of_client: bool) -> bool:
        """Is this the first time that it is used on the connection of that label?"""
        known = self._used.setdefault(label, set())
        use = (capability, of_client)
        if use in known:
            return False
        known.add(use)
        return True

    def parted(self, label: str) -> None:
        self._used.pop(label, None)

    def outlives(self, label: str) -> bool:
        """Is this the label of a client that keeps no connection?"""
        return label in self._labels.values()


def _session(grant: str, upstream: str, client: str) -> str:
    """The `session` scope over HTTP: a new Mcp-Session-Id, which some clients take for each call, resets no limit."""
    return "\x1f".join((grant, upstream, client))
