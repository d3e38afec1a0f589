"""An error of ours outside of any task ends the run."""

from __future__ import annotations

import anyio
import pytest

from inspector.proxy.own_errors import EndingTheRun

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_is_raised_in_the_block_comes_out_of_the_group() -> None:
    went_on = False
    with pytest.RaisesGroup(LookupError):
        async with anyio.create_task_group() as tasks:
            with EndingTheRun(tasks):
                raise LookupError("ours")
            went_on = True
            await anyio.sleep(20)
    assert went_on


async def test_a_block_that_goes_well_ends_nothing() -> None:
    async with anyio.create_task_group() as tasks:
        with EndingTheRun(tasks):
            pass
