"""Where a path leads in the arguments of a call.

resolve          all values, however many lie on the way
resolve_within   the same, or nothing at all when there are more than somebody wants to judge
is_anywhere      whether there is a value that is not null: quick even in megabytes of brackets
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, islice
from operator import is_not
from typing import Final

from inspector.core.fact import fact
from inspector.core.json import Json, JsonObject
from inspector.policy.model import Path, Star, is_index

MAX_ON_THE_WAY: Final = 60_000  # values that one condition looks at on its way to those that it judges
MAX_WALKED: Final = 5_000  # for `is_anywhere`, before it reads their text instead
MAX_WALKED_AFTER: Final = 20_000  # when the text could not tell

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


def is_anywhere(path: Path, arguments: JsonObject, reads: Callable[[], bool | None] = lambda: None) -> Presence | None:
    """Is a value that is not null at a path? Of many, the first. None when neither a walk nor the text can tell.

    `reads` asks the text of these arguments. That is done where more values lie on the way than can be looked at one by
    one: it takes a few nanoseconds a byte, while each of two million lists costs fifty. What it finds has no `value`.
    """
    walked = _walked(path, arguments, MAX_WALKED)
    if walked is not None:
        return walked
    found = reads()
    return Presence(found) if found is not None else _walked(path, arguments, MAX_WALKED_AFTER)


def _walked(path: Path, arguments: JsonObject, most: int) -> Presence | None:
    """None when more than `most` values lie on the way, or at its end where those first ones are all null."""
    holders = resolve_within(path[:-1], arguments, most, most)
    if holders is None:
        return None
    last = path[-1]
    some = list(islice(items_of(holders), most + 1)) if isinstance(last, Star) else _named(holders, last)
    value = next(filter(is_there, some), None)
    if value is not None:
        return Presence(True, value)
    return _ABSENT if len(some) <= most else None


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
