"""The store: core events folded into immutable views. What a screen reads, live or from a recording.

The law: all correlation happens here, the proxy never interprets for the screen, and the screen only renders what
stands here. Pure: the same events in the same order make the same views, whatever the clock says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from inspector.core.call import CallId
from inspector.core.commands import CallDetail, PolicyVersion
from inspector.core.events import (
    ApprovalEnded,
    ApprovalRemembered,
    CallArrived,
    CapabilityUsed,
    ClientConnected,
    ClientGone,
    Counted,
    CounterReset,
    Decided,
    Dropped,
    Event,
    Finished,
    Forwarded,
    FrameRejected,
    FrameSeen,
    Held,
    HoldEnded,
    HoldExtended,
    LimitRaised,
    PolicyLoaded,
    PolicyOffered,
    PolicyRejected,
    Progressed,
    RaiseEnded,
    RunStarted,
    ServerIntroduced,
    StderrLine,
    ToolsDrifted,
    ToolsListed,
    ToolsSettled,
    UncoveredMethod,
    UpstreamChanged,
)
from inspector.core.json import to_text
from inspector.core.past import PastCall, PastReset, PastRevocation, PastUndoing
from inspector.core.views import PolicyView, RunView, Views
from inspector.folds import policies
from inspector.folds.approvals import Answers
from inspector.folds.bodies import Bodies
from inspector.folds.calls import Calls
from inspector.folds.limits import Limits
from inspector.folds.past import Past
from inspector.folds.peers import Clients, Rejections, Uncovered
from inspector.folds.tools import Tools
from inspector.folds.upstreams import Upstreams

MAX_CALLS: Final = 50_000  # rows in memory
MAX_BODY_BYTES: Final = 32 << 20  # kept for details; older ones are in the recording


class Store:
    """Used from one thread. `fold` costs a few microseconds, so it may run for every event on the event loop.

    `version` grows with every event that a view shows. `recording` is the path that the run's view names;
    `read_only` says that it is all there is: a recording that was opened.
    """

    def __init__(
        self,
        recording: str = "",
        *,
        read_only: bool = False,
        max_calls: int = MAX_CALLS,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self.version = 0
        self.recording = recording
        self._read_only = read_only
        self._started = RunStarted(0.0, "", "", 0, "", ())
        self._dropped = 0
        self._policy = PolicyView("", 0, "", "")
        self._versions = policies.Versions()
        self._calls = Calls(max_calls)
        self._bodies = Bodies(max_body_bytes)
        self._past = Past()
        self._limits = Limits()
        self._answers = Answers()
        self._upstreams = Upstreams()
        self._clients = Clients()
        self._tools = Tools()
        self._rejections = Rejections()
        self._uncovered = Uncovered()
        self._folds: dict[type, Callable[[Any], None]] = {
            RunStarted: self._run_started,
            CallArrived: self._call_arrived,
            Decided: self._decided,
            Held: self._held,
            HoldExtended: self._hold_extended,
            HoldEnded: self._hold_ended,
            Forwarded: self._forwarded,
            Progressed: self._progressed,
            Finished: self._finished,
            Counted: self._counted,
            ApprovalRemembered: self._approval_remembered,
            ApprovalEnded: self._approval_ended,
            CounterReset: self._counter_reset,
            LimitRaised: self._limits.raised,
            RaiseEnded: self._limits.raise_ended,
            PolicyLoaded: self._policy_loaded,
            PolicyRejected: self._policy_rejected,
            PolicyOffered: self._policy_offered,
            Dropped: self._dropped_some,
            UpstreamChanged: self._upstreams.changed,
            ToolsListed: self._tools_listed,
            ToolsDrifted: self._upstreams.drifted,
            ToolsSettled: self._upstreams.settled,
            ServerIntroduced: self._upstreams.introduced,
            CapabilityUsed: self._capability_used,
            StderrLine: self._upstreams.stderr,
            ClientConnected: self._clients.connected,
            ClientGone: self._clients.gone,
            FrameRejected: self._rejections.rejected,
            UncoveredMethod: self._uncovered.used,
        }

    def fold(self, event: Event) -> None:
        """Total: an event about something unknown, or that no view shows, changes nothing."""
        if isinstance(event, FrameSeen):
            if event.call_id is not None:
                self._keep(event.call_id, event, len(event.raw))
        elif fold := self._folds.get(type(event)):
            self.version += 1
            fold(event)

    def views(self, since: int, now: float) -> Views:
        """Rows that changed after version `since` (all of them for 0), and the small views whole, as of `now`."""
        calls = self._calls
        return Views(
            version=self.version,
            run=RunView(
                run=self._started.run,
                endpoint=self._started.endpoint,
                started_at=self._started.at,
                version=self._started.version,
                recording=self.recording,
                per_second=calls.per_second(now),
                words=tuple((word, count) for word, count in sorted(calls.words.items()) if count),
                p95_ms=calls.p95(),
                calls=calls.total,
                dropped=self._dropped,
                read_only=self._read_only,
            ),
            calls=calls.changed(since),
            holds=calls.holds(),
            limits=self._limits.views(now),
            upstreams=self._upstreams.views(),
            clients=self._clients.views(),
            policy=self._policy,
            rejected=self._rejections.views(),
            uncovered=self._uncovered.views(),
            tools=self._tools.views(),
            answered=self._answers.answered(),
            approvals=self._answers.approvals(),
        )

    def detail(self, call_id: CallId) -> CallDetail | None:
        """A recent call, with its later legs. None for one that is no longer in memory: the recording has it."""
        return self._bodies.detail(self._calls.root(call_id))

    def definition(self, server: str, tool: str) -> str:
        """A tool's definition as its server listed it, JSON text; "" when it never did."""
        return self._tools.definition(server, tool)

    def past(self) -> tuple[PastCall, ...]:
        """The newest calls as they were judged, oldest first; at most 2,000 legs."""
        return self._past.all()

    @property
    def past_is_cut(self) -> bool:
        """There were older calls than those of `past`."""
        return self._past.cut

    def undoings(self) -> tuple[PastUndoing, ...]:
        """What people took back meanwhile, oldest first."""
        return self._past.undoings()

    def past_call(self, call_id: CallId) -> PastCall | None:
        """One of them; None for one that has not been decided, or is older."""
        return self._past.one(call_id)

    def definitions(self) -> dict[str, dict[str, bytes]]:
        """What each upstream listed last: JSON texts by tool name."""
        return self._upstreams.definitions()

    def policies(self) -> tuple[PolicyVersion, ...]:
        """Every policy that was in force, oldest first; the newest 200 of them."""
        return self._versions.all()

    # One kind of event each

    def _run_started(self, event: RunStarted) -> None:
        self._started = event
        self._upstreams.configured(event.upstreams)

    def _capability_used(self, event: CapabilityUsed) -> None:
        self._upstreams.used(event)
        self._clients.used(event)

    def _call_arrived(self, event: CallArrived) -> None:
        arguments = to_text(event.arguments)
        risk = self._tools.arrived(event.server, event.tool)
        root = self._calls.arrived(event, self.version, arguments, risk)
        self._clients.called(event)
        if root == event.call_id:
            self._bodies.begin(root)
        self._past.arrived(event, len(arguments))
        self._bodies.keep(root, event, 3 * len(arguments))  # parsed, they take more than their text

    def _decided(self, event: Decided) -> None:
        self._calls.decided(event.decision, self.version)
        row = self._calls.row(event.decision.call_id)
        self._past.decided(event)
        if event.decision.approvals:
            self._answers.decided(event.decision)
        self._limits.decided(event.decision, row.client if row else "")
        self._keep(event.decision.call_id, event, 400 * len(event.decision.trace))

    def _held(self, event: Held) -> None:
        self._calls.held(event)

    def _hold_extended(self, event: HoldExtended) -> None:
        self._calls.hold_extended(event.call_id, event.deadline)

    def _hold_ended(self, event: HoldEnded) -> None:
        self._calls.hold_ended(event, self.version)
        self._past.hold_ended(event)
        self._answers.hold_ended(event, self._calls.row(event.call_id))
        self._keep(event.call_id, event, 0 if event.arguments is None else 3 * len(to_text(event.arguments)))

    def _approval_remembered(self, event: ApprovalRemembered) -> None:
        self._past.remembered(event)
        row = self._calls.row(event.call_id)
        self._answers.remembered(event, row.client if row else "")

    def _approval_ended(self, event: ApprovalEnded) -> None:
        given_for = self._answers.ended(event)
        if given_for is not None and event.by != "policy":
            self._past.undone(PastRevocation(event.at, given_for))

    def _counter_reset(self, event: CounterReset) -> None:
        self._limits.reset(event)
        self._past.undone(PastReset(event.at, event.reading.key))

    def _forwarded(self, event: Forwarded) -> None:
        self._calls.forwarded(event.call_id, event.at, self.version)
        self._past.forwarded(event.call_id)
        self._keep(event.call_id, event, 0)

    def _progressed(self, event: Progressed) -> None:
        self._calls.progressed(event.call_id, event.text, self.version)
        self._keep(event.call_id, event, len(event.text))

    def _finished(self, event: Finished) -> None:
        if row := self._calls.finished(event, self.version):
            self._tools.ended(row, len(event.response))
            if row.ms is not None:
                self._upstreams.took(row.server, row.ms)
        self._past.finished(event)
        self._keep(event.call_id, event, len(event.response))

    def _tools_listed(self, event: ToolsListed) -> None:
        self._upstreams.listed(event)
        self._tools.listed(event)

    def _counted(self, event: Counted) -> None:
        self._limits.counted(event.readings, event.at)

    def _policy_loaded(self, event: PolicyLoaded) -> None:
        self._policy = policies.loaded(self._policy, event)
        self._versions.loaded(event)

    def _policy_rejected(self, event: PolicyRejected) -> None:
        self._policy = policies.rejected(self._policy, event)

    def _policy_offered(self, event: PolicyOffered) -> None:
        self._policy = policies.offered(self._policy, event)

    def _dropped_some(self, event: Dropped) -> None:
        self._dropped += event.count

    def _keep(self, call_id: CallId, event: Event, size: int) -> None:
        self._bodies.keep(self._calls.root(call_id), event, size)
