"""How long a key waits for its frame while 5,000 calls a second are folded into the store that the table follows.

    python -m benchmarks ui [--seconds 30] [--per-second 5000]

The store, the app and its drawing are the program's own; events come from a generator and bytes go to nowhere. The
screen shares its event loop with the proxy, so a frame that takes long is also a call that waits: the loop's lag. On a
busy machine part of each is time in which others had the processor; what is ours is said beside it. The exit code is 1
when a floor is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import random
import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import uvloop
from textual import events
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Input

from benchmarks import agents, traffic
from benchmarks.proxy import Report
from inspector.core.call import CallId, Outcome
from inspector.core.commands import Command, CommandResult, Done, Inspect, Rejected
from inspector.core.decision import Decision, Reading, Verdict
from inspector.core.events import CallArrived, Decided, Finished, Forwarded
from inspector.core.json import JsonObject
from inspector.core.views import Port, Views
from inspector.store import Store
from inspector.ui.app import InspectApp
from inspector.ui.preferences import Preferences
from inspector.ui.widgets.calls import CallTable

KEY_TO_FRAME_MS = 30  # p95
SIZE = (120, 36)
EVERY = 0.005  # seconds between two portions of events
IN_FLIGHT = 250  # calls: each ends when so many others have come
FILTER = "tool:query"
KEYS = (
    *("up", "up", "pageup", "up", "down", "pagedown", "down", "home", "down", "end"),
    *("pageup", "slash", *FILTER, "enter", "up", "pageup", "down", "escape", "pageup", "up", "end"),
)


class StorePort(Port):
    """What `LivePort` asks of the store, without an engine behind it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def views(self, since: int) -> Views:
        return self._store.views(since, time.time())

    async def command(self, command: Command) -> CommandResult:
        if isinstance(command, Inspect):
            return self._store.detail(command.call_id) or Rejected("no longer in memory")
        return Done()


class Agents:
    """Folds calls as they are due: one in twenty is denied, the others end later."""

    def __init__(self, store: Store, per_second: int) -> None:
        self.lags: list[float] = []  # seconds
        self.made = 0
        self.work = 0.0  # seconds spent on folding, and on making the events
        self._store = store
        self._per_second = per_second
        self._under_way: deque[CallId] = deque()
        for event in agents.beginning():
            store.fold(event)

    async def call(self) -> None:
        """For ever."""
        begin = time.perf_counter()
        while True:
            before = time.perf_counter()
            await asyncio.sleep(EVERY)
            woken = time.perf_counter()
            self.lags.append(woken - before - EVERY)
            while self.made < (woken - begin) * self._per_second:
                self.made += 1
                self._one(self.made, time.time())
            self.work += time.perf_counter() - woken

    def _one(self, number: int, at: float) -> None:
        fold, call_id = self._store.fold, CallId(number)
        who, (server, tool) = number % len(agents.CALLERS), agents.TOOLS[number * 31 % 97 % len(agents.TOOLS)]
        arguments: JsonObject = {
            "path": f"/srv/app/src/module_{number % 1009}.py",
            "limit": number % 500,
            "labels": ["nightly"],
        }
        used = Decimal(number % 100)
        reading = Reading(traffic.COUNTER, traffic.RULE, used, Decimal(1), Decimal(100), at + 60)
        denied = number % 20 == 1
        verdict, rule = (Verdict.DENY, f"/tools/{tool}/deny_if/path") if denied else (Verdict.ALLOW, "")
        decision = Decision(
            call_id, at, server, tool, verdict, rule, "", agents.TRACE, (), (reading,), (), agents.HASH
        )  # fmt: skip
        caller = agents.CALLERS[who]
        fold(CallArrived(at, call_id, f"c{who}", caller, server, tool, arguments, call_id, frame=traffic.REQUEST))
        fold(Decided(at, decision))
        if denied:
            fold(Finished(at, call_id, Outcome.NOT_SENT, b'{"error":{"code":-32001,"message":"refused"}}'))
            return
        fold(Forwarded(at, call_id))
        self._under_way.append(call_id)
        if len(self._under_way) > IN_FLIGHT:
            fold(Finished(at, self._under_way.popleft(), Outcome.OK, traffic.RESPONSE, relayed=True))


class Nowhere(HeadlessDriver):
    """A terminal without a screen: what would be written is made, and counted."""

    written = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        Nowhere.written += len(data)


