"""What a what-if found, as words. Pure."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from inspector.core.commands import Flip, WhatIfResult
from inspector.core.word import Word
from inspector.ui import text
from inspector.ui.figures import plural
from inspector.ui.words import LOOKS

MARKS_WIDTH: Final = 5  # "✓ → ⊘"
ID_WIDTH: Final = 6


def headline(found: WhatIfResult) -> Content:
    if not found.calls:
        return Content.assemble(("No call has been recorded yet.", "$quiet"))
    if not found.flipped:
        return Content.assemble(("✓ ", "$decision-allow"), ("no call would be decided otherwise", "$quiet"))
    verb = "changes" if found.flipped == 1 else "change"
    return Content.assemble((f"{plural(found.flipped, 'call')} {verb} decision", "bold"))


def judged(found: WhatIfResult) -> str:
    """`28 calls`, or `the newest 2,000 calls`."""
    return f"{'the newest ' if found.newest_only else ''}{found.calls:,} {'call' if found.calls == 1 else 'calls'}"


def totals(found: WhatIfResult) -> list[Content]:
    """`  9  ✓ allow  →  ⊘ limit`, one a line."""
    width = max((len(f"{count:,}") for _, _, count in found.totals), default=0)
    return [
        Content.assemble((f"{count:>{width + 2},}  ", "bold"), _word(before, 7), ("  →  ", "$quiet"), _word(after))
        for before, after, count in found.totals
    ]


def in_one_line(found: WhatIfResult) -> Content:
    """`9 allow → limit · 2 hold → allow`, for where there is one line."""
    if not found.totals:
        return headline(found)
    parts: list[Content] = []
    for before, after, count in found.totals[:4]:
        glyph = LOOKS[after]
        words = f"{LOOKS[before].label} → {glyph.label}"
        parts.append(Content.assemble((f"{count:,} ", "bold"), (f"{words} {glyph.glyph}", glyph.style)))
    if len(found.totals) > 4:
        parts.append(Content("…"))
    return Content.assemble((" · ", "$quiet")).join(parts)


def row(flip: Flip, width: int, named_server: bool = True) -> Content:
    """One call in exactly `width` cells: its number, where it went, and the marks of both decisions at the end."""
    name = text.line(f"{flip.server} › {flip.tool}" if named_server else flip.tool, 200)
    room = max(4, width - ID_WIDTH - MARKS_WIDTH - 1)
    before, after = LOOKS[flip.before], LOOKS[flip.after]
    return Content.assemble(
        (text.fit(f"#{flip.call_id}", ID_WIDTH), "$quiet"),
        f"{text.fit(name, room)} ",
        (before.glyph, before.style),
        (" → ", "$quiet"),
        (after.glyph, after.style),
    )


def _word(word: Word, width: int = 0) -> tuple[str, str]:
    look = LOOKS[word]
    return f"{look.glyph} {look.label}".ljust(width), look.style
