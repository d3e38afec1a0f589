"""What the exchange asks of the driver. (What the gate asks of it stands in `core/effects.py`.)"""

from __future__ import annotations

from typing import TypeAlias

from inspector.core.call import Call, CallId, Outcome
from inspector.core.events import Event
from inspector.core.fact import fact
from inspector.proxy.links import Headers, Outgoing, Route
from inspector.wire.jsonrpc import FrameId
from inspector.wire.mcp import ToolList


@fact(frozen=True, slots=True)
class Judge:
    call: Call


@fact(frozen=True, slots=True)
class Send:
    """To the upstream, in order with everything else that goes there."""

    outgoing: Outgoing


@fact(frozen=True, slots=True)
class Answer:
    """A frame to the client. `final` ends an HTTP exchange."""

    route: Route
    raw: bytes
    final: bool
    fields: tuple[bytes, ...] = ()


@fact(frozen=True, slots=True)
class Plain:
    """An HTTP answer without a frame to look into."""

    route: Route
    status: int
    headers: Headers = ()
    body: bytes = b""


@fact(frozen=True, slots=True)
class End:
    """Nothing more comes on this exchange."""

    route: Route


@fact(frozen=True, slots=True)
class Withdraw:
    """The client no longer wants this held call."""

    call_id: CallId


@fact(frozen=True, slots=True)
class Abandon:
    """Nobody waits for this forwarded request any more: tell the upstream as its transport does."""

    route: Route
    frame_id: FrameId


@fact(frozen=True, slots=True)
class Ended:
    """A forwarded call has its end. `response` is what the client got; `relayed`: byte for byte from its server."""

    call_id: CallId
    outcome: Outcome
    response: bytes
    relayed: bool = False
    request_state: str | None = None


@fact(frozen=True, slots=True)
class TaskMade:
    """The answer of this call is a task: it runs on, though nothing of its client's waits for it."""

    call_id: CallId


@fact(frozen=True, slots=True)
class Listed:
    """The upstream listed tools; the driver remembers them."""

    page: ToolList
    hidden: tuple[str, ...]
    complete: bool = False  # all of them, not one page


@fact(frozen=True, slots=True)
class ToolsChanged:
    """The upstream says that its tools are others now."""


@fact(frozen=True, slots=True)
class Used:
    """The server makes use of what its client offers."""

    capability: str


@fact(frozen=True, slots=True)
class Note:
    event: Event


Step: TypeAlias = (
    Judge | Send | Answer | Plain | End | Withdraw | Abandon | Ended | TaskMade | Listed | ToolsChanged | Used | Note
)
