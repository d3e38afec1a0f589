"""Is there a value at a path of a call's arguments? Read off its frame, in one pass at the speed of RE2.

JSON whose nesting is bounded is a regular language, and "something that is not null lies at this path" is one too. So a
path becomes an automaton over the frame as its client wrote it; and four megabytes of brackets cost 6 ms, while a walk
from object to object waits for memory at each of them.

What an automaton cannot afford is to count far and deep at once: it has a state for each element before an index, times
each level of nesting inside of it. Beyond `MAX_CELLS` of these it says that it cannot tell when it meets an array that
it would have to count through: a fact of the arguments and the path, however they are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

import orjson
import re2

from inspector.core.json import JsonObject, to_text
from inspector.policy.json_patterns import NOT_NULL, SPACE, anywhere, content, deeper, element, member, only_member
from inspector.policy.model import Path, Star, is_index

MAX_DEPTH: Final = 66  # a client's frame may be nested 64 levels deep, and so may edited arguments, without its two
MAX_CELLS: Final = 1_600  # elements before indexes, times the levels of nesting inside of them
MAX_PATTERN: Final = 150_000  # characters, when indexes take none of them
_MAX_REPEATED: Final = 1_000  # times that RE2 takes a pattern
_ENVELOPE: Final = ("params", "arguments")
_FOUND, _COMPLETE = 0, 1  # the order of the patterns; the third one finds what cannot be told

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # it would write over the screen
_OPTIONS.never_capture = True
_OPTIONS.encoding = re2.Options.Encoding.LATIN1  # bytes: no character outside a string is longer than one
_OPTIONS.max_mem = 64 << 20  # with less the automaton of a long path is thrown away and begun again, over and over


@dataclass(slots=True, weakref_slot=True, eq=False)
class TextSearch:
    """What frames say of one path. Compiled when it is first needed, or before by `prepare`."""

    path: Path
    _set: re2.Set | None = None
    _compiled: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether it can tell of any frame."""
        if self._is_too_deep:
            return True
        patterns = _patterns(self.path)
        return patterns is not None and not patterns.unknown

    @property
    def _is_too_deep(self) -> bool:
        """For every frame that there is."""
        return len(self.path) > MAX_DEPTH - len(_ENVELOPE)

    def prepare(self) -> None:
        """Compile it, and have it meet most of its states: some milliseconds, and 200 for the largest.

        So this is done when a policy is read. A state that is kept is passed four times as fast as one that is made.
        """
        if not self._compiled and not self._is_too_deep:
            patterns = _patterns(self.path)
            compiled = None if patterns is None else _compiled(patterns)
            if compiled is not None:
                for frame in _rehearsals(self.path):
                    compiled.Match(frame)
            self._set, self._compiled = compiled, True

    def finds(self, frame: bytes) -> bool | None:
        """Does the path lead to a value that is not null in the `params.arguments` of a frame that was parsed strictly?

        None when the text cannot tell: something is nested too deep in front of an index, or an index is too large; or
        the names of the path are too long for an automaton.
        """
        if self._is_too_deep:
            return False
        self.prepare()
        said = None if self._set is None else self._set.Match(frame)
        if said is None or _COMPLETE not in said:  # it was not read to its end
            return None
        return True if _FOUND in said else False if len(said) == 1 else None


_SEARCHES: WeakValueDictionary[Path, TextSearch] = WeakValueDictionary()


def search_of(path: Path) -> TextSearch | None:
    """One for all conditions of all policies with this path. None: without a `*` there is one value at most."""
    if not any(isinstance(segment, Star) for segment in path):
        return None
    found = _SEARCHES.get(path)
    if found is None:
        found = _SEARCHES[path] = TextSearch(path)
    return found


def frame_of(arguments: JsonObject) -> bytes:
    """A text to search for arguments that came without one. Numbers are not themselves in it, but are there."""
    try:
        return orjson.dumps({"params": {"arguments": arguments}}, default=bool)
    except TypeError:  # half a surrogate pair, or nesting that no client could send
        return f'{{"params":{{"arguments":{to_text(arguments)}}}}}'.encode()


class _Patterns(NamedTuple):
    """Of the beginning of a frame: to a value that is there, and to where nobody can tell ("" when that cannot be)."""

    found: str
    unknown: str


