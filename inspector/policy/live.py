"""A call between its arrival and its end, as the gate knows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from inspector.core.call import Call, CallId
from inspector.core.decision import Decision
from inspector.core.holds import Hold
from inspector.core.json import JsonObject
from inspector.policy.approvals import Ask
from inspector.policy.engine import Judgement
from inspector.policy.text_search import frame_of


class State(Enum):
    DECIDING = auto()
    HELD = auto()
    RESERVING = auto()
    WITHDRAWN = auto()  # while its reservation was under way
    RUNNING = auto()


@dataclass(slots=True)
class LiveCall:
    """A call that is not over yet."""

    call: Call  # as the client sent it
    judged: Call  # with the arguments as edited
    edit: JsonObject | None
    root: CallId
    leg: int
    shown: frozenset[str]  # triggers that a person said yes to
    state: State = State.DECIDING
    judgement: Judgement | None = None  # the latest one
    races: int = 0
    asked_for: bool = False  # a person wants to see it before it goes

    @property
    def decision(self) -> Decision:
        assert self.judgement is not None  # noqa: S101 - set before anybody can find the call
        return self.judgement.decision

    @property
    def asks(self) -> tuple[Ask, ...]:
        assert self.judgement is not None  # noqa: S101 - as above
        return self.judgement.asks

    @property
    def first_ask(self) -> Ask:
        return self.asks[0]

    def put_arguments(self, arguments: JsonObject) -> None:
        """A person wants these sent; they are what is judged from now on."""
        self.edit = arguments
        self.judged = with_arguments(self.call, arguments, frame_of(arguments))

    def hold(self, now: float) -> Hold:
        """It waits for a person, for as long as what asks first gives."""
        self.state = State.HELD
        first, decision = self.first_ask, self.decision
        return Hold(
            call_id=self.call.id,
            since=now,
            deadline=now + first.timeout,
            allow_on_timeout=first.allow_on_timeout,
            rule=first.rule,
            triggers=decision.triggers,
            reason=decision.message,
        )


def with_arguments(call: Call, edited: JsonObject, frame: bytes) -> Call:
    """The call as a person wants it. `frame`: of these arguments, since its own one says something else."""
    return replace(call, arguments=edited, frame=frame)
