"""A server's processes and words as the screen sees them."""

from __future__ import annotations

from inspector.core.call import Caller, Era
from inspector.core.events import (
    CapabilityUsed,
    ClientConnected,
    Event,
    RunStarted,
    ServerIntroduced,
    ToolChange,
    ToolsDrifted,
    ToolsSettled,
    UpstreamChanged,
    UpstreamState,
)
from inspector.core.views import UpstreamView, Views
from inspector.store import Store

S = UpstreamState


def views(*events: Event) -> Views:
    store = Store()
    for event in events:
        store.fold(event)
    return store.views(0, 100.0)


def view(*events: Event) -> UpstreamView:
    (found,) = views(*events).upstreams
    return found


def changed(state: UpstreamState, pid: int | None = None, detail: str = "", **more: object) -> UpstreamChanged:
    return UpstreamChanged(1.0, "up", state, detail, pid, **more)  # type: ignore[arg-type]


def test_a_configured_server_is_there_before_anything_happens_to_it() -> None:
    assert view(RunStarted(1.0, "r", "0", 1, "", ("up",))).state is S.IDLE


def test_a_ready_server_keeps_the_command_that_started_it() -> None:
    shown = view(changed(S.STARTING, 7, "uvx up"), changed(S.READY, 7))
    assert (shown.state, shown.detail, shown.pid, shown.processes) == (S.READY, "uvx up", 7, 1)


def test_one_of_several_processes_that_ends_with_its_client_leaves_the_server_ready() -> None:
    two = (changed(S.STARTING, 7, "up"), changed(S.READY, 7), changed(S.STARTING, 8, "up"))
    assert (view(*two).state, view(*two).processes) == (S.READY, 2)
    left = view(*two, changed(S.EXITED, 7, "closed", asked=True))
    assert (left.state, left.pid, left.processes) == (S.READY, 8, 1)
    none = view(*two, changed(S.EXITED, 7, "closed", asked=True), changed(S.EXITED, 8, "closed", asked=True))
    assert (none.state, none.pid, none.ended) == (S.IDLE, None, "")


def test_a_crash_is_told_with_its_code_and_when_it_may_start_again_until_it_does() -> None:
    crash = changed(S.EXITED, 7, "up exited with code 3", exit_code=3, retry_at=9.0)
    dead = view(changed(S.STARTING, 7, "up"), crash)
    assert (dead.state, dead.exit_code, dead.retry_at, dead.ended) == (S.EXITED, 3, 9.0, "up exited with code 3")
    assert dead.detail == "up"
    again = view(changed(S.STARTING, 7, "up"), crash, changed(S.STARTING, 8, "up"))
    assert (again.state, again.exit_code, again.retry_at) == (S.STARTING, 3, None)
    ready = view(changed(S.STARTING, 7, "up"), crash, changed(S.STARTING, 8, "up"), changed(S.READY, 8))
    assert (ready.state, ready.exit_code, ready.ended) == (S.READY, None, "")


def test_a_stopped_server_stays_stopped_whatever_its_processes_still_say() -> None:
    stopped = (changed(S.STARTING, 7, "up"), changed(S.STOPPED, detail="by you"))
    assert view(*stopped, changed(S.EXITED, 7, "closed", asked=True)).state is S.STOPPED
    assert view(*stopped, changed(S.READY, 7)).state is S.STOPPED
    assert view(*stopped, changed(S.IDLE)).state is S.READY  # its process still runs
    assert view(*stopped, changed(S.EXITED, 7, "", asked=True), changed(S.IDLE)).state is S.IDLE


def test_what_a_server_says_of_itself_and_what_is_used_of_both_sides() -> None:
    caller = Caller("local", "s", "claude")
    shown = views(
        ClientConnected(1.0, "c1", caller, "1", Era.LEGACY, "http", "up", ("roots", "sampling")),
        ServerIntroduced(1.0, "c1", "up", Era.LEGACY, "2025-11-25", "tiny", "1", ("logging", "tools")),
        CapabilityUsed(2.0, "c1", "up", "tools", of_client=False),
        CapabilityUsed(2.0, "c2", "up", "tools", of_client=False),
        CapabilityUsed(3.0, "c1", "up", "roots", of_client=True),
    )
    (server,), (client,) = shown.upstreams, shown.clients
    assert (server.about, server.era, server.protocol) == ("tiny 1", Era.LEGACY, "2025-11-25")
    assert (server.capabilities, server.used) == (("logging", "tools"), ("tools",))
    assert (client.capabilities, client.used) == (("roots", "sampling"), ("roots",))


def test_the_log_level_is_the_one_that_was_asked_for_last() -> None:
    first = CapabilityUsed(2.0, "c1", "up", "logging", of_client=False, log_level="debug")
    assert view(first).log_level == "debug"
    told = view(first, CapabilityUsed(3.0, "c2", "up", "logging", of_client=False, log_level="error"))
    assert (told.log_level, told.used) == ("error", ("logging",))


def test_drift_is_news_once_and_settled_when_accepted() -> None:
    change = ToolChange("pay", "description", '"a"', '"b"')
    told = view(ToolsDrifted(5.0, "up", (change,), 2.0))
    assert (told.drift, told.drift_since, told.drift_news) == ((change,), 2.0, True)
    assert view(ToolsDrifted(5.0, "up", (change,), 2.0, again=True)).drift_news is False
    assert view(ToolsDrifted(5.0, "up", (change,)), ToolsSettled(6.0, "up", accepted=True)).drift == ()
