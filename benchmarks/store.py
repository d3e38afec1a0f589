"""What folding costs per event, and what reading the views costs."""

from __future__ import annotations

import gc
import time

from benchmarks import traffic
from inspector.store import Store


def main(argv: list[str]) -> int:
    """`argv`: the number of calls, 20,000 unless given."""
    count = int(argv[0]) if argv else 20_000
    calls = [traffic.call(number) for number in range(1, count + 1)]
    now = calls[-1][-1].at
    gc.freeze()
    store = Store()

    begin = time.perf_counter()
    for call in calls:
        for event in call:
            store.fold(event)
    spent = time.perf_counter() - begin
    events = sum(len(call) for call in calls)
    print(f"fold                    {1e6 * spent / events:8.2f} µs/event   {1e6 * spent / count:.1f} µs/call")

    kinds: dict[str, list[float]] = {}
    for call in (traffic.call(number) for number in range(count + 1, count + 2001)):
        for event in call:
            begin = time.perf_counter()
            store.fold(event)
            kinds.setdefault(type(event).__name__, []).append(time.perf_counter() - begin)
    for kind, times in kinds.items():
        times.sort()
        print(f"  {kind:22}{1e6 * times[len(times) // 2]:8.2f} µs (median)")

    for label, since in (("nothing changed", store.version), ("100 events ago", store.version - 100), ("all rows", 0)):
        rounds = 20 if since == 0 else 500
        begin = time.perf_counter()
        for _ in range(rounds):
            rows = len(store.views(since, now).calls)
        print(f"views, {label:16} {1e6 * (time.perf_counter() - begin) / rounds:8.1f} µs   {rows} rows")
    return 0
