"""The calls of a recording, read by need: there may be a million of them."""

from __future__ import annotations

from array import array
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from inspector.core.call import CallId
from inspector.core.views import CallView
from inspector.filters.order import Order
from inspector.filters.terms import Term


@dataclass(frozen=True, slots=True)
class Found:
    """A part of an answer, in an array of "I".

    In a plain order `positions` are those of the next older calls that match, the oldest first, however the order goes.
    In any other they are what stands at the top so far: each part takes the place of the one before.
    """

    positions: array[int] = field(default_factory=lambda: array("I"))
    share: float = 1.0  # of the calls that have been looked at; 1 in the last part


class Archive(Protocol):
    """By position: 0 … len-1, in the order of arrival. What is there does not change, but an older recording is read
    beside the screen, and grows until `share` is 1."""

    def __len__(self) -> int: ...

    @property
    def share(self) -> float: ...

    def at(self, position: int) -> CallView | None:
        """Reads a page of rows at most: quick enough to be drawn with."""
        ...

    def position(self, call_id: CallId) -> int | None: ...

    def search(self, term: Term | None, order: Order) -> AsyncGenerator[Found, None]:
        """The first of what is found at once, while the rest is looked for in a thread. Close the iterator to end it.

        Raises ConfigError: the recording is damaged.
        """
        ...
