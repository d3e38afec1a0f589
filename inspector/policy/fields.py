"""The leaves of a policy document: what one field may hold, said in messages that a policy author can act on.

Each check takes what the reader found and returns what the compiled policy holds, or raises `fault(…)`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic_core import PydanticCustomError

from inspector.core.json import Json, JsonObject, Number
from inspector.policy import places
from inspector.policy.compiled import MalformedError, compile_pattern, compile_schema, parse_path
from inspector.policy.model import Operator, Path
from inspector.policy.source import Blame
from inspector.policy.suggest import meant, nearest

WINDOWS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
IN_FLIGHT = "in_flight"
MAX_WINDOW = 31_536_000  # seconds: 365 days
_PIN = re.compile(r"sha256:([0-9a-fA-F]{64})")
_RATE = re.compile(r"0*([1-9][0-9]*)/(second|minute|hour|day)")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class ArgsPath:
    """A path with its text as written."""

    text: str
    segments: Path


@dataclass(frozen=True, slots=True)
class ArgumentsSchema:
    """A compiled `schema`."""

    conforms: Callable[[JsonObject], str | None]


def fault(message: str, blame: Blame = Blame.VALUE) -> PydanticCustomError:
    return PydanticCustomError(blame, message)


def kind(value: object) -> str:
    """What a value is, in the words of a policy author."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}…"'
        case int() | Number():
            return f"the number {value}"[:60]
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return type(value).__name__


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise fault(f"expected text, found {kind(value)}")
    return value


def filled(value: Any) -> str:
    if not text(value):
        raise fault("expected some text, found none")
    return str(value)


def tool_name(value: Any) -> str:
    if not text(value).strip():
        raise fault("a name must not be blank", Blame.KEY)
    return str(value)


def version(value: Any) -> str:
    if value != "1" or not isinstance(value, str):
        hint = ' in quotes: "1"' if value == 1 else ' "1"'
        raise fault(f"the version is the text{hint}, found {kind(value)}")
    return value


def word(*choices: str) -> Callable[[Any], str]:
    """A check for one of a few words, with a suggestion when another stands there."""

    def check(value: Any) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise fault(f"expected {listed(choices)}, found {kind(value)}{suggestion(value, choices)}")

    return check


