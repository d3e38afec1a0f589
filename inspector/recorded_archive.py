"""The rows of a recording for the screen: pages at once, searches and totals in threads beside it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, TypeVar

from inspector.core.call import CallId
from inspector.core.errors import ConfigError
from inspector.core.views import CallView
from inspector.filters.archive import Archive, Found
from inspector.filters.order import Order
from inspector.filters.terms import Term
from inspector.record.archive import Rows, search
from inspector.record.reader import connect
from inspector.record.summaries import Made, Overlay, has_summary
from inspector.record.totals import Totals, totals

T = TypeVar("T")
SEARCH_CACHE: Final = 32 << 10  # KiB: what one search may keep of the file, and sort without a file of its own


class RecordedArchive(Archive):
    """Used from the event loop's thread. `read_rest` first reads an older recording, in the background."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError for a damaged file."""
        self._path = path
        self._made: Made | None = None
        self._damage: Exception | None = None  # found while drawing, which is no place to fail
        self._overlay: Overlay | None = None
        self._threads = ThreadPoolExecutor(1, "search")
        with self._errors(), closing(connect(path)) as connection:
            if has_summary(connection):
                self._overlay = Overlay(connection)
            else:
                self._made = Made()
        with self._errors():
            self._connection = self._connect()
            self._rows = Rows(self._connection)
            self._count = self._rows.count()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._connection.close()
        if self._made:
            self._made.close()

    def __len__(self) -> int:
        return self._count

    @property
    def share(self) -> float:
        return self._made.share if self._made else 1.0

    def grown(self) -> bool:
        """An older recording is read: are there more rows than before?

        Raises ConfigError: a row that was asked for cannot be read.
        """
        with self._errors():
            if self._damage is not None:
                damage, self._damage = self._damage, None
                raise damage
            if self._made is None:
                return False
            count = self._rows.count()
        if count == self._count:
            return False
        self._count = count
        self._rows.forget()
        return True

    def at(self, position: int) -> CallView | None:
        if not 0 <= position < self._count:
            return None
        try:
            return self._rows.at(position)
        except (sqlite3.Error, ValueError, LookupError) as error:
            self._damage = error
            return None

    def position(self, call_id: CallId) -> int | None:
        try:
            return self._rows.position(call_id, self._count)
        except sqlite3.Error as error:
            self._damage = error
            return None

    async def search(self, term: Term | None, order: Order) -> AsyncGenerator[Found, None]:
        connection = self._connect()
        parts = search(connection, term, order, self._count)
        try:
            while (found := await self._in_thread(lambda: next(parts, None))) is not None:
                yield found
        finally:
            connection.interrupt()
            # One thread does all of it in turn: when this runs, nothing of the search does.
            self._threads.submit(connection.close)

    async def totals(self) -> Totals:
        """Of all calls: what takes seconds when there are a million."""

        def counted() -> Totals:
            with closing(self._connect()) as connection:
                return totals(connection)

        return await asyncio.to_thread(self._with_errors, counted)

    async def read_rest(self) -> None:
        """Make the rows of an older recording. Raises ConfigError when it is damaged."""
        made = self._made
        if made is None:
            return

        def read() -> None:
            with closing(connect(self._path)) as recording:
                made.make(recording)

        await asyncio.to_thread(self._with_errors, read)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._threads.submit(self._with_errors, work))

    def _with_errors(self, work: Callable[[], T]) -> T:
        with self._errors():
            return work()

    def _connect(self) -> sqlite3.Connection:
        if self._made:
            return self._made.connect()
        connection = connect(self._path)
        connection.execute(f"PRAGMA cache_size = -{SEARCH_CACHE}")
        if self._overlay:
            self._overlay.lay_over(connection)
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, LookupError) as error:
            raise ConfigError(f"{self._path}: damaged recording: {error}") from None
