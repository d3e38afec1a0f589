"""Properties over arbitrary input: a few hundred examples in every run, ten thousand in the nightly one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

EXAMPLES = 200
NIGHTLY = 10_000


def fuzz(*positional: Any, **named: Any) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """`@given` with 200 examples; and with 10,000 under `-m slow`."""

    def decorate(test: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(NIGHTLY, marks=pytest.mark.slow)])
        def run(examples: int) -> None:
            settings(max_examples=examples, deadline=None)(given(*positional, **named)(test))()

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return decorate
