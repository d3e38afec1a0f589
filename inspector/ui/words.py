"""How a call's one word and its rule look in a row. A word never relies on its colour."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from inspector.core.word import LABELS, Word
from inspector.ui import text


class Look(NamedTuple):
    glyph: str
    label: str
    style: str  # a theme variable


LOOKS: Final = {
    word: Look(glyph, LABELS[word], style)
    for word, glyph, style in (
        (Word.PENDING, "…", "$quiet"),
        (Word.ALLOW, "✓", "$decision-allow"),
        (Word.DENY, "✗", "$decision-deny"),
        (Word.HOLD, "◐", "$decision-hold"),
        (Word.LIMIT, "⊘", "$decision-limit"),
        (Word.ERROR, "!", "$decision-error"),
        (Word.CANCELLED, "–", "$quiet"),
    )
}


def short_rule(rule: str, server: str, tool: str) -> str:
    """A rule's pointer without what the row already says: `/tools/fetch/limits/rate` → `limits/rate`."""
    if not rule:
        return "·"
    escaped = tool.replace("~", "~0").replace("/", "~1")
    for prefix in (f"/servers/{server}/tools/{escaped}/", f"/tools/{escaped}/", f"/servers/{server}/", "/tools/", "/"):
        if rule.startswith(prefix) and len(rule) > len(prefix):
            return rule[len(prefix) :]
    return rule


_PIECE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[^",]+|,')


def brief_arguments(compact: str) -> str:
    """A call's arguments in few characters: the values, without the names that one tool's rows all share."""
    inner = compact[1:-1] if compact.startswith("{") and compact.endswith("}") else compact.removeprefix("{")
    values = (match for match in _PIECE.finditer(inner) if not match[2])
    pieces = ("  " if match[0] == "," else match[0] if match[1] is None else match[1] for match in values)
    return text.line("".join(pieces).strip() or "·", 400)
