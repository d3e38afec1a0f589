"""A regular expression as a tree, as far as the number of its states depends on it.

Characters are bits of a mask: 128 of ASCII, and one for all others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

MAX_NESTING: Final = 50
OTHERS: Final = 128
ALL: Final = (1 << OTHERS + 1) - 1


class UnreadableError(ValueError):
    """Something that this reader does not know, or that is too large for it."""


@dataclass(frozen=True, slots=True)
class Chars:
    mask: int


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of the text."""


@dataclass(frozen=True, slots=True)
class Series:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    ways: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    part: Part
    least: int
    most: int | None


Part: TypeAlias = "Chars | Start | Series | Choice | Repeat"
NOTHING: Final = Series(())

_COUNTED = re.compile(r"\{(\d{1,4})(,(\d{1,4})?)?\}")
_GROUP = re.compile(r"\?(?:P?<\w+>|([imsUu-]*)([:)]))")
_CODE = re.compile(r"x([0-9a-fA-F]{2})|[xu]\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|[pP](?:\{[^}]*\}|.)")
_POSIX = re.compile(r"\[:\^?[a-z]+:\]")
_CONTROLS: Final = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "a": 7}


def _mask(characters: str) -> int:
    mask = 0
    for character in characters:
        mask |= 1 << min(ord(character), OTHERS)
    return mask


def _range(first: int, last: int) -> int:
    return sum(1 << code for code in range(min(first, OTHERS), min(last, OTHERS) + 1))


_DIGITS: Final = _range(48, 57)
_LETTERS: Final = _range(65, 90) | _range(97, 122)
_NAMED: Final = {"d": _DIGITS, "w": _DIGITS | _LETTERS | _mask("_"), "s": _mask(" \t\n\r\f")}


def read(pattern: str) -> Part:
    """Raises UnreadableError."""
    reader = _Reader(pattern)
    part = reader.choice(0)
    if reader.rest:
        raise UnreadableError
    return part


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._flags = ""

    @property
    def rest(self) -> bool:
        return self._at < len(self._text)

    def choice(self, nesting: int) -> Part:
        """Up to the bracket that closes it, or to the end."""
        if nesting > MAX_NESTING:
            raise UnreadableError
        ways = [self._series(nesting)]
        while self._takes("|"):
            ways.append(self._series(nesting))
        return ways[0] if len(ways) == 1 else Choice(tuple(ways))

    def _series(self, nesting: int) -> Part:
        parts: list[Part] = []
        while self.rest and self._text[self._at] not in "|)":
            part = self._atom(nesting)
            while (bounds := self._bounds()) is not None:
                part = Repeat(part, *bounds)
            parts.append(part)
        return Series(tuple(parts))

    def _bounds(self) -> tuple[int, int | None] | None:
        found = _COUNTED.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            least = int(found[1])
            most = least if found[2] is None else None if found[3] is None else int(found[3])
            bounds: tuple[int, int | None] = (least, most)
        elif self.rest and self._text[self._at] in "*+?":
            bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self._text[self._at]]
            self._at += 1
        else:
            return None
        self._takes("?")
        return bounds

    def _atom(self, nesting: int) -> Part:
        character = self._next()
        match character:
            case "(":
                return self._group(nesting)
            case "[":
                return Chars(self._class())
            case ".":
                return Chars(ALL if "s" in self._flags else ALL & ~_mask("\n"))
            case "^":
                return NOTHING if "m" in self._flags else Start()
            case "$":
                return NOTHING
            case "\\" if self._text[self._at : self._at + 1] in "AbBzZ":
                return Start() if self._next() == "A" else NOTHING
            case "\\":
                return Chars(self._escaped())
            case _:
                return Chars(self._either_case(_mask(character)))

    def _group(self, nesting: int) -> Part:
        outer = self._flags
        found = _GROUP.match(self._text, self._at)
        if found is None and self._text.startswith("?", self._at):
            raise UnreadableError
        if found is not None:
            self._at = found.end()
            self._flags += (found[1] or "").partition("-")[0]
            if found[2] == ")":  # from here to the end of the group around it
                return NOTHING
        part = self.choice(nesting + 1)
        if not self._takes(")"):
            raise UnreadableError
        self._flags = outer
        return part

    def _class(self) -> int:
        negated, mask, first = self._takes("^"), 0, True
        while first or not self._takes("]"):
            first = False
            begin = self._member()
            if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                begin = _range(begin.bit_length() - 1, self._member().bit_length() - 1)
            mask |= begin
        mask = self._either_case(mask)
        return ALL & ~mask | (1 << OTHERS) if negated else mask

    def _member(self) -> int:
        named = _POSIX.match(self._text, self._at)
        if named is not None:
            self._at = named.end()
            return _LETTERS | _DIGITS
        character = self._next()
        return self._escaped() if character == "\\" else _mask(character)

    def _escaped(self) -> int:
        found = _CODE.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            code = found[1] or found[2] or found[3]
            return 1 << min(int(code, 16), OTHERS) if code else _LETTERS | 1 << OTHERS  # a Unicode class
        character = self._next()
        if character.lower() in _NAMED:
            named = _NAMED[character.lower()]
            return named if character.islower() else ALL & ~named
        if character in _CONTROLS:
            return 1 << _CONTROLS[character]
        if character.isalnum():
            raise UnreadableError
        return _mask(character)

    def _either_case(self, mask: int) -> int:
        if "i" not in self._flags:
            return mask
        upper, lower = mask & _range(65, 90), mask & _range(97, 122)
        return mask | upper << 32 | lower >> 32

    def _next(self) -> str:
        if not self.rest:
            raise UnreadableError
        self._at += 1
        return self._text[self._at - 1]

    def _takes(self, character: str) -> bool:
        if not self._text.startswith(character, self._at):
            return False
        self._at += 1
        return True
