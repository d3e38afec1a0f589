"""Median cost of one decision, of one whole call through the gate, of a hostile argument; and steps of policy tests.

Exit code 1 when a decision of a typical policy takes 30 µs, when it takes longer among a thousand rules than among one
(the tool's key is looked up, not searched for), or when policy tests run fewer than 2,000 steps a second.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from inspector.core.call import Call, Caller, CallId, Outcome
from inspector.core.effects import Reserve
from inspector.core.json import Json, JsonObject
from inspector.policy.approvals import Remembered
from inspector.policy.engine import decide
from inspector.policy.gate import Gate
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import load_object
from inspector.policy.model import Policy
from inspector.policy.scenario_file import Case
from inspector.policy.scenarios import run_cases

CALLER = Caller("local", "local/agent", "agent")
MOST_US = 30.0  # of a decision of a typical policy, at its median
MOST_GROWTH = 2.0  # from one rule to a thousand; a search would take hundreds of times as long
FEWEST_STEPS = 2000.0  # of policy tests, a second
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


HUGE: dict[str, Json] = {
    "text": "a" * (4 << 20),
    "ints": [1] * (1 << 21),
    "lists": [[]] * (1 << 20),
    "climb": "/" + "../" * (1 << 20),
    "url": "http://" + "a." * (1 << 21),
}
HOSTILE: dict[str, tuple[str, str, Json]] = {
    "regex": ("args.text", "regex", "(a+)+$"),
    "contains in an array": ("args.ints", "contains", True),
    "fan-out": ("args.ints.*", "gt", 5),
    "exists in a fan-out": ("args.lists.*.*", "exists", True),
    "path_within": ("args.climb", "path_within", ["/srv"]),
    "host_in": ("args.url", "host_in", ["a"]),
}


def dearest_ms(policy: Policy) -> float:
    """The best of three decisions on arguments of megabytes, in milliseconds: none may hold up the others for 50."""
    one = replace(call(1), arguments=HUGE)
    taken = []
    for _ in range(3):
        start = time.perf_counter_ns()
        decide(one, policy, MemoryLedger(), Remembered(), 1768473000.0)
        taken.append(time.perf_counter_ns() - start)
    return min(taken) / 1e6


def steps_a_second(steps: int) -> float:
    """How fast scenarios of 20 steps run, their policies loaded for each: 2,000 are wanted."""
    policy: Json = {"version": "1", "default": "deny", "tools": {"create_charge": {"rate_limit": "10/minute"}}}
    calls = tuple[JsonObject, ...](
        {"do": "call", "at": n, "tool": "create_charge", "args": ARGUMENTS} for n in range(20)
    )
    cases = [Case(str(n), "", "", "", Path(), {"policy": policy}, calls) for n in range(max(1, steps // 20))]
    start = time.perf_counter()
    done = sum(len(report.steps) for report in run_cases(cases))
    return done / (time.perf_counter() - start)


def typical_us(rounds: int) -> dict[int, float]:
    """The median of a decision by number of rules; prints it, and what a whole call takes."""
    remembered, costs = Remembered(), dict[int, float]()
    for rules in (1, 10, 1000):
        policy, ledger = policy_of(rules), MemoryLedger()
        costs[rules] = median_us(lambda number: decide(call(number), policy, ledger, remembered, 1768473000.0), rounds)  # noqa: B023
        whole = median_us(through_the_gate(Gate(policy, ledger), ledger), rounds)
        print(f"{rules:5} rules   decide {costs[rules]:6.1f} µs   arrive to finish {whole:6.1f} µs")
    return costs


def hostile() -> None:
    for name, (path, op, value) in HOSTILE.items():
        condition: Json = {"path": path, "op": op, "value": value}
        tools: Json = {"create_charge": {"deny_if": [condition]}}
        policy = load_object({"version": "1", "default": "deny", "tools": tools})
        print(f"hostile {name:22} {dearest_ms(policy):6.1f} ms")


def main(argv: list[str]) -> int:
    """`argv`: the number of rounds, 3,000 unless given. 1 when a floor is missed."""
    rounds = int(argv[0]) if argv else 3000
    costs = typical_us(rounds)
    limited, ledger = limited_policy(), MemoryLedger()
    cost = median_us(lambda number: decide(call(number), limited, ledger, Remembered(), 1768473000.0), rounds)
    whole = median_us(through_the_gate(Gate(limited, ledger), ledger), rounds)
    print(f"limit in memory decide {cost:6.1f} µs   arrive to finish {whole:6.1f} µs")
    hostile()
    steps = steps_a_second(rounds)
    floors = (
        (
            f"the dearest median of a decision {max(costs.values()):.1f} µs, floor {MOST_US:.0f}",
            max(costs.values()) < MOST_US,
        ),
        (
            f"a thousand rules cost {costs[1000] / costs[1]:.2f} times one, floor {MOST_GROWTH:.0f}",
            costs[1000] < MOST_GROWTH * costs[1],
        ),
        (f"policy test {steps:,.0f} steps/s, floor {FEWEST_STEPS:,.0f}", steps > FEWEST_STEPS),
    )
    for what, held in floors:
        print(f"{'pass' if held else 'FAIL'}  {what}")
    return 0 if all(held for _, held in floors) else 1
