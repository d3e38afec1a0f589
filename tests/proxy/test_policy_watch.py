"""The policy's file, watched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from inspector.core.commands import Done
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


def policy_text(tools: int) -> str:
    entries = "\n".join(f"  tool_{n}: {{deny_if: [{{path: args.x, op: eq, value: {n}}}]}}" for n in range(tools))
    return f'version: "1"\ndefault: allow\ntools:\n{entries}\n'


async def test_saves_are_read_beside_the_loop_and_take_effect_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(policy_text(1))
    loaded: list[str] = []
    file = PolicyFile(
        path, save_as=path, in_force=lambda policy, _: loaded.append(policy.text), emit=print, clock=lambda: 0.0
    )
    file.start()
    texts = [policy_text(tools) for tools in (1500, 2, 700, 3)]  # what is read longest comes first
    turns = [0]

    async def save(text: str) -> None:
        assert isinstance(await file.save(text, "", overwrite=True), Done)
        turns.append(0)

    async def count() -> None:
        while True:
            turns[-1] += 1
            await anyio.sleep(0)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count)
            async with anyio.create_task_group() as saves:
                for text in texts:
                    saves.start_soon(save, text)
            tasks.cancel_scope.cancel()
    assert loaded[1:] == texts
    assert path.read_text() == texts[-1]
    assert turns[0] > 10  # of the loop, while the first was read


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
