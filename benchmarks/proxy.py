"""What the proxy costs: calls a second and added latency, direct, through a bare TCP relay and through the engine.

    python -m benchmarks proxy [--rounds 5] [--seconds 1]

One interleaved run: in each round the ways take turns, so that a busy machine disturbs all of them alike, and a ratio
is the median of the rounds' ratios. Every answer is checked for its id and text. A policy with a limit is in force and
everything is recorded. The exit code is 1 when a floor is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import uvloop

from benchmarks.callers import HttpClient, Sample, StdioClient
from benchmarks.processes import URL, Started, cpu_seconds, rss_mb, started

POLICY = {
    "version": "1",
    "default": "deny",
    "hide": ["internal_*"],
    "tools": {
        "echo": {
            "deny_if": [{"conditions": [{"path": "args.text", "op": "contains", "value": "forbidden"}]}],
            "limits": [{"counter": "calls", "window": "minute", "max": 100_000_000}],
        },
        "delete_*": {"action": "deny", "reason": "nothing is deleted here"},
    },
}
DIRECT, RELAYED, PROXIED = "direct", "relayed", "proxied"

HTTP_RATIO = 0.12  # of the relay's calls/s, at 16 callers
STDIO_RATE = 5_000  # calls/s, 16 in flight, where a direct caller reaches …
STDIO_DIRECT = 58_000
ADDED_MS = 0.8  # to the median latency, at 1 caller
RSS_MB = 120  # of the headless engine after 10,000 calls


@dataclass(slots=True)
class Report:
    """Prints as it goes; `missed` are the floors that did not hold."""

    missed: list[str] = field(default_factory=list)

    def line(self, way: str, samples: list[Sample]) -> None:
        rates = median(s.per_second for s in samples)
        p50, p99 = (median(s.quantile_ms(q) for s in samples) for q in (0.5, 0.99))
        print(f"  {way:10} {rates:9,.0f} calls/s   median {p50:7.3f} ms   p99 {p99:7.3f} ms", flush=True)

    def floor(self, what: str, value: float, limit: float, *, at_least: bool) -> None:
        held = value >= limit if at_least else value <= limit
        sign = "≥" if at_least else "≤"
        print(f"  {'pass' if held else 'FAIL'}  {what}: {value:.3f} (floor {sign} {limit:.3f})", flush=True)
        if not held:
            self.missed.append(what)


Measure = Callable[[float], Awaitable[Sample]]


async def interleaved(
    title: str, ways: dict[str, Measure], report: Report, rounds: int, seconds: float, engine: int
) -> dict[str, list[Sample]]:
    """Every way once in each round; the samples of each way, in the rounds' order. `engine` is the proxy's pid."""
    print(f"{title}", flush=True)
    samples: dict[str, list[Sample]] = {way: [] for way in ways}
    busy = 0.0
    for _ in range(rounds):
        for way, measure in ways.items():
            before = cpu_seconds(engine)
            samples[way].append(await measure(seconds))
            busy += cpu_seconds(engine) - before
    for way, taken in samples.items():
        report.line(way, taken)
    if busy:
        calls = sum(len(s.latencies) + s.warm_up for s in samples[PROXIED])
        print(f"  {'':10} {busy / calls * 1e6:9,.0f} µs of the engine's CPU a call", flush=True)
    return samples


def ratio(samples: dict[str, list[Sample]], of: str, to: str) -> float:
    return median(a.per_second / b.per_second for a, b in zip(samples[of], samples[to], strict=True))


def added_ms(samples: dict[str, list[Sample]], by: str, to: str) -> float:
    return median(a.quantile_ms(0.5) - b.quantile_ms(0.5) for a, b in zip(samples[by], samples[to], strict=True))


@dataclass(frozen=True, slots=True)
class Engine:
    """How the proxy is started: its policy file, and a home of its own."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {"MCP_INSPECT_HOME": str(self.folder / "home")}

    @property
    def policy(self) -> str:
        path = self.folder / "policy.json"
        if not path.exists():
            path.write_text(json.dumps(POLICY))
        return str(path)

    def http(self, *upstream: str) -> contextlib.AbstractContextManager[Started]:
        arguments = ["--policy", self.policy, "--headless", "--port", "0", "--format", "jsonl", *upstream]
        return started("inspector", *arguments, says=URL, env=self.env)

    def stdio(self, *command: str) -> StdioClient:
        inspect = [sys.executable, "-m", "inspector", "stdio", "--standalone", "--policy", self.policy, "--", *command]
        return StdioClient(inspect, self.env)


