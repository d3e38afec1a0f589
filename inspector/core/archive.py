"""The calls of a recording, read by need: there may be a million of them."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from inspector.core.call import CallId
from inspector.core.views import CallView


@dataclass(frozen=True, slots=True)
class Found:
    """A part of an answer. `positions` (array of "I") are the next older ones that match, the oldest first; or, when an
    order was asked for, what stands at the top so far, in that order: each part takes the place of the one before."""

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

    def search(self, filter_text: str, order: str, descending: bool) -> AsyncIterator[Found]:
        """The newest first, and the first of them at once, while the rest is looked for in a thread. Leave the loop to
        end it. `filter_text` is one that parses, or empty; `order` is a word of `filters.order.Sort`."""
        ...
