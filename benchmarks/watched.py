"""What a call waits longer when somebody watches: 500 calls a second through the app, its table live in a terminal.

    python -m benchmarks watched [--rounds 5] [--seconds 3] [--per-second 500]

One interleaved run: in each round the same paced load goes directly to the server, through the engine without a screen,
and through the app, which draws every call. A call counts from when it was due. The exit code is 1 when a floor is
missed.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from pathlib import Path
from statistics import median

import uvloop

from benchmarks.callers import HttpClient, Sample
from benchmarks.processes import cpu_seconds, engine_of, started
from benchmarks.proxy import DIRECT, Engine, Report
from benchmarks.startup import app_before

ADDED_P99_MS = 20
HEADLESS, APP = "headless", "app"


async def measure(folder: Path, flags: argparse.Namespace, report: Report) -> None:
    per_second: float = flags.per_second
    async with contextlib.AsyncExitStack() as stack:
        lean = stack.enter_context(started("benchmarks.lean_http"))
        upstream = f"http://127.0.0.1:{lean.where}/mcp"
        engine = stack.enter_context(Engine(folder).http("--upstream", upstream))
        terminal, app = stack.enter_context(app_before(upstream, folder))
        urls = {DIRECT: upstream, HEADLESS: engine.where, APP: app}
        clients = {way: await stack.enter_async_context(HttpClient(url, modern=False)) for way, url in urls.items()}
        samples: dict[str, list[Sample]] = {way: [] for way in urls}
        pids = {"screen": terminal.pid, "engine": engine_of(terminal.pid)}
        busy = dict.fromkeys(pids, 0.0)
        for client in clients.values():
            await client.pace(per_second, flags.warm_up)
        for _ in range(flags.rounds):
            for way, client in clients.items():
                before = {name: cpu_seconds(pid) for name, pid in pids.items()}
                samples[way].append(await client.pace(per_second, flags.seconds))
                if way == APP:
                    busy = {name: busy[name] + cpu_seconds(pid) - before[name] for name, pid in pids.items()}
        terminal.wait_for("echo")
    print(f"HTTP → HTTP, {per_second:g} calls/s")
    for way, taken in samples.items():
        report.line(way, taken)
    took = sum(sample.elapsed for sample in samples[APP])
    shares = " and ".join(f"{100 * seconds / took:.0f} % of a core for the {name}" for name, seconds in busy.items())
    print(f"  {'':10} of the app: {shares}")
    report.floor("added to the p99 by the app, ms", added_p99(samples, APP), ADDED_P99_MS, at_least=False)
    print(f"        of which by the engine alone: {added_p99(samples, HEADLESS):.3f}")


def added_p99(samples: dict[str, list[Sample]], way: str) -> float:
    """Milliseconds; the median of the rounds."""
    pairs = zip(samples[way], samples[DIRECT], strict=True)
    return median(sample.quantile_ms(0.99) - direct.quantile_ms(0.99) for sample, direct in pairs)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks watched", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each way in each round")
    parser.add_argument("--per-second", type=float, default=500.0)
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds: what is loaded beside the first calls")
    flags = parser.parse_args(argv)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="mi-", dir="/tmp") as folder:
        uvloop.run(measure(Path(folder), flags, report))
    return 1 if report.missed else 0
