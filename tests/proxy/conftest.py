"""Both event loops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """Runs an async test on both event loops, for at most 20 s."""

    def runner(test: Callable[[], Awaitable[None]]) -> None:
        async def bounded() -> None:
            with anyio.fail_after(20):
                await test()

        anyio.run(bounded, backend_options={"use_uvloop": request.param == "uvloop"})

    return runner