def _patterns(path: Path) -> _Patterns | None:
    found, unknown = "", ""
    for into, doubtful in reversed(list(_steps(path))):
        ways = [way for way in (doubtful, unknown and into + unknown) if way]
        found, unknown = into + found, f"(?:{'|'.join(ways)})" if ways else ""
    return _Patterns(f"{SPACE}{found}{NOT_NULL}", unknown and SPACE + unknown) if len(found) <= MAX_PATTERN else None


def _compiled(patterns: _Patterns) -> re2.Set | None:
    together = re2.Set.FullMatchSet(_OPTIONS)
    together.Add(f"{patterns.found}(?s:.*)".encode())
    together.Add(content(MAX_DEPTH).encode())  # when nothing matches, the frame was not read to its end
    if patterns.unknown:
        together.Add(f"{patterns.unknown}(?s:.*)".encode())
    try:
        together.Compile()
    except re2.error:  # the automaton had no room to begin in
        return None
    return together


def _steps(path: Path) -> Iterator[tuple[str, str]]:
    """From the frame on inwards: the pattern of each step, and of what lets nobody tell where it leads; "" for none."""
    most, depth = _reach(path)
    for nested, segment in enumerate((*_ENVELOPE, *path), 1):
        inside = MAX_DEPTH - nested
        if isinstance(segment, Star):
            yield anywhere(inside), ""
        elif is_index(segment):
            yield _at_index(segment, inside, most, depth)
        else:
            yield member(segment, inside), ""


def _reach(path: Path) -> tuple[int, int]:
    """How many elements are counted in front of each index, and how deep they may be nested, -1 for not at all."""
    indexes = [int(segment) for segment in path if not isinstance(segment, Star) and is_index(segment)]
    most = max(1, min(_MAX_REPEATED, MAX_CELLS // max(1, len(indexes))))
    return most, max(-1, MAX_CELLS // max(1, sum(min(index, most) for index in indexes)) - 2)


def _at_index(segment: str, inside: int, most: int, depth: int) -> tuple[str, str]:
    """To the member of this name, or over as many elements. `depth`: that of elements which are counted."""
    index = int(segment)
    ways, doubtful = [only_member(segment, inside)], list[str]()
    before = f"(?:{element(min(depth, inside - 1))},)"
    if index <= most:
        ways.append(rf"\[{before}{{{index}}}{SPACE}")
    else:
        doubtful.append(f"{before}{{{most}}}")
    if depth < inside - 1 and index:
        doubtful.append(f"{before}{{0,{min(index, most) - 1}}}{deeper(depth)}")
    return f"(?:{'|'.join(ways)})", rf"\[(?:{'|'.join(doubtful)})" if doubtful else ""


def _rehearsals(path: Path) -> Iterator[bytes]:
    """Frames that lead along the path and off it at every level: to nothing, and to nothing behind a hit and a doubt.

    What follows a match are other states, since a search says in its end what it has found.
    """
    first = next(at for at, segment in enumerate(path) if isinstance(segment, Star))
    vain, hit = (_led(path, first + 1, inmost) for inmost in ("null", "0"))
    doubt = _led(path, first + 1, "null", doubtful=True)
    for elements in ((vain, doubt, vain, hit, vain), (hit, vain)):
        value = f"[{','.join(elements)}]"
        for segment in reversed((*_ENVELOPE, *path[:first])):
            value = f"{{{to_text(str(segment))}:{value}}}"
        yield value.encode()


def _led(path: Path, start: int, inmost: str, *, doubtful: bool = False) -> str:
    """A value that the path leads through from a segment on, with brackets beside it at every step.

    `doubtful`: as deep as they may be at all, so that a search does not count them; else as deep as it does.
    """
    most, depth = _reach(path)
    value = inmost
    for at in reversed(range(start, len(path))):
        segment, inside = path[at], MAX_DEPTH - len(_ENVELOPE) - at - 1
        beside = _brackets(inside if doubtful else min(depth + 1, inside))
        if isinstance(segment, Star):
            value = f"[{beside},{value},{beside}]"
        elif not is_index(segment):
            value = f'{{"":{beside},{to_text(segment)}:{value},"":{beside}}}'
        else:
            before = [beside] * (1 if doubtful else min(int(segment), most))
            value = f"[{','.join([*before, value, beside])}]"
    return value


def _brackets(levels: int) -> str:
    """Nested so deep, with a text at each level."""
    half, odd = divmod(levels, 2)
    return r'["\n",{"\n":' * half + (r'["\n"]' if odd else r'"\n"') + r'},"\n"]' * half
