"""How a held call reaches a person who looks elsewhere, and that only our own words go that way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ui_bench import Bench
from ui_port import DataPort
from ui_sample import empty_views

from inspector.ui.alerts import NOTIFIED_EVERY, Alerts, notification, title
from inspector.ui.app import InspectApp
from inspector.ui.preferences import Preferences

pytestmark = pytest.mark.anyio


class Terminal:
    """Stands where the driver does, and keeps what is written."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, data: str) -> None:
        self.written.append(data)

    def flush(self) -> None: ...


class Heard(InspectApp):
    """An app that was told to have a terminal, and counts its bell."""

    rung = 0
    is_headless = False

    def bell(self) -> None:
        self.rung += 1


def heard(steady: Callable[[], float], **wishes: bool) -> tuple[Heard, Alerts, Terminal]:
    preferences = Preferences(theme="inspect-dark", **wishes)
    app = Heard(DataPort(empty_views()), preferences=preferences)
    terminal = Terminal()
    app._driver = terminal  # type: ignore[assignment]
    return app, Alerts(app, preferences, steady), terminal


def test_a_new_held_call_rings_and_marks_the_title_and_the_end_takes_the_mark_away() -> None:
    app, alerts, terminal = heard(lambda: 0.0)
    alerts.begin()
    alerts.tell(True, 1)
    alerts.tell(False, 1)
    alerts.tell(False, 0)
    alerts.end()
    assert app.rung == 1
    assert terminal.written == [
        "\x1b[22;2t", f"\x1b]2;{title(1)}\x07", f"\x1b]2;{title(0)}\x07", "\x1b[23;2t",
    ]  # fmt: skip


def test_the_desktop_is_told_only_while_the_terminal_is_not_focused_and_not_of_each_call_of_a_burst() -> None:
    now = [100.0]
    app, alerts, terminal = heard(lambda: now[0], title=False)
    alerts.tell(True, 1)
    assert terminal.written == []
    app.set_reactive(InspectApp.app_focus, False)
    alerts.tell(True, 2)
    alerts.tell(True, 3)
    assert len(terminal.written) == 1
    assert "2 held calls wait for you" in terminal.written[0]
    now[0] += NOTIFIED_EVERY
    alerts.tell(False, 3)
    assert len(terminal.written) == 1
    alerts.tell(True, 4)
    assert len(terminal.written) == 2


def test_each_can_be_switched_off() -> None:
    app, alerts, terminal = heard(lambda: 0.0, bell=False, notify=False, title=False)
    app.set_reactive(InspectApp.app_focus, False)
    alerts.begin()
    alerts.tell(True, 1)
    alerts.end()
    assert (app.rung, terminal.written) == (0, [])


@pytest.mark.parametrize(
    ("environ", "sequence"),
    [
        ({}, "\x1b]9;mcp-inspect: 1 held call waits for you\x07"),
        ({"TERM": "rxvt-unicode-256color"}, "\x1b]777;notify;mcp-inspect;1 held call waits for you\x07"),
        ({"VTE_VERSION": "7600"}, "\x1b]777;notify;mcp-inspect;1 held call waits for you\x07"),
        ({"TMUX": "/tmp/t"}, "\x1bPtmux;\x1b\x1b]9;mcp-inspect: 1 held call waits for you\x07\x1b\\"),
    ],
    ids=["most", "rxvt", "VTE", "tmux"],
)
def test_terminals_are_spoken_to_in_their_own_way(environ: dict[str, str], sequence: str) -> None:
    assert notification(1, environ) == sequence


async def test_the_app_rings_for_a_call_that_is_held_when_it_starts(bench: Bench) -> None:
    rung: list[bool] = []
    app = bench.app(start_place="live")
    app.bell = lambda: rung.append(True)  # type: ignore[method-assign]
    async with app.run_test(size=(120, 36)):
        assert rung == [True]