@dataclass(frozen=True, slots=True)
class Run:
    engine: Engine
    report: Report
    rounds: int
    seconds: float
    ways: frozenset[str]

    async def http_to_http(self, urls: dict[str, str], engine: int, *, modern: bool) -> None:
        era = "2026-07-28" if modern else "legacy session"
        async with contextlib.AsyncExitStack() as stack:
            clients = {w: await stack.enter_async_context(HttpClient(url, modern=modern)) for w, url in urls.items()}
            for callers in (1, 16):
                ways: dict[str, Measure] = {
                    way: lambda s, client=client, callers=callers: client.measure(callers, s)  # type: ignore[misc]
                    for way, client in clients.items()
                }
                title = f"HTTP → HTTP, {era}, {callers} caller{'s' * (callers > 1)}"
                samples = await interleaved(title, ways, self.report, self.rounds, self.seconds, engine)
                if PROXIED in urls and RELAYED in urls and callers > 1:
                    self.report.floor(
                        f"{title}: share of the relay's calls/s",
                        ratio(samples, PROXIED, RELAYED),
                        HTTP_RATIO,
                        at_least=True,
                    )
                if PROXIED in urls and DIRECT in urls and callers == 1:
                    self.report.floor(
                        f"{title}: added to the median, ms",
                        added_ms(samples, PROXIED, DIRECT),
                        ADDED_MS,
                        at_least=False,
                    )

    async def http_to_stdio(self) -> None:
        with self.engine.http("--", *LEAN_STDIO) as engine:
            for modern in (False, True):
                era = "2026-07-28" if modern else "legacy session"
                async with HttpClient(engine.where, modern=modern) as client:
                    for callers in (1, 16):
                        ways: dict[str, Measure] = {PROXIED: lambda s, n=callers, c=client: c.measure(n, s)}  # type: ignore[misc]
                        title = f"HTTP → stdio, {era}, {callers} caller{'s' * (callers > 1)}"
                        await interleaved(title, ways, self.report, self.rounds, self.seconds, engine.pid)

    async def stdio_to_stdio(self) -> None:
        with contextlib.ExitStack() as stack:
            clients: dict[str, StdioClient] = {}
            if DIRECT in self.ways:
                clients[DIRECT] = stack.enter_context(StdioClient(LEAN_STDIO))
            if PROXIED in self.ways:
                clients[PROXIED] = stack.enter_context(self.engine.stdio(*LEAN_STDIO))
            for in_flight in (1, 16):
                ways = {way: _blocking(client, in_flight) for way, client in clients.items()}
                title = f"stdio → stdio, {in_flight} in flight"
                engine = clients[PROXIED].pid if PROXIED in clients else 0
                samples = await interleaved(title, ways, self.report, self.rounds, self.seconds, engine)
                if len(clients) == 2 and in_flight == 16:
                    # A slower machine has to reach less; a leaner caller than the floor's asks for no more.
                    direct = median(s.per_second for s in samples[DIRECT])
                    proxied = median(s.per_second for s in samples[PROXIED])
                    limit = STDIO_RATE * min(1, direct / STDIO_DIRECT)
                    self.report.floor(f"{title}: calls/s", proxied, limit, at_least=True)

    async def memory(self, upstream: str) -> None:
        """A fresh engine, so that what came before does not count."""
        print("memory of the headless engine after 10,000 calls")
        with self.engine.http("--upstream", upstream) as engine:
            async with HttpClient(engine.where, modern=False) as client:
                await client.call_times(10_000)
            self.report.floor("resident, MB", rss_mb(engine.pid), RSS_MB, at_least=False)


LEAN_STDIO = (sys.executable, "-m", "benchmarks.lean_stdio")


def _blocking(client: StdioClient, in_flight: int) -> Measure:
    async def measure(seconds: float) -> Sample:
        return client.measure(in_flight, seconds)

    return measure


@contextlib.contextmanager
def endpoints(upstream: str, port: str, run: Run) -> Iterator[tuple[dict[str, str], int]]:
    """The URLs of the ways to one upstream, and the engine's pid (0 without it)."""
    urls: dict[str, str] = {}
    pid = 0
    with contextlib.ExitStack() as stack:
        if DIRECT in run.ways:
            urls[DIRECT] = upstream
        if RELAYED in run.ways:
            urls[RELAYED] = f"http://127.0.0.1:{stack.enter_context(started('benchmarks.relay', port)).where}/mcp"
        if PROXIED in run.ways:
            engine = stack.enter_context(run.engine.http("--upstream", upstream))
            urls[PROXIED], pid = engine.where, engine.pid
        yield urls, pid


async def measure_all(run: Run) -> None:
    with started("benchmarks.lean_http") as lean:
        upstream = f"http://127.0.0.1:{lean.where}/mcp"
        with endpoints(upstream, lean.where, run) as (urls, engine):
            for modern in (False, True):
                await run.http_to_http(urls, engine, modern=modern)
        if PROXIED in run.ways:
            await run.memory(upstream)
    if PROXIED in run.ways:
        await run.http_to_stdio()
    await run.stdio_to_stdio()


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks proxy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each way in each round")
    parser.add_argument("--ways", default=f"{DIRECT},{RELAYED},{PROXIED}", help="leave some out while you work on one")
    flags = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="mi-") as folder:
        run = Run(Engine(Path(folder)), Report(), flags.rounds, flags.seconds, frozenset(flags.ways.split(",")))
        uvloop.run(measure_all(run))
    if run.report.missed:
        print(f"\n{len(run.report.missed)} missed:", *run.report.missed, sep="\n  ")
    return 1 if run.report.missed else 0
