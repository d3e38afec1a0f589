"""A server that waits for a login says so wherever one is, until it no longer waits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_bench import Bench, shown, until
from ui_sample import UPSTREAMS, sample_views

from inspector.core.events import UpstreamState
from inspector.core.views import Views
from inspector.ui import logins

WHERE = "http://127.0.0.1:4100/AbCdEfGhIjKl"
WEB = next(u for u in UPSTREAMS if u.name == "web")
OTHERS = tuple(u for u in UPSTREAMS if u is not WEB)
WAITING = (replace(WEB, state=UpstreamState.LOGIN, detail=WHERE), *OTHERS)


def views(*, read_only: bool = False, where: str | None = None) -> Views:
    seen = sample_views(3)
    web = WEB if where is None else replace(WEB, state=UpstreamState.LOGIN, detail=where)
    return replace(seen, upstreams=(*OTHERS, web), run=replace(seen.run, read_only=read_only))


def test_each_login_is_told_once() -> None:
    before, now = views(), views(where=WHERE)
    (told,) = logins.news(before, now)
    assert "web" in told
    assert WHERE in told
    assert logins.news(now, now) == logins.news(now, before) == []
    assert len(logins.news(now, views(where=WHERE + "2"))) == 1


def test_in_a_recording_nobody_can_log_in_any_more() -> None:
    assert logins.waiting(views(read_only=True, where=WHERE)) == {}


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_address_is_shown_and_the_first_line_keeps_saying_it(bench: Bench, size: tuple[int, int]) -> None:
    async with bench.app().run_test(size=size, notifications=True) as pilot:
        bench.port.push(upstreams=WAITING)
        await until(pilot, lambda: WHERE in shown(pilot))
        first = shown(pilot).splitlines()[0]
        assert "log in: web" in first
        bench.port.push(upstreams=UPSTREAMS)
        await until(pilot, lambda: "log in: web" not in shown(pilot).splitlines()[0])


@pytest.mark.anyio
async def test_sessions_shows_where(bench: Bench) -> None:
    bench.port.push(upstreams=WAITING)
    async with bench.app(start_place="sessions").run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "web log in" in shown(pilot))
        assert WHERE in shown(pilot)
