"""JSON values compared exactly, as `docs/policy.md` (conditions) asks.

Python's own `==` is a little too generous: it holds `True` equal to `1`. Everything else it does exactly, between `int`
and `Decimal` too, and in C; so it decides "different" here, and only an "equal" is looked at again.
"""

from __future__ import annotations

import hashlib
from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
)
from enum import Enum
from json import JSONEncoder
from math import nan
from typing import TypeGuard

from inspector.core.json import Json, JsonObject

# The largest double has 309 digits before the point. Adding amounts of such a size never needs more digits than this,
# and what would need more raises instead of being rounded.
EXACT = Context(prec=4000, traps=[Inexact, Rounded, Overflow, InvalidOperation, DivisionByZero])
USABLE_EXPONENT = 1000

_ANY = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)  # room for any number
_INT_DIGITS = 18


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
    """SHA-256 of the arguments, hex. Arguments that are `equal` have one digest.

    Whole numbers are `int` up to 18 digits, as `core.json.parse_int` reads them.
    """
    others: list[str] = []

    def spelled(number: Decimal) -> int | float:
        shortest = _ANY.normalize(number)
        if shortest.adjusted() < _INT_DIGITS and shortest == shortest.to_integral_value():
            return int(shortest)
        others.append(str(shortest))
        return nan  # "NaN" is no client's: so each stands for the next one of the others

    encoder = JSONEncoder(sort_keys=True, check_circular=False, separators=(",", ":"), default=spelled)
    text = ";".join([encoder.encode(arguments), *others])
    return hashlib.sha256(text.encode()).hexdigest()
