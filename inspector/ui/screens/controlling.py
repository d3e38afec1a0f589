"""Stop, start and restart a server, and accept its tools: the same from the list and from the server's own dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.core.commands import AcceptTools, ControlServer, Done, Rejected, ServerAction
from inspector.core.events import UpstreamState
from inspector.core.views import CallView, UpstreamView
from inspector.ui import drift, figures
from inspector.ui.screens.confirm import ConfirmDialog

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp


def can(upstream: UpstreamView | None, action: ServerAction) -> bool:
    """Does this make sense in its state?"""
    if upstream is None or upstream.name == "mcp-inspect":
        return False
    stopped = upstream.state is UpstreamState.STOPPED
    return stopped if action is ServerAction.START else not stopped or action is ServerAction.RESTART


async def control(app: InspectApp, upstream: UpstreamView, action: ServerAction) -> None:
    """Asks first when calls are in flight. To be awaited in a worker."""
    await app.poll()  # a call that has just ended is no reason to ask
    running = in_flight(app.board.rows, upstream.name)
    if running and action is not ServerAction.START:
        count = figures.plural(running, "call")
        words = f"{count} in flight will fail; whether the server has carried them out is not known."
        doing = action.value.capitalize()
        if not await app.push_screen_wait(ConfirmDialog(f"{doing} {upstream.name}?", words, doing)):
            return
    _say(app, await app.ask(ControlServer(upstream.name, action)))


async def accept(app: InspectApp, upstream: UpstreamView) -> None:
    """Always asks: from then on the tools as they are now are the known ones."""
    what = f"{drift.summary(upstream.drift)} {drift.since(upstream.drift_since)}: {drift.names(upstream.drift)}."
    words = f"{what}\nFrom now on only what differs from the tools as they are now is a change."
    if await app.push_screen_wait(ConfirmDialog(f"Accept the tools of {upstream.name}?", words, "Accept")):
        _say(app, await app.ask(AcceptTools(upstream.name, upstream.drift)))


def in_flight(rows: list[CallView], server: str) -> int:
    return sum(row.server == server and row.forwarded_at is not None and row.outcome is None for row in rows)


def _say(app: InspectApp, answer: object) -> None:
    match answer:
        case Done(note):
            app.say(note)
        case Rejected(why):
            app.say(why, wrong=True)
