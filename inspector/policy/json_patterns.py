"""Regular expressions over the text of a JSON value that was parsed strictly: pieces that a path is made of.

JSON whose nesting is bounded is a regular language. Every piece takes the text in whatever way its client wrote it,
white space, escapes and all, and is as large as the nesting that it allows.
"""

from __future__ import annotations

from typing import Final

SPACE: Final = r"[ \t\r\n]*"
STRING: Final = r'"(?:[^"\\]|\\.)*"'
NOT_NULL: Final = rf"(?:[\[{{0-9tf-]|{STRING}{SPACE}[,\]}}])"  # no string with a colon behind it: that is a key
_CHARACTER: Final = r'(?:[^"\\]|\\.)'
_SHORT: Final = {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


def content(depth: int) -> str:
    """Anything between brackets, with brackets of its own `depth` levels deep; none at all for a negative depth."""
    inside = ""
    for level in range(depth + 1):
        inside = rf'(?:[^"\[\]{{}}]|{STRING}{_nested(inside) if level else ""})*'
    return inside


def element(depth: int) -> str:
    """One value with the white space around it, as `content`; what it is not is a comma."""
    return rf'(?:[^"\[\]{{}},]|{STRING}{_nested(content(depth)) if depth >= 0 else ""})*'


def deeper(depth: int) -> str:
    """The beginning of an element that `element(depth)` does not take."""
    opening = r"[\[{]"
    for level in range(depth + 1):
        inside = rf'(?:[^"\[\]{{}}]|{STRING}{_nested(content(level - 1)) if level else ""})*'
        opening = rf"[\[{{]{inside}{opening}"
    return rf"{SPACE}{opening}"


def anywhere(depth: int) -> str:
    """Into an array or an object, over any elements or members, to one of them."""
    return rf"[\[{{](?:{content(depth)},)?{SPACE}(?:{STRING}{SPACE}:{SPACE})?"


def member(name: str, depth: int) -> str:
    """Into an object, over any members, to the one of this name."""
    return rf"\{{(?:{content(depth)},)?{_key(name)}"


def only_member(name: str, depth: int) -> str:
    """The same, over members of other names: for an automaton this way is behind it once it was taken.

    `name`: of digits.
    """
    other = rf'{SPACE}"{_other(name)}"{SPACE}:{element(depth - 1)},'
    return rf"\{{(?:{other})*{_key(name)}"


def _nested(inside: str) -> str:
    return rf"|[\[{{]{inside}[\]}}]"


def _key(name: str) -> str:
    return rf'{SPACE}"{"".join(map(_spelled, name))}"{SPACE}:{SPACE}'


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


def _other(digits: str) -> str:
    """The inside of any string but that of these digits."""
    rest = rf"{_CHARACTER}+"
    for digit in reversed(digits):  # its own escape is 0, 0, 3 and itself
        escape = rf"\\(?:[^u]|u(?:[^0]|0(?:[^0]|0(?:[^3]|3[^{digit}]))))"
        rest = rf'(?:(?:[^"\\{digit}]|{escape}){_CHARACTER}*|{_spelled(digit)}{rest})?'
    return rest
