"""Conditions: three-valued, exact, and never surprised by the type of an argument.

A condition is true, false, or a *mismatch*: the value is of a type that the operator cannot judge. What a mismatch
means is for the phase to say: `require` denies it, and so does `deny_if`.
"""

from __future__ import annotations

from collections.abc import Iterable

from inspector.core.fact import fact
from inspector.core.json import Json, JsonObject
from inspector.policy.model import Condition, Operator, Predicate
from inspector.policy.operators import Result, cannot_judge, most_values, test_of, too_much
from inspector.policy.paths import MAX_WALKED_AFTER, is_anywhere, resolve_within
from inspector.policy.text_search import frame_of


@fact(frozen=True, slots=True)
class Finding:
    """What one condition saw: the value that decided it, and a few words for the trace."""

    condition: Condition
    result: Result
    observed: Json
    note: str


@fact(frozen=True, slots=True)
class Judged:
    """A predicate's result, and the conditions that were looked at on the way to it."""

    result: Result
    findings: tuple[Finding, ...]

    @property
    def note(self) -> str:
        """Which arguments it was about, for a sentence."""
        return ", ".join(f"{f.condition.path_text} {f.condition.op}" for f in self.findings)


def judge_predicate(predicate: Predicate, arguments: JsonObject, *, every: bool, frame: bytes = b"") -> Judged:
    """AND over the conditions. `every`: a fan-out must hold for every value (`require`); else for any (all others).

    `frame`: as for `judge_condition`.

    Any false → false; else any mismatch → mismatch; else true, and so for no conditions at all.
    """
    findings: list[Finding] = []
    result = Result.TRUE
    for condition in predicate.conditions:
        finding = judge_condition(condition, arguments, every=every, frame=frame)
        findings.append(finding)
        if finding.result is Result.FALSE:
            return Judged(Result.FALSE, tuple(findings))
        if finding.result is Result.MISMATCH:
            result = Result.MISMATCH
    return Judged(result, tuple(findings))


def judge_condition(condition: Condition, arguments: JsonObject, *, every: bool, frame: bytes = b"") -> Finding:
    """One condition against the arguments of a call. Total: any JSON is an answer, never an error.

    `frame`: the client's frame that holds these very arguments; empty where there is none. It changes no result: where
    `exists` wants a text, one is written.
    """
    if condition.op is Operator.EXISTS:
        return _exists(condition, arguments, frame)
    most = most_values(condition)
    values = resolve_within(condition.path, arguments, most)
    if values is None:
        return Finding(condition, Result.MISMATCH, None, f"mismatch: more than {most} values")
    if not _sees_null(condition):
        values = [value for value in values if value is not None]
    if not values:
        result = Result.MISMATCH if condition.missing_denies else Result.FALSE
        return Finding(condition, result, None, "missing")
    if burden := too_much(condition, values):
        return Finding(condition, Result.MISMATCH, None, f"mismatch: {burden}")
    test = test_of(condition)
    if len(values) == 1:
        result = test(values[0])
        return Finding(condition, result, values[0], _why(result, condition))
    result, at = _aggregate(map(test, values), every=every)
    note = _why(result, condition)
    of = f"of {len(values)} values"
    return Finding(condition, result, values[at], f"{note}; {of}" if note else of)


def _exists(condition: Condition, arguments: JsonObject, frame: bytes) -> Finding:
    search = condition.in_frame

    def reads() -> bool | None:
        return None if search is None else search(frame or frame_of(arguments))

    presence = is_anywhere(condition.path, arguments, reads)
    if presence is None:
        return Finding(condition, Result.MISMATCH, None, f"mismatch: more than {MAX_WALKED_AFTER} values on the way")
    result = Result.TRUE if presence.found is condition.value else Result.FALSE
    return Finding(condition, result, presence.value, "" if presence.found else "missing")


def _why(result: Result, condition: Condition) -> str:
    return f"mismatch: {cannot_judge(condition)}" if result is Result.MISMATCH else ""


def _aggregate(results: Iterable[Result], *, every: bool) -> tuple[Result, int]:
    """Every value: false beats mismatch beats true. Any value: true beats mismatch beats false. And which decided."""
    decisive, fallback = (Result.FALSE, Result.TRUE) if every else (Result.TRUE, Result.FALSE)
    mismatch: int | None = None
    for index, result in enumerate(results):
        if result is decisive:
            return decisive, index
        if result is Result.MISMATCH and mismatch is None:
            mismatch = index
    return (fallback, 0) if mismatch is None else (Result.MISMATCH, mismatch)


def _sees_null(condition: Condition) -> bool:
    """For most conditions null is as good as missing; not for those that ask for it."""
    match condition.op:
        case Operator.EQ | Operator.NEQ | Operator.IN | Operator.NOT_IN:
            value = condition.value
            holds = value if isinstance(value, list) else value.values() if isinstance(value, dict) else (value,)
            return None in holds
        case _:
            return False
