"""Whatever others write, the terminal gets only printable text: in every place, dialog, notice and title."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from e2e.terminal import Terminal
from textual.content import Content
from textual.widgets import Button, Label, Log, RichLog, Static
from ui_bench import Bench, shown, until
from ui_port import DataPort
from ui_sample import (
    ANSWERED,
    APPROVALS,
    CLIENTS,
    DENY,
    HOSTILE,
    LIMITS,
    NOW,
    REJECTED,
    TOOLS,
    UNCOVERED,
    UPSTREAMS,
    call,
    empty_views,
    hold,
    sample_views,
)

from inspector.core.call import CallId
from inspector.core.commands import CallDetail, FrameLine, RecordingEntry, Recordings
from inspector.core.decision import Decision, StepResult, TraceStep, Verdict
from inspector.core.events import ToolChange, UpstreamState
from inspector.core.problems import Problem
from inspector.core.views import PolicyView, UpstreamView, Views, Word
from inspector.ui.app import InspectApp
from inspector.ui.screens.refused import RefusedDialog
from inspector.ui.screens.server import ServerDialog
from inspector.ui.widgets.servers import ServerList
from inspector.ui.widgets.shelf import ShelfList

pytestmark = pytest.mark.anyio
EVERYTHING = " ".join(HOSTILE.values())
TEXTS = pytest.mark.parametrize(
    ("size", "evil"),
    [
        pytest.param((120, 36), EVERYTHING, id="everything-120x36", marks=pytest.mark.slow),
        pytest.param((80, 24), EVERYTHING, id="everything-80x24"),
        *(pytest.param((120, 36), evil, id=name, marks=pytest.mark.slow) for name, evil in HOSTILE.items()),
    ],
)
FORBIDDEN = "\u202e\u2066\u200b\u2060\ufeff"


def hostile_views(evil: str) -> Views:
    """A run in which every text that others write is `evil`."""
    base = sample_views(3)
    row = replace(call(1, DENY, NOW), client=evil, server=evil, tool=evil, arguments=evil[:400], rule=evil, note=evil)
    held = hold(2, DENY, NOW - 1)
    held = replace(
        held, client=evil, server=evil, tool=evil, arguments=evil[:400], hold=replace(held.hold, rule=evil, reason=evil)
    )
    return replace(
        base,
        run=replace(base.run, endpoint=evil, recording=evil, version=evil, run=evil),
        calls=(row, replace(row, id=CallId(2), word=Word.HOLD)),
        holds=(held,),
        limits=tuple(replace(limit, label=evil, rule=evil, key=replace(limit.key, scope_id=evil)) for limit in LIMITS),
        clients=tuple(
            replace(c, name=evil, version=evil, grant=evil, upstream=evil, capabilities=(evil,), used=(evil,))
            for c in CLIENTS
        ),
        upstreams=hostile_servers(evil),
        tools=tuple(replace(t, server=evil, name=evil) for t in TOOLS),
        approvals=tuple(
            replace(a, by=evil, rule=evil, grant=evil, server=evil, tool=evil, client=evil, arguments=evil[:400])
            for a in APPROVALS
        ),
        answered=tuple(
            replace(a, by=evil, reason=evil, client=evil, server=evil, tool=evil, arguments=evil[:400])
            for a in ANSWERED
        ),
        uncovered=tuple(replace(u, upstream=evil, method=evil) for u in UNCOVERED),
        rejected=tuple(
            replace(r, reason=evil, upstream=evil, connection="", peer=evil, raw=evil.encode("utf-8", "replace")[:4096])
            for r in REJECTED
        ),
        policy=PolicyView(
            f"/srv/{evil}", 2, evil, f"a: {evil}\n", None, (Problem(evil, 1, 1, evil),), previous_text=evil
        ),
    )


def hostile_servers(evil: str) -> tuple[UpstreamView, ...]:
    """The first one wants a login, at an address of its own making; the definitions of the rest have changed."""
    told = json.dumps(evil[:2_000])
    drift = (
        ToolChange(evil, "description", json.dumps("plain"), told),
        ToolChange(evil, evil, told, ""),
        ToolChange(evil, "", "", told),
    )
    servers = tuple(
        replace(
            u, name=f"{n} {evil}", detail=evil, stderr=(evil,) * 3, drift=drift, drift_news=True, ended=evil,
            about=evil, protocol=evil, capabilities=(evil,), used=(f"used {evil}",),
        )
        for n, u in enumerate(UPSTREAMS)
    )  # fmt: skip
    return (replace(servers[0], state=UpstreamState.LOGIN), *servers[1:])


def hostile_port(evil: str) -> DataPort:
    entry = RecordingEntry(f"/srv/{evil}", evil, NOW - 60, (evil, evil), 1, 1, 1, alive=True)
    found = Recordings((entry, replace(entry, path=f"/srv/2{evil}", trouble=evil)), more=1)
    port = DataPort(hostile_views(evil), recordings=found)
    step = TraceStep(evil, StepResult.FIRED, evil, evil, evil, evil, evil)
    decision = Decision(CallId(1), NOW, evil, evil, Verdict.DENY, evil, evil, (step, step), (), (), (), evil)
    frames = (FrameLine(NOW, evil, evil.encode("utf-8", "replace")),)
    for call_id in (CallId(1), CallId(2)):
        port.details[call_id] = CallDetail(call_id, evil, evil, (decision,), evil, True, (evil,), frames)
    port.rejects = ""
    return port


def assert_harmless(pilot, where: str) -> None:
    """No control or reordering character on the screen, and nothing that can be clicked that is not ours."""
    strips = pilot.app.screen._compositor.render_strips()
    for strip in strips:
        for segment in strip:
            assert segment.text.isprintable(), (where, segment.text)
            assert not any(c in segment.text for c in FORBIDDEN), (where, segment.text)
            assert segment.style is None or segment.style.link is None, (where, segment.text)
            assert segment.style is None or "@click" not in segment.style.meta, (where, segment.text)
    assert "FAKE ✓ allow" not in "".join(s.text for s in strips) or "[red]FAKE" in "".join(s.text for s in strips)


@pytest.mark.parametrize("size", [pytest.param((160, 50), marks=pytest.mark.slow), (80, 24)])
async def test_no_hostile_text_gets_through_in_any_place_or_dialog(bench: Bench, size: tuple[int, int]) -> None:
    bench.port = hostile_port(EVERYTHING)
    async with bench.app(start_place="live").run_test(size=size, notifications=True) as pilot:
        for keys in (("up",), ("z",), ("o",), ("escape",), ("slash",), ("escape",), ("2",), ("3",), ("5",), ("4",)):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            assert_harmless(pilot, f"after {keys}")
        await pilot.press("alt+1")
        for key in ("d", "A", "e", "c", "question_mark", "q"):
            await pilot.press(key)
            await pilot.pause(0.05)
            assert_harmless(pilot, f"dialog {key}")
            await pilot.press("escape")


async def test_each_hostile_text_is_shown_in_the_table_and_in_a_notice(bench: Bench) -> None:
    async with bench.app(start_place="live").run_test(size=(120, 36), notifications=True) as pilot:
        for number, (name, evil) in enumerate(HOSTILE.items(), 401):
            row = replace(call(number, DENY, NOW), client=evil, server=evil, tool=evil, arguments=evil, rule=evil)
            bench.port.push([row])
            pilot.app.say(evil, wrong=True)  # type: ignore[attr-defined]
            await until(pilot, lambda wanted=number: pilot.app.board.row(CallId(wanted)))  # type: ignore[attr-defined]
            await pilot.pause()
            assert_harmless(pilot, name)


@TEXTS
async def test_no_hostile_text_gets_through_in_sessions_and_what_it_opens(
    bench: Bench, size: tuple[int, int], evil: str
) -> None:
    """Servers and their dialog with what changed, the shelf of recordings, what was refused as text and as bytes."""
    bench.port = hostile_port(evil)
    async with bench.app(start_place="sessions").run_test(size=size, notifications=True) as pilot:
        servers, shelf = pilot.app.screen.query_one(ServerList), pilot.app.screen.query_one(ShelfList)
        await until(pilot, lambda: servers.chosen and len(shelf.options) == 2)
        assert_harmless(pilot, "sessions")
        await pilot.press("o", "down")
        assert shelf.has_focus
        assert_harmless(pilot, "the shelf")
        servers.focus()
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServerDialog))
        for _ in range(4):
            assert_harmless(pilot, "a server's dialog")
            await pilot.press("pagedown")
            await pilot.pause()
        await pilot.press("escape", "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, RefusedDialog))
        assert_harmless(pilot, "refused, as text")
        await pilot.press("o", "down")
        assert_harmless(pilot, "refused, as bytes")


@TEXTS
async def test_no_hostile_text_gets_through_in_remembered_answers_and_notices(
    bench: Bench, size: tuple[int, int], evil: str
) -> None:
    calm = hostile_views(evil)
    bench.port = hostile_port(evil)
    bench.port.now_views = replace(calm, upstreams=())
    async with bench.app(start_place="approvals").run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: pilot.app.screen.query("#answered-list"))
        assert_harmless(pilot, "what was answered")
        app = pilot.app
        assert isinstance(app, InspectApp)
        bench.port.push(upstreams=calm.upstreams)
        await until(pilot, lambda: app.notices.current)
        assert_harmless(pilot, "a login, and changed tools")
        for wrong in (False, True):
            app.say(f"first\n{evil}", wrong=wrong)
            await pilot.pause()
            assert "first" in shown(pilot)
            assert_harmless(pilot, "the notices' line")


@pytest.mark.slow
async def test_five_megabytes_in_every_field_do_not_stall_the_screen(bench: Bench) -> None:
    bench.port = hostile_port("A" * 5_000_000)
    async with bench.app(start_place="live").run_test(size=(120, 36), notifications=True) as pilot:
        start = time.process_time()  # the processor's time: others may use this machine too
        await pilot.press("up", "2", "3", "5", "enter", "escape", "x", "o", "escape", "1")
        assert "A" * 10 in shown(pilot)
        assert time.process_time() - start < 5


async def test_a_backslash_sequence_in_json_stays_text(bench: Bench) -> None:
    evil = json.dumps({"x": "\x1b]0;pwned\x07"})
    bench.port.details[CallId(400)] = CallDetail(CallId(400), evil, None, (), evil, False)
    async with bench.app().run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("down")
        await until(pilot, lambda: "\\u001b]0;pwned" in shown(pilot))
        assert_harmless(pilot, "json")


async def test_the_backstop_holds_even_when_a_widget_forgets_the_door(bench: Bench) -> None:
    async with bench.app().run_test(size=(120, 36), notifications=True) as pilot:
        evil = HOSTILE["title"] + HOSTILE["c1"] + HOSTILE["surrogate"]
        log, rich_log = Log(), RichLog()
        await pilot.app.screen.mount(
            Static(evil, markup=False), Label(Content(evil)), Button(Content(evil)), log, rich_log, before="#columns"
        )
        log.write_line(evil)
        rich_log.write(evil)
        await pilot.pause(0.05)
        strips = pilot.app.screen._compositor.render_strips()
        assert all(segment.text.isprintable() for strip in strips for segment in strip)


async def test_the_title_holds_only_our_own_words(bench: Bench) -> None:
    bench.port = hostile_port(EVERYTHING)
    async with bench.app(start_place="live").run_test(size=(120, 36), notifications=True) as pilot:
        assert pilot.app.title == "◐ 1 held · mcp-inspect"


async def test_the_first_run_hint_is_as_careful(bench: Bench) -> None:
    views = empty_views()
    bench.port = DataPort(replace(views, run=replace(views.run, endpoint=EVERYTHING)))
    async with bench.app(start_place="live").run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: "Waiting for a client at" in shown(pilot))
        assert_harmless(pilot, "hint")


async def test_ascii_only_output_is_ascii(bench: Bench) -> None:
    async with bench.app(ascii_only=True).run_test(size=(80, 24), notifications=True) as pilot:
        assert shown(pilot).isascii()
        assert "* LIVE" in shown(pilot)
        assert "? 2 held" in shown(pilot)


if __name__ == "__main__":  # the program that the next test runs inside a terminal
    InspectApp(hostile_port(EVERYTHING), start_place="live", clock=lambda: NOW).run()


@pytest.mark.slow
def test_in_a_real_terminal_neither_title_nor_clipboard_nor_screen_change(needs: Callable[[str], str]) -> None:
    needs("tmux")
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with Terminal([sys.executable, __file__], env={"PYTHONPATH": path}) as terminal:
        screen = terminal.wait_for("Held for approval", 60)
        assert "OVERWRITTEN" not in screen
        terminal.wait_until(lambda _: terminal.title == "◐ 1 held · mcp-inspect", what="the title")
        assert terminal.clipboards == 0
