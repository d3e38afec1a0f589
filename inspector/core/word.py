"""The one word that stands for what became of a call."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from inspector.core.decision import Decision, Verdict


class Word(StrEnum):
    """The one word a row shows."""

    PENDING = "…"  # arrived, not yet decided
    ALLOW = "allow"
    DENY = "deny"
    HOLD = "hold"
    LIMIT = "limit"
    ERROR = "error"  # allowed, and the upstream failed it
    CANCELLED = "cancelled"


LABELS: Final = {
    Word.PENDING: "judging",
    Word.ALLOW: "allow",
    Word.DENY: "deny",
    Word.HOLD: "hold",
    Word.LIMIT: "limit",
    Word.ERROR: "error",
    Word.CANCELLED: "gone",
}
"""As a person reads it, and writes it in a filter."""

_WORDS: Final = {
    Verdict.ALLOW: Word.ALLOW,
    Verdict.DENY: Word.DENY,
    Verdict.PENDING: Word.HOLD,
    Verdict.CANCELLED: Word.CANCELLED,
}


def word_of(decision: Decision) -> Word:
    """What a decision alone says; how the call ended is not in it."""
    return Word.LIMIT if decision.limited else _WORDS[decision.verdict]