def listed(choices: tuple[str, ...]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"


def suggestion(value: object, choices: tuple[str, ...]) -> str:
    close = meant(value, choices) if isinstance(value, str) else None
    return f"; did you mean {close}?" if close else ""


def missing(value: Any) -> bool:
    """`missing:` as "a missing argument is a mismatch"."""
    if value is False or value == "false":
        return False
    if value == "deny":
        return True
    raise fault(f"expected false or deny, found {kind(value)}")


def is_number(value: object) -> bool:
    return isinstance(value, (int, Number)) and not isinstance(value, bool)


def quantity(value: Any) -> Decimal:
    if not is_number(value) or value < 0:
        raise fault(f"expected a number of at least 0, found {kind(value)}")
    return value if isinstance(value, Number) else Decimal(value)


def whole(low: int, high: int | None = None) -> Callable[[Any], int]:
    """A check for an integer written without fraction or exponent; bounds are inclusive."""
    span = f"from {low} to {high}" if high is not None else f"of at least {low}"

    def check(value: Any) -> int:
        plain = isinstance(value, int) and not isinstance(value, bool)
        if not plain or value < low or (high is not None and value > high):
            raise fault(f"expected a whole number {span}, found {kind(value)}")
        return int(value)

    return check


def window(value: Any) -> int:
    """Seconds; 0 for in_flight."""
    if value == IN_FLIGHT:
        return 0
    if isinstance(value, str) and value in WINDOWS:
        return WINDOWS[value]
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_WINDOW:
        return value
    words = (*WINDOWS, IN_FLIGHT)
    raise fault(
        f"expected {', '.join(words)} or whole seconds from 1 to {MAX_WINDOW}, "
        f"found {kind(value)}{_unit_hint(value, words)}"
    )


def _unit_hint(value: object, words: tuple[str, ...], amount: str = "") -> str:
    """`min`, `hr` and `days` are nearly a window."""
    unit = value.strip().lower() if isinstance(value, str) else ""
    longer = [word for word in words if len(unit) > 1 and word.startswith(unit)]
    close = longer[0] if longer else nearest(unit, words)
    return f"; did you mean {amount}{close}?" if close else ""


def args_path(value: Any) -> ArgsPath:
    try:
        return ArgsPath(text(value), parse_path(value))
    except MalformedError as error:
        raise fault(f"{kind(value)} is no argument path: {error}") from None


def amount(value: Any) -> Decimal | ArgsPath:
    if isinstance(value, str):
        return args_path(value)
    if is_number(value):
        return quantity(value)
    raise fault(f"expected a number of at least 0 or an args.… path, found {kind(value)}")


def rate(value: str) -> dict[str, Json]:
    """`"10/minute"` → the fields of a rate limit."""
    found = _RATE.fullmatch(value)
    if found is None:
        amount, slash, unit = value.partition("/")
        hint = _unit_hint(unit, tuple(WINDOWS), amount + slash) if amount.isdecimal() and int(amount) > 0 else ""
        raise fault(f'expected a rate such as "10/minute" (per {listed(tuple(WINDOWS))}), found {kind(value)}{hint}')
    return {"max": Number(found[1]), "window": found[2]}


def pin(value: Any) -> str:
    found = _PIN.fullmatch(text(value))
    if found is None:
        raise fault(f"expected sha256: and 64 hex digits, found {kind(value)}")
    return found[1].lower()


def arguments_schema(value: Any) -> ArgumentsSchema:
    try:
        return ArgumentsSchema(compile_schema(value))
    except MalformedError as error:
        raise fault(f"not a usable JSON Schema: {error}") from None


def operand(op: Operator, value: Json) -> Json:
    """The value of a condition as its operator wants it; paths and hosts come back normalised."""
    match op:
        case Operator.EQ | Operator.NEQ | Operator.CONTAINS:
            return value
        case Operator.IN | Operator.NOT_IN:
            return _a_list(op, value)
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
            if not is_number(value):
                raise fault(f"{op} compares numbers, found {kind(value)}")
            return value
        case Operator.EXISTS:
            if not isinstance(value, bool):
                raise fault(f"exists takes true or false, found {kind(value)}")
            return value
        case Operator.REGEX:
            return _pattern(value)
        case Operator.PATH_WITHIN:
            return [_directory(item) for item in _filled_list(op, value)]
        case Operator.HOST_IN:
            return [_host(item) for item in _filled_list(op, value)]


def _a_list(op: Operator, value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise fault(f"{op} takes a list, found {kind(value)}")
    return value


def _filled_list(op: Operator, value: Json) -> list[Json]:
    if not _a_list(op, value):
        raise fault(f"{op} takes a list with at least one entry")
    return _a_list(op, value)


def _pattern(value: Json) -> Json:
    if not isinstance(value, str):
        raise fault(f"regex takes an RE2 pattern, found {kind(value)}")
    try:
        compile_pattern(value)
    except MalformedError as error:
        raise fault(f"not an RE2 pattern: {error}") from None
    return value


def _directory(value: Json) -> Json:
    if not isinstance(value, str) or not value.startswith("/"):
        raise fault(f"path_within takes absolute paths such as /srv/data, found {kind(value)}")
    return places.normalised(value) or value


def _host(value: Json) -> Json:
    if not isinstance(value, str):
        raise fault(f"host_in takes hosts such as api.example.com or *.example.com, found {kind(value)}")
    host = value.lower().removesuffix(".")
    if _HOST.fullmatch(host):
        return host
    try:
        ipaddress.IPv6Address(bare := host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise fault(
            f"{kind(value)} is no host: write api.example.com or *.example.com, without scheme or port"
        ) from None
    return bare
