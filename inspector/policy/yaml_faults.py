"""What is wrong with a text that is no YAML, in words that say what to do: the parser speaks of its own tokens."""

from __future__ import annotations

import re
from typing import Final

from ruamel.yaml.error import MarkedYAMLError

_MISPLACED: Final = "the line is indented like nothing above it: line it up with the keys that it belongs to"
_AFTER: Final = "something follows a value that has ended: put the whole text in quotes, or begin a new line"

# Matched in their order against what the parser was doing, `|`, and what it stumbled over.
_WORDS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"character '\\t' that cannot start", "a tab cannot indent: use spaces"),
        (r"character ['\"](.)['\"] that cannot start", "a text cannot begin with {}: put it in quotes"),
        (
            r"mapping values are not allowed",
            'a colon is not expected here: a text that holds ": " needs quotes, and a key above it a colon and a space',
        ),
        (r"could not find expected ':'", "a key without a colon: write key: value"),
        (r"block mapping\|.*found '<block mapping start>'", _MISPLACED),
        (r"block mapping\|.*found '-'", "a list item among keys: indent it below the key that it belongs to"),
        (
            r"block collection\|",
            "the line belongs to no item of the list above: line it up with one, or indent it more",
        ),
        (r"block mapping\|.*found '([]}])'", "nothing opened this {}: remove it"),
        (r"block mapping\|", _AFTER),
        (r"flow sequence\|", "a comma or a ] is missing in a list"),
        (r"flow mapping\|", "a comma or a }} is missing in a map"),
        (r"expected the node content, but found '(.)'", "a value is missing before this {}"),
        (r"unexpected (?:end of stream|document separator)", "a quote is not closed"),
        (
            r"unknown escape character '(.+)'",
            "between double quotes \\{0} means nothing: write \\\\{0}, or use single quotes",
        ),
        (r"expected escape sequence of (\d+)", "this escape takes {} hexadecimal digits"),
        (
            r"scanning an alias",
            "a * begins an alias, which is not read: put a name or glob that begins with * in quotes",
        ),
        (r"scanning an anchor", "a & begins an anchor, which is not read: put the text in quotes"),
        (r"(?:parsing|scanning) a tag", "a ! begins a tag, which is not read: put the text in quotes"),
        (r"scanning a block scalar", "behind | or > stand at most + or - and a digit: begin the text on the next line"),
        (r"sequence entries are not allowed", "a list item begins on a line of its own: - a, or write [a, b]"),
        (
            r"<document start>",
            "this cannot follow what stands above: somewhere there a key has no colon, or text has no #",
        ),
        (r"scanning a directive", "a % at the start of a line begins a directive, which is not read: remove the line"),
    )
)
_BEGINNINGS: Final = {
    "while parsing a flow sequence": "the list begins here",
    "while parsing a flow mapping": "the map begins here",
    "while scanning a quoted scalar": "the quote begins here",
    "while scanning a simple key": "the key begins here",
}


def in_words(error: MarkedYAMLError) -> str:
    """What stands at the place of the error, and the way out; the parser's own words where we know no better."""
    said = [" ".join(part) if isinstance(part, tuple) else str(part) for part in (error.context, error.problem) if part]
    known = "|".join(said)
    for pattern, words in _WORDS:
        if found := pattern.search(known):
            return words.format(*found.groups())
    return "not YAML: " + (", ".join(said) or "the text ends in the middle of something")


def beginning(error: MarkedYAMLError) -> str | None:
    """What stands where the parser began with what it did not finish; None when that says nothing more."""
    return _BEGINNINGS.get(str(error.context))
