"""What a decision remembers of the steps on its way."""

from __future__ import annotations

from inspector.core.decision import StepResult, TraceStep
from inspector.policy.conditions import Finding, Judged
from inspector.policy.operators import Result


def condition_step(rule: str, finding: Finding, result: StepResult) -> TraceStep:
    condition = finding.condition
    return TraceStep(
        rule, result, condition.path_text, condition.op.value, condition.value, finding.observed, finding.note
    )


def predicate_steps(rule: str, judged: Judged, result: StepResult) -> list[TraceStep]:
    """One step per condition that was looked at; of a `require` that fired, only those that do not hold did it."""
    if not judged.findings:
        return [TraceStep(rule, result, note="no conditions")]
    return [condition_step(rule, finding, result) for finding in judged.findings]


def require_steps(rule: str, judged: Judged) -> list[TraceStep]:
    """As above for a requirement: what holds has passed, what does not has fired."""
    if not judged.findings:
        return [TraceStep(rule, StepResult.PASS, note="no conditions")]
    return [
        condition_step(rule, finding, StepResult.PASS if finding.result is Result.TRUE else StepResult.FIRED)
        for finding in judged.findings
    ]
