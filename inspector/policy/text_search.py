"""Is there a value at a path? Read off the JSON text of megabytes, in one pass at the speed of RE2.

JSON whose nesting is bounded is a regular language, and "something that is not null lies at this path" is one too. So a
path becomes a pattern, and four megabytes of brackets cost 6 ms, while a walk from object to object waits for
memory at each of them. The writer and the automaton are both linear in the text, whatever it says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

import orjson
import re2

from inspector.core.json import Json, Number
from inspector.policy.model import Path, Star, is_index

MAX_DEPTH: Final = 64  # as deep as a client's frame may be nested
MAX_PATTERN: Final = 150_000  # characters: some 20 ms to compile, once for a path

_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # it would write over the screen
_OPTIONS.never_capture = True
_OPTIONS.encoding = re2.Options.Encoding.LATIN1  # bytes: no character outside a string is longer than one
_OPTIONS.max_mem = 64 << 20  # with less the automaton of a long path is thrown away and begun again, over and over

_Search: TypeAlias = Callable[[bytes], list[int] | None]
_LEADS_TO_A_VALUE, _NOT_TOO_DEEP = 0, 1


def is_in_text(path: Path, base: Json) -> bool | None:
    """Does a path, from `base` on, lead to a value that is not null? Exact; None when the text cannot tell.

    It cannot for what has no text (half a surrogate pair, an integer of more than 64 bits), for nesting beyond that of
    a frame, and for a path whose pattern would be too large: one with a large index behind a `*`.
    """
    search = _search(path)
    if search is None:
        return None
    if isinstance(path[0], Star) and isinstance(base, list) and base:
        base = _quicker(base, last=len(path) == 1)
    try:
        text = orjson.dumps(base, default=bool)  # a number whose text is kept; that it is not null is all that counts
    except TypeError:
        return None
    said = search(text) or ()
    return True if _LEADS_TO_A_VALUE in said else False if _NOT_TOO_DEEP in said else None


def _quicker(items: list[Json], *, last: bool) -> list[Json]:
    """The same elements, of which each may be the one, as they are written fastest.

    Of objects in objects the parser makes the inmost first: from the end, memory is read in one direction, which is
    three times as fast. A number whose text is kept costs a call, and leads nowhere but at the end of a path.
    """
    sample = set(map(type, items[:100]))
    if Number in sample and not last:
        items = [item for item in items if item.__class__ is not Number]
    return items[::-1] if dict in sample else items


@lru_cache(maxsize=256)
def _search(path: Path) -> _Search | None:
    pattern = ""
    for nested, segment in enumerate(path, 1):
        skipped = _content(MAX_DEPTH - nested)
        if isinstance(segment, Star):
            pattern += rf"[\[{{](?:{skipped},)?(?:{_STRING}:)?"
        elif is_index(segment) and int(segment) * len(skipped) > MAX_PATTERN:
            return None
        else:
            pattern += _named(segment, skipped)
        if len(pattern) > MAX_PATTERN:
            return None
    pattern += rf"(?:[\[{{0-9tf-]|{_STRING}[,\]}}])"  # no string with a colon behind it: that is a key
    both = re2.Set.FullMatchSet(_OPTIONS)  # one pass for both questions
    both.Add(f"{pattern}(?s:.*)".encode())
    both.Add(_content(MAX_DEPTH).encode())
    both.Compile()
    search: _Search = both.Match
    return search


def _named(segment: str, skipped: str) -> str:
    """Into an object, over any members, to the one of this name; or into an array, over as many as an index says."""
    key = "".join(rf"\x{byte:02x}" for byte in orjson.dumps(segment))
    member = rf"\{{(?:{skipped},)?{key}:"
    if not is_index(segment):
        return member
    element = rf"(?:[^\"\[\]{{}},]|{_STRING}|[\[{{]{skipped}[\]}}])*,"
    return rf"(?:{member}|\[{element * int(segment)})"


def _content(depth: int) -> str:
    """Anything between brackets, with brackets of its own `depth` levels deep."""
    content = rf'(?:[^"\[\]{{}}]|{_STRING})*'
    for _ in range(depth):
        content = rf'(?:[^"\[\]{{}}]|{_STRING}|[\[{{]{content}[\]}}])*'
    return content
