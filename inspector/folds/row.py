"""What the events of one call make of its row: the law that the live table and the recording's summary share."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from inspector.core.call import Outcome
from inspector.core.decision import Decision
from inspector.core.events import CallArrived, Finished, HoldEnded
from inspector.core.holds import HoldEnd
from inspector.core.risk import Risk
from inspector.core.views import CallView, Word
from inspector.core.word import word_of

ARGUMENTS_SHOWN: Final = 400  # characters
NOTE_SHOWN: Final = 200  # characters
LOOKED_BACK: Final = 20  # calls of one client among which the same call again is a repeat
CLIENTS_WATCHED: Final = 200

_FAILED: Final = frozenset({Outcome.TOOL_ERROR, Outcome.RPC_ERROR, Outcome.NOT_SENT, Outcome.UNKNOWN})
_OPEN: Final = frozenset({Word.PENDING, Word.ALLOW, Word.HOLD})


class Row:
    """One logical call while it may still change: later legs of an MRTR call change the row of the first.

    Mutable, because every call changes its row three times and is looked at less often: `view` makes what is shown.
    """

    __slots__ = (
        "arguments",
        "at",
        "client",
        "edited",
        "forwarded_at",
        "id",
        "legs",
        "ms",
        "note",
        "outcome",
        "repeats",
        "rev",
        "risk",
        "rule",
        "server",
        "shown",
        "tool",
        "word",
    )

    def __init__(self, arrived: CallArrived, rev: int, arguments: str, risk: Risk, repeats: int) -> None:
        """`arguments`: their whole JSON text."""
        self.id = arrived.call_id
        self.rev = rev
        self.at = arrived.at
        self.client = arrived.caller.client
        self.server = arrived.server
        self.tool = arrived.tool
        self.arguments = shortened(arguments, ARGUMENTS_SHOWN)
        self.word = Word.PENDING
        self.rule = ""
        self.outcome: Outcome | None = None
        self.ms: float | None = None
        self.forwarded_at: float | None = None
        self.legs = arrived.leg
        self.edited = False
        self.note = ""
        self.risk = risk
        self.repeats = repeats
        self.shown: CallView | None = None

    def take(self, view: CallView) -> None:
        """Be what a view says, to go on from there."""
        self.id, self.rev, self.at = view.id, view.rev, view.at
        self.client, self.server, self.tool = view.client, view.server, view.tool
        self.arguments, self.word, self.rule = view.arguments, view.word, view.rule
        self.outcome, self.ms, self.forwarded_at = view.outcome, view.ms, view.forwarded_at
        self.legs, self.edited, self.note = view.legs, view.edited, view.note
        self.risk, self.repeats, self.shown = view.risk, view.repeats, None

    def again(self, leg: int) -> None:
        """A later leg has arrived: it is judged, forwarded and ended anew."""
        self.word, self.rule, self.legs = Word.PENDING, "", leg
        self.outcome = self.ms = self.forwarded_at = None

    def decided(self, decision: Decision) -> None:
        self.word, self.rule = word_of(decision), decision.rule
        self.outcome = self.ms = None

    def forwarded(self, at: float) -> None:
        self.forwarded_at = at
        self.outcome = self.ms = None

    def progressed(self, text: str) -> None:
        self.note = shortened(text, NOTE_SHOWN)

    def finished(self, event: Finished) -> bool:
        """False when its end was told before: what a task came to may be fetched later, and takes no more time."""
        first, outcome = self.outcome is None, event.outcome
        self.outcome = outcome
        if first:
            self.ms = None if self.forwarded_at is None else 1000 * (event.at - self.forwarded_at)
        if outcome is Outcome.CANCELLED and self.word in _OPEN:
            self.word = Word.CANCELLED
        elif self.word is Word.ALLOW and outcome in _FAILED:
            self.word = Word.ERROR
        return first

    def hold_ended(self, event: HoldEnded) -> None:
        """The word comes from the decision that follows; a withdrawal may have none."""
        if event.end is HoldEnd.WITHDRAWN:
            self.word = Word.CANCELLED
        self.edited = self.edited or event.arguments is not None

    def view(self) -> CallView:
        """As it stands now; the same object until `rev` has changed."""
        shown = self.shown
        if shown is None or shown.rev != self.rev:
            shown = self.shown = CallView(
                self.id,
                self.rev,
                self.at,
                self.client,
                self.server,
                self.tool,
                self.arguments,
                self.word,
                self.rule,
                self.outcome,
                self.ms,
                self.forwarded_at,
                self.legs,
                self.edited,
                self.note,
                self.risk,
                self.repeats,
            )
        return shown


class Repeats:
    """An agent in a loop makes the same call again, alone or in turn with a few others."""

    def __init__(self) -> None:
        self._lately: OrderedDict[str, deque[int]] = OrderedDict()  # client → hashes of its last calls

    def of(self, event: CallArrived, arguments: str) -> int:
        """How often its client made this very call among its last ones, this one included."""
        client = event.caller.client
        lately = self._lately.get(client)
        if lately is None:
            lately = self._lately[client] = deque(maxlen=LOOKED_BACK)
            if len(self._lately) > CLIENTS_WATCHED:
                self._lately.popitem(last=False)
        same = hash((event.server, event.tool, arguments))
        lately.append(same)
        return lately.count(same)


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
