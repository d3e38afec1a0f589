"""What leaves together, behind one commit."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from inspector.core.call import CallId
from inspector.core.events import Dropped, Event
from inspector.core.json import JsonObject
from inspector.policy.ledger_memory import MemoryLedger
from inspector.proxy.connection import ClientConnection
from inspector.proxy.journal import Journal
from inspector.proxy.outbox import TURNS, Outbox

pytestmark = pytest.mark.anyio
CLIENT = cast(ClientConnection, object())  # only handed through


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Paper:
    """A recording that notes which calls had left before each of its commits."""

    def __init__(self, left: list[CallId]) -> None:
        self._left = left
        self.commits: list[int] = []

    def append(self, event: Event) -> None:
        """Nothing is said here of what is recorded."""

    def flush(self) -> Dropped | None:
        self.commits.append(len(self._left))
        return None


class Post:
    def __init__(self) -> None:
        self.left: list[CallId] = []
        self.paper = Paper(self.left)
        self.outbox = Outbox(MemoryLedger(), Journal(self.paper, lambda _: None), self._forward, self._keep_back)

    def _forward(self, _: ClientConnection, call_id: CallId, arguments: JsonObject | None) -> None:
        self.left.append(call_id)

    def _keep_back(self, _: ClientConnection, call_id: CallId, why: str) -> None:
        raise AssertionError(f"#{call_id} was kept back: {why}")

    async def one_a_turn(self, count: int) -> None:
        for number in range(count):
            self.outbox.put((CLIENT, CallId(number), None))
            await asyncio.sleep(0)

    async def all_left(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.left) < count:
                await asyncio.sleep(0)


async def test_a_call_by_itself_leaves_at_the_end_of_its_turn() -> None:
    post = Post()
    await post.one_a_turn(1)
    assert (post.left, post.paper.commits) == ([0], [0])


async def test_calls_of_one_turn_leave_in_their_order_behind_one_commit() -> None:
    post = Post()
    for number in range(5):
        post.outbox.put((CLIENT, CallId(number), None))
    await post.all_left(5)
    assert (post.left, post.paper.commits) == ([0, 1, 2, 3, 4], [0])


async def test_what_comes_turn_by_turn_shares_a_commit_and_never_waits_for_more_than_a_few_turns() -> None:
    post = Post()
    post.outbox.put((CLIENT, CallId(100), None))
    await post.one_a_turn(50)
    await post.all_left(51)
    assert post.left == [100, *range(50)]
    together = [after - before for before, after in zip(post.paper.commits, [*post.paper.commits[1:], 51], strict=True)]
    assert 1 < max(together) <= TURNS + 2
    assert len(post.paper.commits) <= 51 // 2
