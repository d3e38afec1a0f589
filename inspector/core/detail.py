"""One call, whole, out of its own events: the same fold for a call in memory and for one in a recording."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.core.call import CallId, Outcome
from inspector.core.commands import CallDetail, FrameLine
from inspector.core.decision import Decision
from inspector.core.events import (
    CallArrived,
    Decided,
    Direction,
    Event,
    Finished,
    Forwarded,
    FrameSeen,
    HoldEnded,
    Progressed,
)
from inspector.core.json import to_text

_ANSWERED_BY_US = frozenset({Outcome.NOT_SENT, Outcome.UNKNOWN})


def detail_of(call_id: CallId, events: Iterable[Event]) -> CallDetail | None:
    """`events` are those of the call and of its later legs, oldest first. None when its arrival is not among them.

    Arguments are those of the first leg, the response is that of the last.
    """
    arguments: str | None = None
    sent: str | None = None
    forwarded = False
    response, by_us = b"", False
    decisions: list[Decision] = []
    progress: list[str] = []
    frames: list[FrameLine] = []
    for event in events:
        match event:
            case CallArrived():
                arguments = arguments if arguments is not None else to_text(event.arguments)
                forwarded = False
            case Decided():
                decisions.append(event.decision)
            case HoldEnded() if event.arguments is not None:
                sent = to_text(event.arguments)
            case Forwarded():
                forwarded = True
            case Progressed():
                progress.append(event.text)
            case Finished():
                response = event.response
                by_us = not forwarded or event.outcome in _ANSWERED_BY_US
        if frame := _frame_of(event, by_us):
            frames.append(frame)
    if arguments is None:
        return None
    return CallDetail(
        call_id=call_id,
        arguments=arguments,
        sent_arguments=sent,
        decisions=tuple(decisions),
        response=response.decode(errors="replace"),
        response_by_us=by_us,
        progress=tuple(progress),
        frames=tuple(frames),
    )


def _frame_of(event: Event, by_us: bool) -> FrameLine | None:
    match event:
        case FrameSeen():
            return FrameLine(event.at, event.direction.value, event.raw)
        case CallArrived() if event.frame:
            return FrameLine(event.at, Direction.FROM_CLIENT.value, event.frame)
        case Finished() if event.response and (by_us or event.relayed):
            origin = Direction.TO_CLIENT if by_us else Direction.FROM_UPSTREAM
            return FrameLine(event.at, origin.value, event.response)
    return None
