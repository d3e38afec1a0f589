"""Web pages: one that was allowed by name may call and read us from its browser; to all others nothing is granted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from http_rig import TOKEN, Rig, at, raw, request, running, serving, status, tiny
from http_upstream import Exchange, Script

pytestmark = pytest.mark.anyio
PAGE = "https://app.example:8443"
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, tiny(tmp_path), allow_origins=(PAGE,)) as made:
        yield made


async def ask(rig: Rig, *headers: str, path: str = "") -> dict[str, str]:
    """The headers of the answer to an OPTIONS, and its status as `status`."""
    answer = await raw(rig.front.port, request(rig, b"", *headers, method="OPTIONS", path=path))
    lines = [line.split(": ", 1) for line in answer.decode().split("\r\n")[1:] if line]
    return {name.lower(): value for name, value in lines} | {"status": str(status(answer))}


def granted(answer: dict[str, str]) -> list[str]:
    return [name for name in answer if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["", "/up/mcp", f"/{TOKEN}/up/mcp"])
async def test_an_allowed_page_may_ask_first_without_a_token_as_browsers_do(rig: Rig, path: str) -> None:
    wanted = "Content-Type, authorization, mcp-session-id,mcp-param-amount, cookie, x-own"
    answer = await ask(
        rig,
        f"origin: {PAGE}",
        "access-control-request-method: POST",
        f"access-control-request-headers: {wanted}",
        path=path,
    )
    assert answer["status"] == "204"
    assert answer["access-control-allow-origin"] == PAGE
    assert answer["access-control-allow-methods"] == "POST, GET, DELETE"
    assert answer["access-control-allow-headers"] == "authorization, content-type, mcp-param-amount, mcp-session-id"
    assert answer["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer
    assert "access-control-allow-private-network" not in answer
    assert rig.refusals() == []


async def test_a_page_on_the_web_is_told_that_this_is_a_private_network_when_it_asks(rig: Rig) -> None:
    private = "access-control-request-private-network: true"
    answer = await ask(rig, f"origin: {PAGE}", "access-control-request-method: POST", private)
    assert answer["access-control-allow-private-network"] == "true"


async def test_a_method_that_is_not_served_is_not_granted(rig: Rig) -> None:
    answer = await ask(rig, f"origin: {PAGE}", "access-control-request-method: PUT")
    assert "access-control-allow-methods" not in answer


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        (("origin: https://evil.example", "access-control-request-method: POST"), "403"),
        (("origin: null", "access-control-request-method: POST"), "403"),
        ((f"origin: {PAGE}", "origin: https://evil.example", "access-control-request-method: POST"), "403"),
        ((f"origin: {PAGE}.evil.example", "access-control-request-method: POST"), "403"),
        ((f"origin: {PAGE}", "access-control-request-method: POST", "host: evil.example"), "421"),
        (("access-control-request-method: POST",), "405"),
    ],
)
async def test_nobody_else_is_granted_anything(rig: Rig, headers: tuple[str, ...], wanted: str) -> None:
    answer = await ask(rig, *headers)
    assert (answer["status"], granted(answer)) == (wanted, [])
    assert len(rig.refusals()) == 1


async def test_options_that_is_no_preflight_stays_405_and_a_foreign_path_is_no_endpoint(rig: Rig) -> None:
    assert (await ask(rig, f"origin: {PAGE}"))["status"] == "405"
    page = (f"origin: {PAGE}", "access-control-request-method: POST")
    assert (await ask(rig, *page, path="/.well-known/oauth-protected-resource"))["status"] == "404"


async def test_an_allowed_page_reads_answers_and_refusals_alike(rig: Rig) -> None:
    good = await rig.ask("initialize", {"protocolVersion": "2025-11-25"}, origin=PAGE)
    bad = await rig.ask("ping", origin=PAGE, url=f"{rig.base}/wrong/up/mcp")
    assert (good.status, bad.status) == (200, 401)
    for reply in (good, bad):
        assert reply.headers["access-control-allow-origin"] == PAGE
        assert reply.headers["access-control-expose-headers"].startswith("Mcp-Session-Id")
        assert reply.headers["vary"] == "Origin"


async def test_who_is_no_page_of_another_origin_hears_nothing_of_it(rig: Rig) -> None:
    for headers in ({}, {"origin": rig.base}, {"origin": "https://evil.example"}):
        reply = await rig.ask("initialize", {"protocolVersion": "2025-11-25"}, **headers)
        assert not [name for name in reply.headers if name.startswith("access-control-")]


async def test_a_server_cannot_open_itself_to_other_pages_through_us(tmp_path: Path) -> None:
    async def open_to_all(exchange: Exchange) -> None:
        await exchange.result({}, access_control_allow_origin="*", access_control_allow_credentials="true")

    async with serving(Script(open_to_all)) as url, running(tmp_path, at(url), allow_origins=(PAGE,)) as rig:
        reply = await rig.ask("ping", origin=PAGE)
        assert reply.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in reply.headers
