"""JSON values whose numbers keep their exact text.

The wire judges what it sends, so a number must survive parse and dump unchanged: `1.00` stays `1.00`, and
`12345678901234567890` stays itself. Integers of up to 18 digits are plain `int`; every other number is a `Number`.
"""

from __future__ import annotations

from decimal import Decimal
from json import JSONEncoder
from typing import TypeAlias


class Number(Decimal):
    """A JSON number with its own text. Compares and hashes as the exact decimal that it is."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __reduce__(self) -> tuple[type[Number], tuple[str]]:
        return Number, (self.text,)


Json: TypeAlias = "bool | int | Number | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]


def parse_int(text: str) -> int | Number:
    """Python's reader for a JSON integer literal: an int where `str(int)` gives the same text back."""
    return int(text) if len(text) <= 18 and text != "-0" else Number(text)


def to_text(value: Json) -> str:
    """Compact JSON of a value, numbers with their own text. Always encodable: a lone surrogate stays escaped."""
    try:
        text = _ENCODE(value)
        text.encode()
    except (TypeError, UnicodeEncodeError):  # holds a Number, which the C encoder does not know, or a surrogate
        return _write(value)
    return text


_ENCODE = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ENCODE_ASCII = JSONEncoder(separators=(",", ":")).encode


def _write(value: Json) -> str:
    match value:
        case Number():
            return value.text
        case str():
            text = _ENCODE(value)
            return text if text.isascii() or is_encodable(text) else _ENCODE_ASCII(value)
        case list():
            return f"[{','.join(_write(item) for item in value)}]"
        case dict():
            return f"{{{','.join(f'{_write(name)}:{_write(item)}' for name, item in value.items())}}}"
        case _:
            return _ENCODE(value)


def is_encodable(text: str) -> bool:
    """Is it Unicode as UTF-8 knows it: without half a surrogate pair?"""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
