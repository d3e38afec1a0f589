"""Rows folded from what changed, and which of them a table shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from ui_sample import HOLD_ISSUE, KINDS, LIMITS, NOW, call, empty_views, hold, sample_rows

from inspector.core.call import CallId
from inspector.core.views import CallView, Word
from inspector.filters.order import Sort
from inspector.filters.reading import parse
from inspector.ui.board import SLACK, Board, remaining
from inspector.ui.listing import Part
from inspector.ui.live_listing import AT_ONCE, PIECE
from inspector.ui.live_listing import LiveListing as Listing


def folded(board: Board, *rows: CallView):
    views = replace(empty_views(), version=board.views.version + 1, calls=rows)
    return board.fold(views)


def ids(listing: Listing) -> list[int]:
    return [row.id for i in range(len(listing)) if (row := listing.at(i))]


def test_a_changed_row_keeps_its_place() -> None:
    board = Board()
    folded(board, *sample_rows(3))
    folded(board, replace(board.rows[1], rev=2, word=Word.DENY))
    assert [row.id for row in board.rows] == [1, 2, 3]
    assert board.rows[1].word is Word.DENY


def test_the_oldest_rows_are_let_go_and_the_rest_is_still_found() -> None:
    board = Board(kept=10)
    rows = sample_rows(30)
    folded(board, *rows)
    assert board.base == 20
    assert [row.id for row in board.rows] == list(range(21, 31))
    assert board.row(CallId(21)) is board.rows[0]
    assert board.row(CallId(20)) is None


def test_a_filter_follows_rows_that_come_change_and_stop_matching() -> None:
    board = Board()
    listing = Listing(board)
    folded(board, *(call(n, KINDS[0], NOW) for n in (1, 2, 3)))
    listing.set_filter(parse("decision:allow"))
    listing.fold(folded(board, call(4, KINDS[0], NOW), replace(board.rows[1], rev=2, word=Word.DENY)), 0)
    assert ids(listing) == [1, 3, 4]
    listing.fold(folded(board, replace(board.rows[1], rev=3, word=Word.ALLOW)), 0)
    assert ids(listing) == [1, 2, 3, 4]
    assert [listing.index_of(CallId(n)) for n in (1, 4, 9)] == [0, 3, None]


def test_a_filtered_listing_loses_what_the_board_lets_go() -> None:
    board = Board(kept=4)
    listing = Listing(board)
    folded(board, *(call(n, KINDS[0], NOW) for n in range(1, 5)))
    listing.set_filter(parse("id:2 | id:4 | id:6 | id:8"))
    gone = listing.fold(folded(board, *(call(n, KINDS[0], NOW) for n in range(5, 10))), 0)
    assert gone == 2
    assert ids(listing) == [6, 8]


def test_sorted_by_duration_the_slowest_stands_first_and_the_running_last() -> None:
    board = Board()
    listing = Listing(board)
    folded(board, *(replace(call(n, KINDS[0], NOW), ms=ms) for n, ms in ((1, 5.0), (2, None), (3, 900.0))))
    listing.set_sort(Sort.MS, now=0)
    assert ids(listing) == [3, 1, 2]
    assert listing.index_of(CallId(1)) == 1


def test_a_sorted_listing_is_not_sorted_again_for_every_frame() -> None:
    board = Board()
    listing = Listing(board)
    folded(board, call(1, KINDS[0], NOW))
    listing.set_sort(Sort.MS, now=10.0)
    listing.fold(folded(board, call(2, KINDS[0], NOW)), now=10.1)
    assert ids(listing) == [1]
    assert listing.resort(now=10.6)
    assert len(listing) == 2
    assert not listing.resort(now=20.0)


def test_paused_nothing_comes_or_moves_but_rows_still_change() -> None:
    board = Board()
    listing = Listing(board)
    folded(board, *sample_rows(2))
    listing.pause(True)
    listing.fold(folded(board, *sample_rows(5)[2:], replace(board.rows[0], rev=9, word=Word.ERROR)), 0)
    assert ids(listing) == [1, 2]
    assert listing.waiting == 3
    assert (row := listing.at(0)) is not None and row.word is Word.ERROR
    listing.pause(False)
    assert ids(listing) == [1, 2, 3, 4, 5]


def test_what_is_left_of_a_hold_never_leaves_its_bounds() -> None:
    held = hold(1, HOLD_ISSUE, NOW, 60).hold
    assert remaining(held, NOW) == (60, 1.0)
    assert remaining(held, NOW + 45) == (15, 0.25)
    assert remaining(held, NOW + 999) == (0, 0)
    assert remaining(held, NOW - 999)[1] == 1.0


def test_a_listing_that_was_out_of_sight_has_no_holes_when_it_returns() -> None:
    board = Board(kept=4)
    listing = Listing(board)
    folded(board, *(call(n, KINDS[0], NOW) for n in range(1, 5)))
    listing.set_filter(parse("id:2 | id:4 | id:6 | id:8"))
    folded(board, *(call(n, KINDS[0], NOW) for n in range(5, 10)))  # nobody told the listing
    listing.fold(tuple(row.id for row in board.rows), 0)
    assert ids(listing) == [6, 8]
    assert len(listing) == 2


def test_time_alone_is_something_to_draw_when_a_rate_falls_or_a_limit_begins_again() -> None:
    board, views = Board(), empty_views()
    board.fold(views)
    assert board.shows(replace(views, calls=tuple(sample_rows(1))))  # a port repeats rows; the version says it all
    assert not board.shows(replace(views, run=replace(views.run, per_second=(0,) * 59 + (3,))))
    assert not board.shows(replace(views, limits=LIMITS))
    assert not board.shows(replace(views, version=views.version + 1))


async def looked_through(listing: Listing) -> list[Part]:
    return [part async for part in listing.settle()]


@pytest.mark.anyio
async def test_of_many_rows_the_newest_are_filtered_at_once_and_the_rest_comes_above_them() -> None:
    board = Board()
    listing = Listing(board)
    folded(board, *(call(n, KINDS[n % 2], NOW) for n in range(AT_ONCE + 1000)))
    whole = [row.id for row in board.rows]
    listing.set_filter(parse(f"tool:{board.rows[0].tool}"))
    assert (listing.filtered, listing.unsettled, ids(listing)) == (True, True, whole)
    looking = listing.settle()
    assert await anext(looking) == Part(0, 0.8)
    assert (listing.unsettled, ids(listing)) == (False, whole[1000::2])
    assert [part async for part in looking] == [Part(500, 1.0)]
    assert ids(listing) == whole[::2]


@pytest.mark.anyio
async def test_the_row_of_the_cursor_is_among_those_that_are_filtered_at_once() -> None:
    board = Board()
    listing = Listing(board)
    folded(board, *(call(n, KINDS[0], NOW) for n in range(AT_ONCE + 1000)))
    listing.set_filter(parse("decision:allow"), CallId(10))
    assert (await anext(listing.settle())).share > 0.99
    assert listing.index_of(CallId(10)) == 0


@pytest.mark.anyio
async def test_what_comes_and_changes_while_a_filter_looks_is_found_as_it_is_then() -> None:
    board = Board()
    listing = Listing(board)
    folded(board, *(call(n, KINDS[0], NOW) for n in range(AT_ONCE + PIECE + 10)))
    listing.set_filter(parse("decision:allow"))
    looking = asyncio.create_task(looked_through(listing))
    await asyncio.sleep(0)  # all but the ten oldest have been looked at
    denied = [replace(board.rows[at], rev=2, word=Word.DENY) for at in (5, 500, AT_ONCE)]
    listing.fold(folded(board, *denied, call(AT_ONCE + PIECE + 10, KINDS[0], NOW)), 0)
    await looking
    assert ids(listing) == [row.id for row in board.rows if row.word is Word.ALLOW]
    assert len(listing) == len(board.rows) - 3


@pytest.mark.anyio
async def test_what_is_let_go_while_a_filter_looks_is_not_found() -> None:
    board = Board(kept=AT_ONCE)
    listing = Listing(board)
    folded(board, *(call(n, KINDS[0], NOW) for n in range(AT_ONCE + SLACK - 1)))
    listing.set_filter(parse("decision:allow"))
    looking = asyncio.create_task(looked_through(listing))
    await asyncio.sleep(0)
    listing.fold(folded(board, call(AT_ONCE + SLACK, KINDS[0], NOW)), 0)
    await looking
    assert board.base == SLACK
    assert ids(listing) == [row.id for row in board.rows]


@pytest.mark.anyio
async def test_another_wish_while_a_filter_looks_is_done_at_once() -> None:
    board = Board()
    listing = Listing(board)
    folded(board, *(call(n, KINDS[n % 2], NOW) for n in range(1, AT_ONCE + 2)))
    listing.set_filter(parse(f"tool:{board.rows[0].tool}"))
    listing.set_sort(Sort.TOOL, 0, descending=True)
    assert (listing.unsettled, len(listing)) == (False, AT_ONCE // 2 + 1)
    listing.set_filter(None)
    listing.set_sort(Sort.TIME, 0)
    assert (listing.unsettled, len(listing)) == (False, AT_ONCE + 1)
