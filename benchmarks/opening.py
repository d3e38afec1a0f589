"""How long a recording takes to open: the newest calls, then the rest beside them; and how long the loop waits."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from pathlib import Path

from benchmarks import traffic
from inspector.record.recorder import Recorder
from inspector.recorded_port import RecordedPort


def _written(folder: Path, count: int) -> Path:
    recorder = Recorder.create(folder, "bench", 0.0, [])
    for number in range(1, count + 1):
        for event in traffic.call(number):
            recorder.append(event)
        if number % 500 == 0:
            recorder.flush()
    recorder.flush()
    recorder.close()
    return recorder.path


async def _opened(path: Path) -> None:
    begin = time.perf_counter()
    port = RecordedPort(path)
    views = await port.views(0)
    first = time.perf_counter() - begin
    lags: list[float] = []
    rest = asyncio.ensure_future(port.load_rest())
    while not rest.done():
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(1000 * (time.perf_counter() - before) - 5)
    await rest
    whole = time.perf_counter() - begin
    shown = len((await port.views(0)).calls)
    port.close()
    print(f"open: {len(views.calls):,} rows after {1000 * first:.0f} ms, {shown:,} after {whole:.1f} s")
    print(f"event-loop lag meanwhile: max {max(lags, default=0):.0f} ms")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


def main(argv: list[str]) -> int:
    """`argv`: the number of calls in the recording, 100,000 unless given; or the path of one."""
    if argv and Path(argv[0]).is_file():
        asyncio.run(_opened(Path(argv[0])))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = _written(Path(folder), int(argv[0]) if argv else 100_000)
        print(f"{path.stat().st_size / 1e6:.0f} MB")
        asyncio.run(_opened(path))
    return 0
