"""Scripted agents that use the demo server through the proxy: `python -m inspector.demo.agent URL`.

They go on until they are cancelled: when the proxy or the server behind it goes away they wait and come back.
As a process they end with the process that started them, so that an app that was killed leaves none behind.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random

import anyio
import httpx2
from mcp import Client, MCPError
from mcp_types import Implementation

from inspector import __version__
from inspector.demo import URL_VARIABLE
from inspector.demo.hands import Hands
from inspector.demo.scenes import CAST, Part, Scene

_COMES_BACK_AFTER = (0.5, 1.0, 2.0, 4.0)  # seconds, the last one for good
_LOOKS_FOR_PARENT_EVERY = 1.0
_PATIENCE = 8  # pauses that an agent gives an errand before it begins another beside it
# The SDK's client lets what its HTTP library raises through as it is.
_CONNECTION_LOST = (
    MCPError,
    OSError,
    TimeoutError,
    httpx2.HTTPError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
)


async def run_agent(url: str, *, seed: int = 0, part: Part = CAST[0], pace: float = 1.0) -> None:
    """Be one agent at the Streamable HTTP endpoint `url`, until cancelled.

    The same `seed` rolls the same dice. `pace` above 1 makes it faster.
    """
    rng = random.Random(f"{seed}/{part.name}")  # noqa: S311 - errands, not secrets
    failed = 0
    while True:
        try:
            async with _client(url, part) as client:
                hands = Hands(client, rng, pause=part.pause / pace)
                await hands.look_around()
                failed = 0
                await _work(hands, part)
        except* _CONNECTION_LOST:
            pass  # the agent's only answer is to come back
        await anyio.sleep(_COMES_BACK_AFTER[min(failed, len(_COMES_BACK_AFTER) - 1)])
        failed += 1


async def run_agents(url: str, *, seed: int = 0, pace: float = 1.0) -> None:
    """All of the cast at once, until cancelled."""
    async with anyio.create_task_group() as group:
        for part in CAST:

            async def act(part: Part = part) -> None:
                await run_agent(url, seed=seed, part=part, pace=pace)

            group.start_soon(act)


async def _work(hands: Hands, part: Part) -> None:
    """One errand after another; while one of them waits for a person, the agent turns to others."""
    weights = dict(part.scenes)
    opening = list(weights)
    running: set[Scene] = set()
    async with anyio.create_task_group() as group:
        while True:
            idle = [scene for scene in weights if scene not in running]
            if opening:
                scene = opening.pop(0)
            elif idle:
                scene = hands.rng.choices(idle, [weights[scene] for scene in idle])[0]
            else:
                await hands.rest(_PATIENCE)
                continue
            running.add(scene)
            done = anyio.Event()

            async def play(scene: Scene = scene, done: anyio.Event = done) -> None:
                await scene(hands)
                running.discard(scene)
                done.set()

            group.start_soon(play)
            with anyio.move_on_after(hands.pause * _PATIENCE):
                await done.wait()
            await hands.rest(2)


def _client(url: str, part: Part) -> Client:
    return Client(url, mode=part.mode, client_info=Implementation(name=part.name, version=__version__))


async def _until_orphaned(url: str, *, parent: int, seed: int, pace: float) -> None:
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells a process that it was orphaned
                await anyio.sleep(_LOOKS_FOR_PARENT_EVERY)
            group.cancel_scope.cancel()

        group.start_soon(watch)
        await run_agents(url, seed=seed, pace=pace)


def main() -> None:
    """Run the cast until interrupted, terminated or orphaned."""
    parser = argparse.ArgumentParser(prog="python -m inspector.demo.agent", description=__doc__)
    parser.add_argument("url", metavar="URL", nargs="?", help=f"the proxy's endpoint (default: ${URL_VARIABLE})")
    parser.add_argument("--seed", type=int, default=0, help="the same seed rolls the same dice")
    parser.add_argument("--pace", type=float, default=1.0, help="above 1: faster")
    # The starter says who it is: by the time we could look, it may be gone and we have another parent.
    parser.add_argument("--parent", type=int, metavar="PID", default=os.getppid(), help="end when this one has ended")
    found = parser.parse_args()
    url = found.url or os.environ.get(URL_VARIABLE)
    if not url:
        parser.error(f"which endpoint? Give URL, or set {URL_VARIABLE}")
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(lambda: _until_orphaned(url, parent=found.parent, seed=found.seed, pace=found.pace))


if __name__ == "__main__":
    main()
