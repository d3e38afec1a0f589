"""Is there a value at a path of a call's arguments? Read off its frame, in one pass at the speed of RE2.

JSON whose nesting is bounded is a regular language, and "something that is not null lies at this path" is one too. So a
path becomes a pattern over the frame as its client wrote it, white space, escapes and all; and four megabytes of
brackets cost 6 ms, while a walk from object to object waits for memory at each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

import re2

from inspector.policy.model import Path, Star, is_index

MAX_DEPTH: Final = 64  # as deep as a client's frame may be nested
MAX_PATTERN: Final = 150_000  # characters: some 20 ms to compile, once for a path
# In how many ways a text may leave a path: at each name, and twice as many for each index, which an object or an array
# may answer. The automaton has states for all of them, made when first met: with 64 in 60 ms at worst, once for a path.
MAX_WAYS: Final = 64

_SPACE: Final = r"[ \t\r\n]*"
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_SHORT: Final = {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # it would write over the screen
_OPTIONS.never_capture = True
_OPTIONS.encoding = re2.Options.Encoding.LATIN1  # bytes: no character outside a string is longer than one
_OPTIONS.max_mem = 64 << 20  # with less the automaton of a long path is thrown away and begun again, over and over

_Search: TypeAlias = Callable[[bytes], list[int] | None]
_LEADS_TO_A_VALUE: Final = 0  # the first of a search's two patterns; the second one matches every frame


def is_in_frame(path: Path, frame: bytes) -> bool | None:
    """Does a path lead to a value that is not null in the `params.arguments` of a frame that was parsed strictly?

    Exact; None when the text cannot tell: it is nested deeper than a frame may be, the pattern of the path would be too
    large (with large indexes, or many), or the automaton has no memory.
    """
    search = _search(path)
    said = search(frame) if search is not None else None
    return None if said is None else _LEADS_TO_A_VALUE in said


@lru_cache(maxsize=256)
def _search(path: Path) -> _Search | None:
    names = [segment for segment in path if not isinstance(segment, Star)]
    if len(names) << sum(map(is_index, names)) > MAX_WAYS:
        return None
    pattern = _SPACE
    for nested, segment in enumerate(("params", "arguments", *path), 1):
        skipped = _content(MAX_DEPTH - nested)
        if isinstance(segment, Star):
            pattern += rf"[\[{{](?:{skipped},)?{_SPACE}(?:{_STRING}{_SPACE}:{_SPACE})?"
        elif is_index(segment) and int(segment) * len(skipped) > MAX_PATTERN:
            return None
        else:
            pattern += _named(segment, skipped)
        if len(pattern) > MAX_PATTERN:
            return None
    pattern += rf"(?:[\[{{0-9tf-]|{_STRING}{_SPACE}[,\]}}])"  # no string with a colon behind it: that is a key
    both = re2.Set.FullMatchSet(_OPTIONS)
    both.Add(f"{pattern}(?s:.*)".encode())
    both.Add(_content(MAX_DEPTH).encode())  # when neither matches, the frame was not read to its end
    try:
        both.Compile()
    except re2.error:  # the automaton had no room to begin in
        return None
    search: _Search = both.Match
    return search


def _named(segment: str, skipped: str) -> str:
    """Into an object, over any members, to the one of this name; or into an array, over as many as an index says."""
    key = "".join(map(_spelled, segment))
    member = rf'\{{(?:{skipped},)?{_SPACE}"{key}"{_SPACE}:{_SPACE}'
    if not is_index(segment):
        return member
    element = rf"(?:[^\"\[\]{{}},]|{_STRING}|[\[{{]{skipped}[\]}}])*,"
    return rf"(?:{member}|\[{element * int(segment)}{_SPACE})"


def _spelled(character: str) -> str:
    """A character of a name in all the ways that JSON may write it."""
    ways = [_escape(character)]
    if character in _SHORT:
        ways.append(rf"\\\x{ord(_SHORT[character]):02x}")
    if character not in '"\\':
        ways.append("".join(rf"\x{byte:02x}" for byte in character.encode()))
    return f"(?:{'|'.join(ways)})"


def _escape(character: str) -> str:
    """`\\uXXXX` in either case, or two for what lies beyond the basic plane."""
    digits = character.encode("utf-16-be").hex()
    either = [digit if digit.isdecimal() else f"[{digit}{digit.upper()}]" for digit in digits]
    return "".join(rf"\\u{''.join(either[at : at + 4])}" for at in range(0, len(either), 4))


def _content(depth: int) -> str:
    """Anything between brackets, with brackets of its own `depth` levels deep."""
    content = rf'(?:[^"\[\]{{}}]|{_STRING})*'
    for _ in range(depth):
        content = rf'(?:[^"\[\]{{}}]|{_STRING}|[\[{{]{content}[\]}}])*'
    return content
