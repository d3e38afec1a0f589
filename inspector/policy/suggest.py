"""The known word that was meant by a misspelt one, or by what it is called elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

WITHIN: Final = 2  # edits
_ELSEWHERE: Final = {
    **dict.fromkeys(("=", "==", "===", "is", "equal", "equals"), "eq"),
    **dict.fromkeys(("!=", "<>", "is_not", "not_equal", "not_equals"), "neq"),
    **{"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"},
    **dict.fromkeys(("match", "matches", "pattern"), "regex"),
    **dict.fromkeys(("any_of", "one_of"), "in"),
    **dict.fromkeys(("none_of", "nin"), "not_in"),
    **dict.fromkeys(("has", "includes"), "contains"),
    **dict.fromkeys(("present", "required"), "exists"),
    **dict.fromkeys(("under", "within"), "path_within"),
    **dict.fromkeys(("accept", "permit"), "allow"),
    **dict.fromkeys(("block", "forbid", "refuse", "reject"), "deny"),
    **dict.fromkeys(("ask", "confirm", "hold", "prompt", "require_approval"), "approve"),
}


def meant(word: str, choices: Iterable[str]) -> str | None:
    """The choice that other languages call so, else the nearest; None when there is none."""
    known = tuple(choices)
    elsewhere = _ELSEWHERE.get(word.strip().casefold())
    return elsewhere if elsewhere in known else nearest(word, known)


def nearest(word: str, choices: Iterable[str], within: int = WITHIN) -> str | None:
    """The closest choice (case apart) that is at most `within` edits away; None when there is none."""
    best: tuple[int, str] | None = None
    for choice in choices:
        if abs(len(choice) - len(word)) > within:
            continue
        edits = _edits(word.casefold(), choice.casefold())
        if edits <= min(within, max(1, len(choice) // 2)) and (best is None or edits < best[0]):
            best = edits, choice
    return None if best is None else best[1]


def _edits(a: str, b: str) -> int:
    """Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each."""
    before: list[int] = []
    above = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1]
