"""Run the app over made-up traffic, to look at it: `python tests/ui/preview.py [--still] [--start policy]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from ui_bench import Bench  # noqa: E402
from ui_policies import BROKEN_POLICY, broken_problems  # noqa: E402
from ui_port import DataPort  # noqa: E402
from ui_sample import KINDS, NOW, TOKEN, call, empty_views, hold, sample_views  # noqa: E402

from inspector.core.views import PolicyView, Views  # noqa: E402
from inspector.ui.app import InspectApp  # noqa: E402
from inspector.ui.preferences import Preferences  # noqa: E402


def views_for(options: argparse.Namespace) -> Views:
    if options.no_policy:
        return empty_views(PolicyView("/srv/app/policy.yaml", 0, "", "", BROKEN_POLICY, broken_problems()))
    if options.no_file:
        return empty_views(PolicyView("", 1, "h1", 'version: "1"\ndefault: approve\n'))
    return empty_views() if options.empty else sample_views()


async def traffic(port: DataPort, offset: float) -> None:
    pool = [kind for kind in KINDS for _ in range(kind.weight)]
    number = len(port.rows)
    while True:
        await asyncio.sleep(0.12)
        number += 1
        now = time.time() - offset
        port.push([call(number, pool[(number * 31) % len(pool)], now)])
        if number % 60 == 0:
            held = call(number + 1, KINDS[8], now)
            number += 1
            port.push([held], holds=(*port.now_views.holds, hold(number, KINDS[8], now)))


async def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("still", "empty", "no-policy", "no-file", "ascii"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--start", default=None)
    parser.add_argument("--theme", default="inspect-dark")
    options = parser.parse_args()
    offset = time.time() - NOW
    port = DataPort(views_for(options))
    if options.no_policy:
        port.disk = (BROKEN_POLICY, "disk")
    clock = (lambda: NOW) if options.still else (lambda: time.time() - offset)
    app = InspectApp(
        port,
        token_mask=TOKEN,
        clock=clock,
        preferences=Preferences(theme=options.theme),
        start_place=options.start,
        ascii_only=options.ascii or None,
        open_recording=Bench().open_recording,
    )
    task = None if options.still or options.empty else asyncio.ensure_future(traffic(port, offset))
    await app.run_async()
    if task is not None:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
