"""The recording of a real run, with its frames: what a query says of it is what its events say, also after kill -9."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from e2e.processes import Program
from record.archives import ORDERS, found, wanted

from inspector.core.events import CallArrived
from inspector.filters.order import Order
from inspector.filters.reading import BadFilter, parse
from inspector.record.reader import Recording
from inspector.recorded_archive import RecordedArchive
from inspector.store import Store

TERMS = (
    "flow", "tool:list_*", "!decision:allow", "decision:limit | decision:hold", "rule:limits", "risk:execute", "ms:>5",
    "outcome:~ok|error", "agent:~^c", "repeats:>1 !tool:~list", "arg.namespace:~^[a-z]", "server:demo id:>10",
)  # fmt: skip


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=lambda end: end.name)
def test_every_filter_and_order_says_of_the_file_what_it_says_of_the_events(home: Path, end: signal.Signals) -> None:
    with Program([sys.executable, "-m", "inspector", "demo", "--headless", "--port", "0", "--format", "jsonl"]) as demo:
        demo.wait_printed('"verdict": ?"deny"', timeout=60)
        demo.wait_printed('"verdict": ?"pending"', timeout=60)
        demo.signal(end)
        demo.wait_exit()
    (path,) = (home / "state" / "recordings").glob("*.sqlite")
    store = Store()
    with Recording.open(path) as recording:
        for event in recording.events():
            assert not isinstance(event, CallArrived) or event.frame
            store.fold(event)
    rows = [replace(row, rev=1) for row in store.views(0, 0.0).calls]
    archive = RecordedArchive(path)
    try:
        assert [archive.at(position) for position in range(len(archive))] == rows
        assert len(rows) >= 20
        for source in TERMS:
            term = parse(source)
            assert not isinstance(term, BadFilter)
            assert found(archive, term, Order()) == wanted(rows, term, Order()), source
        for order in ORDERS:
            assert found(archive, None, order) == wanted(rows, None, order), order
    finally:
        archive.close()
    assert asyncio.run(_words(path)) == store.views(0, 0.0).run.words


async def _words(path: Path) -> object:
    archive = RecordedArchive(path)
    try:
        return (await archive.totals()).words
    finally:
        archive.close()
