"""Calls that were answered by a task, and go on until it ends. Pure.

A call stays what it is in the gate, running, with its slots taken; here stands which call a task belongs to. Requests
about a task come on any connection of its client (a modern one has a connection for each), so the table is the run's.

    made ─► open ─► a terminal status, its result, its cancellation ─► ended (still known, for the frames that follow)
                ├► its connection or its server is gone              ─► UNKNOWN
                └► nothing was heard of it for its ttl              ─► UNKNOWN
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from inspector.core.call import CallId, Outcome
from inspector.core.events import Progressed
from inspector.proxy.steps import Ended, Note, Step, TaskMade
from inspector.wire import tasks
from inspector.wire.jsonrpc import Frame
from inspector.wire.tasks import Task

UNHEARD_OF: Final = 3600.0  # seconds without a word of a task until its call counts as lost, where no ttl is said
SHORTEST: Final = 60.0  # of a ttl: a client proposes it, and one of a millisecond would give a slot back at once
LONGEST: Final = 86400.0
OPEN_KEPT: Final = 4096
ENDED_KEPT: Final = 1024


SHARED: Final = "shared"


class Realm(NamedTuple):
    """Within it a task's id is one task. `process`: whose the tasks live in: a connection's, SHARED for that of all
    clients, "" for a server behind a URL, whose tasks outlive whatever we see end."""

    upstream: str
    grant: str
    process: str


@dataclass(slots=True)
class _Open:
    call_id: CallId
    patience: float  # seconds
    deadline: float  # Unix seconds
    text: str = ""


@dataclass(slots=True)
class _Ended:
    call_id: CallId
    whole: bool  # what the call came to is known


class OpenTasks:
    """Of a run. At most so many: the oldest is given up for a new one."""

    def __init__(self) -> None:
        self._open: dict[tuple[Realm, str], _Open] = {}  # by age
        self._ended: dict[tuple[Realm, str], _Ended] = {}

    def __bool__(self) -> bool:
        return bool(self._open or self._ended)

    def in_reach(self, upstream: str, grant: str, process: str) -> TasksInReach:
        return TasksInReach(self, Realm(upstream, grant, process))

    def overdue(self, now: float) -> list[Ended]:
        """Give up those that were not heard of for too long."""
        return [self._lose(key) for key, task in [*self._open.items()] if task.deadline <= now]

    def lost(self, upstream: str, process: str) -> list[Ended]:
        """Nothing more will be heard of these, whoever asks."""
        realms = [*self._open] if self._open else ()
        return [self._lose(key) for key in realms if (key[0].upstream, key[0].process) == (upstream, process)]

    def call_of(self, realm: Realm, task_id: str) -> CallId | None:
        known = self._open.get((realm, task_id)) or self._ended.get((realm, task_id))
        return known.call_id if known else None

    def made(self, realm: Realm, call_id: CallId, task: Task, raw: bytes, now: float) -> list[Step]:
        key = (realm, task.id)
        steps: list[Step] = [TaskMade(call_id)]
        if key in self._open:  # the server has given an id twice
            steps.append(self._lose(key))
        elif len(self._open) >= OPEN_KEPT:
            steps.append(self._lose(next(iter(self._open))))
        self._ended.pop(key, None)
        self._open[key] = _Open(call_id, UNHEARD_OF, now)
        return steps + self.told(realm, task, raw, now)

    def told(self, realm: Realm, task: Task, raw: bytes, now: float) -> list[Step]:
        """A frame that tells of a task; `raw` as the client gets it."""
        key = (realm, task.id)
        known = self._open.get(key)
        if known is None:
            return self._afterwards(key, task, raw)
        if task.outcome is not None:
            del self._open[key]
            self._remember(key, _Ended(known.call_id, task.whole))
            return [Ended(known.call_id, task.outcome, raw)]
        if task.ttl is not None:
            known.patience = min(max(task.ttl, SHORTEST), LONGEST)
        known.deadline = now + known.patience
        if task.text == known.text:
            return []
        known.text = task.text
        return [Note(Progressed(now, known.call_id, f"task {task.text}"))]

    def _afterwards(self, key: tuple[Realm, str], task: Task, raw: bytes) -> list[Step]:
        """What a call came to may be fetched after its end was told: it is the call's response."""
        ended = self._ended.get(key)
        if ended is None or ended.whole or not task.whole or task.outcome is None:
            return []
        ended.whole = True
        return [Ended(ended.call_id, task.outcome, raw)]

    def _lose(self, key: tuple[Realm, str]) -> Ended:
        call_id = self._open.pop(key).call_id
        self._remember(key, _Ended(call_id, True))
        return Ended(call_id, Outcome.UNKNOWN, b"")

    def _remember(self, key: tuple[Realm, str], ended: _Ended) -> None:
        self._ended[key] = ended
        if len(self._ended) > ENDED_KEPT:
            del self._ended[next(iter(self._ended))]


@dataclass(frozen=True, slots=True)
class TasksInReach:
    """Those that one connection's frames can be about."""

    table: OpenTasks
    realm: Realm

    def asked_about(self, request: Frame) -> CallId | None:
        return self._call(tasks.asked_about(request)) if self.table else None

    def said_about(self, message: Frame) -> CallId | None:
        return self._call(tasks.said_about(message)) if self.table else None

    def made(self, call_id: CallId, task: Task, raw: bytes, now: float) -> list[Step]:
        return self.table.made(self.realm, call_id, task, raw, now)

    def answered(self, question: Frame, answer: Frame, raw: bytes, now: float) -> list[Step]:
        return self._told(tasks.answered(question, answer), raw, now) if self.table else []

    def notified(self, notice: Frame, raw: bytes, now: float) -> list[Step]:
        return self._told(tasks.notified(notice), raw, now) if self.table else []

    def client_gone(self) -> list[Ended]:
        """With it goes the process that was its alone."""
        return self.server_lost() if self.realm.process != SHARED else []

    def server_lost(self) -> list[Ended]:
        upstream, _, process = self.realm
        return self.table.lost(upstream, process) if process else []

    def _call(self, task_id: str | None) -> CallId | None:
        return None if task_id is None else self.table.call_of(self.realm, task_id)

    def _told(self, task: Task | None, raw: bytes, now: float) -> list[Step]:
        return [] if task is None else self.table.told(self.realm, task, raw, now)


def unshared() -> TasksInReach:
    return OpenTasks().in_reach("", "", "")
