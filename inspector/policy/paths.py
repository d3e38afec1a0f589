"""Where a path leads in the arguments of a call.

resolve          all values, however many lie on the way
resolve_within   the same, or nothing at all when there are more than somebody wants to judge
is_anywhere      whether there is a value that is not null: exact, and quick even in megabytes of brackets
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain, islice
from operator import is_not
from typing import Final

from inspector.core.fact import fact
from inspector.core.json import Json, JsonObject
from inspector.policy.model import Path, Star, is_index
from inspector.policy.text_search import is_in_text

MAX_ON_THE_WAY: Final = 60_000  # values that one condition looks at on its way to those that it judges
MAX_WALKED: Final = 5_000  # for `is_anywhere`, before it reads the text instead

is_there = partial(is_not, None)


@fact(frozen=True, slots=True)
class Presence:
    """Whether a path leads to a value that is not null, and that value where it was seen."""

    found: bool
    value: Json = None


_ABSENT: Final = Presence(False)


def resolve(path: Path, arguments: JsonObject) -> Sequence[Json]:
    """All values at a path, nulls included; nothing where it leads nowhere."""
    values: Sequence[Json] = (arguments,)
    for segment in path:
        values = list(items_of(values)) if isinstance(segment, Star) else _named(values, segment)
        if not values:
            break
    return values


def resolve_within(
    path: Path, arguments: JsonObject, most: int, on_the_way: int = MAX_ON_THE_WAY
) -> Sequence[Json] | None:
    """As `resolve`; None when there are more than `most` values, or more than `on_the_way` before the last segment."""
    values: Sequence[Json] = (arguments,)
    room = on_the_way + 1  # the arguments themselves
    for left, segment in zip(range(len(path) - 1, -1, -1), path, strict=True):
        room -= len(values)
        if room < 0:
            return None
        if isinstance(segment, Star):
            values = list(islice(items_of(values), (room if left else most) + 1))
        else:
            values = _named(values, segment)
        if not values:
            return values
    return values if len(values) <= most else None


def is_anywhere(path: Path, arguments: JsonObject) -> Presence:
    """Is a value that is not null at a path? Of many, the first.

    Where more values lie on the way than can be looked at one by one, their text is searched: at a few nanoseconds a
    byte, while each of two million lists costs fifty. What is found there has no `value`.
    """
    holders = resolve_within(path[:-1], arguments, MAX_WALKED, MAX_WALKED)
    if holders is not None:
        last = path[-1]
        some = list(islice(items_of(holders), MAX_WALKED)) if isinstance(last, Star) else _named(holders, last)
        value = next(filter(is_there, some), None)
        if value is not None:
            return Presence(True, value)
        if len(some) < MAX_WALKED:
            return _ABSENT
    first = next(at for at, segment in enumerate(path) if isinstance(segment, Star))
    (base,) = resolve(path[:first], arguments)
    found = is_in_text(path[first:], base)
    return Presence(any(map(is_there, resolve(path, arguments))) if found is None else found)


def is_larger(value: Json, most: int) -> bool:
    """Is it made of more than `most` values, itself included? Looks at no more than that."""
    level: list[Json] = [value]
    seen = 0
    while level and seen <= most:
        seen += len(level)
        level = list(islice(items_of(level), most))
    return seen > most


def items_of(values: Iterable[Json]) -> Iterable[Json]:
    """The elements of the arrays and the values of the objects among them."""
    # One by one: a list of a hundred thousand views would send the garbage collector through all of the heap.
    return chain.from_iterable(
        value if isinstance(value, list) else value.values()
        for value in values
        if value and isinstance(value, list | dict)
    )


def _named(values: Sequence[Json], segment: str) -> Sequence[Json]:
    if len(values) == 1:
        return _step(values[0], segment)
    if is_index(segment):
        return [item for value in values for item in _step(value, segment)]
    return [value[segment] for value in values if isinstance(value, dict) and segment in value]


def _step(value: Json, segment: str) -> Sequence[Json]:
    if isinstance(value, dict):
        return (value[segment],) if segment in value else ()
    if isinstance(value, list) and is_index(segment) and int(segment) < len(value):
        return (value[int(segment)],)
    return ()
