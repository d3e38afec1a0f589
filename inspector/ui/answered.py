"""What was answered, and what still answers for a person: a line or two each. Pure."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from textual.content import Content

from inspector.core.holds import HoldEnd, Remember
from inspector.core.views import AnsweredView, ApprovalView, CallView
from inspector.ui import figures, text
from inspector.ui.words import LOOKS, brief_arguments, short_rule

LEAST: Final = 6  # cells of arguments that are worth a look
ROOMY: Final = 56  # cells from which on a line has room for servers and words beside the glyphs

_ENDS: Final = {
    HoldEnd.APPROVED: ("✓", "approved", "$decision-allow"),
    HoldEnd.DENIED: ("✗", "denied", "$decision-deny"),
    HoldEnd.EXPIRED: ("◌", "expired", "$decision-hold"),
    HoldEnd.WITHDRAWN: ("–", "gone", "$quiet"),
    HoldEnd.RELOADED: ("✗", "policy", "$decision-deny"),
}
_SCOPES: Final = {
    Remember.ONCE: "once",
    Remember.SESSION: "this session",
    Remember.ARGUMENTS: "these arguments",
    Remember.TOOL: "this tool",
}


def call_line(row: CallView, width: int) -> Content:
    """A call that an agent made, in one line."""
    look = LOOKS[row.word]
    roomy = width >= ROOMY
    word = f"{look.glyph} {look.label:<7}" if roomy else f"{look.glyph} "
    at = figures.clock_time(row.at) if roomy else figures.clock_time(row.at)[:5]
    number = f"#{row.id} " if roomy else ""
    edited = " edited" if row.edited else ""
    tool = f"{row.server} › {row.tool}" if roomy else row.tool
    room = width - len(at) - 1 - len(word) - len(number) - len(edited)
    rest = text.fit(f"{text.line(tool, 100)}  {brief_arguments(row.arguments)}", max(8, room)).rstrip()
    return Content.assemble(
        (f"{at} ", "$quiet"), (word, look.style), (number, "$quiet"), rest, (edited, "$decision-hold")
    )


def answer_line(answer: AnsweredView, width: int) -> Content:
    """How a wait ended: when, how, which call, by whom and why."""
    glyph, label, style = _ENDS[answer.end]
    roomy = width >= ROOMY
    at = figures.clock_time(answer.at) if roomy else figures.clock_time(answer.at)[:5]
    word = f"{glyph} {label:<9}" if roomy else f"{glyph} "
    edited = ", edited" if answer.edited else ""
    why = f"  “{text.line(answer.reason, 200)}”" if answer.reason else ""
    tail = f"  by {text.line(answer.by, 30)}{edited}{why}"
    tool = text.line(f"{answer.server} › {answer.tool}" if roomy else answer.tool, 100)
    number = f"#{answer.call_id} "
    left = width - len(at) - 1 - len(word) - len(number)
    # Who and why stand whole where they can; the arguments take what is left.
    beside = min(left - cell_len(tool), cell_len(tail))
    tail = text.fit(tail, beside).rstrip() if beside >= LEAST else ""
    room = left - cell_len(tail) - cell_len(tool) - 2
    arguments = f"  {text.fit(brief_arguments(answer.arguments), room).rstrip()}" if room >= LEAST else ""
    what = text.fit(tool, min(left, cell_len(tool))) + arguments
    return Content.assemble((f"{at} ", "$quiet"), (word, style), (number, "$quiet"), what, (tail, "$quiet"))


def approval_lines(approval: ApprovalView, width: int) -> Content:
    """A remembered approval in two lines: what it answers and how often it did; for whom, since when, until when."""
    over = approval.ended_at is not None
    scope, roomy = _SCOPES[approval.remember], width >= ROOMY
    name = f"{approval.server} › {approval.tool}" if roomy else approval.tool
    arguments = f"  {brief_arguments(approval.arguments)}" if approval.arguments else ""
    used = f"{approval.uses}×" if not roomy else f"used {approval.uses}×" if approval.uses else "not used yet"
    if approval.used_at is not None and roomy:
        used += f", last {figures.clock_time(approval.used_at)}"
    lead = f"{'–' if over else '∞'} {scope}  "
    what = text.fit(text.line(name, 100) + arguments, max(8, width - len(lead) - len(used) - 2))
    if over:
        ending = f"{'revoked' if approval.ended_by == 'you' else 'its rule changed'} {_clock(approval.ended_at)}"
    else:
        until = "its session" if approval.remember is Remember.SESSION else "this run"
        ending = f"until {until} ends" if roomy else until
    at = figures.clock_time(approval.at)
    whom = [approval.client, approval.grant] if roomy else [approval.client]
    given = f"by {text.line(approval.by, 30)} {at} at #{approval.call_id}" if roomy else f"by {approval.by} {at[:5]}"
    rule = short_rule(approval.rule, approval.server, approval.tool)
    facts = [ending, *whom, given, rule] if over else [*whom, given, ending, rule]
    below = text.as_many_as_fit((text.line(fact, 100) for fact in facts if fact), width - 2)
    return Content.assemble(
        (lead, "$quiet" if over else "bold $decision-allow"), (what, "$quiet" if over else ""), (f"  {used}", "$quiet"),
        (f"\n  {below}", "$quiet"),
    )  # fmt: skip


def _clock(at: float | None) -> str:
    return "" if at is None else figures.clock_time(at)
