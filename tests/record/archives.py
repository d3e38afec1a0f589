"""What an archive finds, and what it should."""

from __future__ import annotations

import asyncio

from inspector.core.views import CallView
from inspector.filters.matching import predicate
from inspector.filters.order import Order, Sort
from inspector.filters.terms import Term
from inspector.recorded_archive import RecordedArchive

ORDERS = [Order(sort, descending) for sort in Sort for descending in (False, True)]


def found(archive: RecordedArchive, term: Term | None, order: Order) -> list[CallView]:
    """As a screen shows it when the search is done."""

    async def look() -> list[int]:
        positions: list[int] = []
        async for part in archive.search(term, order):
            positions = [*part.positions, *positions] if order.plain else [*part.positions]
        return positions[::-1] if order.plain and order.descending else positions

    return [row for position in asyncio.run(look()) if (row := archive.at(position))]


def wanted(rows: list[CallView], term: Term | None, order: Order) -> list[CallView]:
    kept = [row for row in rows if term is None or predicate(term)(row)]
    order.sorted(kept)
    return kept
