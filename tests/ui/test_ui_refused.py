"""What was not let through: who sent it and why, with its bytes made visible; and what no policy judges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui_bench import Bench, shown, until
from ui_port import DataPort
from ui_sample import HOSTILE, NOW, REJECTED, empty_views, sample_views

from inspector.core.events import Direction
from inspector.core.views import RejectedView
from inspector.ui import raw_bytes
from inspector.ui.screens.place import Place
from inspector.ui.screens.refused import RefusedDialog

WIDE, NARROW = (120, 36), (80, 24)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b'{"a":1}', '{"a":1}'),
        (b"\xff\xfea", "⟨ff⟩⟨fe⟩a"),
        (b"a\rb", "a␍b"),
        (b"a\r\nb", "a␍␊\nb"),
        (b"\x1b[2J", "␛[2J"),
        ("\u202e\u200b\ufeff".encode(), "⟨202e⟩⟨200b⟩⟨feff⟩"),
        (b"\xc1\xa1\xed\xa0\x80", "⟨c1⟩⟨a1⟩⟨ed⟩⟨a0⟩⟨80⟩"),
        (b"\0", "␀"),
        ("grüß".encode(), "grüß"),
        (b"[red]x[/red]", "[red]x[/red]"),
    ],
)
def test_what_is_odd_is_named_and_what_reads_well_is_left(raw: bytes, wanted: str) -> None:
    assert raw_bytes.readable(raw).plain == wanted


@given(st.binary(max_size=300))
def test_no_bytes_at_all_reach_the_screen_as_they_are(raw: bytes) -> None:
    for shown_as in (raw_bytes.readable(raw), raw_bytes.dump(raw, 80)):
        assert all(line.isprintable() for line in shown_as.plain.split("\n"))


def test_a_dump_names_every_byte_and_its_place() -> None:
    first, second = raw_bytes.dump(bytes(range(0x41, 0x53)), 80).plain.split("\n")
    assert first == "0000  41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP"
    assert raw_bytes.dump(b"x" * 9, 40).plain.split("\n")[1] == "0008  78".ljust(32) + "x"
    assert second == "0010  51 52".ljust(56) + "QR"


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["live", "sessions"])
@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_it_shows_the_newest_first_with_time_sender_reason_and_text(
    bench: Bench, place: str, size: tuple[int, int]
) -> None:
    async with bench.app(start_place=place).run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, Place))
        await pilot.press("x")
        await until(pilot, lambda: "4 refusals" in shown(pilot))
        screen = shown(pilot)
        assert screen.index("claude-code") < screen.index("server fs") < screen.index("batch-07")
        assert "127.0.0.1:50123" in screen
        assert "JSON-RPC error -32700 · claude-code · connection c1 · for kestra" in screen
        assert "␍" in screen
        assert "⟨202e⟩" in screen.replace("\n", "") or size == NARROW
        assert "→ prompts/list" in screen
        assert "✗ vendor/telemetry ×2" in screen
        await pilot.press("down", "o")
        await until(pilot, lambda: "0000  1b 5b 33 32" in shown(pilot))
        await pilot.press("down")
        await until(pilot, lambda: "HTTP status 421 · 127.0.0.1:50123" in shown(pilot))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, Place))


@pytest.mark.anyio
async def test_what_comes_while_one_looks_is_added_and_the_mark_stays(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("x", "down")
        await until(pilot, lambda: "server fs" in shown(pilot))
        new = RejectedView(NOW, "c2", "kestra", -32600, "batches are not accepted", b"[]")
        bench.port.push(rejected=(*REJECTED, new))
        await until(pilot, lambda: "5 refusals" in shown(pilot))
        assert "JSON-RPC error -32700 · server fs" in shown(pilot)
        await pilot.press("home", "y")
        await until(pilot, lambda: "Copied the refused message" in shown(pilot))


@pytest.mark.anyio
async def test_without_a_refusal_it_says_so_and_still_names_what_no_policy_judges(bench: Bench) -> None:
    bench.port = DataPort(replace(empty_views(), uncovered=sample_views().uncovered))
    async with bench.app(start_place="sessions").run_test(size=NARROW, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, Place))
        await pilot.press("x")
        await until(pilot, lambda: "Nothing was refused" in shown(pilot))
        assert "→ resources/read ×14" in shown(pilot)


@pytest.mark.anyio
@pytest.mark.parametrize("evil", HOSTILE.values(), ids=HOSTILE.keys())
async def test_whatever_was_sent_reaches_the_terminal_as_printable_text_only(bench: Bench, evil: str) -> None:
    raw = evil.encode("utf-8", "surrogatepass")
    bad = RejectedView(NOW, evil, evil, -32700, evil, raw, Direction.FROM_UPSTREAM, evil)
    bench.port = DataPort(replace(sample_views(3), rejected=(bad, replace(bad, direction=Direction.FROM_CLIENT))))
    async with bench.app(start_place="live").run_test(size=NARROW, notifications=True) as pilot:
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, RefusedDialog))
        for key in ("down", "o", "up", "y"):
            await pilot.press(key)
            assert all(line.isprintable() for line in shown(pilot).split("\n"))
