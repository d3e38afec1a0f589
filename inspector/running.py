"""A main coroutine from its first to its last turn of the event loop, and how it comes out."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from inspector.core.errors import InspectError

SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def on_a_loop(main: Callable[..., Awaitable[int]], *arguments: object) -> int:
    """Run to the end. An error that a person should see comes out of its task groups as itself."""
    try:
        return anyio.run(main, *arguments, backend_options={"use_uvloop": sys.platform != "win32"})
    except BaseExceptionGroup as group:
        seen = group.subgroup(InspectError)
        if seen is None:
            raise
        raise _first(seen) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
