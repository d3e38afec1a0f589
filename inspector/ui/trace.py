"""A decision and its trace as text for the detail pane: the verdict first, then every step that was looked at. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from rich.cells import cell_len
from textual.content import Content

from inspector.core.decision import Decision, StepResult, TraceStep, Verdict
from inspector.core.json import Json
from inspector.core.views import Word
from inspector.ui import text
from inspector.ui.words import LOOKS, short_rule

_WORDS: Final = {Verdict.ALLOW: Word.ALLOW, Verdict.PENDING: Word.HOLD, Verdict.CANCELLED: Word.CANCELLED}
STEPS_SHOWN: Final = 60
Parts = list[tuple[str, str]]


def word_of(decision: Decision) -> Word:
    if decision.limited:
        return Word.LIMIT
    return _WORDS.get(decision.verdict, Word.DENY)


def view(decisions: tuple[Decision, ...], width: int) -> Content:
    """The newest decision first; a held call has more than one. Steps that passed take one line of `width` cells."""
    if not decisions:
        return Content.assemble(("not judged yet", "$quiet"))
    newest_first = [Content.assemble(*_decision(decision, width)) for decision in reversed(decisions)]
    return Content("\n\n").join(newest_first)


def _decision(decision: Decision, width: int) -> Parts:
    look = LOOKS[word_of(decision)]
    rule = (
        text.line(short_rule(decision.rule, decision.server, decision.tool), 300) if decision.rule else "no rule fired"
    )
    parts: Parts = [
        (f"{look.glyph} {look.label.upper()} ", f"bold {look.style}"),
        (f"{rule}\n", "bold" if decision.rule else "$quiet"),
    ]
    if decision.message:
        parts.append((f"“{text.line(decision.message, 600)}”\n", "italic"))
    for index, step in enumerate(decision.trace[:STEPS_SHOWN], 1):
        if step.result is not StepResult.PASS or not _is_formality(step):
            parts += _step(index, step, decision, width)
    formalities = sum(step.result is StepResult.PASS and _is_formality(step) for step in decision.trace)
    if formalities:
        parts.append((f" · {formalities} built-in checks\n", "$quiet"))
    if len(decision.trace) > STEPS_SHOWN:
        parts.append((f"… {len(decision.trace) - STEPS_SHOWN} more steps\n", "$quiet"))
    if decision.policy_hash:
        parts.append((f"policy {text.line(decision.policy_hash, 12).removesuffix('…')}", "$quiet"))
    return parts


def _is_formality(step: TraceStep) -> bool:
    """The engine's own checks, `(hidden)` or `(invalid name)`: worth a line of their own only when they fire."""
    return step.rule.startswith("(") or (step.rule.endswith("/action") and not step.note)


def _step(index: int, step: TraceStep, decision: Decision, width: int) -> Parts:
    rule = text.line(short_rule(step.rule, decision.server, decision.tool), 300)
    note = text.line(step.note, 300).removesuffix(", 1 wanted")
    if step.result is StepResult.PASS:
        room = max(8, width - 5)
        if cell_len(rule) + 1 + cell_len(note) <= room:
            return [(f"{index:>2} · {rule} {note}".rstrip() + "\n", "$quiet")]
        below = f"     {text.fit(note, room).rstrip()}\n" if note else ""
        return [(f"{index:>2} · {text.fit(rule, room).rstrip()}\n{below}", "$quiet")]
    look = LOOKS[word_of(decision)]
    mark = look.glyph if step.result is StepResult.FIRED else "✓"
    parts: Parts = [(f"{index:>2} {mark} {rule}", f"bold {look.style}"), (f"  {note}\n" if note else "\n", "bold")]
    room = max(12, width - 5)
    if step.path:
        parts += [
            (f"     {text.line(step.path.removeprefix('args.'), 100)} ", "$primary"),
            (f"{text.line(step.op, 40)}\n", "$quiet"),
            (f"     {text.fit(brief(step.expected), room).rstrip()}\n", "$secondary"),
            (f"     was {text.fit(brief(step.observed), room - 4).rstrip()}\n", "$quiet"),
        ]
    return parts


def brief(value: Json, limit: int = 400) -> str:
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
