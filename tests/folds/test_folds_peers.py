"""Clients and servers as the screen sees them."""

from __future__ import annotations

from folds.folding import (
    CALLER,
    arrival,
    shown,
)

from inspector.core.call import Era
from inspector.core.events import (
    ClientConnected,
    ClientGone,
    Direction,
    Event,
    FrameRejected,
    StderrLine,
    ToolChange,
    ToolsDrifted,
    ToolsListed,
    UpstreamChanged,
    UpstreamState,
)

# Peers


def test_an_upstream_shows_its_state_its_tools_and_its_last_words() -> None:
    lines = [StderrLine(1.0, "kestra", f"line {n}") for n in range(300)]
    (view,) = shown(
        UpstreamChanged(1.0, "kestra", UpstreamState.READY, "uvx kestra", 42),
        ToolsListed(1.0, "kestra", (("a", b"{}"), ("b", b"{}")), ("b",)),
        *lines,
        StderrLine(1.0, "kestra", "y" * 5000),
    ).upstreams
    assert (view.state, view.detail, view.pid, view.tools, view.hidden) == (UpstreamState.READY, "uvx kestra", 42, 2, 1)
    assert len(view.stderr) == 200
    assert view.stderr[-2] == "line 299"
    assert len(view.stderr[-1]) == 2000


def test_an_upstream_shows_what_has_changed_in_its_tools() -> None:
    change = ToolChange("pay", "description", '"Pays."', '"Pays twice."')
    (view,) = shown(
        ToolsListed(1.0, "bank", (("pay", b"{}"),), (), True), ToolsDrifted(2.0, "bank", (change,))
    ).upstreams
    assert (view.tools, view.drift) == (1, (change,))


def test_upstreams_keep_their_order_and_a_new_state_keeps_what_was_listed() -> None:
    first = [UpstreamChanged(1.0, name, UpstreamState.STARTING, "") for name in ("b", "a")]
    views = shown(
        *first,
        ToolsListed(2.0, "b", (("x", b""),), ()),
        UpstreamChanged(3.0, "b", UpstreamState.EXITED, "died", None, 1),
    )
    assert [(view.name, view.state, view.tools) for view in views.upstreams] == [
        ("b", UpstreamState.EXITED, 1),
        ("a", UpstreamState.STARTING, None),
    ]


def connected(name: str, at: float = 1.0) -> ClientConnected:
    return ClientConnected(at, name, CALLER, "2.0", Era.MODERN, "http", "kestra")


def test_a_client_counts_its_calls_and_stays_when_it_is_gone() -> None:
    (view,) = shown(connected("c1"), arrival(1), arrival(2), ClientGone(3.0, "c1")).clients
    assert (view.name, view.version, view.grant, view.era, view.calls, view.gone, view.since) == (
        "claude",
        "2.0",
        "local",
        Era.MODERN,
        2,
        True,
        1.0,
    )


def test_of_many_clients_the_oldest_that_is_gone_is_forgotten() -> None:
    events: list[Event] = [connected(f"c{n}") for n in range(200)]
    views = shown(*events, ClientGone(2.0, "c5"), connected("new")).clients
    assert len(views) == 200
    assert "c5" not in {view.connection for view in views}
    assert {"c0", "new"} <= {view.connection for view in views}
    assert "c0" not in {view.connection for view in shown(*events, connected("new")).clients}


def test_the_latest_rejected_frames_are_shown_cut() -> None:
    events = [
        FrameRejected(float(n), "c1", "kestra", Direction.FROM_CLIENT, -32700, "not JSON", b"x" * 5000)
        for n in range(300)
    ]
    rejected = shown(*events).rejected
    assert len(rejected) == 200
    assert (rejected[-1].at, len(rejected[-1].raw), rejected[-1].code) == (299.0, 4096, -32700)
