"""A gate with its ledger and a few verbs, so that a test reads as a transcript."""

from __future__ import annotations

from inspector.core.call import Call, Caller, CallId, Outcome
from inspector.core.decision import CounterKey, Decision
from inspector.core.effects import Effect, Emit, Forward, Reserve, Settle
from inspector.core.events import Decided, Event
from inspector.core.holds import Resolution
from inspector.core.json import Json, JsonObject
from inspector.policy.gate import Gate
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import load_object
from inspector.policy.model import Policy

CALLER = Caller("g1", "c1", "agent")


def policy(tools: Json = None, default: str = "deny", **top: Json) -> Policy:
    return load_object({"version": "1", "default": default, "tools": tools or {}, **top})


def call(number: int, tool: str = "t", arguments: JsonObject | None = None, state: str | None = None) -> Call:
    return Call(CallId(number), 0.0, CALLER, "s1", tool, arguments or {}, state)


class World:
    """Performs effects as a driver does, and remembers all of them."""

    def __init__(self, in_force: Policy | None, unattended_after: float | None = None) -> None:
        self.ledger = MemoryLedger()
        self.gate = Gate(in_force, self.ledger, unattended_after=unattended_after)
        self.effects: list[Effect] = []

    def perform(self, effects: list[Effect] | None, now: float) -> list[Effect]:
        """All effects that came of these, reservations answered at once."""
        done: list[Effect] = []
        for effect in effects or []:
            done.append(effect)
            match effect:
                case Reserve(call_id, charges):
                    answer = self.ledger.reserve(call_id, charges, now)
                    done += self.perform(self.gate.reserved(call_id, answer, now), now)
                case Settle(call_id, refund_all, refund_errors):
                    self.ledger.settle(call_id, now, refund_all=refund_all, refund_errors=refund_errors)
        self.effects += done
        return done

    def arrive(self, one: Call, now: float = 0.0) -> list[Effect]:
        return self.perform(self.gate.arrive(one, "conn", now), now)

    def reset(self, key: CounterKey, now: float) -> None:
        self.ledger.reset(key, now)

    def resolve(self, number: int, resolution: Resolution, now: float) -> list[Effect]:
        return self.perform(self.gate.resolve(CallId(number), resolution, now), now)

    def finish(self, number: int, outcome: Outcome, now: float, state: str | None = None) -> list[Effect]:
        return self.perform(self.gate.finish(CallId(number), outcome, now, request_state=state), now)


def events(effects: list[Effect]) -> list[Event]:
    return [effect.event for effect in effects if isinstance(effect, Emit)]


def decided(effects: list[Effect]) -> Decision:
    """The last decision among the effects."""
    return [event.decision for event in events(effects) if isinstance(event, Decided)][-1]


def kinds(effects: list[Effect]) -> list[str]:
    """The effects in short: `CallArrived Decided Forward`."""
    return [type(e.event).__name__ if isinstance(e, Emit) else type(e).__name__ for e in effects]


def forwarded(effects: list[Effect]) -> Forward:
    return next(effect for effect in effects if isinstance(effect, Forward))


ASKS = policy({"t": {"action": "approve"}})
