"""The policy's file, watched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from inspector.core.events import Event
from inspector.policy.model import Policy
from inspector.proxy import watch
from inspector.proxy.watch import PolicyFile

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_watching_ends_when_it_is_cancelled_while_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text('version: "1"\ndefault: allow\n')
    loaded: list[tuple[Policy, str]] = []
    events: list[Event] = []
    taken = anyio.Event()

    def in_force(policy: Policy, origin: str) -> None:
        loaded.append((policy, origin))
        if origin == "outside":
            taken.set()

    file = PolicyFile(path, save_as=path, in_force=in_force, emit=events.append, clock=lambda: 0.0)
    assert file.start() == ()
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(file.watch)
            number = 0
            while not taken.is_set():  # the watcher starts in its own time
                number += 1
                path.write_text(f'version: "1"\ndefault: deny # {number}\n')
                with anyio.move_on_after(0.3):
                    await taken.wait()
            await anyio.wait_all_tasks_blocked()  # it waits for the next change by now
            tasks.cancel_scope.cancel()  # and lets go of it
    assert [origin for _, origin in loaded][:2] == ["start", "outside"]


async def test_the_thread_that_waits_for_changes_is_told_of_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cancellation reaches it: untold, it would keep the run from ending for seconds."""
    told: list[anyio.Event] = []

    async def waits_for_ever(*_: object, stop_event: anyio.Event, **__: object) -> AsyncIterator[set[object]]:
        told.append(stop_event)
        await anyio.sleep_forever()
        yield set()

    monkeypatch.setattr(watch, "awatch", waits_for_ever)
    path = tmp_path / "policy.yaml"
    path.write_text('version: "1"\ndefault: allow\n')
    file = PolicyFile(path, save_as=path, in_force=lambda *_: None, emit=lambda _: None, clock=lambda: 0.0)
    assert file.start() == ()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file.watch)
        await anyio.wait_all_tasks_blocked()
        assert not told[0].is_set()
        tasks.cancel_scope.cancel()
    assert told[0].is_set()
