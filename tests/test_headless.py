"""Lines on stdout."""

from __future__ import annotations

import asyncio
import io

import pytest

from inspector.headless import Lines

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Out(io.StringIO):
    """Counts how often it was written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


async def test_the_lines_of_one_turn_are_written_in_one_piece_and_in_their_order() -> None:
    out = Out()
    lines = Lines(out)
    for word in ("allow", "deny", "hold"):
        lines.add(word)
    await asyncio.sleep(0)
    lines.add("gone")
    await asyncio.sleep(0)
    assert (out.getvalue(), out.writes) == ("allow\ndeny\nhold\ngone\n", 2)


async def test_what_was_said_in_the_last_turn_of_a_run_is_not_lost() -> None:
    out = Out()
    lines = Lines(out)
    lines.add("allow")
    lines.flush()
    await asyncio.sleep(0)
    assert out.getvalue() == "allow\n"
