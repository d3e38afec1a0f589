"""The nearest known word to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

WITHIN: Final = 2  # edits


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
