"""The conditions of docs/policy.md read plainly: slow, without bounds, and written without a look at the engine."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

Three = bool | None  # None is a mismatch


def holds(predicate: dict[str, Any], args: Any, *, every: bool) -> Three:
    """A predicate in either form: any false is false, else any mismatch is one."""
    results = [judged(one, args, every=every) for one in predicate.get("conditions", [predicate])]
    return False if False in results else None if None in results else True


def judged(condition: dict[str, Any], args: Any, *, every: bool) -> Three:
    """One condition, over all values of its path."""
    op, expected = condition["op"], condition["value"]
    values = list(values_at(condition["path"].split(".")[1:], args))
    inner = expected.values() if isinstance(expected, dict) else expected if isinstance(expected, list) else [expected]
    nulls_count = op in ("eq", "neq", "in", "not_in") and any(item is None for item in inner)
    present = [value for value in values if value is not None]
    if op == "exists":
        return bool(present) is expected
    seen = values if nulls_count else present
    if not seen:
        return None if condition.get("missing") == "deny" else False
    results = [OPERATORS[op](value, expected) for value in seen]
    decisive = not every
    return decisive if decisive in results else None if None in results else every


def values_at(segments: list[str], value: Any) -> Iterator[Any]:
    """Everything that lies at a path."""
    if not segments:
        yield value
        return
    first, rest = segments[0], segments[1:]
    if isinstance(value, dict):
        inner = list(value.values()) if first == "*" else [value[first]] if first in value else []
    elif isinstance(value, list):
        inner = value if first == "*" else [item for at, item in enumerate(value) if str(at) == first]
    else:
        inner = []
    for item in inner:
        yield from values_at(rest, item)


def is_equal(left: Any, right: Any) -> bool:
    """Of one type and alike, all the way down."""
    if kind(left) != kind(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(is_equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(is_equal(left[key], right[key]) for key in left)
    return bool(left == right)


def kind(value: Any) -> str:
    """The JSON type."""
    names = {bool: "boolean", int: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else "number" if isinstance(value, Decimal) else names[type(value)]


def eq(value: Any, expected: Any) -> Three:
    if expected is None:
        return value is None
    return is_equal(value, expected) if kind(value) == kind(expected) else None


def is_in(value: Any, options: list[Any]) -> Three:
    if options and kind(value) not in map(kind, options):
        return None
    return any(is_equal(value, option) for option in options)


def compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Three]:
    return lambda value, bound: compare(value, bound) if kind(value) == "number" else None


def matches(value: Any, pattern: str) -> Three:
    return re.search(pattern, value) is not None if isinstance(value, str) else None


def contains(value: Any, wanted: Any) -> Three:
    if isinstance(value, str):
        return wanted in value if isinstance(wanted, str) else None
    return any(is_equal(item, wanted) for item in value) if isinstance(value, list) else None


def path_within(value: Any, bases: list[str]) -> Three:
    path = normal(value)
    if path is None:
        return None
    return any(path[: len(base)] == base for base in map(normal, bases) if base is not None)


def normal(path: Any) -> list[str] | None:
    """The names on an absolute path; None for what cannot be judged."""
    if not isinstance(path, str) or path[:1] != "/" or re.search(r"[\\%\x00-\x1f\x7f-\x9f]", path):
        return None
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    return names


def host_in(value: Any, patterns: list[str]) -> Three:
    host = host_of(value)
    if host is None:
        return None
    for pattern in patterns:
        wanted = pattern.lower().removesuffix(".")
        if host == wanted or (wanted.startswith("*.") and host.endswith(wanted[1:]) and host != wanted[1:]):
            return True
    return False


def host_of(url: Any) -> str | None:
    if not isinstance(url, str) or re.search(r"[^\x21-\x7e]|\\", url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or "%" in parts.netloc or not parts.hostname:
        return None
    host = parts.hostname.removesuffix(".")
    if ":" in host:
        return str(ipaddress.IPv6Address(host))
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.split(".")[-1]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return None
    return host or None


def negated(test: Callable[[Any, Any], Three]) -> Callable[[Any, Any], Three]:
    def opposite(value: Any, expected: Any) -> Three:
        said = test(value, expected)
        return None if said is None else not said

    return opposite


OPERATORS: dict[str, Callable[[Any, Any], Three]] = {
    "eq": eq,
    "neq": negated(eq),
    "in": is_in,
    "not_in": negated(is_in),
    "lt": compared(lambda a, b: a < b),
    "lte": compared(lambda a, b: a <= b),
    "gt": compared(lambda a, b: a > b),
    "gte": compared(lambda a, b: a >= b),
    "regex": matches,
    "contains": contains,
    "path_within": path_within,
    "host_in": host_in,
}
