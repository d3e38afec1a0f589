"""What fields of one object say together, as JSON Schema: for editors. The loader has its own words for the same."""

from __future__ import annotations

from typing import Final

from pydantic.config import JsonDict

from inspector.policy.model import Operator

PATH: Final = {"type": "string", "pattern": r"^args(\.(\*|([^\\.*]|\\[\\.*])+))+$"}
QUANTITY: Final = {"type": "number", "minimum": 0}
OWN_KEYS: Final[JsonDict] = {"patternProperties": {"^x-": {}}}  # in every object: keys of the author's own

_OPERANDS: Final[dict[tuple[Operator, ...], JsonDict]] = {
    (Operator.IN, Operator.NOT_IN): {"type": "array"},
    (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE): {"type": "number"},
    (Operator.REGEX,): {"type": "string", "maxLength": 1000},
    (Operator.EXISTS,): {"type": "boolean"},
    (Operator.PATH_WITHIN,): {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^/"}},
    (Operator.HOST_IN,): {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "string",
            "pattern": r"^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$|^\[?[0-9A-Fa-f:.]*:[^/]*$",
        },
    },
}
_AMOUNTS: Final = ("amount", "increment", "increment_from")


def _given(key: str, *words: str) -> JsonDict:
    return {"required": [key], **({"properties": {key: {"enum": [*words]}}} if words else {})}


def _without(*keys: str) -> JsonDict:
    return {"properties": dict.fromkeys(keys, False)}


CONDITION: Final[JsonDict] = {
    **OWN_KEYS,
    "allOf": [
        {"if": _given("op", *(str(op) for op in ops)), "then": {"properties": {"value": value}}}
        for ops, value in _OPERANDS.items()
    ],
}
LIMIT: Final[JsonDict] = {
    **OWN_KEYS,
    "allOf": [
        {"if": _given("window", "in_flight"), "then": _without(*_AMOUNTS, "algorithm")},
        {"if": _given("amount"), "then": _without("increment", "increment_from")},
        {"if": _given("increment"), "then": _without("increment_from")},
    ],
}
