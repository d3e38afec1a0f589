"""A decision and its trace as text for the detail pane: the verdict first, then every step that was looked at. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from textual.content import Content

from inspector.core.decision import Decision, StepResult, TraceStep, Verdict
from inspector.core.json import Json
from inspector.core.views import Word
from inspector.ui import text
from inspector.ui.words import LOOKS, short_rule

_WORDS: Final = {Verdict.ALLOW: Word.ALLOW, Verdict.PENDING: Word.HOLD, Verdict.CANCELLED: Word.CANCELLED}
_MARKS: Final = {StepResult.PASS: "·", StepResult.REMEMBERED: "✓"}
STEPS_SHOWN: Final = 60
Parts = list[tuple[str, str]]


def word_of(decision: Decision) -> Word:
    if decision.limited:
        return Word.LIMIT
    return _WORDS.get(decision.verdict, Word.DENY)


def view(decisions: tuple[Decision, ...]) -> Content:
    """The newest decision first; a held call has more than one."""
    if not decisions:
        return Content.assemble(("not judged yet", "$quiet"))
    newest_first = [Content.assemble(*_decision(decision)) for decision in reversed(decisions)]
    return Content("\n\n").join(newest_first)


def _decision(decision: Decision) -> Parts:
    look = LOOKS[word_of(decision)]
    rule = text.line(short_rule(decision.rule, decision.server, decision.tool), 300) if decision.rule else "no rule fired"
    parts: Parts = [(f"{look.glyph} {look.label.upper()} ", f"bold {look.style}"), (f"{rule}\n", "bold" if decision.rule else "$quiet")]
    if decision.message:
        parts.append((f"“{text.line(decision.message, 600)}”\n", "italic"))
    for index, step in enumerate(decision.trace[:STEPS_SHOWN], 1):
        parts += _step(index, step, decision, look.style)
    if len(decision.trace) > STEPS_SHOWN:
        parts.append((f"… {len(decision.trace) - STEPS_SHOWN} more steps\n", "$quiet"))
    if decision.policy_hash:
        parts.append((f"policy {text.line(decision.policy_hash, 12).removesuffix('…')}", "$quiet"))
    return parts


def _step(index: int, step: TraceStep, decision: Decision, style: str) -> Parts:
    fired = step.result is StepResult.FIRED
    look = LOOKS[word_of(decision)]
    mark = look.glyph if fired else _MARKS.get(step.result, "·")
    rule = text.line(short_rule(step.rule, decision.server, decision.tool), 200)
    tone = f"bold {style}" if fired else "$quiet"
    parts: Parts = [(f"{index:>2} {mark} {rule}", tone)]
    if step.note:
        parts.append((f"  {text.line(step.note, 200)}", "bold" if fired else "$quiet"))
    parts.append(("\n", ""))
    if step.path and (fired or step.result is StepResult.REMEMBERED):
        parts += [
            (f"     {text.line(step.path.removeprefix('args.'), 100)} ", "$primary"),
            (f"{text.line(step.op, 40)} ", "$quiet"),
            (f"{brief(step.expected)}", "$secondary"),
            (f"  was {brief(step.observed)}\n", "$quiet"),
        ]
    return parts


def brief(value: Json, limit: int = 60) -> str:
    """A JSON value in a few words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return text.line(f'"{value}"', limit)
        case list():
            return text.line("[" + ", ".join(brief(item, 20) for item in value[:8]) + "]", limit)
        case dict():
            return text.line("{" + ", ".join(value) + "}", limit)
        case Decimal() | int():
            return text.line(str(value), limit)
