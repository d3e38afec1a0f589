"""JSON values whose numbers keep their exact text.

The wire judges what it sends, so a number must survive parse and dump unchanged: `1.00` stays `1.00`, and
`12345678901234567890` stays itself. Integers of up to 18 digits are plain `int`; every other number is a `Number`.
"""

from __future__ import annotations

from decimal import Decimal
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
