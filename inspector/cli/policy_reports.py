"""What `policy test` prints: for a person, for a CI server (JUnit), for a program (JSON)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from inspector.core.decision import StepResult, TraceStep
from inspector.core.json import Json, JsonObject, to_text
from inspector.core.printable import printable
from inspector.policy.scenarios import CaseReport, StepReport


def as_text(results: Sequence[CaseReport]) -> str:
    """Only what failed, with the way to the decision, and a line of totals."""
    lines: list[str] = []
    for result in results:
        if result.passed:
            continue
        lines.append(f"FAIL {printable(_title(result))}  ({result.case.place})")
        for step in result.failures:
            lines += _failure(step)
        lines.append("")
    failed = sum(not result.passed for result in results)
    steps = sum(len(result.steps) for result in results)
    lines.append(f"{len(results) - failed} passed, {failed} failed ({steps} steps)")
    return "\n".join(lines) + "\n"


def as_junit(results: Sequence[CaseReport]) -> str:
    failed = sum(not result.passed for result in results)
    root = Element("testsuites", tests=str(len(results)), failures=str(failed))
    suite = SubElement(root, "testsuite", name="policy", tests=str(len(results)), failures=str(failed), errors="0")
    for result in results:
        one = SubElement(
            suite, "testcase", classname=printable(result.case.group or "policy"), name=printable(result.case.id)
        )
        if not result.passed:
            text = "\n".join(line for step in result.failures for line in _failure(step))
            first = result.failures[0]
            SubElement(one, "failure", message=printable(_difference(first))).text = f"{result.case.place}\n{text}"
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def as_json(results: Sequence[CaseReport]) -> str:
    cases: list[Json] = [_case(result) for result in results]
    failed = sum(not result.passed for result in results)
    return to_text({"passed": len(results) - failed, "failed": failed, "cases": cases}) + "\n"


def _case(result: CaseReport) -> JsonObject:
    case = result.case
    steps: list[Json] = [_step(step) for step in result.steps]
    return {"id": case.id, "group": case.group, "place": case.place, "passed": result.passed, "steps": steps}


def _step(step: StepReport) -> JsonObject:
    trace: list[Json] = [_trace(one) for one in step.trace]
    return {
        "number": step.number,
        "do": step.do,
        "passed": step.passed,
        "expected": step.expected,
        "observed": step.observed,
        "message": step.message,
        "trace": trace,
    }


def _trace(step: TraceStep) -> JsonObject:
    return {
        "rule": step.rule,
        "result": step.result.value,
        "path": step.path,
        "op": step.op,
        "expected": step.expected,
        "observed": step.observed,
        "note": step.note,
    }


def _title(result: CaseReport) -> str:
    case = result.case
    return " · ".join(part for part in (case.id, case.group, case.note) if part)


def _failure(step: StepReport) -> list[str]:
    lines = [f"  step {step.number} {step.do}: {_difference(step)}"]
    if step.message and not step.nonsense:
        lines.append(f"    {step.message}")
    for one in step.trace:
        seen = f"{one.path} {one.op} {to_text(one.expected)}, saw {to_text(one.observed)}" if one.op else ""
        mark = "·" if one.result is StepResult.PASS else "→"
        lines.append(f"    {mark} {one.rule} {' '.join(part for part in (seen, one.note) if part)}".rstrip())
    return [printable(line) for line in lines]


def _difference(step: StepReport) -> str:
    if step.nonsense:
        return step.message
    observed: JsonObject = {key: value for key, value in step.observed.items() if key in step.expected}
    return f"expected {to_text(step.expected)}, observed {to_text(observed)}"