class WatchedApp(InspectApp):
    """Says when the frame is there that shows what a key did."""

    CSS_PATH = str(Path(inspect.getfile(InspectApp)).with_name("app.tcss"))
    frames = 0

    def get_driver_class(self) -> type[Driver]:
        return Nowhere

    def post_display_hook(self) -> None:
        self.frames += 1
        if self._pressed is not None and self._state() != self._pressed[0]:
            self._pressed[1].set_result(time.perf_counter())
            self._pressed = None

    _pressed: tuple[object, asyncio.Future[float]] | None = None

    def _state(self) -> object:
        """What a key changes, and the passing of time does not."""
        table = self.screen.query_one(CallTable)
        cursor = None if table.following else table.cursor
        line = self.screen.query_one(Input)
        return cursor, table.following, self.focused is line, line.value, table.listing.filtered

    async def press(self, key: str) -> float:
        """Seconds until its frame."""
        self._pressed = self._state(), asyncio.get_running_loop().create_future()
        shown, begin = self._pressed[1], time.perf_counter()
        self.post_message(events.Key(key, key if len(key) == 1 else None))
        return await asyncio.wait_for(shown, 10) - begin


@dataclass(slots=True)
class Taken:
    frames: list[float] = field(default_factory=list)  # seconds, one for each key
    own: list[float] = field(default_factory=list)  # the same without the time that we waited for a processor
    keys: list[str] = field(default_factory=list)

    def worst(self, count: int) -> str:
        ranked = sorted(zip(self.frames, self.keys, strict=True), reverse=True)
        return ", ".join(f"{key} {1000 * seconds:.0f} ms" for seconds, key in ranked[:count])


async def _press_keys(app: WatchedApp, seconds: float) -> Taken:
    """Keys at random moments, until the time is up."""
    chance, taken, end = random.Random(7), Taken(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        for key in KEYS:
            await asyncio.sleep(chance.uniform(0.02, 0.12))
            waited = processor_wait()
            taken.frames.append(await app.press(key))
            taken.own.append(taken.frames[-1] - (processor_wait() - waited))
            taken.keys.append(key)
    return taken


async def _until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


async def measure(seconds: float, per_second: int, report: Report) -> None:
    store = Store()
    agents_ = Agents(store, per_second)
    quiet = Preferences(bell=False, title=False)
    app = WatchedApp(StorePort(store), awaits_clients=False, preferences=quiet, start_place="live", ascii_only=False)
    running = asyncio.create_task(app.run_async(size=SIZE))
    await _until(lambda: app.is_running and app.screen.query(CallTable))
    calling = asyncio.create_task(agents_.call())
    await asyncio.sleep(1)
    agents_.lags.clear()
    frames, made, work = app.frames, agents_.made, agents_.work
    cpu, begin = time.process_time(), time.perf_counter()
    taken = await _press_keys(app, seconds)
    took, used = time.perf_counter() - begin, time.process_time() - cpu
    calling.cancel()
    app.exit()
    await running
    lags = agents_.lags
    print(f"{(agents_.made - made) / took:,.0f} calls/s folded for {took:.0f} s, the table live at {SIZE[0]}×{SIZE[1]}")
    print(f"  {len(taken.frames)} keys, key to frame: {spread(taken.frames)}   the worst: {taken.worst(3)}")
    print(f"  without waiting for a processor: {spread(taken.own)}")
    print(f"  event-loop lag: {spread(lags)}")
    share, making = 100 * used / took, 100 * (agents_.work - work) / took
    print(f"  {share:.0f} % of a core, {making:.0f} % for the events; {(app.frames - frames) / took:.0f} frames/s")
    report.floor("key to frame p95, ms", 1000 * quantile(taken.frames, 0.95), KEY_TO_FRAME_MS, at_least=False)


def processor_wait() -> float:
    """Seconds that this thread was ready to run, and others ran; 0 where there is no /proc to ask."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0


def quantile(seconds: list[float], q: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * q))]


def spread(seconds: list[float]) -> str:
    p50, p95, most = (1000 * value for value in (statistics.median(seconds), quantile(seconds, 0.95), max(seconds)))
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {most:.1f} ms"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks ui", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--per-second", type=int, default=5_000)
    flags = parser.parse_args(argv)
    report = Report()
    uvloop.run(measure(flags.seconds, flags.per_second, report))
    return 1 if report.missed else 0
