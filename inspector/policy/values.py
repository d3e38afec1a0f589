"""JSON values compared exactly, as `docs/policy.md` (conditions) asks.

Python's own `==` is a little too generous: it holds `True` equal to `1`. Everything else it does exactly, between `int`
and `Decimal` too, and in C; so it decides "different" here, and only an "equal" is looked at again.
"""

from __future__ import annotations

import hashlib
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, Rounded
from enum import Enum
from typing import TypeGuard

from inspector.core.json import Json, JsonObject

# The largest double has 309 digits before the point. Adding amounts of such a size never needs more digits than this,
# and what would need more raises instead of being rounded.
EXACT = Context(prec=4000, traps=[Inexact, Rounded, Overflow, InvalidOperation, DivisionByZero])
USABLE_EXPONENT = 1000


class Kind(Enum):
    """The six types of JSON."""

    __hash__ = object.__hash__  # an enum's own is a call of Python's: a tenth of what a value of a fan-out may cost

    NULL = "null"
    BOOLEAN = "boolean"
    NUMBER = "number"
    STRING = "string"
    ARRAY = "array"
    OBJECT = "object"


KINDS: dict[type, Kind] = {
    type(None): Kind.NULL,
    bool: Kind.BOOLEAN,
    int: Kind.NUMBER,
    str: Kind.STRING,
    list: Kind.ARRAY,
    dict: Kind.OBJECT,
}
"""Of every type but those of numbers that keep their text."""


def kind(value: Json) -> Kind:
    """The JSON type of a value; every `Decimal` is a number."""
    return KINDS.get(type(value), Kind.NUMBER)


def is_number(value: Json | Decimal) -> TypeGuard[int | Decimal]:
    """A boolean is none."""
    return value.__class__ is int or isinstance(value, Decimal)


def extent(value: Json) -> int:
    """How many values it is made of, itself included."""
    if not isinstance(value, list | dict):
        return 1
    return 1 + sum(map(extent, value.values() if isinstance(value, dict) else value))


def equal(left: Json, right: Json) -> bool:
    """Deep equality: `1` equals `1.0`, `true` does not equal `1`."""
    return left == right and _same_kinds(left, right)


def _same_kinds(left: Json, right: Json) -> bool:
    """For two values that Python holds equal, and so of one shape: is every boolean matched by a boolean?"""
    if isinstance(left, list) and isinstance(right, list):
        return all(map(_same_kinds, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return all(_same_kinds(value, right[key]) for key, value in left.items())
    return (left.__class__ is bool) is (right.__class__ is bool)


def usable_amount(value: Json | Decimal) -> Decimal | None:
    """The amount that an argument stands for; None when it is no number, negative, or of an absurd exponent.

    `1e-999999999` is a number of three digits, and adding 1 to it would take a gigabyte.
    """
    if not is_number(value) or value < 0:
        return None
    amount = Decimal(value)
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > USABLE_EXPONENT or amount.adjusted() > USABLE_EXPONENT:
        return None
    return amount


def digest(arguments: JsonObject) -> str:
    """SHA-256 of the arguments, hex. Arguments that are `equal` have one digest."""
    parts: list[str] = []
    _spell(arguments, parts)
    return hashlib.sha256("".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _spell(value: Json, out: list[str]) -> None:
    """Append an unambiguous text: strings carry their length, numbers are reduced to one spelling."""
    match value:
        case None | bool():
            out.append(f"{value};")
        case int() | Decimal():
            out.append(f"n{_reduced(value)};")
        case str():
            out.append(f"s{len(value)}:{value}")
        case list():
            out.append(f"[{len(value)}:")
            for item in value:
                _spell(item, out)
        case _:
            out.append(f"{{{len(value)}:")
            for key in sorted(value):
                out.append(f"s{len(key)}:{key}")
                _spell(value[key], out)


def _reduced(number: int | Decimal) -> str:
    """One spelling for equal numbers: digits without trailing zeros, and the exponent that they then have."""
    sign, digits, exponent = Decimal(number).as_tuple()
    kept = "".join(map(str, digits)).rstrip("0")
    if not kept or not isinstance(exponent, int):
        return "0"
    return f"{'-' if sign else ''}{kept}e{exponent + len(digits) - len(kept)}"
