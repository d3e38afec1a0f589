"""`fact`: a frozen, slotted dataclass, frozen by the type checker alone.

A dataclass that is frozen at run time sets each of its fields through a call; a `tools/call` makes some seventy facts
on its way, and the calls for their fields took a tenth of the proxy's time. Written like `dataclass`, which it is to
the type checker:

    @fact(frozen=True, slots=True)
    class Forwarded: ...

At run time fields are simply set, equality and hash go by value, and whoever assigns to one has ignored an error.

Facts have slots, but for those that stand in a recorded event: what writes them as JSON (orjson) takes a `__dict__` as
it is, and for slots five times as long, which was a twentieth of the proxy's time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

__all__ = ["fact"]

_Fact = TypeVar("_Fact")

if TYPE_CHECKING:
    from dataclasses import dataclass as fact
else:

    def fact(*, frozen: Literal[True], slots: bool = False) -> Callable[[type[_Fact]], type[_Fact]]:
        return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)
