"""A run without a proxy: calls through a gate, folded into a store."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.core.call import Call, Caller, CallId, Outcome
from inspector.core.effects import Effect, Emit, Reserve, Settle
from inspector.core.events import Decided, Forwarded
from inspector.core.holds import Remember, Resolution
from inspector.core.json import JsonObject
from inspector.core.past import PastCall, PastUndoing
from inspector.policy.gate import Gate
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import load_text
from inspector.policy.model import Policy
from inspector.policy.whatif import Again, Definitions, replaying
from inspector.store import Store

HEAD = 'version: "1"\ndefault: deny\ntools:\n'


class Run:
    """A run as a driver would drive it, folded into a store."""

    def __init__(self, text: str) -> None:
        self.ledger = MemoryLedger()
        self.gate = Gate(load_text(text), self.ledger)
        self.store = Store()
        self.number = 0

    def call(self, at: float, tool: str = "t", state: str | None = None, **arguments: object) -> CallId:
        self.number += 1
        caller = Caller("local", "s", "agent")
        call = Call(CallId(self.number), at, caller, "srv", tool, arguments, state)  # type: ignore[arg-type]
        self.perform(self.gate.arrive(call, "c1", at), at)
        return call.id

    def finish(self, call_id: CallId, at: float, outcome: Outcome = Outcome.OK, state: str | None = None) -> None:
        self.perform(self.gate.finish(call_id, outcome, at, request_state=state), at)

    def approve(self, call_id: CallId, at: float, remember: Remember = Remember.ONCE, edit: JsonObject | None = None):
        self.perform(self.gate.resolve(call_id, Resolution(True, arguments=edit, remember=remember), at) or [], at)

    def perform(self, effects: list[Effect], now: float) -> None:
        for effect in effects:
            match effect:
                case Emit(event):
                    self.store.fold(event)
                    if isinstance(event, Decided) and event.decision.verdict == "allow":
                        self.store.fold(Forwarded(now, event.decision.call_id))
                case Reserve(call_id, charges):
                    self.perform(self.gate.reserved(call_id, self.ledger.reserve(call_id, charges, now), now), now)
                case Settle(call_id, refund_all, refund_errors):
                    self.ledger.settle(call_id, now, refund_all=refund_all, refund_errors=refund_errors)

    @property
    def past(self) -> tuple[PastCall, ...]:
        return self.store.past()


def replay(
    policy: Policy, calls: Iterable[PastCall], listed: Definitions | None = None, undoings: Iterable[PastUndoing] = ()
) -> list[Again]:
    return list(replaying(policy, calls, listed, undoings))
