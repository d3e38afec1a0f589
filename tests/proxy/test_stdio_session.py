"""Stdio clients before the real driver: what a person holds, and what becomes of it when the client goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import http_rig
import pytest
from stdio_rig import Peer, hello, request

from inspector.core.events import Decided, Held, HoldEnded, UpstreamChanged, UpstreamState
from inspector.core.holds import HoldEnd, Resolution
from inspector.proxy.front_stdio import StdioFront

ASK = 'version: "1"\ndefault: allow\ntools:\n  pay: {action: approve, reason: "money"}\n'


@asynccontextmanager
async def attached(folder: Path) -> AsyncIterator[tuple[http_rig.Rig, Peer]]:
    folder.chmod(0o700)
    async with http_rig.running(folder, http_rig.tiny(folder), policy=ASK) as rig, anyio.create_task_group() as tasks:

        def adopt(*_: Any) -> str:
            raise AssertionError("no command was brought")

        async with StdioFront(rig.driver, tasks=tasks, adopt=adopt, hide=lambda _: None).listen(folder / "s.sock"):
            peer = Peer(await anyio.connect_unix(str(folder / "s.sock")))
            await peer.say(hello(name="up", grant="agent"))
            assert await peer.hear() == {"ok": True}
            yield rig, peer
        tasks.cancel_scope.cancel()


async def hold(rig: http_rig.Rig, peer: Peer) -> Held:
    await peer.say(request("tools/call", 1, name="pay", arguments={"amount": 7}))
    await rig.until(lambda: bool(rig.seen(Held)))
    held: Held = rig.seen(Held)[0]
    return held


def gone(rig: http_rig.Rig) -> bool:
    return any(change.state is UpstreamState.EXITED for change in rig.seen(UpstreamChanged))


def test_a_held_call_goes_when_a_person_says_so(run: Any, home: Path) -> None:
    async def test() -> None:
        async with attached(home) as (rig, peer):
            held = await hold(rig, peer)
            assert [call for call in rig.received() if call.get("method") == "tools/call"] == []
            assert rig.driver.resolve(held.hold.call_id, Resolution(approve=True))
            assert (await peer.hear())["id"] == 1
            assert rig.seen(Decided)[0].decision.server == "up"

    run(test)


@pytest.mark.parametrize("leaves", ["vanishes", "closes its stdin"])
def test_a_held_call_is_withdrawn_with_its_client_and_never_runs(run: Any, home: Path, leaves: str) -> None:
    async def test() -> None:
        async with attached(home) as (rig, peer):
            held = await hold(rig, peer)
            if leaves == "vanishes":
                await peer.stream.aclose()
            else:
                await peer.stream.send_eof()
            await rig.until(lambda: bool(rig.seen(HoldEnded)))
            assert rig.seen(HoldEnded)[0].end is HoldEnd.WITHDRAWN
            assert not rig.driver.resolve(held.hold.call_id, Resolution(approve=True))
            await rig.until(lambda: gone(rig))
            assert rig.forwarded() == 0

    run(test)
