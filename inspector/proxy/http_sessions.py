"""The sessions of legacy HTTP clients: which connection an `Mcp-Session-Id` belongs to, and when one has ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from inspector.proxy.http_replay import Replays
from inspector.proxy.links import Connection, Route


@dataclass(slots=True, eq=False)
class Session:
    """One of them. `open` counts the exchanges under way, a GET stream included; `used` is when the last one ended."""

    id: str
    upstream: str
    grant: str
    connection: Connection
    used: float
    open: int = 0
    stream: Route | None = None  # the GET stream of a session that we host
    replays: Replays = field(default_factory=Replays)


class Sessions:
    """Sessions by upstream, grant and id: another client's credential does not find them. Least recently used first.

    `limit` is per upstream; `idle` is the age in seconds at which a session without an open exchange ends.
    """

    def __init__(self, limit: int, idle: float) -> None:
        self._limit = limit
        self._idle = idle
        self._by_key: dict[tuple[str, str, str], Session] = {}

    def find(self, upstream: str, grant: str, session_id: str) -> Session | None:
        return self._by_key.get((upstream, grant, session_id))

    def add(self, session: Session) -> None:
        self._by_key[session.upstream, session.grant, session.id] = session

    def enter(self, session: Session) -> None:
        """An exchange of it begins."""
        session.open += 1

    def leave(self, session: Session, now: float) -> None:
        session.open -= 1
        session.used = now
        if self.holds(session):
            self.remove(session)
            self.add(session)

    def remove(self, session: Session) -> None:
        self._by_key.pop(self._key(session), None)

    def holds(self, session: Session) -> bool:
        return self._by_key.get(self._key(session)) is session

    def make_room(self, upstream: str, coming: int = 0) -> Session | None:
        """The session that has to end before another one of `upstream` may begin; None when there is room.

        `coming` more are being made already.

        Raises:
            LookupError: all of them are in use.
        """
        mine = [s for s in self._by_key.values() if s.upstream == upstream]
        if len(mine) + coming < self._limit:
            return None
        idle = next((s for s in mine if not s.open), None)
        if idle is None:
            raise LookupError(f"{self._limit} sessions are open, and all of them are in use")
        return idle

    def expired(self, now: float) -> list[Session]:
        return [s for s in self._by_key.values() if not s.open and now - s.used >= self._idle]

    def all(self) -> list[Session]:
        return list(self._by_key.values())

    @staticmethod
    def _key(session: Session) -> tuple[str, str, str]:
        return session.upstream, session.grant, session.id
