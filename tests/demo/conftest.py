from __future__ import annotations

import pytest

from inspector.demo.world import World


class TestTime:
    """A clock that only moves when somebody sleeps or the test says so."""

    __test__ = False

    def __init__(self) -> None:
        self.at = 1_795_000_000.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds

    def pass_by(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def time() -> TestTime:
    return TestTime()


@pytest.fixture
def world(time: TestTime) -> World:
    return World(time)
