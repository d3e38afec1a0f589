"""How long a text may be that a regular expression searches: linear time alone is no bound on 4 MiB.

RE2, and the engine of JSON Schemas, run an automaton that remembers its states, a nanosecond or two a byte. Where there
are too many to remember (`a.{900}c` may have 2^900) they follow every way one by one: five microseconds a byte, twenty
seconds for a call. So the states of a pattern are counted when it is compiled, and one with too many may only search as
much text as it has time for.

The reading is rough where that costs nothing but a bound (Unicode classes, alike in all of them): it never says what
matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache, reduce
from itertools import chain, islice, repeat
from operator import or_
from typing import Final

from inspector.policy.pattern_reader import (
    OTHERS,
    Chars,
    Choice,
    Part,
    Repeat,
    Series,
    Start,
    UnreadableError,
    read,
)

MAX_EFFORT: Final = 1_000_000  # bytes of text times the size of a pattern: 20 ms when every way is followed
MAX_STATES: Final = 4_000  # that an automaton remembers without taking its time for them
MAX_SIZE: Final = 5_000  # characters of a pattern, or places of its automaton
MAX_PATTERNS: Final = 100
MAX_ROW: Final = 1_000  # places of a row whose states both engines remember: with 4 MiB, 20 ms
_PRINTABLE: Final = sum(1 << code for code in range(32, 127))  # of ASCII
_MAX_WORK: Final = 300_000  # ways that are looked at until patterns count as ones of too many states: 90 ms


@lru_cache(maxsize=2048)
def longest_text(*patterns: str) -> int | None:
    """How many bytes all of these patterns together may search; None for any number: their states are few."""
    if len(patterns) > MAX_PATTERNS:
        return MAX_EFFORT // MAX_SIZE
    burden = sum(_size_unless_few(pattern, _MAX_WORK // len(patterns)) for pattern in patterns)
    return MAX_EFFORT // burden if burden else None


def _size_unless_few(pattern: str, work: int) -> int:
    if len(pattern) > MAX_SIZE:
        return MAX_SIZE
    try:
        part = read(pattern)
        if _is_row(part):
            return 0
        ahead = _Ways(part, backwards=False)
        # Where a match begins is found from its end.
        few = ahead.are_few(work, again=True) and _Ways(part, backwards=True).are_few(work, again=False)
    except UnreadableError:
        return MAX_SIZE
    return 0 if few else len(ahead.masks)


def size_of(text: str) -> int:
    """At least as many bytes as it has, without making them."""
    return len(text) if text.isascii() else 4 * len(text)


def _is_row(part: Part) -> bool:
    """Is it as many characters as it has places, each of a class that is another's or apart from it?

    Such as a thousand letters, or `[a-z]{1000}`: all that is remembered is how much of the row has been seen. To find
    that out by counting takes the square of its length. In ASCII only, and no white space but the space itself (a `\\s`
    may be U+2028): of longer characters each byte has states of its own, too many for the engines.
    """
    row = list(islice(_row(part), MAX_ROW + 1))
    masks = set(row)
    apart = sum(mask.bit_count() for mask in masks) == reduce(or_, masks, 0).bit_count()
    return 0 < len(row) <= MAX_ROW and apart and all(mask and not mask & ~_PRINTABLE for mask in masks)


def _row(part: Part) -> Iterator[int]:
    """What is matched place after place; a 0, which nothing is, where that depends."""
    match part:
        case Chars(mask):
            yield mask
        case Series(parts):
            yield from chain.from_iterable(map(_row, parts))
        case Repeat(one, least, most) if least == most:
            yield from chain.from_iterable(repeat(tuple(islice(_row(one), MAX_ROW + 1)), least))
        case _:
            yield 0


class _Ways:
    """A nondeterministic automaton: numbered places, and from each the characters, or nothing, to the next."""

    def __init__(self, part: Part, *, backwards: bool) -> None:
        self.masks: list[int] = [0]  # what is matched at a place; the first one is the end
        self._then: list[tuple[int, ...]] = [()]  # where it leads, by a character or freely
        self._starts: set[int] = set()  # places that are passed at the beginning of the text only
        self._backwards = backwards
        self._entered = 0  # also what repeats nothing has an end
        self._first = self._enter(part, 0)

    def are_few(self, work: int, *, again: bool) -> bool:
        """Has the automaton made of it few states? `again`: it may begin at any character."""
        afresh = self._reached([self._first], at_start=False) if again else frozenset[int]()
        states = [self._reached([self._first], at_start=True)]
        known = set(states)
        symbols = self._symbols()
        for state in states:
            begun = afresh if 0 not in state else frozenset[int]()  # behind a match none begins
            for symbol in symbols:
                steps = [self._then[place][0] for place in state if self.masks[place] >> symbol & 1]
                following = self._reached(steps, at_start=False) | begun
                work -= len(state) + len(following)
                if following not in known:
                    known.add(following)
                    states.append(following)
            if len(known) > MAX_STATES or work < 0:
                return False
        return True

    def _symbols(self) -> Iterable[int]:
        """One of each kind that the pattern tells apart."""
        masks = set(self.masks)
        return {tuple(mask >> symbol & 1 for mask in masks): symbol for symbol in range(OTHERS + 1)}.values()

    def _reached(self, places: Iterable[int], *, at_start: bool) -> frozenset[int]:
        """Those that match a character, and the end."""
        seen, left = set[int](), list(places)
        while left:
            place = left.pop()
            if place in seen or (place in self._starts and not at_start):
                continue
            seen.add(place)
            if not self.masks[place]:
                left += self._then[place]
        return frozenset(place for place in seen if self.masks[place] or not place)

    def _enter(self, part: Part, after: int) -> int:
        """The place where a part begins that leads to `after`. Raises UnreadableError: it is too large."""
        self._entered += 1
        if self._entered > 4 * MAX_SIZE:
            raise UnreadableError
        match part:
            case Chars(mask):
                return self._place(mask, (after,))
            case Start():
                place = self._place(0, (after,))
                if not self._backwards:
                    self._starts.add(place)
                return place
            case Series(parts):
                for one in parts if self._backwards else reversed(parts):
                    after = self._enter(one, after)
                return after
            case Choice(ways):
                return self._place(0, tuple(self._enter(way, after) for way in ways))
            case Repeat(one, least, most):
                return self._repeated(one, least, most, after)

    def _repeated(self, part: Part, least: int, most: int | None, after: int) -> int:
        end = after
        if most is None:
            after = self._place(0, ())
            self._then[after] = (self._enter(part, after), end)
        for _ in range(least, most or 0):
            after = self._place(0, (self._enter(part, after), end))
        for _ in range(least):
            after = self._enter(part, after)
        return after

    def _place(self, mask: int, then: tuple[int, ...]) -> int:
        if len(self.masks) > MAX_SIZE:
            raise UnreadableError
        self.masks.append(mask)
        self._then.append(then)
        return len(self.masks) - 1
