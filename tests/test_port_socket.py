"""The port between two processes: what crosses, what need not, and the other end's death."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, get_args

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record.event_samples import any_event, runs

from inspector.core.call import CallId
from inspector.core.commands import Command, CommandResult, Deny, Done, Inspect, Rejected, WhatIf
from inspector.core.errors import ConfigError, InspectError
from inspector.core.views import Port, Views
from inspector.port_socket import EngineGoneError, RemotePort, answer, channel
from inspector.store import Store

COMMANDS: tuple[type, ...] = get_args(Command)
RESULTS: tuple[type, ...] = get_args(CommandResult)
PATIENCE = 10.0  # seconds


class StorePort(Port):
    """A store's views. What becomes of a wish is for `carry_out` to say."""

    def __init__(self, store: Store, carry_out: Callable[[Command], Awaitable[CommandResult]] | None = None) -> None:
        self._store = store
        self._carry_out = carry_out

    async def views(self, since: int) -> Views:
        return self._store.views(since, 1_000_000.0)

    async def command(self, command: Command) -> CommandResult:
        assert self._carry_out is not None
        return await self._carry_out(command)


@asynccontextmanager
async def connected(port: Port) -> AsyncIterator[RemotePort]:
    """The far side of a port; both ends run on this loop."""
    ours, theirs = map(channel, socket.socketpair())
    near, far = await ours, await theirs
    remote = RemotePort(far)
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answer, port, near)
            tasks.start_soon(remote.listen)
            yield remote
            far.close()
    near.close()


@settings(max_examples=60, deadline=None)
@given(runs(), st.data())
def test_the_far_side_sees_the_views_of_the_near_one_whenever_it_looks(events: list[Any], data: st.DataObject) -> None:
    async def test() -> None:
        store = Store()
        async with connected(StorePort(store)) as remote:
            since = 0
            for event in events:
                store.fold(event)
                if data.draw(st.booleans()):
                    seen = await remote.views(since)
                    assert seen == store.views(since, 1_000_000.0)
                    since = data.draw(st.sampled_from([0, seen.version]))

    anyio.run(test)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(COMMANDS).flatmap(any_event), st.sampled_from(RESULTS).flatmap(any_event))
def test_every_wish_and_every_answer_cross_as_they_are(wish: Any, said: Any) -> None:
    heard: list[Command] = []

    async def carry_out(command: Command) -> CommandResult:
        heard.append(command)
        result: CommandResult = said
        return result

    async def test() -> None:
        async with connected(StorePort(Store(), carry_out)) as remote:
            assert await remote.command(wish) == said

    anyio.run(test)
    assert heard == [wish]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


async def test_of_many_wishes_each_has_its_own_answer_whichever_comes_first() -> None:
    last = anyio.Event()

    async def carry_out(command: Command) -> CommandResult:
        assert isinstance(command, Deny)
        if command.call_id == 9:
            last.set()
        await last.wait()
        return Rejected(f"#{command.call_id}")

    said: dict[int, CommandResult] = {}
    async with connected(StorePort(Store(), carry_out)) as remote, anyio.create_task_group() as tasks:

        async def ask(number: int) -> None:
            said[number] = await remote.command(Deny(CallId(number)))

        for number in range(10):
            tasks.start_soon(ask, number)
    assert said == {number: Rejected(f"#{number}") for number in range(10)}


async def test_views_come_while_a_wish_takes_its_time_and_who_wants_it_no_more_ends_it() -> None:
    begun, ended = anyio.Event(), anyio.Event()

    async def carry_out(_: Command) -> CommandResult:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()
        return Done()

    async with connected(StorePort(Store(), carry_out)) as remote, anyio.create_task_group() as tasks:
        tasks.start_soon(remote.command, WhatIf("{}"))
        await begun.wait()
        assert (await remote.views(0)).version == 0
        assert not ended.is_set()
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await ended.wait()


async def test_what_the_port_cannot_do_is_said_on_the_far_side() -> None:
    async def carry_out(_: Command) -> CommandResult:
        raise ConfigError("the recording is damaged")

    async with connected(StorePort(Store(), carry_out)) as remote:
        with pytest.raises(InspectError, match="the recording is damaged"):
            await remote.command(Inspect(CallId(1)))
        assert (await remote.views(0)).version == 0


async def test_megabytes_cross_in_both_directions() -> None:
    text = "x" * (12 << 20)

    async def carry_out(command: Command) -> CommandResult:
        assert command == WhatIf(text)
        return Rejected(text)

    async with connected(StorePort(Store(), carry_out)) as remote:
        assert await remote.command(WhatIf(text)) == Rejected(text)


async def test_when_the_engine_is_gone_every_question_says_so() -> None:
    near, far = socket.socketpair()
    remote = RemotePort(await channel(far))
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:

            async def ask() -> None:
                with pytest.raises(EngineGoneError):
                    await remote.views(0)

            tasks.start_soon(ask)  # before
            await anyio.wait_readable(near)
            near.close()
            await remote.listen()  # returns
    assert remote.gone
    with pytest.raises(EngineGoneError, match="the engine has ended"):  # after
        await remote.command(Inspect(CallId(1)))
