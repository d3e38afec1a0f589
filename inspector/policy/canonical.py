"""RFC 8785 (JSON Canonicalization Scheme): one text for equal documents, so that a hash of it can be pinned."""

from __future__ import annotations

import json
from decimal import Decimal
from math import isfinite

from inspector.core.json import Json


def canonical(value: Json) -> bytes:
    """The canonical UTF-8 text. Raises ValueError for what I-JSON cannot say: half a surrogate, an infinite double."""
    out: list[str] = []
    _write(value, out)
    return "".join(out).encode()


def _write(value: Json, out: list[str]) -> None:
    match value:
        case None:
            out.append("null")
        case bool():
            out.append("true" if value else "false")
        case int() | Decimal():
            out.append(_number(value))
        case str():
            out.append(json.dumps(value, ensure_ascii=False))
        case list():
            out.append("[")
            for index, item in enumerate(value):
                out.append("," if index else "")
                _write(item, out)
            out.append("]")
        case _:
            out.append("{")
            # The keys are sorted by their UTF-16 code units: an emoji comes before U+FFFF.
            for index, key in enumerate(sorted(value, key=lambda key: key.encode("utf-16-be"))):
                out.append(("," if index else "") + json.dumps(key, ensure_ascii=False) + ":")
                _write(value[key], out)
            out.append("}")


def _number(number: int | Decimal) -> str:
    """As ECMAScript writes the double: the shortest digits, with an exponent from 1e21 up and from 1e-7 down."""
    try:
        double = float(number)
    except OverflowError as error:
        raise ValueError("the number is larger than any double") from error
    if not isfinite(double):
        raise ValueError("the number is larger than any double")
    if double == 0:
        return "0"
    sign = "-" if double < 0 else ""
    mantissa, _, exponent_text = f"{abs(double)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent_text or 0)
    raw = whole + fraction
    digits = raw.lstrip("0")
    point -= len(raw) - len(digits)
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """The digits with the decimal point after `point` of them."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = point - 1
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{mantissa}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"
