"""Lines and server-sent events, in whatever pieces they arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.framing import (
    CLIENT_LINE,
    SSE_PING,
    UPSTREAM_LINE,
    Broken,
    BrokenLine,
    Line,
    LineReader,
    SseEvent,
    SseReader,
    sse,
    sse_event,
)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def lines(data: bytes, cuts: list[int] | None = None, limit: int = 4096) -> list[Line]:
    reader = LineReader(limit)
    return [line for piece in in_pieces(data, cuts or []) for line in reader.feed(piece)]


def events(data: bytes, cuts: list[int] | None = None) -> list[SseEvent]:
    reader = SseReader()
    return [event for piece in in_pieces(data, cuts or []) for event in reader.feed(piece)]


def test_lines_split_at_lf_alone_and_one_cr_before_it_is_dropped() -> None:
    assert lines(b"a\nb\r\n\n  \r\nc\xe2\x80\xa8\xc2\x85\x0b\x0cd\n") == [b"a", b"b", b"c\xe2\x80\xa8\xc2\x85\x0b\x0cd"]


@pytest.mark.parametrize("line", [b"a\rb", b"\ra", b"a\r\r", b'{"x":1}\r{"y":2}'])
def test_any_other_cr_breaks_the_line_but_not_the_next(line: bytes) -> None:
    assert lines(line + b"\nnext\n") == [Broken(BrokenLine.BARE_CR, line.removesuffix(b"\r")), b"next"]


def test_an_unfinished_line_is_kept_back() -> None:
    reader = LineReader(100)
    assert reader.feed(b'{"a"') == []
    assert reader.feed(b":1}\r") == []
    assert reader.feed(b"\n") == [b'{"a":1}']


def test_a_line_at_the_limit_passes_and_one_byte_more_ends_the_reader() -> None:
    reader = LineReader(10)
    assert reader.feed(b"a" * 10 + b"\n") == [b"a" * 10]
    assert reader.feed(b"ok\n" + b"a" * 11 + b"\nlater\n") == [b"ok", Broken(BrokenLine.TOO_LONG, b"a" * 10)]
    assert reader.finished
    assert reader.feed(b"later\n") == []


def test_a_line_that_never_ends_is_refused_as_soon_as_it_is_too_long() -> None:
    reader = LineReader(CLIENT_LINE)
    half = b"x" * (CLIENT_LINE // 2)
    assert reader.feed(half) == reader.feed(half) == []
    (broken,) = reader.feed(b"x")
    assert broken == Broken(BrokenLine.TOO_LONG, b"x" * 4096)
    assert (CLIENT_LINE, UPSTREAM_LINE) == (4 << 20, 16 << 20)


pieces = st.lists(st.sampled_from([b"a", b"{}", b"\n", b"\r", b"\r\n", b" ", b"\xe2\x80\xa8", b"x" * 30]), max_size=30)


@given(pieces.map(b"".join), st.lists(st.integers(0, 200), max_size=20))
def test_lines_do_not_depend_on_how_the_bytes_were_cut(data: bytes, cuts: list[int]) -> None:
    assert lines(data, cuts, limit=40) == lines(data, list(range(len(data))), limit=40) == lines(data, limit=40)


# ---- events ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [SseEvent(b"a")]),
        (b"data:a\n\n", [SseEvent(b"a")]),
        (b"data:  a\n\n", [SseEvent(b" a")]),
        (b"data: a\ndata: b\n\n", [SseEvent(b"a\nb")]),
        (b"data\n\n", [SseEvent(b"")]),
        (b"data\ndata\n\n", [SseEvent(b"\n")]),
        (b"id: 7\ndata:\n\n", [SseEvent(b"", (b"id: 7",))]),
        (b"data: a\n\n\n\ndata: b\n\n", [SseEvent(b"a"), SseEvent(b"b")]),
        (b": ping\n\n", [SseEvent(None, (b": ping",))]),
        (b":\n\n", [SseEvent(None, (b":",))]),
        (b": ping\ndata: a\n\n", [SseEvent(b"a", (b": ping",))]),
        (b"event: message\nid: 1\nretry: 5\ndata: a\n\n", [SseEvent(b"a", (b"event: message", b"id: 1", b"retry: 5"))]),
        (b"id: 1\n\n", [SseEvent(None, (b"id: 1",))]),
        (b"database: a\nDATA: b\n data: c\n\n", [SseEvent(None, (b"database: a", b"DATA: b", b" data: c"))]),
        (
            b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n",
            [SseEvent(b"a"), SseEvent(None, (b"\xef\xbb\xbfdata: b",))],
        ),
        (b"\xef\xbb\xbf\n\ndata: a\n\n", [SseEvent(b"a")]),
        (b"data: never finished", []),
        (b"data: never finished\n", []),
        (b"data: a\xe2\x80\xa8b\x0b\n\n", [SseEvent(b"a\xe2\x80\xa8b\x0b")]),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_stream_reads_as_the_html_standard_has_it(stream: bytes, expected: list[SseEvent], end: bytes) -> None:
    assert events(stream.replace(b"\n", end)) == expected


def test_line_ends_may_be_mixed() -> None:
    assert events(b"data: a\r\ndata: b\rdata: c\n\r\n") == [SseEvent(b"a\nb\nc")]


def test_an_event_goes_out_with_its_blank_line_even_when_that_is_a_bare_cr() -> None:
    reader = SseReader()
    assert reader.feed(b"data: a\r\r") == [SseEvent(b"a")]
    assert reader.feed(b"\ndata: b\n\n") == [SseEvent(b"b")]


def test_an_event_over_the_limit_is_refused_before_it_ends() -> None:
    reader = SseReader(limit=1 << 20)
    assert reader.feed(b"data: " + b"x" * ((1 << 20) - 6)) == []
    with pytest.raises(ValueError, match="an event of more than 1 MiB"):
        reader.feed(b"x")


def test_the_limit_is_for_one_event_and_not_for_the_stream() -> None:
    reader = SseReader(limit=20)
    assert [reader.feed(b"data: 0123456789\n\n") for _ in range(5)] == [[SseEvent(b"0123456789")]] * 5


stream_pieces = st.lists(
    st.sampled_from(
        [b"data", b"data:", b"data: ", b"id: 1", b":", b"a", b"\xef\xbb\xbf", b"\n", b"\r", b"\r\n", b"\n\n"]
    ),
    max_size=30,
)


@given(stream_pieces.map(b"".join), st.lists(st.integers(0, 120), max_size=20))
def test_events_do_not_depend_on_how_the_bytes_were_cut(data: bytes, cuts: list[int]) -> None:
    assert events(data, cuts) == events(data, list(range(len(data)))) == events(data)


@given(stream_pieces.map(b"".join))
def test_an_event_that_is_sent_on_reads_the_same(data: bytes) -> None:
    seen = [event for event in events(b"\n" + data) if not any(f.startswith(b"\xef\xbb\xbf") for f in event.fields)]
    assert events(b"".join(map(sse_event, seen))) == seen


def test_what_we_write_ourselves_reads_back() -> None:
    stream = sse(b'{"a":1}') + SSE_PING + sse(b"{}", (b"id: 3",))
    assert events(stream) == [
        SseEvent(b'{"a":1}', (b"event: message",)),
        SseEvent(None, (b": ping",)),
        SseEvent(b"{}", (b"id: 3",)),
    ]
