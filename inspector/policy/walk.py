"""Intercept's dialect: its rules are walked in its own order, and only then are its limits counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inspector.core.call import Call
from inspector.core.decision import Reading, StepResult, TraceStep
from inspector.policy import messages
from inspector.policy.conditions import judge_condition
from inspector.policy.limits import Meter
from inspector.policy.match import Denial
from inspector.policy.model import InterceptRule, Limit
from inspector.policy.operators import Result
from inspector.policy.trace import condition_step


def walk(
    rules: Mapping[str, tuple[InterceptRule, ...]], call: Call, meter: Meter, trace: list[TraceStep], now: float
) -> Denial | None:
    """The denial of the first rule that says no, the tool's own rules before those under `*`.

    Fills the meter with the charges of a call that may go. Raises StoreError when a counter cannot be read.
    """
    applying = (*rules.get(call.tool, ()), *rules.get("*", ())) if call.tool != "*" else rules.get("*", ())
    for rule in applying:
        denial = _walked(rule, call, meter, trace, now)
        if denial is not None:
            return denial
    for rule, limit in _limits(applying):
        found = meter.claim(limit, rule.name, trace)
        if isinstance(found, Reading):
            return Denial(rule.name, rule.on_deny or messages.exceeded(found, now))
        if found is not None:
            return found
    return None


def _limits(rules: tuple[InterceptRule, ...]) -> Iterator[tuple[InterceptRule, Limit]]:
    return ((rule, rule.limit) for rule in rules if rule.limit is not None)


def _walked(rule: InterceptRule, call: Call, meter: Meter, trace: list[TraceStep], now: float) -> Denial | None:
    if rule.deny:
        trace.append(TraceStep(rule.name, StepResult.FIRED, observed="deny"))
        return Denial(rule.name, rule.on_deny or messages.denied_by_action(call.tool, rule.name))
    for condition in rule.conditions:
        finding = judge_condition(condition, call.arguments, every=True, frame=call.frame)
        fired = finding.result is not Result.TRUE
        trace.append(condition_step(rule.name, finding, StepResult.FIRED if fired else StepResult.PASS))
        if fired:
            return Denial(rule.name, rule.on_deny or messages.predicate(rule.name, condition.path_text))
    above = None if rule.limit is None else meter.is_above(rule.limit, rule.name)
    if above is None:
        return None
    meter.readings.append(above)
    trace.append(TraceStep(rule.name, StepResult.FIRED, note=f"{messages.plain(above.before)} used already"))
    return Denial(rule.name, rule.on_deny or messages.exceeded(above, now))
