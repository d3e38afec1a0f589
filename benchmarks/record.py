"""What recording costs: encoding, and append + flush per call, one call and sixteen calls in a commit."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import traffic
from inspector.core.events import Event
from inspector.record.codec import decode, encode
from inspector.record.reader import Recording
from inspector.record.recorder import Recorder
from inspector.store import Store

SECRETS = [f"sk-{number:032x}" for number in range(8)]


def main(argv: list[str]) -> int:
    """`argv`: the number of calls, 20,000 unless given."""
    count = int(argv[0]) if argv else 20_000
    _codec()
    calls = [traffic.call(number) for number in range(1, count + 1)]
    for batch, secrets in ((1, []), (1, SECRETS), (16, []), (16, SECRETS)):
        with tempfile.TemporaryDirectory() as folder:
            _recording(Path(folder), calls, batch, secrets)
    return 0


def _codec() -> None:
    print("                        encode   decode   µs (best of 5)")
    for event in traffic.call(1):
        row = encode(event)
        written = min(_timed(partial(encode, event)) for _ in range(5))
        read = min(_timed(partial(decode, row)) for _ in range(5))
        print(f"  {row.kind:20}{written:8.2f} {read:8.2f}")


def _timed(run: Callable[[], object], rounds: int = 2000) -> float:
    begin = time.perf_counter()
    for _ in range(rounds):
        run()
    return 1e6 * (time.perf_counter() - begin) / rounds


def _recording(folder: Path, calls: list[list[Event]], batch: int, secrets: list[str]) -> None:
    """As the proxy does it: what came before waits in the buffer until a decision must be durable."""
    recorder = Recorder.create(folder, "bench", 0.0, secrets)
    flushes: list[float] = []
    appends = 0.0
    for first in range(0, len(calls), batch):
        together = calls[first : first + batch]
        begin = time.perf_counter()
        for call in together:
            recorder.append(call[0])
            recorder.append(call[1])
        appended = time.perf_counter()
        recorder.flush()
        flushed = time.perf_counter()
        for call in together:
            for event in call[2:]:
                recorder.append(event)
        appends += time.perf_counter() - flushed + appended - begin
        flushes.append(flushed - appended)
    begin = time.perf_counter()
    recorder.close()
    closed = time.perf_counter() - begin
    size = recorder.path.stat().st_size
    begin = time.perf_counter()
    with Recording.open(recorder.path) as recording:
        recording.load_into(Store(), 50_000)
    loaded = time.perf_counter() - begin

    flushes.sort()
    hidden = f"{len(secrets)} secrets" if secrets else "no secrets"
    print(f"\n{batch} calls a commit, {hidden}: {1e6 * (appends + sum(flushes)) / len(calls):.1f} µs/call in all")
    print(f"  append {1e6 * appends / len(calls):8.1f} µs/call (7 events)")
    ranks = ((50, "median"), (99, "p99"), (99.9, "p99.9"))
    spread = "  ".join(f"{name} {1e6 * flushes[int(len(flushes) * rank / 100)]:.0f}" for rank, name in ranks)
    print(
        f"  flush  {1e6 * sum(flushes) / len(calls):8.1f} µs/call; per flush: {spread}  max {1e6 * flushes[-1]:.0f} µs"
    )
    print(f"  close {1e3 * closed:.0f} ms, {size / len(calls):.0f} bytes/call, opened and folded in {loaded:.2f} s")
