"""Median cost of one decision, and of one whole call through the gate."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from inspector.core.call import Call, Caller, CallId, Outcome
from inspector.core.effects import Reserve
from inspector.core.json import Json
from inspector.policy.approvals import Remembered
from inspector.policy.engine import decide
from inspector.policy.gate import Gate
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import load_object
from inspector.policy.model import Policy

CALLER = Caller("local", "local/agent", "agent")
ARGUMENTS: dict[str, Json] = {"amount": 4200, "currency": "usd", "note": "invoice 17", "path": "/srv/a/b"}


def policy_of(rules: int) -> Policy:
    """A typical entry for the tool that is called, among `rules` others."""
    tools: dict[str, Json] = {
        f"tool_{n}": {"deny_if": [{"path": "args.x", "op": "eq", "value": n}]} for n in range(rules)
    }
    tools["create_charge"] = {
        "require": [{"path": "args.currency", "op": "in", "value": ["usd", "eur"]}],
        "deny_if": [{"path": "args.amount", "op": "gt", "value": 50000}],
    }
    return load_object({"version": "1", "default": "deny", "tools": tools})


def limited_policy() -> Policy:
    limits: Json = [{"counter": "spend", "window": "day", "max": 10**12, "amount": "args.amount"}]
    return load_object({"version": "1", "default": "deny", "tools": {"create_charge": {"limits": limits}}})


def median_us(work: Callable[[int], object], rounds: int) -> float:
    """Median over the rounds, in microseconds."""
    for number in range(min(rounds, 200)):
        work(number)
    taken = []
    for number in range(rounds):
        start = time.perf_counter_ns()
        work(number)
        taken.append(time.perf_counter_ns() - start)
    return statistics.median(taken) / 1000


def call(number: int) -> Call:
    return Call(CallId(number), 1768473000.0 + number / 1000, CALLER, "pay", "create_charge", ARGUMENTS)


def through_the_gate(gate: Gate, ledger: MemoryLedger) -> Callable[[int], None]:
    def work(number: int) -> None:
        one = call(number)
        for effect in gate.arrive(one, "c", one.at):
            if isinstance(effect, Reserve):
                gate.reserved(one.id, ledger.reserve(one.id, effect.charges, one.at), one.at)
        gate.finish(one.id, Outcome.OK, one.at)
        ledger.settle(one.id, one.at, refund_all=False, refund_errors=False)

    return work


def main(argv: list[str]) -> int:
    """`argv`: the number of rounds, 3,000 unless given."""
    rounds = int(argv[0]) if argv else 3000
    remembered = Remembered()
    for rules in (1, 10, 1000):
        policy, ledger = policy_of(rules), MemoryLedger()
        cost = median_us(lambda number: decide(call(number), policy, ledger, remembered, 1768473000.0), rounds)  # noqa: B023
        whole = median_us(through_the_gate(Gate(policy, ledger), ledger), rounds)
        print(f"{rules:5} rules   decide {cost:6.1f} µs   arrive to finish {whole:6.1f} µs")
    ledger = MemoryLedger()
    whole = median_us(through_the_gate(Gate(limited_policy(), ledger), ledger), rounds)
    print(f"with a limit in memory           arrive to finish {whole:6.1f} µs")
    return 0
